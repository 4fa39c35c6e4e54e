"""Door: writes the log's files (C2SP tlog-tiles) and signs its checkpoint; all others only read them.

Promises: files are a pure function of the rows, so a run broken off anywhere is simply run again; nothing is
signed before all bytes are durable, read back and folded to the root; a signed checkpoint never goes back and
never gets a second root. One publisher at a time (flock on the directory).
May not know: databases, what an entry says, clocks, witnesses. Whoever adds cosignatures to `checkpoint` must
hold the same lock and keep its body.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ledger import merkle
from ledger.checkpoint import Checkpoint, open_checkpoint, parse_decimal
from ledger.errors import ProofFailed, Refused, Unavailable
from ledger.merkle import MAX_SIZE, Frontier
from ledger.note import NoteSigner, sign_note
from ledger.tiles import HEIGHT, WIDTH, Tile, TileBuilder, TileReader, decode_bundle, encode_bundle, tile_at

CHECKPOINT = "checkpoint"
MAX_READ = 4 * WIDTH  # rows held in memory at once
_NEW = ".new"  # the one file being written
_TIDY = ".tidy"  # the size before the checkpoint that made partial files superfluous
_MAX_OPEN_DIRECTORIES = 32

# Entries [start, end) in order, exactly end - start of them: committed rows only, which never change again.
ReadLeaves = Callable[[int, int], Sequence[bytes]]


def publish(
    directory: Path,
    *,
    origin: str,
    size: int,
    read_leaves: ReadLeaves,
    signer: NoteSigner,
    before_exposing: Callable[[Checkpoint, bytes], None] | None = None,
    rebuild: bool = False,
) -> Checkpoint:
    """Publish the first `size` entries under `directory` and return their checkpoint.

    `checkpoint` is replaced last. At the published size nothing is signed: the rows of the open bundle are
    compared, its files written again where missing, and `checkpoint` stays as it is, cosignatures included.
    `before_exposing` gets the signed note before anybody sees it (to store it, or to refuse by raising).
    `rebuild` goes over every file from entry 0, not only from the open bundle on.

    Raises Refused PUBLISH_*; ProofFailed ROWS_MISSING, ROWS_DEPART, PUBLISHED_BYTES_DIFFER or
    PUBLISHED_ROOT_DIFFERS; Unavailable PUBLISHER_BUSY, LOG_DIRECTORY or TILE_MISSING; and what
    `open_checkpoint` raises for a checkpoint that is not by this signer.
    """
    if signer.name != origin:
        raise Refused("PUBLISH_ORIGIN", "The log's key must bear the origin as its name.")
    if not 0 <= size <= MAX_SIZE:
        raise Refused("PUBLISH_SIZE", "A tree size is a whole number below 2^63.")
    with _locked(directory) as site:
        published = _published(site, origin, signer)
        base = published.size if published else 0
        if size < base:
            raise Refused(
                "PUBLISH_BACKWARDS",
                "A larger checkpoint is signed and published already.",
                fix="Restore the missing rows; never sign a smaller log.",
            )
        _finish_tidying(site, base)
        # Everything before the open bundle is full and never written again.
        start = 0 if rebuild else base - base % WIDTH
        _check_rows(site, start, published, read_leaves)
        _write(site, start, size, read_leaves)
        site.sync()
        root = _recompute(site, start, size, published)
        if published and size == base:
            return published
        checkpoint = Checkpoint(origin, size, root)
        note = sign_note(checkpoint.body(), [signer])
        if before_exposing is not None:
            before_exposing(checkpoint, note)
        # A crash before `checkpoint` is replaced leaves newer files beside it: the next run finds them equal.
        if size // WIDTH > base // WIDTH:
            site.replace(_TIDY, f"{base}\n".encode())
        site.replace(CHECKPOINT, note)
        # A crash here leaves partial files that nobody needs: `.tidy` tells the next run where.
        _finish_tidying(site, size)
        return checkpoint


def _published(site: _Site, origin: str, signer: NoteSigner) -> Checkpoint | None:
    raw = site.read(CHECKPOINT)
    if raw is None:
        return None
    checkpoint = open_checkpoint(raw, log_keys=[signer.key]).checkpoint
    if checkpoint.origin != origin:
        raise Refused("PUBLISH_ORIGIN", "The directory holds the log of another origin.")
    return checkpoint


def _entries(read_leaves: ReadLeaves, start: int, end: int) -> Sequence[bytes]:
    entries = read_leaves(start, end)
    if len(entries) != end - start:
        raise ProofFailed(
            "ROWS_MISSING", "The rows to publish are not all there.", where=f"from entry {start}"
        )
    return entries


def _check_rows(site: _Site, start: int, published: Checkpoint | None, read_leaves: ReadLeaves) -> None:
    """Before anything is written: the rows of the open bundle must still fold to the published root."""
    if published is None:
        return
    frontier = _frontier(site, start)
    for first in range(start, published.size, MAX_READ):
        for entry in _entries(read_leaves, first, min(first + MAX_READ, published.size)):
            frontier.append(merkle.leaf_hash(entry))
    if frontier.root() != published.root:
        raise ProofFailed(
            "ROWS_DEPART",
            "The rows, or the files before them, do not lead to the published root.",
            where=f"entries {start} to {published.size}",
            fix="Run fsck; restore the rows or the files that departed.",
        )


def _frontier(site: _Site, size: int) -> Frontier:
    reader = TileReader(size=size, fetch=site.read)
    return Frontier(size=size, peaks=reader.read(merkle.cover(0, size)))


def _write(site: _Site, start: int, size: int, read_leaves: ReadLeaves) -> None:
    """Bundles and hash tiles for the entries [start, size), and the partial tiles of exactly `size`."""
    builder = TileBuilder.resume(size=start, read=TileReader(size=start, fetch=site.read).read)
    for first in range(start, size, MAX_READ):
        entries = _entries(read_leaves, first, min(first + MAX_READ, size))
        for offset in range(0, len(entries), WIDTH):
            bundle = entries[offset : offset + WIDTH]
            site.create(Tile(None, (first + offset) // WIDTH, len(bundle)), encode_bundle(bundle))
            for tile, data in builder.add(merkle.leaf_hash(entry) for entry in bundle):
                site.create(tile, data)
    for tile, data in builder.partial():
        site.create(tile, data)


def _recompute(site: _Site, start: int, size: int, published: Checkpoint | None) -> bytes:
    """The root of what was written, from the entry bytes in the files; each hash tile is compared as well."""
    frontier = _frontier(site, start)
    builder = TileBuilder.resume(size=start, read=TileReader(size=start, fetch=site.read).read)
    for index in range(start // WIDTH, -(-size // WIDTH)):
        bundle = tile_at(None, index, size=size)
        assert bundle is not None
        entries = decode_bundle(site.read(bundle.path) or b"", width=bundle.width)
        for entry in entries:
            frontier.append(merkle.leaf_hash(entry))
            if published and frontier.size == published.size:
                _require(frontier.root() == published.root, "PUBLISHED_ROOT_DIFFERS", bundle.path)
        for tile, data in builder.add(merkle.leaf_hash(entry) for entry in entries):
            _require(site.read(tile.path) == data, "PUBLISHED_BYTES_DIFFER", tile.path)
    for tile, data in builder.partial():
        _require(site.read(tile.path) == data, "PUBLISHED_BYTES_DIFFER", tile.path)
    root = frontier.root()
    # What a stranger will fold from the hash tiles alone.
    _require(TileReader(size=size, fetch=site.read).root() == root, "PUBLISHED_ROOT_DIFFERS", CHECKPOINT)
    return root


def _require(holds: bool, code: str, where: str) -> None:
    if not holds:
        raise ProofFailed(
            code,
            "A published file does not hold what the rows say.",
            where=where,
            fix="Nothing was signed. Run fsck and find out who changed the file or the rows.",
        )


def _finish_tidying(site: _Site, size: int) -> None:
    """Remove the partial files of tiles that became full from the size in `.tidy` to the published `size`."""
    raw = site.read(_TIDY)
    if raw is None:
        return
    base = parse_decimal(raw.decode("ascii", "replace").removesuffix("\n"), where=_TIDY)
    for level in (None, *range(size.bit_length() // HEIGHT + 1)):
        above = HEIGHT * ((level or 0) + 1)
        for index in range(base >> above, size >> above):
            site.remove_partials(Tile(level, index))
    site.remove(_TIDY)


@contextmanager
def _io(where: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else "unknown reason"
        raise Unavailable(
            "LOG_DIRECTORY", f"The log's files cannot be used: {reason}.", where=where
        ) from error


@contextmanager
def _locked(directory: Path) -> Iterator[_Site]:
    with _io("log directory"):
        directory.mkdir(parents=True, exist_ok=True)
        held = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Unavailable("PUBLISHER_BUSY", "Another publisher works in the log directory.") from None
        site = _Site(directory)
        try:
            yield site
        finally:
            site.close()
    finally:
        os.close(held)


class _Site:
    """The directory. A file appears under its name only whole and durable, and never changes afterwards.

    Each directory written to is opened before the first write and held until it is synced: an error that the
    disk reports in between would otherwise be lost.
    """

    def __init__(self, directory: Path) -> None:
        self._root = directory
        self._open: dict[Path, int] = {}

    def read(self, path: str) -> bytes | None:
        with _io(path):
            try:
                return (self._root / path).read_bytes()
            except FileNotFoundError:
                return None

    def create(self, tile: Tile, data: bytes) -> None:
        existing = self.read(tile.path)
        with _io(tile.path):
            target = self._root / tile.path
            # Also where the file is there already: a run that broke off may not have synced its name.
            self._hold(target.parent)
            if existing is None:
                new = self._write_new(data)
                # link() refuses an existing name, so no published file can be written over.
                target.hardlink_to(new)
                new.unlink()
        _require(existing in (None, data), "PUBLISHED_BYTES_DIFFER", tile.path)
        if len(self._open) > _MAX_OPEN_DIRECTORIES:
            self.sync()

    def replace(self, name: str, data: bytes) -> None:
        with _io(name):
            self._hold(self._root)
            self._write_new(data).replace(self._root / name)
        self.sync()

    def _write_new(self, data: bytes) -> Path:
        new = self._root / _NEW
        # Never truncate: after a crash between link and unlink the name still leads to a published file.
        new.unlink(missing_ok=True)
        with new.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        return new

    def _hold(self, directory: Path) -> None:
        if directory in self._open:
            return
        if directory != self._root:
            self._hold(directory.parent)
            directory.mkdir(exist_ok=True)
        self._open[directory] = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)

    def sync(self) -> None:
        """Make every name created or replaced so far durable."""
        with _io("log directory"):
            for held in self._open.values():
                os.fsync(held)
        self.close()

    def close(self) -> None:
        while self._open:
            os.close(self._open.popitem()[1])

    def remove(self, name: str) -> None:
        with _io(name):
            (self._root / name).unlink(missing_ok=True)

    def remove_partials(self, tile: Tile) -> None:
        with _io(tile.path):
            place = self._root / f"{tile.path}.p"
            if place.exists():
                shutil.rmtree(place)
