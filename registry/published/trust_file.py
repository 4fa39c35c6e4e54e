"""Door: the published trust bundle, opened once for as long as the file is the same.

Promises that what it answers was opened from the file as it is now: another file (a bundle is replaced, never
changed) is opened anew.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path

from issuers.bundle import BYTES_MAX
from issuers.files import read_file
from ledger.errors import Unavailable
from verify.trust import Pin, Trust, open_trust


class TrustFile:
    """One opened bundle and the file it came from. `genesis`: the hash it is pinned to, once it was read."""

    def __init__(self) -> None:
        self.genesis: bytes | None = None
        self._lock = threading.Lock()
        self._mark: tuple[int, int, int] | None = None
        self._trust: Trust | None = None

    def at_hand(self, path: Path) -> Trust | None:
        """The trust in the file if it was opened before and the file is the same; else None."""
        try:
            same = _mark(path.stat()) == self._mark
        except OSError:
            return None
        return self._trust if same else None

    def read(self, path: Path, *, genesis: bytes) -> Trust:
        """The trust in the file. Raises Unavailable TRUST_MISSING, or as `verify.trust.open_trust`."""
        with self._lock:
            try:
                found = path.stat()
            except OSError as error:
                raise Unavailable("TRUST_MISSING", "no trust bundle is published yet") from error
            mark = _mark(found)
            if self._trust is None or mark != self._mark:
                raw = read_file(path, bytes_max=BYTES_MAX)
                trust = open_trust(raw, pin=Pin(genesis), former=self._trust)
                # In this order, for `at_hand` takes no lock: it may find no trust, never an old one.
                self._mark = None
                self._trust = trust
                self._mark = mark
            return self._trust


def _mark(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_ino, found.st_mtime_ns, found.st_size
