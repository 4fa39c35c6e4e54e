"""Door: the checkpoints of ours that witnesses cosigned, in files of the home.

Promises: a note is there whole or not at all; what several processes add to one note is kept, all of it.
Kept are the last sizes published (a line may come after the next checkpoint is out), the newest one under a
quorum, and for ever those under which a set of witnesses took force; these are in backups and in bundles.
Knows no policy: who calls has checked.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from issuers.files import read_file, replace_file
from ledger import cbor
from ledger.errors import Malformed, Refused, Unavailable
from ledger.note import MAX_NOTE_BYTES

RECENT_MAX: Final = 600
"""Ten minutes of a log that grows every second."""

HANDOVERS: Final = "handovers.cbor"
"""An array of notes, each a byte string."""

HANDOVERS_BYTES_MAX: Final = 1_000_000
_FOLDER, _RECENT, _FINAL, _LOCK = "witnessed", "recent", "final", ".lock"
_PUBLIC: Final = 0o644


class WitnessedNotes:
    """The files of one home. Whoever reads to write (`keep…`) does both under `locked`."""

    def __init__(self, home: Path) -> None:
        self._folder = home / _FOLDER
        self._handovers = home / HANDOVERS
        self._final: tuple[tuple[int, int], bytes] | None = None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One process at a time. Raises Unavailable FILE_WRITE."""
        try:
            (self._folder / _RECENT).mkdir(parents=True, exist_ok=True)
            held = os.open(self._folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise Unavailable("FILE_WRITE", "the folder cannot be written", where=_FOLDER) from error
        try:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield
        finally:
            os.close(held)

    def recent(self, size: int) -> bytes | None:
        """The note of a size, while it is kept. Raises Unavailable FILE_READ."""
        path = self._folder / _RECENT / str(size)
        return read_file(path, bytes_max=MAX_NOTE_BYTES) if path.exists() else None

    def keep(self, size: int, note: bytes) -> None:
        """Puts the note of a size in its place; the smallest sizes go. Raises Unavailable FILE_WRITE."""
        folder = self._folder / _RECENT
        replace_file(folder / str(size), note, mode=_PUBLIC)
        sizes = sorted(int(path.name) for path in folder.iterdir() if path.name.isdecimal())
        for old in sizes[:-RECENT_MAX]:
            (folder / str(old)).unlink(missing_ok=True)

    def final(self) -> bytes | None:
        """The newest note under a quorum. Raises Unavailable FILE_READ."""
        path = self._folder / _FINAL
        try:
            found = path.stat()
        except OSError:
            return None
        mark = found.st_ino, found.st_mtime_ns
        kept = self._final
        if kept is None or kept[0] != mark:
            kept = self._final = mark, read_file(path, bytes_max=MAX_NOTE_BYTES)
        return kept[1]

    def keep_final(self, note: bytes) -> None:
        """Raises Unavailable FILE_WRITE."""
        replace_file(self._folder / _FINAL, note, mode=_PUBLIC)

    def handovers(self) -> tuple[bytes, ...]:
        """The notes under which sets took force, in the order they were kept.

        Raises Unavailable FILE_READ; Malformed HANDOVERS for a file this program did not write.
        """
        if not self._handovers.exists():
            return ()
        data = read_file(self._handovers, bytes_max=HANDOVERS_BYTES_MAX)
        notes = cbor.decode(data, bytes_max=HANDOVERS_BYTES_MAX)
        if not isinstance(notes, list) or not all(type(note) is bytes for note in notes):
            fix = "Run `malan handovers trust.cbor` with the newest trust.cbor anybody kept."
            raise Malformed("HANDOVERS", "not an array of checkpoints", where=HANDOVERS, fix=fix)
        return tuple(notes)

    def keep_handover(self, note: bytes) -> None:
        """As `keep_handovers`, and raises as `handovers`."""
        self.keep_handovers([*self.handovers(), note])

    def keep_handovers(self, notes: Sequence[bytes]) -> None:
        """Puts these in the place of all. Raises Refused HANDOVERS_SIZE, Unavailable FILE_WRITE."""
        data = cbor.encode(list(notes))
        if len(data) > HANDOVERS_BYTES_MAX:
            # Nobody could read it again, and without it nothing is published.
            fix = "Take a trust.cbor from elsewhere: no honest checkpoint is that long."
            raise Refused("HANDOVERS_SIZE", "the handovers are too long to be kept", where=HANDOVERS, fix=fix)
        replace_file(self._handovers, data, mode=_PUBLIC)
