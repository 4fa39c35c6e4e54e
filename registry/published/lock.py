"""Door: the lock store that the settings name: a folder, or a table in another database.

Promises: a database as store keeps what it acknowledges (the checks of `registry.storage` hold for it) and is
not the database of the service, which an old backup brings back.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from ledger.errors import Malformed, Unavailable
from ledger.lock_store import FileLockStore, LockStore, signed_elsewhere, store_missing
from registry.settings import Settings
from registry.storage.database import POSTGRES, SQLITE, Database

_NAME: Final = "MALAN_LOCK_STORE"

metadata = sa.MetaData()
table = sa.Table(
    "malan_lock_store",
    metadata,
    sa.Column("origin", sa.String(255), primary_key=True),
    sa.Column("note", sa.LargeBinary, nullable=False),  # empty before the first
)


def open_lock_store(settings: Settings, origin: str) -> LockStore:
    """The store of this log; nothing is touched yet. Raises Malformed SETTING or SETTING_CONFLICT."""
    place = settings.lock_store
    if not place.startswith((SQLITE, POSTGRES)):
        path = Path(place)
        return FileLockStore(path if path.is_absolute() else settings.home / path)
    check_apart(settings)
    return TableLockStore(Database(place, busy_timeout_ms=settings.busy_timeout_ms), origin)


def check_apart(settings: Settings) -> None:
    """The store is not in the service's own database. Raises Malformed SETTING or SETTING_CONFLICT."""
    try:
        store = sa.make_url(settings.lock_store)
        own = sa.make_url(settings.database_url)
    except sa.exc.ArgumentError:
        what = "neither a folder nor the URL of a database"
        raise Malformed("SETTING", what, where=_NAME, fix="See operating.md.") from None
    places = [(url.get_backend_name(), url.host, url.port, url.database) for url in (store, own)]
    if places[0] == places[1]:
        raise Malformed(
            "SETTING_CONFLICT",
            "an old backup of the database would bring back an old lock store with it",
            where=f"{_NAME}, MALAN_DATABASE",
            fix="Name another database, best on another host.",
        )


class TableLockStore:
    """One row an origin in `malan_lock_store`. See `LockStore`; PostgreSQL, or SQLite on another disk."""

    def __init__(self, database: Database, origin: str) -> None:
        self._database = database
        self._here = table.c.origin == origin
        self._origin = origin

    def create(self) -> None:
        """See `LockStore`."""
        with self._told(), self._database.transaction() as connection:
            metadata.create_all(connection)
            if connection.execute(sa.select(table.c.note).where(self._here)).first() is None:
                connection.execute(sa.insert(table).values(origin=self._origin, note=b""))

    def read(self) -> bytes | None:
        """See `LockStore`. Through the write lock: a commit still on its way to the disk is waited for."""
        with self._told(), self._database.transaction() as connection:
            return self._note(connection) or None

    def swap(self, *, old: bytes | None, new: bytes) -> None:
        """See `LockStore`."""
        with self._told(), self._database.transaction() as connection:
            self._note(connection)  # missing is not the same as changed
            change = sa.update(table).where(self._here, table.c.note == (old or b"")).values(note=new)
            if connection.execute(change).rowcount != 1:
                raise signed_elsewhere()
            # Crash here: the old note stands; a cut in the middle of the commit leaves one of the two.

    def close(self) -> None:
        """See `LockStore`."""
        self._database.close()

    def _note(self, connection: sa.Connection) -> bytes:
        if not sa.inspect(connection).has_table(table.name):
            raise store_missing()
        note: bytes | None = connection.execute(
            sa.select(table.c.note).where(self._here)
        ).scalar_one_or_none()
        if note is None:
            raise store_missing()
        return note

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except Unavailable as error:
            if not error.code.startswith("DATABASE_"):
                raise
            raise Unavailable(
                "LOCK_STORE",
                f"The lock store cannot be used: {error.code}.",
                where=_NAME,
                fix="Look at its database; the next run goes on.",
            ) from error
