"""The bytes: every entry bundle and hash tile that the size implies, chain and tree recomputed from them.

Pure; streams one bundle (256 entries) at a time. Promises that no byte of those files can change unnamed: the
entries are hashed, the hashes compared with the published tiles of every level, and the root with the
checkpoint. Where entries and level-0 tiles disagree, the checkpoint's root says which of them was changed.
Says nothing about what an entry means, nor about who signed the checkpoint.

Source: c2sp.org/tlog-tiles, RFC 6962 section 2.1, design decision 6.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from ledger.checkpoint import Checkpoint
from ledger.errors import MalanError
from ledger.leaf import Leaf, check_link, first_prev, parse_leaf
from ledger.merkle import leaf_hash
from ledger.tiles import WIDTH, Fetch, Tile, TileBuilder, tile_at
from verify.audit.findings import Findings
from verify.audit.kept import End
from verify.audit.reading import Entries, read_bundle, read_hashes
from verify.audit.trees import Trees

GIVE_UP_AFTER: Final = 3
"""Bundles missing in a row, hash tiles too, until the walk ends: a checkpoint can claim any size."""

Visit = Callable[[int, Leaf | None, bool], None]
"""Called for each place in order with its leaf (None: unreadable), and whether its bytes are in doubt."""
Progress = Callable[[int, int], None]
"""Called with the number of entries done and of all."""
Pause = Callable[[End, bool], None]
"""Called after each full bundle with the end so far, and whether no full bundle follows."""


@dataclass(frozen=True, slots=True)
class Walked:
    """`entries` were read of those the checkpoint counts; `root` is what they lead to, None with gaps.

    `roots`: the root at each size asked for; times are those of the first and last leaf, 0 without any.
    `prev` and `builder` are the end of chain and tree, from where files ahead of the checkpoint go on.
    """

    entries: int
    root: bytes | None
    roots: Mapping[int, bytes]
    first_ms: int
    last_ms: int
    prev: bytes | None
    builder: TileBuilder = field(repr=False)
    findings: Findings = field(repr=False)


def walk(
    fetch: Fetch,
    checkpoint: Checkpoint,
    *,
    visit: Visit | None = None,
    marks: Collection[int] = (),
    progress: Progress | None = None,
    pause: Pause | None = None,
    begun: End | None = None,
) -> Walked:
    """Reads the log below `checkpoint`; `marks` are sizes whose roots are wanted.

    `begun`: where an earlier walk was, at the end of a bundle; this one then reads only what follows.
    """
    findings = Findings()
    chain = _Chain(checkpoint.origin, findings, visit, begun)
    trees = Trees(fetch, checkpoint, marks, findings, begun=_tree(begun))
    missing, full = 0, checkpoint.size // WIDTH
    for index in range(chain.entries // WIDTH, -(-checkpoint.size // WIDTH)):
        tile = tile_at(None, index, size=checkpoint.size)
        assert tile is not None
        shown = read_hashes(fetch, Tile(0, index, tile.width), findings)
        entries = read_bundle(fetch, tile, shown, findings)
        missing = missing + 1 if entries is None and shown is None else 0
        if missing == GIVE_UP_AFTER:
            findings.could_not_check("REST_NOT_READ", f"seq {index * WIDTH}")
            break
        said = chain.take(index * WIDTH, entries or [None] * tile.width, shown)
        trees.take(index * WIDTH, said, shown)
        if progress is not None:
            progress(index * WIDTH + tile.width, checkpoint.size)
        if (
            pause is not None
            and tile.is_full
            and not any(findings.counts.values())
            and chain.prev is not None
        ):
            size, edge = (index + 1) * WIDTH, tuple(trees.builder.edge)
            end = End(checkpoint.origin, size, chain.prev, chain.first_ms, chain.last_ms, edge)
            pause(end, index + 1 == full)
    root = trees.close()
    return Walked(
        entries=chain.entries,
        root=root,
        roots=trees.roots,
        first_ms=chain.first_ms,
        last_ms=chain.last_ms,
        prev=chain.prev,
        builder=trees.builder,
        findings=findings,
    )


def _tree(begun: End | None) -> TileBuilder | None:
    if begun is None:
        return None
    return TileBuilder.resume(size=begun.size, read=lambda _nodes: list(begun.edge))


class _Chain:
    """The hash chain. `prev` is the hash of the entry before, or what its tile shows where it is missing.

    `other` is that tile's hash where it differs from the entry: the next leaf may link to either, since the
    difference is named by the tree. None where nothing is known.
    """

    def __init__(
        self, origin: str, findings: Findings, visit: Visit | None, begun: End | None = None
    ) -> None:
        self.findings, self.visit = findings, visit
        self.prev: bytes | None = first_prev(origin) if begun is None else begun.prev
        self.other: bytes | None = None
        self.entries, self.first_ms, self.last_ms = 0, 0, 0
        if begun is not None:
            self.entries, self.first_ms, self.last_ms = begun.size, begun.first_ms, begun.last_ms

    def take(self, start: int, entries: Entries, shown: list[bytes] | None) -> list[bytes | None]:
        """The leaf hashes of a bundle, None where entry and tile are both missing."""
        visit, hashes = self.visit, list[bytes | None]()
        for place, data in enumerate(entries):
            known = shown[place] if shown is not None else None
            leaf, said = None, known
            if data is not None:
                leaf, said = self._leaf(start + place, data), leaf_hash(data)
                self.entries += 1
            doubtful = known is not None and said != known
            if visit is not None:
                visit(start + place, leaf, doubtful)
            self.prev, self.other = said, known if doubtful else None
            hashes.append(said)
        return hashes

    def _leaf(self, seq: int, data: bytes) -> Leaf | None:
        try:
            leaf = parse_leaf(data)
            prev = leaf.prev if self.prev is None else self.prev
            check_link(leaf, seq=seq, prev=prev, not_before_ms=self.last_ms)
        except MalanError as error:
            return self._departing(seq, data, error)
        self.last_ms = leaf.time_ms
        self.first_ms = self.first_ms or leaf.time_ms
        return leaf

    def _departing(self, seq: int, data: bytes, error: MalanError) -> Leaf | None:
        """Names what is wrong with the leaf, and still reads it if it is one."""
        if error.code == "LEAF_PREV" and self.other is not None:
            self.prev, self.other = self.other, None
            return self._leaf(seq, data)
        self.findings.refused(error, f"seq {seq}")
        try:
            leaf = parse_leaf(data)
        except MalanError:
            return None
        self.last_ms = max(self.last_ms, leaf.time_ms)
        return leaf
