"""Makes merkle.json: inclusion and consistency proofs over eight small leaves, right ones and spoiled ones.

The judge is the definition of RFC 6962 section 2.1 typed in as naively as possible, without `ledger`.
Run `python tests/vectors/make_merkle.py` to write the file again; a test compares it with what is generated.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

FILE = Path(__file__).with_name("merkle.json")
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
GARBAGE = sha256(b"garbage").digest()
EMPTY = sha256(b"").digest()
INCLUSION = ((0, 1), (0, 8), (5, 8), (2, 3), (1, 5), (6, 7))
CONSISTENCY = ((1, 1), (1, 8), (6, 8), (2, 5), (6, 7), (4, 8))

Case = dict[str, object]


def leaf_hash(data: bytes) -> bytes:
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def split(size: int) -> int:
    """The largest power of two smaller than `size`."""
    power = 1
    while power * 2 < size:
        power *= 2
    return power


def mth(data: Sequence[bytes]) -> bytes:
    """MTH(D[n]), RFC 6962 2.1."""
    if not data:
        return EMPTY
    if len(data) == 1:
        return leaf_hash(data[0])
    k = split(len(data))
    return node_hash(mth(data[:k]), mth(data[k:]))


def path(m: int, data: Sequence[bytes]) -> list[bytes]:
    """PATH(m, D[n]), RFC 6962 2.1.1."""
    if len(data) == 1:
        return []
    k = split(len(data))
    if m < k:
        return [*path(m, data[:k]), mth(data[k:])]
    return [*path(m - k, data[k:]), mth(data[:k])]


def subproof(m: int, data: Sequence[bytes], whole: bool = True) -> list[bytes]:
    """SUBPROOF(m, D[n], b), RFC 6962 2.1.2; PROOF(m, D[n]) with the default."""
    if m == len(data):
        return [] if whole else [mth(data)]
    k = split(len(data))
    if m <= k:
        return [*subproof(m, data[:k], whole), mth(data[k:])]
    return [*subproof(m - k, data[k:], False), mth(data[:k])]


def root_by_path(m: int, size: int, leaf: bytes, proof: Sequence[bytes]) -> bytes | None:
    """PATH read backwards; None where the proof has the wrong length."""
    if size == 1:
        return leaf if not proof else None
    if not proof:
        return None
    k = split(size)
    side = root_by_path(m, k, leaf, proof[:-1]) if m < k else root_by_path(m - k, size - k, leaf, proof[:-1])
    if side is None:
        return None
    return node_hash(side, proof[-1]) if m < k else node_hash(proof[-1], side)


def roots_by_proof(
    m: int, size: int, known: bytes | None, proof: Sequence[bytes]
) -> tuple[bytes, bytes] | None:
    """SUBPROOF read backwards: old and new root; `known`: the old root while the old tree may be all."""
    if m == size:
        if known is not None:
            return (known, known) if not proof else None
        return (proof[0], proof[0]) if len(proof) == 1 else None
    if not proof:
        return None
    k = split(size)
    if m <= k:
        sides = roots_by_proof(m, k, known, proof[:-1])
        return None if sides is None else (sides[0], node_hash(sides[1], proof[-1]))
    sides = roots_by_proof(m - k, size - k, None, proof[:-1])
    return None if sides is None else (node_hash(proof[-1], sides[0]), node_hash(proof[-1], sides[1]))


def is_included(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> bool:
    if not 0 <= index < size or any(len(one) != 32 for one in (leaf, root, *proof)):
        return False
    return root_by_path(index, size, leaf, proof) == root


def is_consistent(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    if any(len(one) != 32 for one in (old_root, new_root, *proof)) or not 0 <= old <= new:
        return False
    if old == 0:
        return new == 0 and not proof and old_root == new_root == EMPTY
    return roots_by_proof(old, new, old_root, proof) == (old_root, new_root)


def spoiled(proof: list[bytes], *roots: tuple[str, bytes]) -> Iterator[tuple[str, list[bytes]]]:
    """Every way a proof is spoiled, by name."""
    for name, extra in (("garbage", GARBAGE), *roots):
        yield f"preceding-{name}", [extra, *proof]
        yield f"trailing-{name}", [*proof, extra]
    if proof:
        yield "empty-proof", []
        yield "removed-last", proof[:-1]
        yield "removed-first", proof[1:]
        yield "repeated-first", [proof[0], *proof]
        yield "short-component", [proof[0][:31], *proof[1:]]
        yield "long-component", [*proof[:-1], proof[-1] + b"\x00"]
    if len(proof) > 1:
        yield "inserted-component", [proof[0], GARBAGE, *proof[1:]]
        yield "swapped-components", [proof[1], proof[0], *proof[2:]]
    for position, one in enumerate(proof):
        bent = bytes([one[0] ^ 0x08]) + one[1:]
        yield f"flipped-bit-of-{position}", [*proof[:position], bent, *proof[position + 1 :]]


def inclusion_case(name: str, index: int, size: int, leaf: bytes, proof: list[bytes], root: bytes) -> Case:
    return {
        "name": name,
        "index": index,
        "size": size,
        "leaf_hash": leaf.hex(),
        "proof": [one.hex() for one in proof],
        "root": root.hex(),
        "valid": is_included(index, size, leaf, proof, root),
    }


def inclusion_cases() -> Iterator[Case]:
    for index, size in INCLUSION:
        leaf, proof, root = leaf_hash(LEAVES[index]), path(index, LEAVES[:size]), mth(LEAVES[:size])
        prefix = f"inclusion/{index}-of-{size}"
        yield inclusion_case(f"{prefix}/right", index, size, leaf, proof, root)
        for name, other in (
            ("index-xor-2", index ^ 2),
            ("index-plus-1", index + 1),
            ("index-minus-1", (index - 1) % 2**64),
        ):
            yield inclusion_case(f"{prefix}/{name}", other, size, leaf, proof, root)
        # A proof alone does not pin the size: where the path has the same shape, a smaller size is right too.
        for name, other in (
            ("size-times-2", size * 2),
            ("size-halved", size // 2),
            ("size-minus-1", size - 1),
            ("size-0", 0),
        ):
            yield inclusion_case(f"{prefix}/{name}", index, other, leaf, proof, root)
        for name, wrong in (("wrong-leaf", GARBAGE), ("absent-leaf", b"")):
            yield inclusion_case(f"{prefix}/{name}", index, size, wrong, proof, root)
        for name, wrong in (("empty-tree-root", EMPTY), ("random-root", GARBAGE), ("absent-root", b"")):
            yield inclusion_case(f"{prefix}/{name}", index, size, leaf, proof, wrong)
        for name, other_proof in spoiled(proof, ("root", root)):
            yield inclusion_case(f"{prefix}/{name}", index, size, leaf, other_proof, root)
    yield inclusion_case("inclusion/absent-leaf-and-root", 0, 1, b"", [], b"")
    yield inclusion_case("inclusion/in-the-empty-tree", 0, 0, GARBAGE, [], EMPTY)
    yield inclusion_case("inclusion/beyond-the-end", 2, 1, GARBAGE, [], GARBAGE)


def consistency_case(name: str, old: int, new: int, proof: list[bytes], roots: tuple[bytes, bytes]) -> Case:
    return {
        "name": name,
        "old": old,
        "new": new,
        "old_root": roots[0].hex(),
        "new_root": roots[1].hex(),
        "proof": [one.hex() for one in proof],
        "valid": is_consistent(old, new, *roots, proof),
    }


def consistency_cases() -> Iterator[Case]:
    for old, new in CONSISTENCY:
        proof, roots = subproof(old, LEAVES[:new]), (mth(LEAVES[:old]), mth(LEAVES[:new]))
        prefix = f"consistency/{old}-to-{new}"
        yield consistency_case(f"{prefix}/right", old, new, proof, roots)
        for name, other in (("old-xor-2", old ^ 2), ("old-plus-1", old + 1), ("old-minus-1", old - 1)):
            yield consistency_case(f"{prefix}/{name}", other, new, proof, roots)
        for name, other in (("new-times-2", new * 2), ("new-halved", new // 2)):
            yield consistency_case(f"{prefix}/{name}", old, other, proof, roots)
        yield consistency_case(f"{prefix}/wrong-old-root", old, new, proof, (GARBAGE, roots[1]))
        yield consistency_case(f"{prefix}/wrong-new-root", old, new, proof, (roots[0], GARBAGE))
        if old != new:
            yield consistency_case(f"{prefix}/swapped-roots", old, new, proof, (roots[1], roots[0]))
        for name, other_proof in spoiled(proof, ("old-root", roots[0]), ("new-root", roots[1])):
            yield consistency_case(f"{prefix}/{name}", old, new, other_proof, roots)
    one = mth(LEAVES[:1])
    yield consistency_case("consistency/empty-to-empty", 0, 0, [], (EMPTY, EMPTY))
    yield consistency_case("consistency/empty-to-empty-with-proof", 0, 0, [EMPTY], (EMPTY, EMPTY))
    yield consistency_case("consistency/empty-to-empty-wrong-roots", 0, 0, [], (GARBAGE, GARBAGE))
    yield consistency_case("consistency/empty-to-one", 0, 1, [], (EMPTY, one))
    yield consistency_case("consistency/empty-to-one-with-proof", 0, 1, [one], (EMPTY, one))
    yield consistency_case("consistency/backwards", 2, 1, [], (mth(LEAVES[:2]), one))
    yield consistency_case("consistency/one-to-empty", 1, 0, [], (one, EMPTY))


def generate() -> str:
    """The text of merkle.json."""
    roots = [mth(LEAVES[:size]) for size in range(len(LEAVES) + 1)]
    parts: dict[str, list[object]] = {
        "leaves": [leaf.hex() for leaf in LEAVES],
        "roots": [root.hex() for root in roots],
        "inclusion": list(inclusion_cases()),
        "consistency": list(consistency_cases()),
    }
    lists = [f'"{name}": [\n' + ",\n".join(map(json.dumps, part)) + "\n]" for name, part in parts.items()]
    return "{\n" + ",\n".join(lists) + "\n}\n"


if __name__ == "__main__":
    FILE.write_text(generate(), encoding="ascii")
