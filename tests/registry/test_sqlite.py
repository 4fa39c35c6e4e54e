"""SQLite: protective settings read back, and guards that refuse what an insider would try."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from ledger import store
from ledger.errors import Unavailable
from registry.storage.database import Database
from registry.storage.engines.sqlite import READ_AUDIT_GUARDS
from tests.ground import on
from tests.registry.stage import Stage

pytestmark = on("sqlite")


def pragma(connection: sa.Connection, name: str) -> Any:
    return connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()


def test_every_connection_has_the_protective_settings(stage: Stage) -> None:
    database = stage.service.database
    with database.transaction() as writer, database.reading() as reader:
        for connection in (writer, reader):
            found = [pragma(connection, name) for name in ("journal_mode", "synchronous", "foreign_keys")]
            assert found == ["truncate", 2, 1]
            assert pragma(connection, "secure_delete") == 1
        assert (pragma(writer, "query_only"), pragma(reader, "query_only")) == (0, 1)


def test_a_database_in_another_journal_mode_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "wal.db"
    raw = sqlite3.connect(path)
    raw.execute("PRAGMA journal_mode=WAL")
    raw.execute("CREATE TABLE t (x)")
    held = sqlite3.connect(path)
    held.execute("BEGIN")
    held.execute("SELECT * FROM t").fetchall()  # a reader keeps the database in WAL
    database = Database(f"sqlite:///{path}", busy_timeout_ms=200)
    with pytest.raises(Unavailable) as caught, database.transaction():
        pass
    assert caught.value.code in ("DATABASE_SETTING", "DATABASE_BUSY")


def test_the_guards_in_the_database_are_those_of_the_ledger(stage: Stage) -> None:
    with stage.service.database.reading() as connection:
        query = "SELECT sql FROM sqlite_master WHERE type = 'trigger'"
        found = set(connection.exec_driver_sql(query).scalars())
    assert found == {*store.SQLITE_GUARDS, *READ_AUDIT_GUARDS}


ATTACKS = (
    "UPDATE ledger_entry SET leaf = x'00' WHERE seq = 0",
    "DELETE FROM ledger_entry WHERE seq = (SELECT MAX(seq) FROM ledger_entry)",
    "INSERT OR REPLACE INTO ledger_entry"
    " SELECT 0, leaf, leaf_hash, x'01', x'01' FROM ledger_entry WHERE seq = 1",
    "INSERT INTO ledger_entry VALUES ((SELECT MAX(seq) + 2 FROM ledger_entry), x'00', x'00', x'01', x'01')",
    "REPLACE INTO ledger_entry SELECT * FROM ledger_entry WHERE seq = 0",
    # At the next place, but with the id of an older entry, which would be replaced.
    "REPLACE INTO ledger_entry SELECT (SELECT MAX(seq) + 1 FROM ledger_entry), leaf, leaf_hash, cti, x'01'"
    " FROM ledger_entry WHERE seq = 3",
)


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_trigger_refuses(stage: Stage, attack: str) -> None:
    with pytest.raises(DBAPIError, match="ledger"), stage.service.database.transaction() as connection:
        connection.exec_driver_sql(attack)


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_attack_works_where_there_is_no_trigger(stage: Stage, attack: str) -> None:
    with stage.service.database.transaction() as connection:
        for name in ("no_update", "no_delete", "in_order"):
            connection.exec_driver_sql(f"DROP TRIGGER ledger_entry_{name}")
        connection.exec_driver_sql(attack)


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE read_audit SET reader = 'somebody'",
        "DELETE FROM read_audit",
        "INSERT OR REPLACE INTO read_audit SELECT * FROM read_audit",
    ],
)
def test_the_read_audit_is_append_only(results: Stage, attack: str) -> None:
    results.prepared()
    with pytest.raises(DBAPIError, match="read audit"), results.service.database.transaction() as connection:
        connection.exec_driver_sql(attack)
