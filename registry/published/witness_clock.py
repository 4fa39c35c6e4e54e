"""Door: our clock against those of the witnesses that answered just now (design 6).

Promises: nothing is appended while so many of them disagree by more than ten minutes that one of them must
be honest. Only answers to our own questions count, for anybody can carry an old line here. What one process
hears holds for all of the home.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from issuers.files import read_file, replace_file
from ledger.errors import MalanError, Unavailable

APART_MAX_MS: Final = 600_000
FRESH_MS: Final = 900_000
"""How long an answer says something about now; witnesses are asked at least three times in it."""

_FILE, _BYTES_MAX = "clock", 100_000


class WitnessClock:
    """How far each witness was from us when it answered last."""

    def __init__(self, home: Path) -> None:
        self._path = home / "witnessed" / _FILE
        self._mark: tuple[int, int] | None = None
        self._needed = 1
        self._heard: dict[str, tuple[int, int]] = {}

    def hear(self, apart_ms: Mapping[str, int], *, now_ms: int, needed: int) -> None:
        """Witness's clock less ours, by name; `needed` so many cannot all be wrong. Raises FILE_WRITE."""
        self._read()
        heard = {**self._heard, **{name: (now_ms, apart) for name, apart in apart_ms.items()}}
        fresh = {name: one for name, one in heard.items() if _is_fresh(one[0], now_ms)}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        told = json.dumps({"needed": needed, "heard": fresh}).encode()
        replace_file(self._path, told)

    def check(self, now_ms: int) -> None:
        """Raises Unavailable CLOCK_WITNESSES."""
        self._read()
        fresh = [apart for at, apart in self._heard.values() if _is_fresh(at, now_ms)]
        against = max(
            sum(1 for apart in fresh if apart > APART_MAX_MS),
            sum(1 for apart in fresh if apart < -APART_MAX_MS),
        )
        if against >= self._needed and 2 * against > len(fresh):
            raise Unavailable(
                "CLOCK_WITNESSES",
                "the witnesses' clocks are more than ten minutes from ours, so it cannot date entries",
                fix="Check it against a time server; appending goes on once the witnesses agree.",
            )

    def _read(self) -> None:
        try:
            found = self._path.stat()
            mark = found.st_ino, found.st_mtime_ns
            if mark == self._mark:
                return
            told = json.loads(read_file(self._path, bytes_max=_BYTES_MAX))
            self._needed = int(told["needed"])
            self._heard = {str(name): (int(at), int(apart)) for name, (at, apart) in told["heard"].items()}
            self._mark = mark
        except FileNotFoundError:
            return
        except (OSError, MalanError, ValueError, KeyError, TypeError, AttributeError):
            self._heard = {}  # what cannot be read says nothing; the next answers write it anew


def _is_fresh(at_ms: int, now_ms: int) -> bool:
    return 0 <= now_ms - at_ms <= FRESH_MS
