"""Salted commitments per field, and their openings. Pure.

A statement holds only digests of personal values. One random 256-bit record key per (statement, person) gives
every field its own salt, so one field can be shown without the others, and destroying the record key leaves
digests that nobody can test guesses against (domain E1: a plain hash of an ID number falls in minutes).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from ledger import cbor
from ledger.errors import Malformed, ProofFailed

RECORD_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Opening:
    """The personal values behind a set of commitments, with the record key that salts them."""

    record_key: bytes
    fields: Mapping[str, cbor.Value]


def commit(opening: Opening) -> dict[str, bytes]:
    """One 32-byte digest per field: SHA-256 of CBOR ["malan/commitment/1", name, salt, value].

    The salt is HKDF-Expand (RFC 5869 section 2.3, SHA-256, 32 bytes) of the record key with info
    "malan/salt/1/" + name; the record key is uniformly random, so no extract step is needed (section 3.3).
    """
    if len(opening.record_key) != RECORD_KEY_BYTES:
        raise Malformed("OPENING_KEY", f"a record key has {RECORD_KEY_BYTES} bytes")
    return {name: _digest(opening.record_key, name, value) for name, value in opening.fields.items()}


def check_opening(opening: Opening, digests: Mapping[str, cbor.Value]) -> None:
    """Raises ProofFailed OPENING_FIELDS or OPENING_MISMATCH (naming the field) unless all fields open."""
    if opening.fields.keys() != digests.keys():
        raise ProofFailed("OPENING_FIELDS", "the opening and the commitments name different fields")
    for name, digest in commit(opening).items():
        if digest != digests[name]:
            raise ProofFailed("OPENING_MISMATCH", "the value does not open its commitment", where=name)


def encode_opening(opening: Opening) -> bytes:
    """Deterministic CBOR [record key, fields]; this is what gets sealed."""
    return cbor.encode([opening.record_key, opening.fields])


def decode_opening(data: bytes) -> Opening:
    """Raises Malformed OPENING_SHAPE or of the codec."""
    match cbor.decode(data):
        case [bytes(record_key), dict(fields)] if len(record_key) == RECORD_KEY_BYTES:
            if all(type(name) is str for name in fields):
                return Opening(record_key, fields)
    raise Malformed("OPENING_SHAPE", "an opening is a 32-byte record key and a map of fields")


def _digest(record_key: bytes, name: str, value: cbor.Value) -> bytes:
    salt = hmac.digest(record_key, b"malan/salt/1/" + name.encode() + b"\x01", "sha256")
    return hashlib.sha256(cbor.encode(["malan/commitment/1", name, salt, value])).digest()
