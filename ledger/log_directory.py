"""Door: the directory of a log's files. A file appears under its name only whole and durable.

Promises: a tile or bundle is created once and never changes (a file already there must be byte-equal, or it
is an error); one process at a time works here (flock); an error of the disk is never lost between write and
sync. May not know: what a file says, keys, which sizes were signed.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ledger.errors import ProofFailed, Unavailable
from ledger.tiles import Tile

_NEW = ".new"  # the one file being written
_MAX_OPEN_DIRECTORIES = 32


@contextmanager
def locked(directory: Path) -> Iterator[Site]:
    """The directory, made if need be. Raises Unavailable PUBLISHER_BUSY or LOG_DIRECTORY."""
    with _io("log directory"):
        directory.mkdir(parents=True, exist_ok=True)
        held = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Unavailable("PUBLISHER_BUSY", "Another publisher works in the log directory.") from None
        site = Site(directory)
        try:
            yield site
        finally:
            site.close()
    finally:
        with _io("log directory"):
            os.close(held)


class Site:
    """The directory while it is locked.

    Each directory written to is opened before the first write and held until it is synced: an error that the
    disk reports in between would otherwise be lost.
    """

    def __init__(self, directory: Path) -> None:
        self._root = directory
        self._open: dict[Path, int] = {}

    def read(self, path: str) -> bytes | None:
        """The bytes of a file, None when there is none. Raises Unavailable LOG_DIRECTORY, as all here."""
        with _io(path):
            try:
                return (self._root / path).read_bytes()
            except FileNotFoundError:
                return None

    def create(self, tile: Tile, data: bytes) -> None:
        """A file that is there for ever. Raises ProofFailed PUBLISHED_BYTES_DIFFER over another one."""
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
        require(existing in (None, data), "PUBLISHED_BYTES_DIFFER", tile.path)
        if len(self._open) > _MAX_OPEN_DIRECTORIES:
            self.sync()

    def replace(self, name: str, data: bytes) -> None:
        """A file that changes, in the place of its older self; durable when it returns."""
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
        """Lets the directories go, synced or not."""
        with _io("log directory"):
            while self._open:
                os.close(self._open.popitem()[1])

    def remove(self, name: str) -> None:
        """Removes a file of the publisher's own; one that is gone already is no error."""
        with _io(name):
            (self._root / name).unlink(missing_ok=True)

    def remove_partials(self, tile: Tile, *, before: float) -> bool:
        """Removes partial files that were written before a POSIX time; whether none is left."""
        with _io(tile.path):
            place = self._root / f"{tile.path}.p"
            try:
                files = list(place.iterdir())
            except FileNotFoundError:
                return True
            kept = [file for file in files if file.stat().st_mtime >= before]
            for file in files:
                if file not in kept:
                    file.unlink()
            if not kept:
                place.rmdir()
            return not kept


def require(holds: bool, code: str, where: str) -> None:
    """Raises ProofFailed `code` unless what is published `holds`."""
    if not holds:
        raise ProofFailed(
            code,
            "A published file does not hold what the rows say.",
            where=where,
            fix="Nothing was signed. Run fsck and find out who changed the file or the rows.",
        )


@contextmanager
def _io(where: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else "unknown reason"
        raise Unavailable(
            "LOG_DIRECTORY", f"The log's files cannot be used: {reason}.", where=where
        ) from error
