"""Door: the database; which one it is, only `registry.storage.engines` knows.

Promises: `transaction` is the one place that commits, holds the one write lock from its first statement on,
and is on disk when it returns; `reading` sees one moment and cannot write. Every protective setting is read
back. Errors carry no values.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from ledger.errors import Unavailable
from registry.storage.engines.interface import Engine, Schema, busy
from registry.storage.engines.postgres import Postgres
from registry.storage.engines.sqlite import Sqlite

SQLITE, POSTGRES = "sqlite:", "postgresql+psycopg:"


class Database:
    """One database and its two engines: `writer` for the single writer, `reader` for everybody else."""

    def __init__(self, url: str, *, busy_timeout_ms: int, owner: bool = False) -> None:
        """`owner`: not the service but whoever makes and migrates the schema.

        Raises Unavailable DATABASE_UNSUPPORTED for a URL of another kind, DATABASE_PASSWORD.
        """
        self._lock = threading.Lock()  # fair among our threads; SQLite's own waiting is not
        self._patience = busy_timeout_ms / 1000
        self._engine = _engine(url, patience=self._patience, owner=owner)
        self.writer = self._engine.writer
        self.reader = self._engine.reader

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """A connection that holds the write lock; commits at the end, or leaves nothing behind.

        Raises Unavailable DATABASE_BUSY; DATABASE_FAILED when the database could not do its work;
        DATABASE_LOST when it is gone, also in the middle of the commit.
        """
        if not self._lock.acquire(timeout=self._patience):
            raise busy()
        try:
            with self._translated(), self._begun(self.writer) as connection:
                yield connection
                # A crash before this point leaves nothing; the commit that follows is all or nothing.
        finally:
            self._lock.release()

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection that sees one moment and cannot write. Keep it short: commits may wait for it."""
        with self._translated(), self._begun(self.reader) as connection:
            yield connection

    def schema(self, connection: sa.Connection) -> Schema:
        """Kind, name and definition of everything the schema is made of."""
        return self._engine.schema(connection)

    def schema_built_by(self, build: Callable[[sa.Connection], None]) -> Schema:
        """As `schema`, of what `build` makes in an empty database of the same kind."""
        with self._translated():
            return self._engine.schema_built_by(build)

    def misfits(self, connection: sa.Connection, table: sa.Table) -> list[str]:
        """The columns of a table that hold a value of another type than declared."""
        return self._engine.misfits(connection, table)

    def alone(self, name: str) -> AbstractContextManager[bool]:
        """Whether no other process on this database, on any host, is inside the same; held while inside."""
        return self._engine.alone(name)

    @contextmanager
    def snapshot(self, scratch: Path) -> Iterator[sa.Connection]:
        """As `reading`, for as long as it takes: nobody waits for it but, on SQLite, while it is copied.

        `scratch`: a folder for that copy, which has no name there. Raises Unavailable FILE_WRITE as well.
        """
        with self._translated(), self._engine.snapshot(scratch) as connection:
            yield connection

    def room(self) -> tuple[int, int]:
        """Bytes the database takes, and bytes a snapshot needs in its scratch folder."""
        with self.reading() as connection:
            return self._engine.room(connection)

    def close(self) -> None:
        """Ends all connections."""
        self.writer.dispose()
        self.reader.dispose()

    @contextmanager
    def _begun(self, engine: sa.Engine) -> Iterator[sa.Connection]:
        """A transaction that has begun; a connection that died unnoticed in the pool is replaced once."""
        with engine.connect() as connection:
            try:
                transaction = connection.begin()
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
                transaction = None
            if transaction is not None:
                with transaction:
                    yield connection
                return
        with engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sa.exc.TimeoutError as error:
            raise busy() from error
        except DBAPIError as error:
            told = self._engine.told(error)
            if told is None:
                raise  # a constraint, or a fault of ours
            raise told from error


def _engine(url: str, *, patience: float, owner: bool) -> Engine:
    if url.startswith(SQLITE):
        return Sqlite(url, patience=patience)
    if url.startswith(POSTGRES):
        return Postgres(url, patience=patience, owner=owner)
    raise Unavailable(
        "DATABASE_UNSUPPORTED",
        f"the database is named by a URL that begins with {SQLITE} or {POSTGRES}",
        where="MALAN_DATABASE",
    )
