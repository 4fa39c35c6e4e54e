"""Where in the log certificates stand, kept once it was read: a place never changes. No I/O.

What is kept is the hash of a credential and a number, never a text; what is not logged yet is asked for
again.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Final

KEPT_MAX: Final = 100_000  # some 20 MB


class LoggedPlaces:
    """Places by SHA-256 of the credential; the ones used least go first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._places: OrderedDict[bytes, int] = OrderedDict()

    def get(self, digest: bytes) -> int | None:
        """The place, if it is at hand."""
        with self._lock:
            place = self._places.get(digest)
            if place is not None:
                self._places.move_to_end(digest)
            return place

    def keep(self, digest: bytes, place: int) -> None:
        """Remembers a place the database named."""
        with self._lock:
            self._places[digest] = place
            while len(self._places) > KEPT_MAX:
                self._places.popitem(last=False)
