"""A leaf: a statement in its place in the log, linked to the leaf before it. Pure.

Deterministic CBOR `[1, seq, time_ms, prev, statement]`. `prev` is the RFC 6962 leaf hash of the leaf before,
so the leaf hashes are at once a hash chain and the level-0 hashes of the Merkle tree: whoever holds one leaf
hash holds a commitment to everything said before it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from struct import Struct

from ledger import cbor
from ledger.errors import Malformed, ProofFailed

LEAF_VERSION = 1
STATEMENT_BYTES_MAX = cbor.BYTES_MAX - 64  # what the leaf adds around a statement


@dataclass(frozen=True, slots=True)
class Leaf:
    """`seq` counts from 0; `time_ms` is the service's, milliseconds since 1970, and never goes back."""

    seq: int
    time_ms: int
    prev: bytes
    statement: bytes


def encode_leaf(leaf: Leaf) -> bytes:
    """The bytes that are hashed, published and proved. Raises Malformed LEAF_SIZE."""
    if len(leaf.statement) > STATEMENT_BYTES_MAX:
        raise Malformed("LEAF_SIZE", f"a statement has at most {STATEMENT_BYTES_MAX} bytes")
    return cbor.encode([LEAF_VERSION, leaf.seq, leaf.time_ms, leaf.prev, leaf.statement])


def parse_leaf(data: bytes) -> Leaf:
    """Raises Malformed LEAF_SHAPE or of the codec; the statement inside is not parsed."""
    leaf = _usual(data)
    if leaf is not None:
        return leaf
    match cbor.decode(data):
        case [int(version), int(seq), int(time_ms), bytes(prev), bytes(statement)] if len(prev) == 32:
            whole = type(version) is type(seq) is type(time_ms) is int  # true is not 1
            if whole and version == LEAF_VERSION and seq >= 0 and time_ms >= 0:
                return Leaf(seq, time_ms, prev, statement)
    raise Malformed("LEAF_SHAPE", "a leaf is [1, seq, time_ms, prev, statement]")


_TAIL = "BQ2s32sBH"  # time in eight bytes; prev; the length of the statement in two
_FRAMES = {lead: (Struct(f">2sx{seq}{_TAIL}"), low) for lead, seq, low in ((24, "B", 24), (25, "H", 256))}
_FRAMES[26] = Struct(f">2sxI{_TAIL}"), 65_536
_SMALL = Struct(f">2sB{_TAIL}"), 0


def _usual(data: bytes) -> Leaf | None:
    """What nearly every leaf is: an eight-byte time, a statement of 256 bytes or more, every byte known.

    For readers of whole logs. Whatever it accepts the codec accepts too, with the same meaning; the rest, and
    every refusal, is the codec's.
    """
    if not 305 <= len(data) <= cbor.BYTES_MAX:
        return None
    frame, low = _FRAMES.get(data[2], _SMALL)
    head, seq, time_lead, time_ms, prev_head, prev, size_lead, size = frame.unpack_from(data)
    known = head == b"\x85\x01" and time_lead == 0x1B and prev_head == b"\x58\x20" and size_lead == 0x59
    # The lower bounds: each number stands in its shortest spelling.
    if not known or seq < low or (low == 0 and seq > 23) or not 2**32 <= time_ms < 2**63 or size < 256:
        return None
    if frame.size + size != len(data):
        return None
    return Leaf(seq, time_ms, prev, data[frame.size :])


def leaf_hash(data: bytes) -> bytes:
    """RFC 6962 section 2.1: SHA-256(0x00 || leaf)."""
    return hashlib.sha256(b"\x00" + data).digest()


def first_prev(origin: str) -> bytes:
    """The `prev` of leaf 0: SHA-256 of the log's origin."""
    return hashlib.sha256(origin.encode()).digest()


def check_link(leaf: Leaf, *, seq: int, prev: bytes, not_before_ms: int) -> None:
    """The leaf stands at `seq`, links to `prev`, and its time does not go back.

    Raises ProofFailed LEAF_SEQ, LEAF_PREV or LEAF_TIME.
    """
    if leaf.seq != seq:
        raise ProofFailed("LEAF_SEQ", "the leaf names another place than the one it stands in")
    if leaf.prev != prev:
        raise ProofFailed("LEAF_PREV", "the leaf does not continue the hash chain")
    if leaf.time_ms < not_before_ms:
        raise ProofFailed("LEAF_TIME", "the leaf is older than the one before it")
