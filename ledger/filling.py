"""Door: fills a log's directory with the files of a size, durable and read back, before anybody is told.

Promises: files are a pure function of the entries, so a run broken off anywhere is simply run again; what
`fill` answers with is the root of the bytes that lie on the disk, not of those in memory. Used by whoever
publishes a log and by whoever mirrors one. May not know: keys, checkpoints' signatures, what an entry says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ledger import merkle
from ledger.checkpoint import Checkpoint
from ledger.errors import ProofFailed, Unavailable
from ledger.log_directory import Site, require
from ledger.merkle import Frontier
from ledger.tiles import WIDTH, Tile, TileBuilder, TileReader, decode_bundle, encode_bundle, tile_at

CHECKPOINT = "checkpoint"
MAX_READ = 4 * WIDTH  # rows held in memory at once

# Entries [start, end) in order, exactly end - start of them: committed rows only, which never change again.
ReadLeaves = Callable[[int, int], Sequence[bytes]]


def last_bundle(public: Checkpoint | None) -> int:
    """Where the bundle of the last published entry begins: everything before is full and never written again.

    The last entry is always among the rows that are compared: it links to all before it.
    """
    last = 0 if public is None or public.size == 0 else public.size - 1
    return last - last % WIDTH


def read_entries(read_leaves: ReadLeaves, start: int, end: int) -> Sequence[bytes]:
    """Exactly the entries [start, end). Raises ProofFailed ROWS_MISSING."""
    entries = read_leaves(start, end)
    if len(entries) != end - start:
        raise ProofFailed(
            "ROWS_MISSING", "The rows to publish are not all there.", where=f"from entry {start}"
        )
    return entries


def _reader(site: Site, public: Checkpoint | None) -> TileReader:
    """Reads at the published size, for no other has all its files."""
    return TileReader(size=0 if public is None else public.size, fetch=site.read)


def frontier_at(site: Site, size: int, public: Checkpoint | None) -> Frontier:
    """The tree of the first `size` entries, no more than are published, as the hash tiles have it."""
    return Frontier(size=size, peaks=_reader(site, public).read(merkle.cover(0, size)))


def fill(site: Site, start: int, size: int, public: Checkpoint | None, read_leaves: ReadLeaves) -> bytes:
    """All files of `size` from entry `start` on, durable and read back; the root they fold to.

    Raises ProofFailed ROWS_MISSING, PUBLISHED_BYTES_DIFFER or PUBLISHED_ROOT_DIFFERS; Unavailable
    LOG_DIRECTORY or TILE_MISSING.
    """
    _write(site, start, size, public, read_leaves)
    site.sync()
    return _recompute(site, start, size, public)


def _write(site: Site, start: int, size: int, public: Checkpoint | None, read_leaves: ReadLeaves) -> None:
    """Bundles and hash tiles for the entries [start, size), and the partial tiles of exactly `size`."""
    builder = TileBuilder.resume(size=start, read=_reader(site, public).read)
    for first in range(start, size, MAX_READ):
        entries = read_entries(read_leaves, first, min(first + MAX_READ, size))
        for offset in range(0, len(entries), WIDTH):
            bundle = entries[offset : offset + WIDTH]
            site.create(Tile(None, (first + offset) // WIDTH, len(bundle)), encode_bundle(bundle))
            for tile, data in builder.add(merkle.leaf_hash(entry) for entry in bundle):
                site.create(tile, data)
    for tile, data in builder.partial():
        site.create(tile, data)


def _recompute(site: Site, start: int, size: int, public: Checkpoint | None) -> bytes:
    """The root of what was written, from the entry bytes in the files; each hash tile is compared as well."""
    frontier = frontier_at(site, start, public)
    builder = TileBuilder.resume(size=start, read=_reader(site, public).read)
    for index in range(start // WIDTH, -(-size // WIDTH)):
        bundle = tile_at(None, index, size=size)
        assert bundle is not None
        data = site.read(bundle.path)
        if data is None:
            raise Unavailable("TILE_MISSING", "A file of the log is not there.", where=bundle.path)
        entries = decode_bundle(data, width=bundle.width)
        for entry in entries:
            frontier.append(merkle.leaf_hash(entry))
            if public is not None and frontier.size == public.size:
                require(frontier.root() == public.root, "PUBLISHED_ROOT_DIFFERS", bundle.path)
        for tile, data in builder.add(merkle.leaf_hash(entry) for entry in entries):
            require(site.read(tile.path) == data, "PUBLISHED_BYTES_DIFFER", tile.path)
    for tile, data in builder.partial():
        require(site.read(tile.path) == data, "PUBLISHED_BYTES_DIFFER", tile.path)
    root = frontier.root()
    # What a stranger will fold from the hash tiles alone.
    require(TileReader(size=size, fetch=site.read).root() == root, "PUBLISHED_ROOT_DIFFERS", CHECKPOINT)
    return root
