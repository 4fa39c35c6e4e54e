"""Door: how much room the disk of the home has.

Promises that nothing is appended below the floor: what is under way can end, the log can still be published,
and the operator makes room while everything stands. A disk that cannot be asked is not taken for a full one.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ledger.errors import Unavailable

LOOK_SECONDS: Final = 1.0
_MIB: Final = 2**20


def free_bytes(place: Path) -> int:
    """What an unprivileged writer may still use of the disk `place` is on. Raises OSError."""
    return shutil.disk_usage(place).free


class FreeDisk:
    """The disk `place` is on, looked at once a second at most."""

    def __init__(
        self,
        place: Path,
        *,
        floor_mib: int,
        free: Callable[[Path], int] = free_bytes,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`floor_mib`: how much must be free, in units of 2^20 bytes."""
        self._place, self._floor = place, floor_mib * _MIB
        self._free, self._monotonic = free, monotonic
        self._looked: float | None = None
        self._low = False

    def check(self) -> None:
        """Raises Unavailable DISK_LOW."""
        now = self._monotonic()
        if self._looked is None or now - self._looked >= LOOK_SECONDS:
            self._looked = now
            try:
                self._low = self._free(self._place) < self._floor
            except OSError:
                self._low = False
        if self._low:
            raise Unavailable(
                "DISK_LOW",
                "the disk is nearly full, so nothing is written; nothing of this was stored",
                where="MALAN_FREE_DISK_MIN_MIB",
                fix="Try again later; the operator makes room.",
            )
