"""The tree against the RFC typed in naively: every proof of small trees, and every way to spoil one."""

from __future__ import annotations

import base64
import runpy
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import merkle
from ledger.errors import ProofFailed
from ledger.merkle import EMPTY_ROOT, MAX_SIZE, Frontier, MemoryTree, Node

VECTORS = Path(__file__).parents[1] / "vectors"
SMALL = 65


NAIVE = SimpleNamespace(**runpy.run_path(str(VECTORS / "make_merkle.py")))
DATA = [b"entry-%d" % number for number in range(SMALL)]
HASHES = [merkle.leaf_hash(data) for data in DATA]
TREE = MemoryTree(HASHES)
ROOTS = [NAIVE.mth(DATA[:size]) for size in range(SMALL + 1)]


def test_roots_of_the_golden_log() -> None:
    """Entries `entry-<i>`; roots confirmed by two foreign readers."""
    golden = {
        1: "QHZrIDNCkCb1PVRQJnmoOXBrR0H43K86i7pfQbX/4HU=",
        2: "LyelCCwdQq+kiKw1Cp/EOQwIT1T3Hs3/hZ6Y24QptHk=",
        3: "pkvybgkSj2/i/m+LLYyAHhZrV8BHp82bK4Ceepai8cs=",
        7: "kTlgHMHKirKnoMLBNMBIRfKxulSag9bIRc/NpDnMWF0=",
        8: "38wTubDKkyxo3j1Z6qqP4mapyAkcAwDoQF6/6w0OWDI=",
        255: "RdqfN0dI4Xo3L3HABCKxLiv5aELx9hxXQP5JTkvs/w8=",
        256: "+F9OrTQIBxC00egIMBVDqquBqgTeuIWZNQ3Cak8vWN4=",
        257: "kYsc7GTzF8duPPVcBTaEHAOe/wZ3LruIKM58F2Aotaw=",
        65535: "75cnkElE5H+sSzR8H7M/zrkX3OPTFOLCCy0Pz+EQwoE=",
        65536: "3yxgbRFEFvpgC/NJUVLgnjnovj0OLlUBw1KCZTmr2o4=",
        65537: "tjAHv2A1m9y8HR7x7SVv41nSudFaumijzuMKgy9Ax54=",
        70000: "pipUvjMpT/1aXExjf9dUYwtxqJLoNW46Zmpcin/9FRg=",
    }
    hashes = [merkle.leaf_hash(b"entry-%d" % number) for number in range(70_000)]
    frontier = Frontier()
    for one in hashes:
        frontier.append(one)
        if frontier.size in golden:
            assert base64.b64encode(frontier.root()).decode() == golden[frontier.size]
            assert frontier.root() == merkle.root(hashes[: frontier.size])


def test_every_root_and_proof_of_small_trees_is_the_rfc_definition() -> None:
    frontier = Frontier()
    for size in range(SMALL + 1):
        assert merkle.root(HASHES[:size]) == frontier.root() == ROOTS[size]
        for index in range(size):
            proof = merkle.inclusion_proof(index=index, size=size, read=TREE.read)
            assert proof == NAIVE.path(index, DATA[:size])
        for old in range(1, size + 1):
            proof = merkle.consistency_proof(old=old, new=size, read=TREE.read)
            assert proof == NAIVE.subproof(old, DATA[:size])
        if size < SMALL:
            frontier.append(HASHES[size])


def _flips(proof: Sequence[bytes], seed: int) -> list[list[bytes]]:
    """Every hash of the proof with one bit flipped; over all proofs every bit position has its turn."""
    flipped = []
    for place, one in enumerate(proof):
        bit = (seed * 7 + place * 37) % 256
        bent = bytearray(one)
        bent[bit // 8] ^= 1 << bit % 8
        flipped.append([*proof[:place], bytes(bent), *proof[place + 1 :]])
    return flipped


def _spoiled(proof: list[bytes], seed: int) -> list[list[bytes]]:
    spoiled = [*_flips(proof, seed), [*proof, HASHES[0]], [HASHES[0], *proof]]
    return spoiled + ([proof[1:], proof[:-1]] if proof else [])


def test_every_small_inclusion_proof_holds_and_every_spoiled_one_is_refused() -> None:
    refused = 0
    for size in range(1, SMALL + 1):
        for index in range(size):
            case = {"index": index, "size": size, "leaf_hash": HASHES[index], "root": ROOTS[size]}
            proof = merkle.inclusion_proof(index=index, size=size, read=TREE.read)
            merkle.check_inclusion(**case, proof=proof)
            for spoiled in _spoiled(proof, size * 64 + index):
                with pytest.raises(ProofFailed):
                    merkle.check_inclusion(**case, proof=spoiled)
                refused += 1
            for other in {index ^ 1, size - 1 - index} - {index, size}:
                with pytest.raises(ProofFailed):
                    merkle.check_inclusion(**case | {"index": other}, proof=proof)
    assert refused > 10_000


def test_every_small_consistency_proof_holds_and_every_spoiled_one_is_refused() -> None:
    refused = 0
    for new in range(1, SMALL + 1):
        for old in range(1, new + 1):
            case = {"old": old, "new": new, "old_root": ROOTS[old], "new_root": ROOTS[new]}
            proof = merkle.consistency_proof(old=old, new=new, read=TREE.read)
            merkle.check_consistency(**case, proof=proof)
            for spoiled in _spoiled(proof, new * 64 + old):
                with pytest.raises(ProofFailed):
                    merkle.check_consistency(**case, proof=spoiled)
                refused += 1
            for name in ("old_root", "new_root"):
                with pytest.raises(ProofFailed):
                    merkle.check_consistency(**case | {name: HASHES[0][::-1]}, proof=proof)
    assert refused > 10_000


def _every_flip(proof: Sequence[bytes]) -> Iterator[list[bytes]]:
    whole = b"".join(proof)
    for bit in range(len(whole) * 8):
        bent = bytearray(whole)
        bent[bit // 8] ^= 1 << bit % 8
        yield [bytes(bent[start : start + 32]) for start in range(0, len(bent), 32)]


def test_every_single_bit_of_every_proof_up_to_sixteen_leaves_matters() -> None:
    refused = 0
    for size in range(1, 17):
        for index in range(size):
            proof = merkle.inclusion_proof(index=index, size=size, read=TREE.read)
            for bent in _every_flip(proof):
                with pytest.raises(ProofFailed):
                    merkle.check_inclusion(
                        index=index, size=size, leaf_hash=HASHES[index], proof=bent, root=ROOTS[size]
                    )
                refused += 1
        for old in range(1, size + 1):
            proof = merkle.consistency_proof(old=old, new=size, read=TREE.read)
            for bent in _every_flip(proof):
                with pytest.raises(ProofFailed):
                    merkle.check_consistency(
                        old=old, new=size, old_root=ROOTS[old], new_root=ROOTS[size], proof=bent
                    )
                refused += 1
    assert refused > 200_000


def test_a_proof_is_read_in_one_call_of_at_most_two_logarithms() -> None:
    calls: list[Sequence[Node]] = []

    def read(nodes: Sequence[Node]) -> list[bytes]:
        calls.append(nodes)
        return TREE.read(nodes)

    for size in range(2, SMALL):
        for plan in (
            lambda size=size: merkle.inclusion_proof(index=size // 3, size=size, read=read),
            lambda size=size: merkle.consistency_proof(old=size // 2, new=size, read=read),
        ):
            calls.clear()
            plan()
            assert len(calls) == 1
            assert len(set(calls[0])) == len(calls[0]) <= 2 * size.bit_length()


def test_no_hash_of_another_width_enters() -> None:
    short = b"\x00" * 31
    attempts: list[Callable[[], object]] = [
        lambda: merkle.node_hash(short, EMPTY_ROOT),
        lambda: merkle.node_hash(EMPTY_ROOT, short),
        lambda: merkle.root([EMPTY_ROOT, short]),
        lambda: Frontier().append(short),
        lambda: Frontier(size=1, peaks=[short]),
        lambda: MemoryTree([short]),
        lambda: merkle.inclusion_proof(index=0, size=2, read=lambda nodes: [short]),
        lambda: merkle.check_inclusion(index=0, size=1, leaf_hash=b"", proof=[], root=b""),
    ]
    for attempt in attempts:
        with pytest.raises(ProofFailed) as caught:
            attempt()
        assert caught.value.code == "HASH_WIDTH"


def test_a_proof_leads_to_a_root_only_with_its_exact_length_and_whole_hashes() -> None:
    proof = merkle.inclusion_proof(index=2, size=7, read=TREE.read)
    case = {"index": 2, "size": 7, "leaf_hash": HASHES[2]}
    assert merkle.root_from_inclusion(**case, proof=proof) == ROOTS[7]
    for spoiled, code in (
        ([*proof, proof[0]], "PROOF_LENGTH"),
        (proof[:-1], "PROOF_LENGTH"),
        ([], "PROOF_LENGTH"),
        ([proof[0][:31], *proof[1:]], "HASH_WIDTH"),
        ([*proof[:-1], proof[-1] + b"\x00"], "HASH_WIDTH"),
    ):
        with pytest.raises(ProofFailed) as caught:
            merkle.root_from_inclusion(**case, proof=spoiled)
        assert caught.value.code == code
    with pytest.raises(ProofFailed) as caught:
        merkle.root_from_inclusion(**case | {"leaf_hash": b""}, proof=proof)
    assert caught.value.code == "HASH_WIDTH"


def test_a_read_that_leaves_a_node_out_is_refused() -> None:
    with pytest.raises(ProofFailed) as caught:
        merkle.inclusion_proof(index=0, size=4, read=lambda nodes: TREE.read(nodes)[:-1])
    assert caught.value.code == "READ_INCOMPLETE"


def test_places_outside_the_tree_are_refused() -> None:
    for index, size in ((0, 0), (1, 1), (-1, 4), (0, MAX_SIZE + 1)):
        with pytest.raises(ProofFailed):
            merkle.inclusion_plan(index, size)
    for old, new in ((2, 1), (-1, 1), (1, MAX_SIZE + 1)):
        with pytest.raises(ProofFailed):
            merkle.consistency_plan(old, new)
    for node in (Node(0, SMALL), Node(1, SMALL // 2), Node(60, 0), Node(0, -1), Node(-1, 0)):
        with pytest.raises(ProofFailed):
            TREE.read([node])


def test_nothing_is_shown_from_the_empty_tree() -> None:
    assert merkle.consistency_proof(old=0, new=5, read=TREE.read) == []
    with pytest.raises(ProofFailed) as caught:
        merkle.check_consistency(old=0, new=5, old_root=EMPTY_ROOT, new_root=ROOTS[5], proof=[])
    assert caught.value.code == "CONSISTENCY_FROM_EMPTY"


def test_a_frontier_goes_on_from_its_peaks_and_a_copy_goes_its_own_way() -> None:
    for size in range(SMALL):
        peaks = TREE.read(merkle.cover(0, size))
        frontier = Frontier(size=size, peaks=peaks)
        copy = frontier.copy()
        copy.append(HASHES[0] if size == 0 else HASHES[size])
        assert (frontier.size, frontier.root()) == (size, ROOTS[size])
        assert (copy.size, copy.root()) == (size + 1, ROOTS[size + 1])
        with pytest.raises(ProofFailed):
            Frontier(size=size, peaks=[*peaks, EMPTY_ROOT])


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 2**20), st.data())
def test_plans_of_large_trees_cover_exactly_the_other_leaves(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    nodes = [node for group in merkle.inclusion_plan(index, size) for node in group]
    ranges = sorted(
        (node.index << node.level, (node.index + 1) << node.level) for node in [*nodes, Node(0, index)]
    )
    assert [start for start, _ in ranges] == [0, *(end for _, end in ranges[:-1])]
    assert ranges[-1][1] == size
