"""Door: PostgreSQL: many processes and hosts, one advisory lock for whoever writes.

A transaction begins by taking the lock, in READ COMMITTED, so its first statement after that already sees the
newest commit; the server lets the lock go only when the commit is on disk and visible. Each connection looks
first whether the server keeps what it acknowledges, and whether its role could change the ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from ledger.errors import Unavailable
from registry.storage.engines.interface import READERS_MAX, Schema, busy, failed, lost, setting
from registry.storage.engines.postgres_schema import DESCRIBE, build_in_temporary
from registry.storage.engines.quiet_cursor import QuietCursor

VERSION_MIN = 15
APPEND_ONLY = ("ledger_entry", "read_audit")

# A process that stops in the middle of a transaction must not keep the lock for ever.
_IDLE_MS = {True: 60_000, False: 600_000}  # writer, reader: fsck computes between its reads
_TCP = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "connect_timeout": 10}

_READING = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_WRITING = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SELECT pg_advisory_xact_lock({})"

_BUSY = {
    "55P03",  # lock_timeout
    "40001",
    "40P01",
    "57014",  # statement_timeout
}
_LOST = ("08", "57P")  # connection exceptions, and a server that shuts down or ends a connection
_RIGHTS = "42501"
_READ_ONLY = "25006"

_LOOK = """
SELECT current_setting('server_version_num')::int / 10000, pg_is_in_recovery(),
       current_setting('fsync'), current_setting('full_page_writes'), current_setting('synchronous_commit'),
       current_setting('synchronous_standby_names'), current_setting('server_encoding'),
       (SELECT datlocprovider::text || ' ' || datcollate FROM pg_database WHERE datname = current_database()),
       set_config('lock_timeout', %s, false), set_config('idle_in_transaction_session_timeout', %s, false)
"""
_LOCALES = {"c C", "c POSIX", "c C.UTF-8", "c C.utf8"}  # provider and name; all sort by code points

# Who owns schema or database may drop the table. Membership counts: who may become the owner is the owner.
# A column's privilege counts as the table's.
_COULD = """
SELECT c.relname,
       pg_has_role(current_user, c.relowner, 'MEMBER') OR pg_has_role(current_user, n.nspowner, 'MEMBER')
       OR pg_has_role(current_user, d.datdba, 'MEMBER'),
       has_any_column_privilege(c.oid, 'UPDATE') OR has_table_privilege(c.oid, 'DELETE, TRUNCATE, TRIGGER')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_database d ON d.datname = current_database()
WHERE c.relname = ANY(%s) AND c.relkind = 'r' AND pg_table_is_visible(c.oid)
"""


class Postgres:
    """An `Engine`. `owner`: the role that makes and migrates the schema, which the service must not be."""

    def __init__(self, url: str, *, patience: float, owner: bool) -> None:
        """Raises Unavailable DATABASE_PASSWORD for a URL with a password in it."""
        address = sa.make_url(url)
        if address.password is not None or "password" in address.query:
            raise Unavailable(
                "DATABASE_PASSWORD",
                "a password stands in a setting, where everybody can read it",
                where="MALAN_DATABASE",
                fix="Take it out; put it into a file and name that: ?passfile=/path, or ?service=name.",
            )
        wait_ms = str(int(patience * 1000))

        def prepare(writing: bool) -> Callable[[psycopg.Connection[Any], ConnectionPoolEntry], None]:
            timeouts = (wait_ms, str(_IDLE_MS[writing]))
            return lambda connection, _entry: _prepare(connection, timeouts, owner=owner)

        self.writer = _engine(address, patience, 1, prepare(True), _WRITING.format(_lock_key("write")))
        self.reader = _engine(address, patience, READERS_MAX, prepare(False), _READING)

    def told(self, error: DBAPIError) -> Unavailable | None:
        """See `Engine`."""
        code = getattr(error.orig, "sqlstate", None)
        cut = isinstance(error.orig, psycopg.OperationalError) and (not code or code.startswith(_LOST))
        if error.connection_invalidated or cut:
            return lost()
        if code in _BUSY:
            return busy()
        if code == _RIGHTS:
            what = "the role of the service may not do this; nothing was stored"
            return Unavailable(
                "DATABASE_RIGHTS", what, fix="Run `malan migrate`, which grants what is needed."
            )
        if isinstance(error.orig, psycopg.OperationalError) or code == _READ_ONLY:
            return failed(str(code))
        return None

    def schema(self, connection: sa.Connection) -> Schema:
        """Columns, constraints, indexes, triggers, functions, rules and policies of the current schema."""
        return {(row[0], row[1], row[2]) for row in connection.exec_driver_sql(DESCRIBE)}

    def schema_built_by(self, build: Callable[[sa.Connection], None]) -> Schema:
        """Built by this very server among its temporary tables, and rolled back."""
        with self.reader.connect() as connection:
            return build_in_temporary(connection, build, self.schema)

    def misfits(self, connection: sa.Connection, table: sa.Table) -> list[str]:
        """PostgreSQL keeps no value of another type."""
        return []

    @contextmanager
    def alone(self, name: str) -> Iterator[bool]:
        """A lock of the session: a transaction as long would keep old rows from being cleared."""
        with self.reader.connect() as connection:
            raw = connection.connection.driver_connection
            assert isinstance(raw, psycopg.Connection)
            key = (_lock_key(name),)
            (mine,) = raw.execute("SELECT pg_try_advisory_lock(%s)", key).fetchone() or (False,)
            try:
                yield bool(mine)
            finally:
                if mine and not raw.closed:
                    raw.execute("SELECT pg_advisory_unlock(%s)", key)

    @contextmanager
    def snapshot(self, scratch: Path) -> Iterator[sa.Connection]:
        """A reader's transaction; who writes does not wait for it."""
        with self.reader.connect() as connection, connection.begin():
            yield connection

    def room(self, connection: sa.Connection) -> tuple[int, int]:
        """The database; nothing."""
        used = connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one()
        return int(used), 0


def _engine(
    address: sa.URL,
    patience: float,
    size: int,
    prepare: Callable[[psycopg.Connection[Any], ConnectionPoolEntry], None],
    begin: str,
) -> sa.Engine:
    given = {name: value for name, value in _TCP.items() if name not in address.query}
    engine = sa.create_engine(
        address,
        hide_parameters=True,  # an error message must not carry a row
        pool_size=size,
        max_overflow=0,
        pool_timeout=patience,
        poolclass=sa.pool.QueuePool,
        connect_args={"client_encoding": "utf8", "cursor_factory": QuietCursor, **given},
    )
    sa.event.listen(engine, "connect", prepare)
    sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


def _prepare(connection: psycopg.Connection[Any], timeouts: tuple[str, str], *, owner: bool) -> None:
    connection.autocommit = True  # the driver must not begin transactions of its own
    try:
        _check_server(connection, timeouts)
        if not owner:
            _check_role(connection)
    except Unavailable:
        connection.close()
        raise


def _check_server(connection: psycopg.Connection[Any], timeouts: tuple[str, str]) -> None:
    """Raises Unavailable DATABASE_UNSUPPORTED or DATABASE_SETTING."""
    row = connection.execute(_LOOK, timeouts).fetchone()
    assert row is not None
    version, replica, fsync, pages, commit, standbys, encoding, locale, *_ = row
    if version < VERSION_MIN:
        raise Unavailable("DATABASE_UNSUPPORTED", f"PostgreSQL {VERSION_MIN} or newer is needed")
    for name, value in (("fsync", fsync), ("full_page_writes", pages), ("synchronous_commit", commit)):
        if value == "off":
            raise setting(name, "the server would lose what it has acknowledged", "Switch it on.")
    if standbys and commit == "local":
        what = (
            "a standby is named, and commits do not wait for it: a failover would lose what was acknowledged"
        )
        raise setting("synchronous_commit", what, "Set it to on.")
    if replica:
        raise setting("recovery", "this server is a replica, which nobody can write to", "Name the primary.")
    create = "Create the database anew: TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'."
    if encoding != "UTF8":
        raise setting("server_encoding", "the database cannot hold every name", create)
    # Keys are compared by their bytes, and other orders change with the system's libraries.
    if locale not in _LOCALES:
        raise setting("lc_collate", "the database does not sort by code points", create)


def _check_role(connection: psycopg.Connection[Any]) -> None:
    """Raises Unavailable DATABASE_ROLE."""
    for table, owns, could_change in connection.execute(_COULD, (list(APPEND_ONLY),)):
        if owns or could_change:
            raise Unavailable(
                "DATABASE_ROLE",
                "the role of the service could change what is append-only",
                where=table,
                fix="Serve as a role that owns nothing; make and migrate as MALAN_DATABASE_OWNER.",
            )


def _lock_key(name: str) -> int:
    """The number of an advisory lock, which is the database's own."""
    return int.from_bytes(sha256(f"malan/lock/1/{name}".encode()).digest()[:8], "big", signed=True)
