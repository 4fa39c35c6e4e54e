"""Door: the database, and the only module that knows which one it is.

Promises: `transaction` is the one place that commits, holds the one write lock from its first statement on,
and is on disk when it returns; `reading` cannot write. Every protective setting is read back after it was
set. Errors carry no values.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError, DBAPIError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from ledger.errors import Unavailable

READERS_MAX = 40  # one for each thread of the web server's pool

# TRUNCATE with FULL loses no acknowledged entry in a power cut; the default journal can, and WAL is unsound
# before SQLite 3.51.3 (assurance 0, findings 3 and 4). secure_delete: a destroyed key leaves no free page.
_SQLITE_SETTINGS = {
    "journal_mode": ("TRUNCATE", "truncate"),
    "synchronous": ("FULL", 2),
    "foreign_keys": ("ON", 1),
    "secure_delete": ("ON", 1),
}


_STORED_AS: dict[type, str] = {
    sa.LargeBinary: "blob",
    sa.String: "text",
    sa.Integer: "integer",
    sa.BigInteger: "integer",
}

READ_AUDIT_GUARDS = (
    "CREATE TRIGGER read_audit_no_update BEFORE UPDATE ON read_audit "
    "BEGIN SELECT RAISE(ABORT, 'the read audit is append-only'); END",
    "CREATE TRIGGER read_audit_no_delete BEFORE DELETE ON read_audit "
    "BEGIN SELECT RAISE(ABORT, 'the read audit is append-only'); END",
    "CREATE TRIGGER read_audit_in_order BEFORE INSERT ON read_audit "
    "WHEN NEW.id IS NOT (SELECT COALESCE(MAX(id), 0) + 1 FROM read_audit) "
    "BEGIN SELECT RAISE(ABORT, 'the read audit grows by one'); END",
)
"""Beside the ledger's own (`ledger.store`); the migrations carry both."""


class Database:
    """One database and its two engines: `writer` for the single writer, `reader` for everybody else."""

    def __init__(self, url: str, *, busy_timeout_ms: int) -> None:
        """Raises Unavailable DATABASE_UNSUPPORTED for anything but SQLite."""
        if not url.startswith("sqlite:"):
            raise Unavailable("DATABASE_UNSUPPORTED", "this version runs on SQLite", where="MALAN_DATABASE")
        self._lock = threading.Lock()  # fair among our threads; SQLite's own waiting is not
        self._patience = busy_timeout_ms / 1000
        self.writer = self._engine(url, size=1, read_only=False)
        self.reader = self._engine(url, size=READERS_MAX, read_only=True)

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """A connection that holds the write lock; commits at the end, or leaves nothing behind.

        Raises Unavailable DATABASE_BUSY, or DATABASE_FAILED when the database could not do its work.
        """
        if not self._lock.acquire(timeout=self._patience):
            raise _busy()
        try:
            with _translated(), self.writer.connect() as connection, connection.begin():
                yield connection
                # A crash before this point leaves nothing; the commit that follows is all or nothing.
        finally:
            self._lock.release()

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection that sees one moment and cannot write. Keep it short: commits wait for it."""
        with _translated(), self.reader.connect() as connection, connection.begin():
            yield connection

    def close(self) -> None:
        """Ends all connections."""
        self.writer.dispose()
        self.reader.dispose()

    def _engine(self, url: str, *, size: int, read_only: bool) -> sa.Engine:
        engine = sa.create_engine(
            url,
            hide_parameters=True,  # an error message must not carry a row
            pool_size=size,
            max_overflow=0,
            pool_timeout=self._patience,
            poolclass=sa.pool.QueuePool,
            connect_args={"timeout": self._patience, "check_same_thread": False},
        )
        sa.event.listen(engine, "connect", _prepare_sqlite_reader if read_only else _prepare_sqlite)
        sa.event.listen(engine, "begin", _begin_deferred if read_only else _begin_immediate)
        return engine


def schema_of(connection: sa.Connection) -> set[tuple[str, str, str]]:
    """Type, name and definition of every table, index and trigger."""
    query = "SELECT type, name, COALESCE(sql, '') FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"
    return {(row[0], row[1], row[2]) for row in connection.exec_driver_sql(query)}


def schema_built_by(build: Callable[[sa.Connection], None]) -> set[tuple[str, str, str]]:
    """As `schema_of`, of a database in memory that only `build` has touched."""
    engine = sa.create_engine("sqlite://")
    try:
        with engine.begin() as connection:
            build(connection)
            return schema_of(connection)
    finally:
        engine.dispose()


def misfits(connection: sa.Connection, table: sa.Table) -> list[str]:
    """The columns of a table that hold a value of another type than declared: SQLite would keep any."""
    found = []
    for column in table.columns:
        expected = _STORED_AS[type(column.type)]
        query = f'SELECT 1 FROM "{table.name}" WHERE typeof("{column.name}") <> ? LIMIT 1'  # noqa: S608  # ours
        if connection.exec_driver_sql(query, (expected,)).first() is not None:
            found.append(column.name)
    return found


def _prepare_sqlite(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # the driver must not begin transactions of its own
    for name, (value, expected) in _SQLITE_SETTINGS.items():
        connection.execute(f"PRAGMA {name} = {value}").close()
        if connection.execute(f"PRAGMA {name}").fetchone() != (expected,):
            raise Unavailable("DATABASE_SETTING", "SQLite did not accept a protective setting", where=name)


def _prepare_sqlite_reader(connection: sqlite3.Connection, entry: ConnectionPoolEntry) -> None:
    _prepare_sqlite(connection, entry)
    connection.execute("PRAGMA query_only = ON").close()
    if connection.execute("PRAGMA query_only").fetchone() != (1,):
        raise Unavailable(
            "DATABASE_SETTING", "SQLite did not accept a protective setting", where="query_only"
        )


def _begin_immediate(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin_deferred(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN DEFERRED")


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sa.exc.TimeoutError as error:
        raise _busy() from error
    except DatabaseError as error:
        if type(error) not in (OperationalError, DatabaseError):
            raise  # a constraint, or a fault of ours
        if _sqlite_code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise _busy() from error
        raise Unavailable(
            "DATABASE_FAILED",
            "the database could not do its work; nothing was stored",
            where=_sqlite_name(error),
            fix="Look at disk space and the database's own log.",
        ) from error


def _sqlite_code(error: DBAPIError) -> int:
    code: int = getattr(error.orig, "sqlite_errorcode", -1)
    return code & 0xFF  # the low byte is the primary code


def _sqlite_name(error: DBAPIError) -> str:
    name: Any = getattr(error.orig, "sqlite_errorname", "")
    return str(name)


def _busy() -> Unavailable:
    return Unavailable("DATABASE_BUSY", "others are writing; nothing was stored", fix="Try again.")
