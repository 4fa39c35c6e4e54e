"""Leaves: one spelling, and a chain in which no place, hash or time can be moved."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import cbor, merkle
from ledger.errors import MalanError, Malformed, ProofFailed
from ledger.leaf import (
    STATEMENT_BYTES_MAX,
    Leaf,
    check_link,
    encode_leaf,
    first_prev,
    leaf_hash,
    parse_leaf,
)

PREV = hashlib.sha256(b"before").digest()
LEAF = Leaf(7, 1_772_413_200_000, PREV, b"statement")


@given(
    st.integers(0, 2**53), st.integers(0, 2**53), st.binary(min_size=32, max_size=32), st.binary(max_size=300)
)
def test_a_leaf_reads_back_as_it_was_written(seq: int, time_ms: int, prev: bytes, statement: bytes) -> None:
    leaf = Leaf(seq, time_ms, prev, statement)
    assert parse_leaf(encode_leaf(leaf)) == leaf
    assert encode_leaf(parse_leaf(encode_leaf(leaf))) == encode_leaf(leaf)


@pytest.mark.parametrize(
    "value",
    [
        [],
        [1, 7, 0, PREV],
        [1, 7, 0, PREV, b"", b""],
        [2, 7, 0, PREV, b""],
        [0, 7, 0, PREV, b""],
        [True, 7, 0, PREV, b""],
        [1, True, 0, PREV, b""],
        [1, 7, False, PREV, b""],
        [1, -1, 0, PREV, b""],
        [1, 7, -1, PREV, b""],
        [1, "7", 0, PREV, b""],
        [1, 7, 0, PREV[:31], b""],
        [1, 7, 0, PREV + b"\0", b""],
        [1, 7, 0, PREV.hex(), b""],
        [1, 7, 0, PREV, "statement"],
        [1, 7, 0, PREV, None],
        {"v": 1},
        None,
    ],
)
def test_another_shape_is_no_leaf(value: Any) -> None:
    with pytest.raises(Malformed) as caught:
        parse_leaf(cbor.encode(value))
    assert caught.value.code == "LEAF_SHAPE"


@given(st.binary(max_size=60))
def test_noise_is_no_leaf(noise: bytes) -> None:
    with pytest.raises(MalanError):
        parse_leaf(noise)


def test_bytes_after_a_leaf_are_refused() -> None:
    with pytest.raises(Malformed):
        parse_leaf(encode_leaf(LEAF) + b"\0")


def test_the_largest_statement_fits_an_entry_of_the_tiles_and_a_larger_is_refused() -> None:
    """tlog-tiles gives an entry a 16-bit length, even at the far end of seq and time."""
    far = Leaf(2**63 - 1, 2**63 - 1, PREV, bytes(STATEMENT_BYTES_MAX))
    assert len(encode_leaf(far)) <= 65_535
    assert parse_leaf(encode_leaf(far)) == far
    with pytest.raises(Malformed) as caught:
        encode_leaf(Leaf(0, 0, PREV, bytes(STATEMENT_BYTES_MAX + 1)))
    assert caught.value.code == "LEAF_SIZE"


def test_the_leaf_hash_is_that_of_the_tree() -> None:
    data = encode_leaf(LEAF)
    assert leaf_hash(data) == merkle.leaf_hash(data) == hashlib.sha256(b"\x00" + data).digest()


def test_the_first_leaf_links_to_the_origin() -> None:
    assert first_prev("log.example/1") == hashlib.sha256(b"log.example/1").digest()
    assert first_prev("log.example/1") != first_prev("log.example/2")


@pytest.mark.parametrize(
    ("expected", "code"),
    [
        ({"seq": 6}, "LEAF_SEQ"),
        ({"seq": 8}, "LEAF_SEQ"),
        ({"prev": bytes(32)}, "LEAF_PREV"),
        ({"not_before_ms": LEAF.time_ms + 1}, "LEAF_TIME"),
    ],
)
def test_a_leaf_in_another_place_chain_or_time_does_not_link(expected: dict[str, Any], code: str) -> None:
    honest: dict[str, Any] = {"seq": 7, "prev": PREV, "not_before_ms": LEAF.time_ms}
    check_link(LEAF, **honest)
    with pytest.raises(ProofFailed) as caught:
        check_link(LEAF, **{**honest, **expected})
    assert caught.value.code == code


def test_every_field_of_a_leaf_changes_the_hash_that_the_next_one_links_to() -> None:
    whole = leaf_hash(encode_leaf(LEAF))
    others = [
        Leaf(8, LEAF.time_ms, PREV, b"statement"),
        Leaf(7, LEAF.time_ms + 1, PREV, b"statement"),
        Leaf(7, LEAF.time_ms, bytes(32), b"statement"),
        Leaf(7, LEAF.time_ms, PREV, b"Statement"),
    ]
    assert whole not in {leaf_hash(encode_leaf(other)) for other in others}


START_MS = 1_772_413_200_000
SIZES = st.one_of(st.integers(0, 400), st.integers(65_000, 65_470))
TIMES = st.one_of(st.integers(0, 2**33), st.integers(START_MS, START_MS + 9), st.integers(2**62, 2**63 - 1))
PLACES = st.one_of(st.integers(0, 70_000), st.integers(2**31, 2**33))


@settings(max_examples=300)
@given(
    seq=PLACES,
    time_ms=TIMES,
    prev=st.binary(min_size=32, max_size=32),
    size=SIZES,
    flipped=st.one_of(st.none(), st.integers(0, 60 * 8)),
    cut=st.sampled_from([0, 0, 0, 1, 5]),
)
def test_the_usual_leaf_is_read_as_the_codec_reads_it(
    seq: int, time_ms: int, prev: bytes, size: int, flipped: int | None, cut: int
) -> None:
    data = bytearray(encode_leaf(Leaf(seq, time_ms, prev, b"s" * size)))
    if flipped is not None and flipped // 8 < len(data):
        data[flipped // 8] ^= 1 << flipped % 8
    raw = bytes(data[: len(data) - cut])
    try:
        leaf = parse_leaf(raw)
    except MalanError:
        assert flipped is not None or cut
        return
    assert cbor.decode(raw) == [1, leaf.seq, leaf.time_ms, leaf.prev, leaf.statement]
    assert encode_leaf(leaf) == raw


SPELLINGS = [b"\x85\x01" + seq + b"\x1b" for seq in (b"\x18\x17", b"\x19\x00\xff", b"\x1a\x00\x00\xff\xff")]


@pytest.mark.parametrize("head", SPELLINGS)
def test_a_place_has_one_spelling_in_the_usual_leaf_too(head: bytes) -> None:
    tail = START_MS.to_bytes(8, "big") + b"\x58\x20" + PREV + b"\x59\x01\x40" + bytes(320)
    with pytest.raises(Malformed) as caught:
        parse_leaf(head + tail)
    assert caught.value.code == "CBOR_NOT_CANONICAL"


def test_a_leaf_too_long_for_a_bundle_is_none() -> None:
    long = (
        b"\x85\x01\x07\x1b"
        + START_MS.to_bytes(8, "big")
        + b"\x58\x20"
        + PREV
        + b"\x59\xff\xff"
        + bytes(65_535)
    )
    with pytest.raises(Malformed) as caught:
        parse_leaf(long)
    assert caught.value.code == "CBOR_SIZE"


def test_ordinary_leaves_never_reach_the_codec(monkeypatch: pytest.MonkeyPatch) -> None:
    leaves = [
        Leaf(seq, START_MS, PREV, bytes(320)) for seq in (0, 23, 24, 255, 256, 65_535, 65_536, 2**32 - 1)
    ]
    written = [encode_leaf(leaf) for leaf in leaves]
    monkeypatch.setattr(cbor, "decode", None)
    assert [parse_leaf(data) for data in written] == leaves
