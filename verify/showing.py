"""Signed things as readable JSON: what stands in the bytes, and nothing about whether it is true. Pure.

Promises: the kind is told by the bytes alone; every field is named; nothing is verified, and the document
says so. Knows no file.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from typing import Any, Final

from issuers.acts import read_act
from issuers.bundle import BYTES_MAX as BUNDLE_BYTES_MAX
from issuers.bundle import unpack
from issuers.bundled_acts import read_part
from issuers.carried import ACTS, TRUST
from issuers.credential import CONTENT_FORMAT, parse_credential
from issuers.enrolment import CONTENT_TYPE as ENROLMENT_TYPE
from issuers.json_in import to_plain
from ledger import cbor
from ledger.cose import STATUS_LIST_TYPE, TAG_18, Sign1, parse_sign1
from ledger.errors import MalanError, Malformed
from ledger.keys import ALGORITHMS, kid_of
from ledger.leaf import leaf_hash, parse_leaf
from ledger.proof import HEADER, parse_proof
from ledger.receipt import CONTENT_TYPE as RECEIPT_TYPE
from ledger.statement import Statement, parse_statement, statement_hash
from ledger.tiles import WIDTH, decode_bundle
from verify.showing_bundle import Document, millis, show_acts, show_bundle, show_checkpoint, show_status_list
from verify.times import instant

BYTES_MAX: Final = BUNDLE_BYTES_MAX + 2**20
"""A bundle, or a full tile of the largest entries."""


def describe(data: bytes) -> Document:
    """The JSON document of a statement, leaf, credential, proof, checkpoint, bundle, receipt, list or tile.

    Raises Malformed SHOW_UNKNOWN for anything else, or what the reader of its kind raises.
    """
    if data.startswith(TAG_18):
        return _signed(data)
    with suppress(MalanError):
        return _trust_file(*unpack(data))
    if data.startswith(HEADER.encode()):
        return _proof(data)
    if b"\n\n\xe2\x80\x94 " in data and _is_text(data):
        return show_checkpoint(data)
    for reader in (_leaf, _entries):
        try:
            return reader(data)
        except MalanError:
            continue
    fix = "Give a statement, leaf, credential, proof, checkpoint, bundle, status list or tile of entries."
    raise Malformed("SHOW_UNKNOWN", "the bytes are of no kind this program knows", fix=fix)


def _is_text(data: bytes) -> bool:
    """Entries may carry notes as well (acts that appoint witnesses), but are no text."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _signed(data: bytes) -> Document:
    message = parse_sign1(data, bytes_max=BUNDLE_BYTES_MAX)
    readers: dict[str | int, Callable[[Sign1], Document]] = {
        CONTENT_FORMAT: _credential,
        TRUST.content_type: show_bundle,
        ACTS.content_type: show_bundle,
        STATUS_LIST_TYPE: show_status_list,
        RECEIPT_TYPE: _receipt,
        ENROLMENT_TYPE: _enrolment,
    }
    reader = readers.get(message.content_type)
    if reader is not None:
        return {**reader(message), "signed": _header(message)}
    try:
        return _statement(parse_statement(data))
    except Malformed:
        return {"type": "signed message", "payload": _payload(message), "signed": _header(message)}


def _header(message: Sign1) -> Document:
    claims = message.claims
    return {
        "alg": ALGORITHMS[message.alg],
        "kid": message.kid.hex(),
        "content_type": message.content_type,
        "claims": None
        if claims is None
        else {
            "iss": claims.iss,
            "sub": claims.sub,
            "aud": claims.aud,
            "iat": instant(claims.iat),
            "cti": claims.cti.hex(),
        },
        "signature": message.signature.hex(),
        "bytes": len(message.raw),
        "sha256": statement_hash(message.raw).hex(),
    }


def _statement(statement: Statement) -> Document:
    return {
        "type": "statement",
        "kind": statement.kind,
        "version": statement.version,
        "issuer": statement.issuer,
        "subject": statement.subject,
        "audience": statement.audience,
        "issued_at": instant(statement.issued_at),
        "hash": statement.hash.hex(),
        "form": _form(lambda: read_act(statement)),
        "body": to_plain(statement.body),
        "signed": _header(statement.message),
    }


def _form(read: Callable[[], object]) -> str:
    """Whether the act can be read by this version: "known", or the code of what stands against it."""
    try:
        read()
    except MalanError as error:
        return error.code
    return "known"


def _credential(message: Sign1) -> Document:
    claims = parse_credential(message.raw).claims
    return {
        "type": "credential",
        "number": claims.number,
        "code": claims.code,
        "name": claims.name,
        "last_four": claims.last_four,
        "course": claims.course,
        "hours": claims.hours,
        "issued_at": instant(claims.issued_at),
        "expires_at": None if claims.expires_at is None else instant(claims.expires_at),
        "status_list": claims.status_list,
        "status_index": claims.status_index,
    }


def _trust_file(signed: bytes, parts: list[bytes]) -> Document:
    """A trust.cbor: its bundle, and its parts by the code the bundle gives each."""
    bundle = _signed(signed)
    codes = {one["acts"]: one["code"] for one in bundle.get("bodies", [])}
    told = []
    for raw in parts:
        name = sha256(raw).hexdigest()
        acts = read_part(raw, codes.get(name, ""), bytes_max=BUNDLE_BYTES_MAX)
        told.append({"code": codes.get(name), "sha256": name, "bytes": len(raw), "acts": show_acts(acts)})
    return {**bundle, "parts": told}


def _receipt(message: Sign1) -> Document:
    match cbor.decode(message.payload):
        case [origin, seq, bytes(digest), int(time_ms)]:
            return {
                "type": "receipt",
                "origin": origin,
                "seq": seq,
                "leaf_hash": digest.hex(),
                "time": millis(time_ms),
            }
    raise Malformed("RECEIPT_SHAPE", "a receipt is [origin, seq, leaf hash, time]")


def _enrolment(message: Sign1) -> Document:
    match cbor.decode(message.payload):
        case {"spki": bytes(spki)}:
            return {"type": "enrolment", "spki": spki.hex(), "kid": kid_of(spki).hex()}
    raise Malformed("ENROLMENT_SHAPE", "an enrolment holds the key")


def _payload(message: Sign1) -> Any:
    return to_plain(cbor.decode(message.payload))


def _leaf(data: bytes) -> Document:
    leaf = parse_leaf(data)
    return {
        "type": "leaf",
        "seq": leaf.seq,
        "time": millis(leaf.time_ms),
        "prev": leaf.prev.hex(),
        "leaf_hash": leaf_hash(data).hex(),
        "statement": _statement(parse_statement(leaf.statement)),
    }


def _entries(data: bytes) -> Document:
    """A file `tile/entries/…`; its width stands in its path only, so it is counted here."""
    width, position = 0, 0
    while position + 2 <= len(data) and width <= WIDTH:
        position += 2 + int.from_bytes(data[position : position + 2], "big")
        width += 1
    entries = decode_bundle(data, width=width) if 0 < width <= WIDTH else []
    if not entries:
        raise Malformed("SHOW_UNKNOWN", "not a tile of entries")
    return {"type": "tile of entries", "width": width, "leaves": [_leaf(entry) for entry in entries]}


def _proof(data: bytes) -> Document:
    proof = parse_proof(data)
    return {
        "type": "proof",
        "index": proof.index,
        "hashes": [one.hex() for one in proof.hashes],
        "checkpoint": show_checkpoint(proof.checkpoint),
        "leaf": None if proof.extra is None else _leaf(proof.extra),
    }
