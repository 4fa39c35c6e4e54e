"""C2SP tlog-tiles: the tree and its entries as files of 256, their paths, and reading proofs out of them.

Promises: every path and file has one spelling; a file of another length than its place demands is refused.
What `TileReader` reads is not authenticated by itself: fold it, and compare with the root of a checkpoint.
May not know: where files lie (the fetch function is an argument), what an entry says, keys, clocks.

Source: c2sp.org/tlog-tiles; hashing as RFC 6962 section 2.1.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from ledger import merkle
from ledger.errors import Malformed, ProofFailed, Unavailable
from ledger.merkle import HASH_SIZE, MAX_SIZE, Node, Read

WIDTH = 256
HEIGHT = 8  # a full tile is a complete subtree of this many levels
MAX_LEVEL = 63
MAX_ENTRY_BYTES = 65_535
ENTRIES = "entries"

Fetch = Callable[[str], bytes | None]
"""The bytes at a path under the log's prefix; None, FileNotFoundError or Unavailable when there are none."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A file of the log: hashes of `level` 0..63, or entries when `level` is None.

    `index` counts full tiles from the left; `width` is how many hashes or entries it has, 256 when full.
    Raises Malformed TILE.
    """

    level: int | None
    index: int
    width: int = WIDTH

    def __post_init__(self) -> None:
        if not (
            0 <= (self.level or 0) <= MAX_LEVEL and 0 <= self.index <= MAX_SIZE and 1 <= self.width <= WIDTH
        ):
            raise Malformed("TILE", "A tile's level, index or width is out of range.")

    @property
    def is_full(self) -> bool:
        return self.width == WIDTH

    @property
    def full(self) -> Tile:
        """The full tile at the same place."""
        return Tile(self.level, self.index)

    @property
    def path(self) -> str:
        """`tile/<level or entries>/<index>[.p/<width>]`, the index in groups of three digits."""
        digits = str(self.index)
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[start : start + 3] for start in range(0, len(digits), 3)]
        place = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
        level = ENTRIES if self.level is None else str(self.level)
        return f"tile/{level}/{place}" + ("" if self.is_full else f".p/{self.width}")


_PATH = re.compile(
    r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII
)


def parse_path(path: str) -> Tile:
    """The tile at a path in its one spelling. Raises Malformed TILE_PATH."""
    match = _PATH.fullmatch(path)
    if match is not None:
        level = None if match[1] == ENTRIES else int(match[1])
        index = int(match[2].replace("x", "").replace("/", ""))
        width = int(match[3] or WIDTH)
        if (level or 0) <= MAX_LEVEL and index <= MAX_SIZE and width <= WIDTH:
            tile = Tile(level, index, width)
            if tile.path == path:
                return tile
    raise Malformed("TILE_PATH", "Not the path of a tile or an entry bundle.")


def tile_at(level: int | None, index: int, *, size: int) -> Tile | None:
    """The tile with that place in a log of this size, full or partial; None where the log has none."""
    hashes = size >> (HEIGHT * (level or 0))
    width = min(hashes - index * WIDTH, WIDTH)
    return Tile(level, index, width) if index >= 0 and width > 0 else None


def tiles_of(size: int) -> Iterator[Tile]:
    """Every file of a log of this size, the checkpoint apart: bundles, then hash tiles level by level."""
    for level in (None, *range(MAX_LEVEL + 1)):
        hashes = size >> (HEIGHT * (level or 0))
        for index in range(-(-hashes // WIDTH)):
            yield Tile(level, index, min(hashes - index * WIDTH, WIDTH))


def split_tile(data: bytes, *, width: int) -> list[bytes]:
    """The hashes of a hash tile of that width. Raises Malformed TILE_LENGTH."""
    if len(data) != width * HASH_SIZE:
        raise Malformed("TILE_LENGTH", "A hash tile has 32 bytes for each hash of its width.")
    return [data[start : start + HASH_SIZE] for start in range(0, len(data), HASH_SIZE)]


def tile_hash(data: bytes) -> bytes:
    """The hash of a full tile, as it stands in the level above. Raises Malformed TILE_LENGTH."""
    return merkle.root(split_tile(data, width=WIDTH))


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """1 to 256 entries, each after its length as a big-endian uint16. Malformed BUNDLE or ENTRY_LENGTH."""
    if not 1 <= len(entries) <= WIDTH:
        raise Malformed("BUNDLE", f"A bundle has 1 to {WIDTH} entries.")
    if any(len(entry) > MAX_ENTRY_BYTES for entry in entries):
        raise Malformed("ENTRY_LENGTH", f"An entry has at most {MAX_ENTRY_BYTES} bytes.")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def decode_bundle(data: bytes, *, width: int) -> list[bytes]:
    """The entries of a bundle of that width. Malformed BUNDLE when there are more, fewer or torn ones."""
    entries: list[bytes] = []
    end = 0
    for _ in range(width):
        start = end + 2
        end = start + int.from_bytes(data[start - 2 : start], "big")
        entries.append(data[start:end])
    # A torn length or entry leads beyond the end, and so does every one after it.
    if end != len(data) or width < 1:
        raise Malformed("BUNDLE", "A bundle's bytes are not the entries of its width.")
    return entries


class TileReader:
    """Reads a log of `size` leaves through `fetch`: tree nodes for proofs, entries for audits.

    Where a partial file is gone, the full one at its place is read instead (it begins with the same bytes).
    The last `keep` hash tiles stay in memory with the inner hashes computed from them, 16 KiB each.
    """

    def __init__(self, *, size: int, fetch: Fetch, keep: int = 512) -> None:
        if not 0 <= size <= MAX_SIZE:
            raise ProofFailed(
                "SIZES_OUT_OF_ORDER", "The tree sizes are negative, too large or in the wrong order."
            )
        self.size = size
        self._fetch = fetch
        self._keep = keep
        # Of each tile the rows from below, each half as long, hashes end to end; as many as were asked for.
        self._kept: dict[tuple[int, int], list[bytes]] = {}

    def read(self, nodes: Sequence[Node]) -> list[bytes]:
        """Hashes of complete subtrees, for `merkle`'s plans.

        Raises ProofFailed NODE_OUTSIDE_TREE, Unavailable TILE_MISSING, Malformed TILE_LENGTH.
        """
        return [self._node(node) for node in nodes]

    def _node(self, node: Node) -> bytes:
        if node.level < 0 or node.index < 0 or (node.index + 1) << node.level > self.size:
            raise ProofFailed("NODE_OUTSIDE_TREE", "A subtree is not complete at this size.")
        level, height = divmod(node.level, HEIGHT)
        above, place = divmod(node.index, WIDTH >> height)
        rows = self._rows(level, above)
        while len(rows) <= height:
            rows.append(_row_above(rows[-1]))
        return rows[height][place * HASH_SIZE : (place + 1) * HASH_SIZE]

    def _rows(self, level: int, index: int) -> list[bytes]:
        rows = self._kept.get((level, index))
        if rows is None:
            tile = self._tile(level, index)
            data, width = self._bytes(tile)
            if len(data) != width * HASH_SIZE:
                raise Malformed("TILE_LENGTH", "A hash tile has 32 bytes for each hash of its width.")
            rows = [data[: tile.width * HASH_SIZE]]
            while len(self._kept) >= self._keep:
                del self._kept[next(iter(self._kept))]
            self._kept[level, index] = rows
        return rows

    def bundle(self, index: int) -> list[bytes]:
        """The entries of the bundle at `index`, as many as belong to this size. Raises as `read`."""
        tile = self._tile(None, index)
        data, width = self._bytes(tile)
        return decode_bundle(data, width=width)[: tile.width]

    def root(self) -> bytes:
        """The root the tiles of the right edge fold to."""
        return merkle.Frontier(size=self.size, peaks=self.read(merkle.cover(0, self.size))).root()

    def _tile(self, level: int | None, index: int) -> Tile:
        tile = tile_at(level, index, size=self.size)
        if tile is None:
            raise ProofFailed("NODE_OUTSIDE_TREE", "A tile lies outside the tree of this size.")
        return tile

    def _bytes(self, tile: Tile) -> tuple[bytes, int]:
        failure: Unavailable | None = None
        for place in dict.fromkeys((tile, tile.full)):
            try:
                data = self._fetch(place.path)
            except FileNotFoundError:
                continue
            except Unavailable as error:
                failure = error
                continue
            if data is not None:
                return data, place.width
        raise failure or Unavailable("TILE_MISSING", "A file of the log is not there.", where=tile.path)


def _row_above(row: bytes) -> bytes:
    """The hashes of a row, two by two; one left over at the end has no complete subtree above it."""
    pair = 2 * HASH_SIZE
    whole = len(row) - len(row) % pair
    return b"".join([sha256(b"\x01" + row[at : at + pair]).digest() for at in range(0, whole, pair)])


class TileBuilder:
    """Cuts a growing tree into hash tiles: leaf hashes in, full tiles out. Keeps one open tile a level."""

    def __init__(self) -> None:
        self.size = 0
        self._open: list[list[bytes]] = [[]]

    @classmethod
    def resume(cls, *, size: int, read: Read) -> TileBuilder:
        """The builder of a stored tree, its open tiles read in one call."""
        builder = cls()
        builder.size = size
        counts = [(size >> (HEIGHT * level)) for level in range(-(-size.bit_length() // HEIGHT))]
        nodes = [Node(HEIGHT * level, i) for level, n in enumerate(counts) for i in range(n - n % WIDTH, n)]
        hashes = iter(read(nodes) if nodes else ())
        builder._open = [[next(hashes) for _ in range(n % WIDTH)] for n in counts] or [[]]
        return builder

    @property
    def edge(self) -> list[bytes]:
        """The hashes of the open tiles, as `resume` reads them: with `size`, all there is to go on from."""
        return [one for hashes in self._open for one in hashes]

    def add(self, leaf_hashes: Iterable[bytes]) -> list[tuple[Tile, bytes]]:
        """Append leaves; gives the full tiles this finishes, lower before upper, with their bytes.

        Raises ProofFailed HASH_WIDTH.
        """
        finished: list[tuple[Tile, bytes]] = []
        leaves = list(leaf_hashes)
        merkle.require_widths(leaves)
        done = 0
        while done < len(leaves):
            some = leaves[done : done + WIDTH - len(self._open[0])]
            self._open[0] += some
            self.size += len(some)
            done += len(some)
            level = 0
            while len(self._open[level]) == WIDTH:
                hashes = self._open[level]
                tile = Tile(level, (self.size >> (HEIGHT * (level + 1))) - 1)
                finished.append((tile, b"".join(hashes)))
                level += 1
                if level == len(self._open):
                    self._open.append([])
                self._open[level].append(merkle.root(hashes))
                self._open[level - 1] = []
        return finished

    def partial(self) -> list[tuple[Tile, bytes]]:
        """The partial tiles of this size, with their bytes."""
        places = [
            tile_at(level, self.size >> (HEIGHT * (level + 1)), size=self.size)
            for level in range(len(self._open))
        ]
        return [
            (tile, b"".join(hashes))
            for tile, hashes in zip(places, self._open, strict=True)
            if tile is not None
        ]
