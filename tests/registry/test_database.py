"""Either database: one writer, readers that cannot write, migrations that say what the tables say."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from ledger import store
from ledger.errors import Unavailable
from registry import migrations
from registry.migrations import check_current, migrate
from registry.settings import Settings
from registry.storage import tables
from registry.storage.database import Database
from tests.ground import Ground


@pytest.fixture
def settings(ground: Ground, tmp_path: Path) -> Iterator[Settings]:
    made = ground.migrated(tmp_path / "home")
    yield made
    ground.drop(made)


@pytest.fixture
def migrated(settings: Settings) -> Iterator[Database]:
    """As the service uses it."""
    made = Database(settings.database_url, busy_timeout_ms=500)
    yield made
    made.close()


@pytest.fixture
def empty(ground: Ground, tmp_path: Path) -> Iterator[Database]:
    """As its owner uses it before anything else."""
    settings = ground.fresh(tmp_path / "empty")
    made = Database(settings.database_owner or settings.database_url, busy_timeout_ms=500, owner=True)
    yield made
    made.close()
    ground.drop(settings)


def test_a_reader_cannot_write(migrated: Database) -> None:
    with pytest.raises(Unavailable, match="DATABASE_FAILED"), migrated.reading() as connection:
        connection.execute(sa.insert(tables.person).values(person=b"p" * 16))


def test_what_a_transaction_did_is_gone_when_it_fails(migrated: Database) -> None:
    with pytest.raises(ZeroDivisionError), migrated.transaction() as connection:
        connection.execute(sa.insert(tables.person).values(person=b"p" * 16))
        raise ZeroDivisionError
    with migrated.reading() as connection:
        assert connection.execute(sa.select(tables.person)).all() == []


def test_writers_wait_for_one_another_and_lose_nothing(settings: Settings, migrated: Database) -> None:
    patient = Database(settings.database_url, busy_timeout_ms=30_000)

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
    other = Database(settings.database_url, busy_timeout_ms=30_000)
    threads = [threading.Thread(target=count_up, args=(one,)) for one in (patient, other) * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with patient.reading() as connection:
        assert connection.execute(sa.select(tables.number_series.c.last)).scalar_one() == 60
    patient.close()
    other.close()


def test_a_writer_that_waits_too_long_is_told_so(settings: Settings, migrated: Database) -> None:
    other = Database(settings.database_url, busy_timeout_ms=100)
    with migrated.transaction():
        with pytest.raises(Unavailable) as caught, other.transaction():
            pass
        assert caught.value.code == "DATABASE_BUSY"
    with other.transaction():
        pass  # as soon as nobody else writes
    other.close()


SHOWN = {
    "what is missing": {"issuer": "沈明", "year": 26, "last": None},
    "what is there already": {"issuer": "沈明", "year": 26, "last": 1},
}


@pytest.mark.parametrize("case", SHOWN)
def test_an_error_of_the_database_shows_no_row(migrated: Database, case: str) -> None:
    with pytest.raises(DBAPIError) as caught, migrated.transaction() as connection:
        for row in ({"issuer": "沈明", "year": 26, "last": 1}, SHOWN[case]):
            connection.execute(sa.insert(tables.number_series).values(row))
    assert "沈明" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("url", ["postgresql://somewhere/db", "mysql://somewhere/db", "", "nonsense"])
def test_another_database_is_refused(url: str) -> None:
    with pytest.raises(Unavailable, match="DATABASE_UNSUPPORTED"):
        Database(url, busy_timeout_ms=100)


def test_a_database_of_another_schema_is_refused(empty: Database) -> None:
    with empty.transaction() as connection:
        with pytest.raises(Unavailable, match="SCHEMA_OLD"):
            check_current(connection)
        migrate(connection)
        check_current(connection)
        migrate(connection)
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        with pytest.raises(Unavailable, match="SCHEMA_UNKNOWN"):
            check_current(connection)


def test_a_migration_that_fails_leaves_an_empty_database(empty: Database) -> None:
    with pytest.raises(ZeroDivisionError), empty.transaction() as connection:
        migrate(connection)
        raise ZeroDivisionError
    with empty.reading() as connection:
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
            column["name"]: (str(column["type"]), column["nullable"], column.get("primary_key"))
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


def test_the_migrations_build_what_the_tables_say(empty: Database, migrated: Database) -> None:
    with empty.transaction() as connection:
        store.metadata.create_all(connection)
        tables.metadata.create_all(connection)
        expected = described(connection)
    with migrated.reading() as connection:
        assert described(connection) == expected
    assert len(expected) == len(store.metadata.tables) + len(tables.metadata.tables)
    with empty.transaction() as connection:  # the comparison can fail
        connection.exec_driver_sql("ALTER TABLE staff ADD COLUMN extra TEXT")
        assert described(connection) != expected


def test_the_schema_is_what_the_migrations_build(migrated: Database) -> None:
    with migrated.reading() as connection:
        assert migrated.schema(connection) == migrated.schema_built_by(migrate)


def test_one_at_a_time_is_alone(settings: Settings, migrated: Database, ground: Ground) -> None:
    """On PostgreSQL for any process of any host; SQLite's are all on one, where a lock on a file does it."""
    other = Database(settings.database_url, busy_timeout_ms=500)
    with migrated.alone("a") as first, other.alone("a") as second, other.alone("b") as third:
        assert (first, second, third) == (True, ground.kind == "sqlite", True)
    with other.alone("a") as again:
        assert again
    other.close()
