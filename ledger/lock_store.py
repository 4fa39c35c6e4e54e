"""Door: the lock store: the last signed checkpoint, apart from the database, changed by compare-and-swap.

Promises: of two publishers that signed on top of the same note, one swaps and the other is refused, so no two
signed notes of one size ever leave a machine; what `read` answers is durable; a store that is not there is
never taken for an empty one. Whoever can write here can stop the log or, with the log's key, fork it: it is
trusted like the key. May not know: what the note says, databases, the log's files.

Model: Sunlight's lock backend. A store is created once, by hand, and is in no backup: an old one brought back
would let an old log sign again.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from ledger.errors import Refused, Unavailable
from ledger.note import MAX_NOTE_BYTES

NOTE = "note"
_NEW = ".new"


class LockStore(Protocol):
    """Holds one note, or none yet."""

    def create(self) -> None:
        """Makes an empty store where there is none; leaves one that is there as it is."""

    def read(self) -> bytes | None:
        """The last note; None before the first. Raises Unavailable LOCK_STORE or LOCK_STORE_MISSING."""

    def swap(self, *, old: bytes | None, new: bytes) -> None:
        """Puts `new` in the place of `old`; durable when it returns.

        Raises Refused SIGNED_ELSEWHERE when the store does not hold `old`: it is then as it was. Raises
        Unavailable LOCK_STORE_MISSING, or LOCK_STORE: then only the next `read` tells which it holds.
        """

    def close(self) -> None:
        """Ends what connections there are."""


def signed_elsewhere() -> Refused:
    """The refusal of a swap."""
    return Refused(
        "SIGNED_ELSEWHERE",
        "Another publisher signed a checkpoint meanwhile; ours was thrown away unseen.",
        fix="Nothing, if two publishers are meant to run: the next run goes on from the newer checkpoint.",
    )


def store_missing() -> Unavailable:
    """No store is there; whether one was, only the operator knows."""
    return Unavailable(
        "LOCK_STORE_MISSING",
        "There is no lock store at its place, so nothing is signed.",
        where="MALAN_LOCK_STORE",
        fix="Bring its disk or host back; if it is lost: `malan publish --new-lock-store` (see the guide).",
    )


class MemoryLockStore:
    """For a log that lives no longer than its process: exports, tests."""

    def __init__(self, note: bytes | None = None) -> None:
        self._note = note
        self._lock = threading.Lock()

    def create(self) -> None:
        """See `LockStore`."""

    def read(self) -> bytes | None:
        """See `LockStore`."""
        return self._note

    def swap(self, *, old: bytes | None, new: bytes) -> None:
        """See `LockStore`."""
        with self._lock:
            if self._note != old:
                raise signed_elsewhere()
            self._note = new

    def close(self) -> None:
        """See `LockStore`."""


class FileLockStore:
    """A directory with one file, `note`: empty before the first checkpoint.

    Put it on another disk than database and log, on a file system whose flock and fsync hold.
    """

    def __init__(self, directory: Path) -> None:
        self._root = directory

    def create(self) -> None:
        """See `LockStore`. Raises Unavailable LOCK_STORE."""
        with _io():
            self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._held() as held, _io():
            if not (self._root / NOTE).exists():
                self._write(b"", held)

    def read(self) -> bytes | None:
        """See `LockStore`."""
        with _io():
            try:
                descriptor = os.open(self._root / NOTE, os.O_RDONLY)
            except FileNotFoundError:
                raise store_missing() from None
            try:
                note = os.read(descriptor, MAX_NOTE_BYTES + 1)
                # A process killed in the middle of a swap may have left a note that a power cut would take
                # back, after somebody has seen it.
                os.fsync(descriptor)
                self._sync()
            finally:
                os.close(descriptor)
        return note or None

    def swap(self, *, old: bytes | None, new: bytes) -> None:
        """See `LockStore`."""
        with self._held() as held:
            if self.read() != old:
                raise signed_elsewhere()
            with _io():
                self._write(new, held)

    def close(self) -> None:
        """See `LockStore`."""

    @contextmanager
    def _held(self) -> Iterator[int]:
        """The directory, locked against every other process; held open, or an error of the disk is lost."""
        with _io():
            try:
                held = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY)
            except FileNotFoundError:
                raise store_missing() from None
        try:
            with _io():
                # Not waited for: whoever holds it swaps now, or was stopped in the middle.
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield held
        finally:
            with _io():
                os.close(held)

    def _write(self, note: bytes, held: int) -> None:
        new = self._root / _NEW
        new.unlink(missing_ok=True)
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb", closefd=False) as file:
                file.write(note)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        # Crash here: the old note stands; the next run signs again.
        new.replace(self._root / NOTE)
        # Crash here: the new note stands, and the next `read` makes it durable.
        os.fsync(held)

    def _sync(self) -> None:
        held = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(held)
        finally:
            os.close(held)


@contextmanager
def _io() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else "unknown reason"
        raise Unavailable(
            "LOCK_STORE",
            f"The lock store cannot be used: {reason}.",
            where="MALAN_LOCK_STORE",
            fix="Look at its disk, owner and mode; the next run goes on.",
        ) from error
