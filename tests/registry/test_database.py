"""The database: protective settings, one writer, migrations that say what the tables say, firm guards."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from ledger import store
from ledger.errors import Unavailable
from registry import migrations, tables
from registry.database import READ_AUDIT_GUARDS, Database
from registry.migrations import check_current, current, migrate, newest
from tests.registry.stage import Stage


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path / 'x.db'}", busy_timeout_ms=500)
    yield made
    made.close()


@pytest.fixture
def migrated(database: Database) -> Database:
    with database.transaction() as connection:
        migrate(connection)
    return database


def pragma(connection: sa.Connection, name: str) -> Any:
    return connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()


def test_every_connection_has_the_protective_settings(migrated: Database) -> None:
    with migrated.transaction() as writer, migrated.reading() as reader:
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


def test_a_reader_cannot_write(migrated: Database) -> None:
    with pytest.raises(Unavailable, match="DATABASE_FAILED"), migrated.reading() as connection:
        connection.execute(sa.insert(tables.person).values(person=b"p" * 16))


def test_what_a_transaction_did_is_gone_when_it_fails(migrated: Database) -> None:
    with pytest.raises(ZeroDivisionError), migrated.transaction() as connection:
        connection.execute(sa.insert(tables.person).values(person=b"p" * 16))
        raise ZeroDivisionError
    with migrated.reading() as connection:
        assert connection.execute(sa.select(tables.person)).all() == []


def test_writers_wait_for_one_another_and_lose_nothing(migrated: Database) -> None:
    patient = Database(str(migrated.writer.url), busy_timeout_ms=30_000)

    def count_up(database: Database) -> None:
        for _ in range(10):
            with database.transaction() as connection:
                series = tables.number_series
                last = connection.execute(sa.select(series.c.last)).scalar_one_or_none()
                if last is None:
                    connection.execute(sa.insert(series).values(issuer="007", year=26, last=1))
                else:
                    connection.execute(sa.update(series).values(last=last + 1))

    # Two databases stand for two processes: they share no lock of ours.
    other = Database(str(migrated.writer.url), busy_timeout_ms=30_000)
    threads = [threading.Thread(target=count_up, args=(one,)) for one in (patient, other) * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with patient.reading() as connection:
        assert connection.execute(sa.select(tables.number_series.c.last)).scalar_one() == 60


def test_a_writer_that_waits_too_long_is_told_so(migrated: Database) -> None:
    other = Database(str(migrated.writer.url), busy_timeout_ms=100)
    with migrated.transaction():
        with pytest.raises(Unavailable) as caught, other.transaction():
            pass
        assert caught.value.code == "DATABASE_BUSY"


def test_an_error_of_the_database_shows_no_row(migrated: Database) -> None:
    with pytest.raises(DBAPIError) as caught, migrated.transaction() as connection:
        row = {"issuer": "沈明", "year": 26, "last": None}
        connection.execute(sa.insert(tables.number_series).values(row))
    assert "沈明" not in str(caught.value)


def test_only_sqlite_is_taken_in_this_version() -> None:
    with pytest.raises(Unavailable, match="DATABASE_UNSUPPORTED"):
        Database("postgresql://somewhere/db", busy_timeout_ms=100)


def test_a_database_of_another_schema_is_refused(database: Database) -> None:
    with database.transaction() as connection:
        with pytest.raises(Unavailable, match="SCHEMA_OLD"):
            check_current(connection)
        migrate(connection)
        check_current(connection)
        migrate(connection)
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        with pytest.raises(Unavailable, match="SCHEMA_UNKNOWN"):
            check_current(connection)


def test_a_migration_that_fails_leaves_an_empty_database(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.transaction() as connection:
        migrate(connection)
        raise ZeroDivisionError
    with database.reading() as connection:
        assert sa.inspect(connection).get_table_names() == []
        assert migrations.current(connection) is None


def described(connection: sa.Connection) -> dict[str, Any]:
    """Everything the inspector says of the tables, in an order of its own."""
    inspector = sa.inspect(connection)
    found = {}
    for name in inspector.get_table_names():
        if name == "alembic_version":
            continue
        columns = {
            column["name"]: (str(column["type"]), column["nullable"], column["primary_key"])
            for column in inspector.get_columns(name)
        }
        keys = {
            (tuple(one["constrained_columns"]), one["referred_table"], tuple(one["referred_columns"]))
            for one in inspector.get_foreign_keys(name)
        }
        unique = {tuple(one["column_names"]) for one in inspector.get_unique_constraints(name)}
        indexes = {
            (one["name"], tuple(one["column_names"]), one["unique"]) for one in inspector.get_indexes(name)
        }
        checks = {one["sqltext"] for one in inspector.get_check_constraints(name)}
        primary = tuple(inspector.get_pk_constraint(name)["constrained_columns"])
        found[name] = (columns, primary, keys, unique, indexes, checks)
    return found


def test_the_migrations_build_what_the_tables_say(migrated: Database, tmp_path: Path) -> None:
    fresh = Database(f"sqlite:///{tmp_path / 'fresh.db'}", busy_timeout_ms=500)
    with fresh.transaction() as connection:
        store.metadata.create_all(connection)
        tables.metadata.create_all(connection)
        expected = described(connection)
    with migrated.reading() as connection:
        assert described(connection) == expected
    assert len(expected) == len(store.metadata.tables) + len(tables.metadata.tables)
    with migrated.transaction() as connection:  # the comparison can fail
        connection.exec_driver_sql("ALTER TABLE staff ADD COLUMN extra TEXT")
    with migrated.reading() as connection:
        assert described(connection) != expected


def test_the_guards_in_the_database_are_those_of_the_ledger(migrated: Database) -> None:
    with migrated.reading() as connection:
        query = "SELECT sql FROM sqlite_master WHERE type = 'trigger'"
        found = set(connection.exec_driver_sql(query).scalars())
    assert found == {*store.SQLITE_GUARDS, *READ_AUDIT_GUARDS}
    with migrated.reading() as connection:
        assert current(connection) == newest()


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
