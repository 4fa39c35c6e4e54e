"""The tree over the entries beside the tree over the published hashes: which does the checkpoint sign?

Pure. `said` grows from the entries. `shown` grows from the level-0 tiles and exists only once the two differ:
then whichever leads to the root of the checkpoint is the log, and the other was changed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from copy import deepcopy

from ledger import merkle
from ledger.checkpoint import Checkpoint
from ledger.merkle import HASH_SIZE
from ledger.tiles import WIDTH, Fetch, Tile, TileBuilder, split_tile, tile_at
from verify.audit.findings import Findings
from verify.audit.reading import read_tile


class Trees:
    """Takes the hashes of bundle after bundle; `close` compares the whole with the checkpoint."""

    def __init__(
        self,
        fetch: Fetch,
        checkpoint: Checkpoint,
        marks: Collection[int],
        findings: Findings,
        *,
        begun: TileBuilder | None = None,
    ) -> None:
        """`begun`: the tree of the entries that were audited before."""
        self._fetch, self._checkpoint, self._findings = fetch, checkpoint, findings
        self._marks = sorted({mark for mark in marks if 0 < mark <= checkpoint.size})
        self._said = begun or TileBuilder()
        self._shown = self._said  # until a first difference parts the two
        self._forked, self._gap = False, False
        self._differ: list[int] = []
        self._one_sided: list[tuple[Tile, bool]] = []  # tiles that agree with one tree only: with `said`?
        self._roots: tuple[dict[int, bytes], dict[int, bytes]] = ({}, {})
        self.builder = self._said
        self.roots = self._roots[0]
        if begun is not None:
            self._note_roots(begun.size)

    def take(self, start: int, said: Sequence[bytes | None], shown: Sequence[bytes] | None) -> None:
        """The hashes of one bundle: of its entries, and as its tile shows them (None: no such tile)."""
        hashes = [one for one in said if one is not None]
        self._differ += [start + i for i, one in enumerate(shown or ()) if said[i] != one]
        self._gap = self._gap or len(hashes) < len(said)
        if self._gap:
            return
        if self._differ and not self._forked:
            self._shown, self._forked = deepcopy(self._said), True
        cuts = [mark for mark in self._marks if start < mark <= start + len(hashes)]
        done = 0
        for cut in dict.fromkeys((*(mark - start for mark in cuts), len(hashes))):
            tiles = self._said.add(hashes[done:cut])
            others = self._shown.add((shown or hashes)[done:cut]) if self._forked else tiles
            for (tile, data), (_, other) in zip(tiles, others, strict=True):
                self._compare(tile, data, other)
            self._note_roots(start + cut)
            done = cut

    def close(self) -> bytes | None:
        """Names all that differs; the root of the entries, or None when some are missing."""
        if self._gap or self._said.size != self._checkpoint.size:
            for seq in self._differ:
                self._name("ENTRY_AND_TILE_DIFFER", seq)
            self._findings.could_not_check("TREE_NOT_RECOMPUTED", "checkpoint")
            return None
        others = self._shown if self._forked else self._said
        for (tile, data), (_, other) in zip(self._said.partial(), others.partial(), strict=True):
            self._compare(tile, data, other)
        root = root_of(self._said)
        self._judge(root, root_of(others))
        return root

    def _judge(self, said: bytes, shown: bytes) -> None:
        right = self._checkpoint.root
        if right not in (said, shown):
            self._findings.departure("ROOT_MISMATCH", "checkpoint, line 3")
        entries_right = said == right
        if not entries_right and shown == right:
            self.builder, self.roots = self._shown, self._roots[1]
        for seq in self._differ:
            code = "TILE_DIFFERS" if entries_right else "ENTRY_ALTERED" if shown == right else ""
            self._name(code or "ENTRY_AND_TILE_DIFFER", seq)
        for tile, agrees_with_said in self._one_sided:
            if right not in (said, shown) or agrees_with_said != entries_right:
                self._findings.departure("TILE_DIFFERS", tile.path)

    def _name(self, code: str, seq: int) -> None:
        tile = tile_at(0 if code == "TILE_DIFFERS" else None, seq // WIDTH, size=self._checkpoint.size)
        assert tile is not None
        self._findings.departure(code, f"seq {seq}, {tile.path}")

    def _note_roots(self, size: int) -> None:
        if size in self._marks:
            self._roots[0][size] = root_of(self._said)
            self._roots[1][size] = root_of(self._shown if self._forked else self._said)

    def _compare(self, tile: Tile, said: bytes, shown: bytes) -> None:
        """A tile above level 0 with what the hashes below it give; level 0 was compared hash by hash."""
        if tile.level == 0:
            return
        found = read_tile(self._fetch, tile, self._findings)
        if found is None:
            return
        data, width = found
        if len(data) != width * HASH_SIZE:
            self._findings.departure("TILE_WIDTH", tile.path)
            return
        data = data[: tile.width * HASH_SIZE]
        if data not in (said, shown):
            place = next(i for i in range(len(said)) if data[i : i + 1] != said[i : i + 1]) // HASH_SIZE
            self._findings.departure("TILE_DIFFERS", f"{tile.path}, hash {place}")
        elif said != shown:
            self._one_sided.append((tile, data == said))


def root_of(builder: TileBuilder) -> bytes:
    """The root of the tree a builder holds: the open tiles of its right edge, folded from below."""
    carry: list[bytes] = []
    for tile, data in builder.partial():
        # What is left over below stands to the right of the open tile, as one ragged subtree.
        carry = [merkle.root([*split_tile(data, width=tile.width), *carry])]
    return carry[0] if carry else merkle.EMPTY_ROOT
