"""A whole log from its bytes: sound ones add up, every way to spoil one is named by the place of the leaf."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import MalanError
from ledger.fsck import Fault, LogSummary, check_log, find_faults
from ledger.leaf import Leaf, encode_leaf, first_prev, leaf_hash, parse_leaf
from ledger.merkle import EMPTY_ROOT, root
from tests.world import World

ORIGIN = "log.example/1"
NOW = 1_772_413_200_000
SIZE = 12


def log(count: int = SIZE) -> list[bytes]:
    """A sound log."""
    leaves: list[bytes] = []
    for seq in range(count):
        prev = leaf_hash(leaves[-1]) if leaves else first_prev(ORIGIN)
        leaves.append(encode_leaf(Leaf(seq, NOW + 1000 * seq, prev, f"statement {seq}".encode())))
    return leaves


def changed(data: bytes, **fields: object) -> bytes:
    """The leaf with fields replaced."""
    return encode_leaf(dataclasses.replace(parse_leaf(data), **fields))  # type: ignore[arg-type]


def rechained(leaves: list[bytes], start: int) -> list[bytes]:
    """The leaves with the chain mended from `start` on: a forger who takes the trouble."""
    made = leaves[:start]
    for data in leaves[start:]:
        made.append(changed(data, prev=leaf_hash(made[-1]) if made else first_prev(ORIGIN)))
    return made


def first_fault(leaves: list[bytes]) -> tuple[str, str]:
    """Code and place, as `check_log` names them; `find_faults` must agree."""
    with pytest.raises(MalanError) as caught:
        check_log(ORIGIN, leaves)
    first = next(find_faults(ORIGIN, leaves))
    assert (first.code, f"leaf {first.place}") == (caught.value.code, caught.value.where)
    return caught.value.code, caught.value.where


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 9, 300])
def test_a_sound_log_adds_up(count: int) -> None:
    leaves = log(count)
    hashes = [leaf_hash(data) for data in leaves]
    last = NOW + 1000 * (count - 1)
    assert check_log(ORIGIN, iter(leaves)) == LogSummary(count, root(hashes), hashes[-1], NOW, last)
    assert list(find_faults(ORIGIN, leaves)) == []


def test_an_empty_log_is_sound_and_has_no_times() -> None:
    assert check_log(ORIGIN, []) == LogSummary(0, EMPTY_ROOT, first_prev(ORIGIN), None, None)
    assert list(find_faults(ORIGIN, [])) == []


def test_the_log_of_a_whole_world_is_sound() -> None:
    world = World.founded().with_standard().with_class().with_results().with_certificates().with_claim()
    found = check_log(world.origin, world.leaves)
    assert (found.size, found.first_ms, found.last_ms) == (len(world.leaves), world.times[0], world.times[-1])


def test_a_log_under_another_origin_fails_at_its_first_leaf() -> None:
    with pytest.raises(MalanError) as caught:
        check_log("log.example/2", log())
    assert (caught.value.code, caught.value.where) == ("LEAF_PREV", "leaf 0")


@pytest.mark.parametrize("place", range(SIZE))
def test_every_changed_statement_breaks_the_chain_behind_it(place: int) -> None:
    leaves = log()
    leaves[place] = changed(leaves[place], statement=b"another")
    if place == SIZE - 1:
        assert check_log(ORIGIN, leaves).root != check_log(ORIGIN, log()).root  # only the root tells
    else:
        assert first_fault(leaves) == ("LEAF_PREV", f"leaf {place + 1}")


@pytest.mark.parametrize("place", range(SIZE))
def test_a_forger_who_mends_the_chain_gets_another_root(place: int) -> None:
    leaves = log()
    leaves[place] = changed(leaves[place], statement=b"another")
    assert check_log(ORIGIN, rechained(leaves, place + 1)).root != check_log(ORIGIN, log()).root


@pytest.mark.parametrize("place", range(SIZE - 1))
def test_a_missing_leaf_is_one_fault_at_its_place(place: int) -> None:
    leaves = log()
    del leaves[place]
    assert first_fault(leaves) == ("LEAF_SEQ", f"leaf {place}")
    assert [fault.place for fault in find_faults(ORIGIN, leaves)] == [place]
    assert first_fault(rechained(leaves, place)) == ("LEAF_SEQ", f"leaf {place}")


@pytest.mark.parametrize("place", range(SIZE))
def test_a_leaf_twice_is_named(place: int) -> None:
    leaves = log()
    leaves.insert(place, leaves[place])
    assert first_fault(leaves) == ("LEAF_SEQ", f"leaf {place + 1}")


@pytest.mark.parametrize("place", range(SIZE - 1))
def test_two_leaves_in_each_others_place_are_named(place: int) -> None:
    leaves = log()
    leaves[place], leaves[place + 1] = leaves[place + 1], leaves[place]
    assert first_fault(leaves) == ("LEAF_SEQ", f"leaf {place}")


@pytest.mark.parametrize("place", range(1, SIZE))
def test_a_leaf_older_than_the_one_before_it_is_named(place: int) -> None:
    leaves = log()
    leaves[place] = changed(leaves[place], time_ms=NOW + 1000 * (place - 1) - 1)
    leaves = rechained(leaves, place + 1)
    assert first_fault(leaves) == ("LEAF_TIME", f"leaf {place}")
    assert len(list(find_faults(ORIGIN, leaves))) == 1


def test_leaves_of_one_time_are_in_order() -> None:
    leaves = rechained([changed(data, time_ms=NOW) for data in log()], 0)
    assert check_log(ORIGIN, leaves).last_ms == NOW


@pytest.mark.parametrize("data", [b"", b"\x80", b"noise", log(1)[0] + b"\0"])
@pytest.mark.parametrize("place", [0, 5, SIZE - 1])
def test_bytes_that_are_no_leaf_are_named_and_the_walk_goes_on(place: int, data: bytes) -> None:
    leaves = log()
    leaves[place] = data
    code, where = first_fault(leaves)
    assert where == f"leaf {place}"
    assert code.startswith(("LEAF_", "CBOR_"))
    faults = list(find_faults(ORIGIN, leaves))
    assert [fault.place for fault in faults] == [place, place + 1][: SIZE - place]


def test_two_faults_far_apart_are_both_named() -> None:
    leaves = log()
    leaves[3] = changed(leaves[3], statement=b"another")
    leaves[8] = changed(leaves[8], time_ms=0)
    found = list(find_faults(ORIGIN, leaves))
    assert [(fault.place, fault.code) for fault in found] == [
        (4, "LEAF_PREV"),
        (8, "LEAF_TIME"),
        (9, "LEAF_PREV"),
    ]
    assert all(isinstance(fault, Fault) and fault.what for fault in found)


def test_the_log_is_streamed_and_no_leaf_behind_the_first_bad_one_is_read() -> None:
    def source() -> Iterator[bytes]:
        yield from log()[:4]
        yield b"noise"
        raise AssertionError("read on")

    with pytest.raises(MalanError) as caught:
        check_log(ORIGIN, source())
    assert caught.value.where == "leaf 4"
    assert next(find_faults(ORIGIN, source())).place == 4


SPOILERS: list[Callable[[list[bytes], int], list[bytes]]] = [
    lambda leaves, place: leaves[:place] + leaves[place + 1 :],
    lambda leaves, place: leaves[: place + 1] + leaves[place:],
    lambda leaves, place: [*leaves[:place], changed(leaves[place], statement=b"x"), *leaves[place + 1 :]],
    lambda leaves, place: [*leaves[:place], leaves[place][:-1], *leaves[place + 1 :]],
    lambda leaves, place: leaves[:place] + leaves[place:][::-1],
    lambda leaves, place: leaves[:place],
]


@settings(max_examples=60)
@given(st.integers(0, SIZE - 1), st.sampled_from(range(len(SPOILERS))), st.booleans())
def test_no_spoilt_log_has_the_root_of_the_sound_one(place: int, spoiler: int, mend: bool) -> None:
    """Whatever was done, and whether or not the chain was mended: a fault, or another root."""
    leaves = SPOILERS[spoiler](log(), place)
    if leaves == log():
        return
    try:
        spoilt = check_log(ORIGIN, rechained(leaves, 0) if mend else leaves)
    except MalanError:
        return
    assert spoilt.root != check_log(ORIGIN, log()).root
