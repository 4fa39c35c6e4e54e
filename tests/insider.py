"""The database administrator of the attacks: every right, guards and references off, and no trace left.

Statements are written as for SQLite; `rowid` and x'..' are said in the other's words on PostgreSQL.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from registry.settings import Settings
from tests.postgres import SUPERUSER

GUARDED = ("ledger_entry", "read_audit")


class Insider:
    """A connection on which nothing is guarded; each statement stands at once."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection

    def run(self, statement: str, **values: Any) -> sa.CursorResult[Any]:
        """One statement, values as `:name`."""
        return self.connection.execute(sa.text(_said(statement, self.connection.dialect.name)), values)


@contextmanager
def administrator(settings: Settings) -> Iterator[Insider]:
    """Every right, the guards as they are."""
    address = sa.make_url(settings.database_url)
    if address.get_backend_name() == "postgresql":
        address = address.set(username=SUPERUSER)
    engine = sa.create_engine(address, isolation_level="AUTOCOMMIT", poolclass=sa.pool.NullPool)
    with engine.connect() as connection:
        yield Insider(connection)


@contextmanager
def insider(settings: Settings) -> Iterator[Insider]:
    """Guards off inside, on again afterwards exactly as they were."""
    with administrator(settings) as raw:
        off = _sqlite_off if raw.connection.dialect.name == "sqlite" else _postgres_off
        with off(raw.connection):
            yield raw


@contextmanager
def _sqlite_off(connection: sa.Connection) -> Iterator[None]:
    connection.exec_driver_sql("PRAGMA ignore_check_constraints = ON")  # foreign keys are off by default
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
    guards = connection.exec_driver_sql(query).all()
    for name, _ in guards:
        connection.exec_driver_sql(f"DROP TRIGGER {name}")
    yield
    for _, definition in guards:
        connection.exec_driver_sql(definition)


@contextmanager
def _postgres_off(connection: sa.Connection) -> Iterator[None]:
    tables = sa.inspect(connection).get_table_names()
    for table in tables:
        connection.exec_driver_sql(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
    yield
    for table in tables:
        connection.exec_driver_sql(f"ALTER TABLE {table} ENABLE TRIGGER ALL")
    for table in GUARDED:
        for name in ("no_change", "in_order"):
            connection.exec_driver_sql(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_{name}")


def _said(statement: str, dialect: str) -> str:
    if dialect == "sqlite":
        return statement
    return re.sub(r"x'([0-9a-f]*)'", r"'\\\\x\1'::bytea", statement).replace("rowid", "ctid")
