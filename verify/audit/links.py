"""The chain, entry by entry: a leaf stands where it says, links to the one before, and time never goes back.

Pure. `next_leaf` is the fast way for the honest case: it accepts only bytes that it can account for to the
last, so whatever it accepts `ledger.leaf` accepts too, with the same meaning; everything else goes there and
gets its exact refusal.
"""

from __future__ import annotations

from ledger.leaf import Leaf, check_link, parse_leaf

_TIME_LOW, _TIME_HIGH = 2**32, 2**63  # times that CBOR writes in eight bytes: February 1970 and later
_SIZE_LOW = 256  # statements that CBOR counts in two bytes; none is shorter


def next_leaf(data: bytes, *, seq: int, prev: bytes | None, not_before_ms: int) -> Leaf:
    """The leaf in `data`, if it continues the chain; with `prev` None the link is not known and not checked.

    Raises Malformed as `parse_leaf`, ProofFailed LEAF_SEQ, LEAF_PREV or LEAF_TIME.
    """
    leaf = _plain(data, seq, prev) if prev is not None else None
    if leaf is None or leaf.time_ms < not_before_ms:
        leaf = parse_leaf(data)
        check_link(leaf, seq=seq, prev=leaf.prev if prev is None else prev, not_before_ms=not_before_ms)
    return leaf


def _plain(data: bytes, seq: int, prev: bytes) -> Leaf | None:
    """The usual spelling: [1, seq, eight-byte time, prev, statement of 256 to 65535 bytes], nothing after."""
    head = b"\x85\x01" + _unsigned(seq) + b"\x1b"
    place = len(head)
    middle = place + 8
    start = middle + 37
    if data[:place] != head or data[middle : start - 2] != b"\x58\x20" + prev + b"\x59":
        return None
    time_ms = int.from_bytes(data[place:middle], "big")
    size = int.from_bytes(data[start - 2 : start], "big")
    if not _TIME_LOW <= time_ms < _TIME_HIGH or size < _SIZE_LOW or start + size != len(data):
        return None
    return Leaf(seq, time_ms, prev, data[start:])


def _unsigned(value: int) -> bytes:
    """A CBOR unsigned integer in its shortest form (RFC 8949 section 4.2.1)."""
    if value < 24:
        return bytes((value,))
    for lead, width in ((0x18, 1), (0x19, 2), (0x1A, 4)):
        if value < 1 << (8 * width):
            return bytes((lead,)) + value.to_bytes(width, "big")
    return b"\x1b" + value.to_bytes(8, "big")
