"""Door: where rate limits count: a table that all processes share, or the memory of one.

Both are storages of the library `limits`, which knows windows; times are the service's own. Tallies lie in
the same table: they limit nobody, and say by readable ids what somebody is to be shown.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from limits.storage import Storage
from sqlalchemy.exc import IntegrityError

from registry.storage.tables import limit_count

TALLY_MS: Final = 30 * 86_400_000
_TALLY: Final = "tally"
_KEPT_MAX: Final = 100_000  # counters in memory; beyond, the old ones go, and then all of them


def forget_old(connection: sa.Connection, now_ms: int) -> None:
    """Deletes the counters of windows that are over."""
    connection.execute(sa.delete(limit_count).where(limit_count.c.until_ms <= now_ms))


@dataclass(frozen=True, slots=True)
class Tally:
    """How often something was counted until thirty days passed without another, and when it was last."""

    words: tuple[str, ...]
    count: int
    last_ms: int


def tally_in(connection: sa.Connection, now_ms: int, *words: str) -> None:
    """Counts under these words: ids of staff and certificates, never a caller's address."""
    name = "/".join((_TALLY, *words))
    CountsInDatabase(connection, now_ms).incr(name, TALLY_MS // 1000)
    change = sa.update(limit_count).where(limit_count.c.name == name)
    connection.execute(change.values(until_ms=now_ms + TALLY_MS))


def tallies(connection: sa.Connection, now_ms: int) -> Iterator[Tally]:
    """All of the last thirty days."""
    alive = sa.and_(limit_count.c.name.startswith(f"{_TALLY}/"), limit_count.c.until_ms > now_ms)
    for name, count, until_ms in connection.execute(sa.select(limit_count).where(alive)):
        yield Tally(tuple(name.split("/")[1:]), count, until_ms - TALLY_MS)


class CountsInDatabase(Storage):
    """Counters of one transaction, for `limits`; keys are HMACs already."""

    STORAGE_SCHEME = None

    def __init__(self, connection: sa.Connection, now_ms: int) -> None:
        super().__init__()
        self._connection, self._now_ms = connection, now_ms

    @property
    def base_exceptions(self) -> type[Exception]:
        """What may go wrong is the database's to say."""
        return sa.exc.SQLAlchemyError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Counts, in a new window when the old one is over."""
        where = limit_count.c.name == key
        alive = sa.and_(where, limit_count.c.until_ms > self._now_ms)
        change = sa.update(limit_count).where(alive).values(count=limit_count.c.count + amount)
        if self._connection.execute(change).rowcount == 0:
            self._connection.execute(sa.delete(limit_count).where(where))
            row = {"name": key, "count": amount, "until_ms": self._now_ms + expiry * 1000}
            try:
                with self._connection.begin_nested():
                    self._connection.execute(sa.insert(limit_count).values(row))
            except IntegrityError:  # another process began the window in this moment
                self._connection.execute(change)
        return self.get(key)

    def get(self, key: str) -> int:
        """The count in the window that runs."""
        row = self._row(key)
        return 0 if row is None else int(row.count_)

    def get_expiry(self, key: str) -> float:
        """When the window ends, in seconds since 1970."""
        row = self._row(key)
        return (self._now_ms if row is None else row.until_ms) / 1000

    def check(self) -> bool:
        """The transaction is open."""
        return True

    def reset(self) -> int | None:
        """Forgets everything."""
        return int(self._connection.execute(sa.delete(limit_count)).rowcount)

    def clear(self, key: str) -> None:
        """Forgets one counter."""
        self._connection.execute(sa.delete(limit_count).where(limit_count.c.name == key))

    def _row(self, key: str) -> Any:
        query = sa.select(limit_count.c.count.label("count_"), limit_count.c.until_ms)
        query = query.where(limit_count.c.name == key, limit_count.c.until_ms > self._now_ms)
        return self._connection.execute(query).one_or_none()


class CountsInMemory(Storage):
    """Counters of this process, for `limits`."""

    STORAGE_SCHEME = None

    def __init__(self, now_ms: Callable[[], int]) -> None:
        super().__init__()
        self._now_ms = now_ms
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[int, int]] = {}

    @property
    def base_exceptions(self) -> type[Exception]:
        """Nothing of the outside is used."""
        return MemoryError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Counts, in a new window when the old one is over."""
        with self._lock:
            now_ms = self._now_ms()
            known, until_ms = self._kept.get(key, (0, 0))
            if until_ms <= now_ms:
                self._make_room(now_ms)
                known, until_ms = 0, now_ms + expiry * 1000
            self._kept[key] = (known + amount, until_ms)
            return known + amount

    def get(self, key: str) -> int:
        """The count in the window that runs."""
        known, until_ms = self._kept.get(key, (0, 0))
        return known if until_ms > self._now_ms() else 0

    def get_expiry(self, key: str) -> float:
        """When the window ends, in seconds since 1970."""
        return self._kept.get(key, (0, self._now_ms()))[1] / 1000

    def check(self) -> bool:
        """Memory is there."""
        return True

    def reset(self) -> int | None:
        """Forgets everything."""
        self._kept.clear()
        return None

    def clear(self, key: str) -> None:
        """Forgets one counter."""
        self._kept.pop(key, None)

    def _make_room(self, now_ms: int) -> None:
        if len(self._kept) >= _KEPT_MAX:
            self._kept = {key: one for key, one in self._kept.items() if one[1] > now_ms}
        if len(self._kept) >= _KEPT_MAX:
            self._kept.clear()  # too many callers to tell apart: nobody is counted rather than nobody served
