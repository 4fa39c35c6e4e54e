"""The tree against frozen vectors: RFC reference leaves, our own spoiled proofs, a foreign set of cases."""

from __future__ import annotations

import base64
import json
import os
import runpy
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ledger import merkle
from ledger.errors import ProofFailed
from ledger.merkle import MemoryTree

VECTORS = Path(__file__).parents[1] / "vectors"
SHARED = Path(os.environ.get("MALAN_SHARED") or Path(__file__).parents[3] / "shared")
NAIVE = SimpleNamespace(**runpy.run_path(str(VECTORS / "make_merkle.py")))
FROZEN = json.loads((VECTORS / "merkle.json").read_text("ascii"))


def test_frozen_vectors_are_what_their_script_makes() -> None:
    assert (VECTORS / "merkle.json").read_text("ascii") == NAIVE.generate()


def test_roots_of_the_reference_leaves() -> None:
    """The table every RFC 6962 implementation carries, 0 to 8 leaves."""
    known = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]
    leaves = [merkle.leaf_hash(leaf) for leaf in NAIVE.LEAVES]
    assert [merkle.root(leaves[:size]).hex() for size in range(9)] == known
    assert [NAIVE.mth(NAIVE.LEAVES[:size]).hex() for size in range(9)] == known


def test_proofs_of_the_reference_leaves() -> None:
    tree = MemoryTree(merkle.leaf_hash(leaf) for leaf in NAIVE.LEAVES)
    proof = [one.hex()[:8] for one in merkle.inclusion_proof(index=5, size=8, read=tree.read)]
    assert proof == ["bc1a0643", "ca854ea1", "d37ee418"]
    proof = [one.hex()[:8] for one in merkle.consistency_proof(old=6, new=8, read=tree.read)]
    assert proof == ["0ebc5d34", "ca854ea1", "d37ee418"]
    from_one = merkle.consistency_proof(old=1, new=8, read=tree.read)
    assert from_one == merkle.inclusion_proof(index=0, size=8, read=tree.read)
    assert [one.hex()[:8] for one in from_one] == ["96a296d2", "5f083f0a", "6b47aaf2"]


def _accepts(check: Callable[[], None]) -> bool:
    try:
        check()
    except ProofFailed:
        return False
    return True


def _inclusion(case: dict[str, Any], decode: Callable[[str], bytes]) -> Callable[[], None]:
    proof = [decode(one) for one in case["proof"] or []]
    leaf, root = decode(case["leaf_hash"]), decode(case["root"])
    return lambda: merkle.check_inclusion(
        index=case["index"], size=case["size"], leaf_hash=leaf, proof=proof, root=root
    )


def _consistency(case: dict[str, Any], decode: Callable[[str], bytes]) -> Callable[[], None]:
    proof = [decode(one) for one in case["proof"] or []]
    old_root, new_root = decode(case["old_root"]), decode(case["new_root"])
    return lambda: merkle.check_consistency(
        old=case["old"], new=case["new"], old_root=old_root, new_root=new_root, proof=proof
    )


@pytest.mark.parametrize("case", FROZEN["inclusion"], ids=lambda case: case["name"])
def test_frozen_inclusion(case: dict[str, Any]) -> None:
    assert _accepts(_inclusion(case, bytes.fromhex)) == case["valid"]


@pytest.mark.parametrize("case", FROZEN["consistency"], ids=lambda case: case["name"])
def test_frozen_consistency(case: dict[str, Any]) -> None:
    assert _accepts(_consistency(case, bytes.fromhex)) == case["valid"]


def test_frozen_vectors_hold_right_and_spoiled_cases() -> None:
    """Negative control: neither a check that accepts all nor one that refuses all could pass."""
    for kind in ("inclusion", "consistency"):
        valid = [case["valid"] for case in FROZEN[kind]]
        assert valid.count(True) >= 6 and valid.count(False) >= 100


def test_vectors_of_a_foreign_implementation() -> None:
    file = SHARED / "vectors" / "merkle.json"
    if not file.exists():
        pytest.skip("the foreign vectors are not part of the repository")
    foreign = json.loads(file.read_text("utf-8"))

    def decode(text: str | None) -> bytes:
        return base64.b64decode(text or "")

    names = {"leafIdx": "index", "treeSize": "size", "leafHash": "leaf_hash", "size1": "old", "size2": "new"}
    names |= {"root1": "old_root", "root2": "new_root"}
    wrong = []
    for kind, make in (("inclusion", _inclusion), ("consistency", _consistency)):
        for case in foreign[kind]:
            renamed = {names.get(field, field): value for field, value in case.items()}
            if _accepts(make(renamed, decode)) == case["wantErr"]:
                wrong.append(case["name"])
    assert len(foreign["inclusion"]) + len(foreign["consistency"]) == 196
    assert wrong == []
