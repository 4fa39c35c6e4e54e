"""Door: the book of the paper stock, a SQLite file of events that only grows.

Promises: events are numbered without a gap and each names the hash of the one before, so that a line changed,
dropped or put in is noticed when the book is next opened; an event is on the disk, whole, before the call
returns; two programs never give out one serial. May not know: what paper is for.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from issuers.json_in import from_object, read_object, to_plain
from issuers.shape import to_map
from issuers.sign.stock import Event, Stock
from ledger.errors import MalanError, Malformed, Unavailable

_APPLICATION: Final = 0x4D4C4E50  # "MLNP" in the header of the file
_EVENT_BYTES_MAX: Final = 2**20
_START: Final = hashlib.sha256(b"malan/stock/1").hexdigest()

_SCHEMA: Final = (
    "CREATE TABLE event (id INTEGER PRIMARY KEY, body TEXT NOT NULL, hash TEXT NOT NULL UNIQUE) STRICT",
    "CREATE TRIGGER event_next BEFORE INSERT ON event"
    " WHEN NEW.id IS NOT (SELECT COALESCE(MAX(id), 0) + 1 FROM event)"
    " BEGIN SELECT RAISE(ABORT, 'events are numbered without a gap'); END",
    "CREATE TRIGGER event_kept BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'nothing is deleted'); END",
    "CREATE TRIGGER event_said BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'nothing is changed'); END",
)


class StockBook:
    """An open book; use it in a `with` statement. One thread."""

    def __init__(self, path: Path) -> None:
        """Opens or creates the file. Raises Unavailable STOCK_UNUSABLE."""
        with _translated():
            path.touch(mode=0o600, exist_ok=True)
            self._db = sqlite3.connect(path, isolation_level=None, timeout=30.0)
            self._db.execute("PRAGMA synchronous = FULL")
            application = self._db.execute("PRAGMA application_id").fetchone()[0]
            tables = self._db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        if application != _APPLICATION and tables:
            raise Unavailable("STOCK_UNUSABLE", "the file is not a book of paper", where=path.name)
        if not tables:
            with self._locked():
                for statement in _SCHEMA:
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA application_id = {_APPLICATION}")

    def __enter__(self) -> StockBook:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def events(self) -> list[Event]:
        """Every event, in order. Raises Malformed STOCK_BROKEN when one is not as it was written."""
        with _translated():
            rows = self._db.execute("SELECT id, body, hash FROM event ORDER BY id").fetchall()
        events, former = [], _START
        for place, (number, body, hash_) in enumerate(rows, start=1):
            if number != place or hash_ != _hash(former, body):
                raise Malformed(
                    "STOCK_BROKEN",
                    "the book was changed outside this program",
                    where=f"event {place}",
                    fix="Put the file back from a backup and enter anew what came after.",
                )
            where = f"event {place}"
            events.append(from_object(Event, _object(body, where), where=where))
            former = hash_
        return events

    def stock(self) -> Stock:
        """What the events add up to. Raises as `events`."""
        stock = Stock()
        for event in self.events():
            stock.apply(event)
        return stock

    @contextmanager
    def writing(self) -> Iterator[Writer]:
        """The stock, nobody else writing; what is added is kept when the block ends without an error."""
        with self._locked():
            yield Writer(self._db, self.stock())

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with _translated():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")


class Writer:
    """The right to add events while a block lasts."""

    def __init__(self, db: sqlite3.Connection, stock: Stock) -> None:
        self._db = db
        self.stock = stock

    def add(self, event: Event) -> None:
        """Adds an event the stock takes. Raises as `Stock.apply`, and Malformed of its shape."""
        body = json.dumps(to_plain(to_map(event)), ensure_ascii=False, separators=(",", ":"))
        # What cannot be read back is not written: the book would be shut for good.
        read = from_object(Event, _object(body, "event"), where="event")
        if read != event:
            raise Malformed("STOCK_EVENT", "the event does not read back as it was written")
        self.stock.apply(event)
        row = self._db.execute("SELECT id, hash FROM event ORDER BY id DESC LIMIT 1").fetchone()
        number, former = row or (0, _START)
        self._db.execute("INSERT INTO event VALUES (?, ?, ?)", (number + 1, body, _hash(former, body)))


def _object(body: str, where: str) -> dict[str, Any]:
    return read_object(body.encode(), where=where, bytes_max=_EVENT_BYTES_MAX)


def _hash(former: str, body: str) -> str:
    return hashlib.sha256(f"{former}\n{body}".encode()).hexdigest()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except MalanError:
        raise
    except (sqlite3.Error, OSError) as error:
        raise Unavailable(
            "STOCK_UNUSABLE",
            "the book of paper cannot be used",
            where="stock.db",
            fix="Check that the disk has room and the file is yours.",
        ) from error
