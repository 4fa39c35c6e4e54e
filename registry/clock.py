"""Door: the one clock of the service.

Promises milliseconds since 1970, and a refusal to vouch for them once the wall clock has left the monotonic
clock: a leaf's time is what certificates are dated by. Both clocks are arguments, so a test is its own time.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from ledger.errors import Unavailable

DRIFT_MAX_MS = 5_000  # design 6: beyond this, nothing is appended
_MS = 1_000_000  # nanoseconds


class Clock:
    """Wall time, checked against the monotonic clock from the moment the object is made."""

    def __init__(
        self, wall_ns: Callable[[], int] = time.time_ns, monotonic_ns: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self._wall_ns = wall_ns
        self._monotonic_ns = monotonic_ns
        self._offset_ms = self._apart_ms()

    def now_ms(self) -> int:
        """Milliseconds since 1970."""
        return self._wall_ns() // _MS

    def drift_ms(self) -> int:
        """How far the wall clock has moved away from the monotonic clock since the start."""
        return self._apart_ms() - self._offset_ms

    def check_steady(self) -> None:
        """Raises Unavailable CLOCK_JUMPED when the clocks are more than five seconds apart."""
        if abs(self.drift_ms()) > DRIFT_MAX_MS:
            raise Unavailable(
                "CLOCK_JUMPED",
                "the clock was set while the service ran, so it cannot date entries",
                fix="Check it against a time server, then restart the service.",
            )

    def _apart_ms(self) -> int:
        return (self._wall_ns() - self._monotonic_ns()) // _MS
