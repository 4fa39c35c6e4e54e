"""The tree of RFC 6962 / RFC 9162 over leaf hashes: roots, proofs, and their checks.

Promises: a proof is planned (which complete subtrees it needs), read in one call of `read`, then folded, so
storage, tiles and HTTP are only ways to answer that call. Every hash that enters is checked to be 32 bytes.
A check raises `ProofFailed` and never answers with a boolean.
May not know: what an entry says, where hashes lie, keys, files, clocks.

Source: RFC 6962 section 2.1, RFC 9162 section 2.1 (SHA-256, leaf prefix 0x00, node prefix 0x01).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from ledger.errors import ProofFailed

HASH_SIZE = 32
MAX_SIZE = 2**63 - 1  # other implementations count leaves in signed 64 bits
EMPTY_ROOT = sha256(b"").digest()
OLD_ROOT = "OLD_ROOT"


@dataclass(frozen=True, slots=True)
class Node:
    """A complete subtree: `level` 0 is a leaf; it covers leaves [index << level, (index + 1) << level)."""

    level: int
    index: int


# One group for each proof hash, in proof order: the complete subtrees, left to right, that fold to it.
Plan = tuple[tuple[Node, ...], ...]
# Gives the hash of each node, in order. A proof calls it at most once.
Read = Callable[[Sequence[Node]], Sequence[bytes]]


def leaf_hash(data: bytes) -> bytes:
    """SHA-256(0x00 || data), the leaf hash of an entry (RFC 6962 2.1)."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right) of two 32-byte hashes (RFC 6962 2.1); raises ProofFailed HASH_WIDTH."""
    require_widths((left, right))
    return _node(left, right)


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def require_widths(hashes: Sequence[bytes]) -> None:
    """Every one is 32 bytes long. Raises ProofFailed HASH_WIDTH."""
    if not {HASH_SIZE}.issuperset(map(len, hashes)):
        raise ProofFailed("HASH_WIDTH", "A hash is not 32 bytes long.")


def _require_sizes(old: int, new: int) -> None:
    if not 0 <= old <= new <= MAX_SIZE:
        raise ProofFailed(
            "SIZES_OUT_OF_ORDER", "The tree sizes are negative, too large or in the wrong order."
        )


def _require_index(index: int, size: int) -> None:
    if not 0 <= index < size <= MAX_SIZE:
        raise ProofFailed("INDEX_OUT_OF_RANGE", "The index is not inside a tree of that size.")


def _require_root(found: bytes, claimed: bytes) -> None:
    if found != claimed:
        raise ProofFailed("ROOT_MISMATCH", "The proof leads to another root.")


def root(hashes: Sequence[bytes]) -> bytes:
    """Merkle Tree Hash over leaf hashes, or over the roots of equally large complete subtrees."""
    require_widths(hashes)
    level = list(hashes) or [EMPTY_ROOT]
    while len(level) > 1:  # `_node` is written out: every hash of every audit passes here
        above = [sha256(b"\x01" + a + b).digest() for a, b in zip(level[::2], level[1::2], strict=False)]
        # An unpaired last node rises unchanged: this gives the same tree as the split of RFC 6962.
        if len(level) % 2:
            above.append(level[-1])
        level = above
    return level[0]


def cover(start: int, end: int) -> tuple[Node, ...]:
    """The complete subtrees that tile [start, end), largest first; `start` must lie on the edge of each."""
    nodes: list[Node] = []
    while start < end:
        level = (end - start).bit_length() - 1
        assert start % (1 << level) == 0, "a range must start at the edge of its subtrees"
        nodes.append(Node(level, start >> level))
        start += 1 << level
    return tuple(nodes)


def _descend(leaf: int, size: int, *, stop: int) -> list[tuple[int, int]]:
    """Ranges passed by from the root to `leaf`, then the one arrived at: a leaf or one ending at `stop`."""
    passed: list[tuple[int, int]] = []
    start, end = 0, size
    while end - start > 1 and end != stop:
        # RFC 6962 2.1 divides D[start:end] after the largest power of two smaller than its length.
        middle = start + (1 << ((end - start - 1).bit_length() - 1))
        if leaf < middle:
            passed.append((middle, end))
            end = middle
        else:
            passed.append((start, middle))
            start = middle
    return [*passed, (start, end)]


def inclusion_plan(index: int, size: int) -> Plan:
    """What PATH(index, D[size]) needs, leaf sibling first (RFC 6962 2.1.1).

    Raises ProofFailed INDEX_OUT_OF_RANGE.
    """
    _require_index(index, size)
    return tuple(cover(*one) for one in reversed(_descend(index, size, stop=0)[:-1]))


def consistency_plan(old: int, new: int) -> Plan:
    """What PROOF(old, D[new]) needs (RFC 6962 2.1.2); empty for old = 0 and for old = new.

    A witness asked from size 0 gets an empty proof; `check_consistency` still refuses to call that a check.
    Raises ProofFailed SIZES_OUT_OF_ORDER.
    """
    _require_sizes(old, new)
    if old in (0, new):
        return ()
    ranges = _descend(old - 1, new, stop=old)
    # Where the old tree is one subtree of the new one, its root is known and is left out.
    if ranges[-1][0] == 0:
        ranges.pop()
    return tuple(cover(*one) for one in reversed(ranges))


def _read_plan(plan: Plan, read: Read) -> list[bytes]:
    nodes = [node for group in plan for node in group]
    hashes = read(nodes) if nodes else ()
    if len(hashes) != len(nodes):
        raise ProofFailed("READ_INCOMPLETE", "A read of tree nodes gave another number of hashes than asked.")
    require_widths(hashes)
    rest = iter(hashes)
    return [_fold([next(rest) for _ in group]) for group in plan]


def _fold(hashes: Sequence[bytes]) -> bytes:
    folded = hashes[-1]
    for left in reversed(hashes[:-1]):
        folded = _node(left, folded)
    return folded


def inclusion_proof(*, index: int, size: int, read: Read) -> list[bytes]:
    """PATH(index, D[size]): the hashes from the leaf's sibling up to the root's child."""
    return _read_plan(inclusion_plan(index, size), read)


def consistency_proof(*, old: int, new: int, read: Read) -> list[bytes]:
    """PROOF(old, D[new]); empty for old = 0 and for old = new."""
    return _read_plan(consistency_plan(old, new), read)


def _sides(position: int, last: int, proof: Sequence[bytes]) -> Iterator[tuple[bool, bytes]]:
    """Each hash of a proof with the side it stands on (True: left), by the walk of RFC 9162 2.1.3.2."""
    for sibling in proof:
        if last == 0:
            raise ProofFailed("PROOF_LENGTH", "The proof has more hashes than the tree has levels.")
        left = bool(position & 1) or position == last
        yield left, sibling
        while left and not position & 1 and position:
            position >>= 1
            last >>= 1
        position >>= 1
        last >>= 1
    if last:
        raise ProofFailed("PROOF_LENGTH", "The proof has fewer hashes than the tree has levels.")


def root_from_inclusion(*, index: int, size: int, leaf_hash: bytes, proof: Sequence[bytes]) -> bytes:
    """The root this proof leads to (RFC 9162 2.1.3.2); ProofFailed for its index, widths or length."""
    _require_index(index, size)
    require_widths((leaf_hash, *proof))
    folded = leaf_hash
    for left, sibling in _sides(index, size - 1, proof):
        folded = _node(sibling, folded) if left else _node(folded, sibling)
    return folded


def check_inclusion(*, index: int, size: int, leaf_hash: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """Raise ProofFailed unless the leaf stands at `index` of the tree with this size and root."""
    require_widths((root,))
    _require_root(root_from_inclusion(index=index, size=size, leaf_hash=leaf_hash, proof=proof), root)


def check_consistency(
    *, old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Raise ProofFailed unless the tree of size `new` continues the tree of size `old` (RFC 9162 2.1.4.2).

    OLD_ROOT: the proof leads to `new_root`, which has another tree of the old size below it; by ROOT_MISMATCH
    it may just be a wrong proof. (From a power of two it never says so: such a proof holds no old root.)
    From size 0 to a larger one nothing can be checked, so that is refused (CONSISTENCY_FROM_EMPTY);
    0 to 0 holds only when both roots are the root of the empty tree.
    """
    _require_sizes(old, new)
    if old == new:
        if proof:
            raise ProofFailed("PROOF_LENGTH", "A proof between equal sizes must be empty.")
        # Nothing is hashed here, so equality decides, whatever the width.
        _require_root(new_root, old_root)
        _require_root(new_root, new_root if old else EMPTY_ROOT)
        return
    if old == 0:
        raise ProofFailed("CONSISTENCY_FROM_EMPTY", "Consistency with an empty tree shows nothing.")
    path = [old_root, *proof] if old.bit_count() == 1 else list(proof)
    if not path:
        raise ProofFailed("PROOF_LENGTH", "The proof has fewer hashes than the tree has levels.")
    require_widths((old_root, new_root, *path))
    # The first hash is the last complete subtree of the old tree, as high as old has trailing zero bits.
    height = (old & -old).bit_length() - 1
    folded_old = folded_new = path[0]
    for left, sibling in _sides((old - 1) >> height, (new - 1) >> height, path[1:]):
        if left:
            folded_old = _node(sibling, folded_old)
        folded_new = _node(sibling, folded_new) if left else _node(folded_new, sibling)
    _require_root(folded_new, new_root)
    if folded_old != old_root:
        raise ProofFailed(OLD_ROOT, "The proof leads to the newer root, but from another older one.")


class Frontier:
    """The right edge of a growing tree: `peaks` are the roots of its complete subtrees, as `cover(0, size)`.

    An append costs one hash on average. `size` and `peaks` are enough to go on from later.
    """

    __slots__ = ("peaks", "size")

    def __init__(self, *, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        _require_sizes(0, size)
        require_widths(peaks)
        if len(peaks) != size.bit_count():
            raise ProofFailed("READ_INCOMPLETE", "A tree of that size has another number of peaks.")
        self.size = size
        self.peaks = list(peaks)

    def append(self, leaf_hash: bytes) -> None:
        """Add one leaf hash; raises ProofFailed HASH_WIDTH."""
        if len(leaf_hash) != HASH_SIZE:
            raise ProofFailed("HASH_WIDTH", "A hash is not 32 bytes long.")
        peaks, carry = self.peaks, self.size
        while carry & 1:
            leaf_hash = sha256(b"\x01" + peaks.pop() + leaf_hash).digest()
            carry >>= 1
        peaks.append(leaf_hash)
        self.size += 1

    def root(self) -> bytes:
        return _fold(self.peaks) if self.peaks else EMPTY_ROOT

    def copy(self) -> Frontier:
        return Frontier(size=self.size, peaks=self.peaks)


class MemoryTree:
    """Every complete subtree of a growing tree, in memory (64 bytes of hashes a leaf)."""

    __slots__ = ("_levels",)

    def __init__(self, leaf_hashes: Iterable[bytes] = ()) -> None:
        self._levels: list[list[bytes]] = [[]]
        for one in leaf_hashes:
            self.append(one)

    @property
    def size(self) -> int:
        return len(self._levels[0])

    def append(self, leaf_hash: bytes) -> None:
        """Add one leaf hash; raises ProofFailed HASH_WIDTH."""
        require_widths((leaf_hash,))
        for level in self._levels:
            level.append(leaf_hash)
            if len(level) % 2:
                return
            leaf_hash = _node(*level[-2:])
        self._levels.append([leaf_hash])

    def read(self, nodes: Sequence[Node]) -> list[bytes]:
        """The hashes of complete subtrees; raises ProofFailed NODE_OUTSIDE_TREE."""
        for node in nodes:
            if not (0 <= node.level < len(self._levels) and 0 <= node.index < len(self._levels[node.level])):
                raise ProofFailed("NODE_OUTSIDE_TREE", "A subtree is not complete at this size.")
        return [self._levels[node.level][node.index] for node in nodes]
