"""Door: which of several processes publishes, and what it last told the others.

Promises: at most one process of a home leads; it leads until it ends, and the next one takes over within an
interval. The leader writes its alarm into the file whose lock it holds, so a log that is ahead of its
database stops every process from appending, not the leader alone.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Final

_FILE: Final = ".publisher"
_BYTES_MAX: Final = 100


class Lead:
    """The place of the leader in one home."""

    def __init__(self, home: Path) -> None:
        self._path = home / _FILE
        self._held: int | None = None
        self._told: str | None = None

    def take(self) -> bool:
        """Whether this process leads from now on, or already did."""
        if self._held is not None:
            return True
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._held, self._told = descriptor, None
        os.ftruncate(descriptor, 0)
        return True

    def tell(self, alarm: str | None) -> None:
        """The leader's alarm, for the others; written when it changes."""
        if self._held is None or alarm == self._told:
            return
        self._told = alarm
        os.ftruncate(self._held, 0)
        os.pwrite(self._held, (alarm or "").encode(), 0)

    def told(self) -> str | None:
        """What the leader last told."""
        try:
            with self._path.open("rb") as file:
                return file.read(_BYTES_MAX).decode("ascii", "replace") or None
        except OSError:
            return None

    def leave(self) -> None:
        """Another may lead."""
        if self._held is not None:
            os.ftruncate(self._held, 0)
            os.close(self._held)  # and with it the lock
            self._held = None
