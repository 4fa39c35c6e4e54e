"""PostgreSQL: a server, a role or a URL not to be trusted is refused; the ledger is closed to everybody.

What is refused is each time tried on a real server that is broken in just that way, beside one that is not.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from ledger import store
from ledger.errors import Unavailable
from registry.migrations.versions import m0001_ground
from registry.settings import Settings
from registry.storage import tables
from registry.storage.database import Database
from registry.storage.engines import postgres
from registry.storage.engines.postgres_schema import READ_AUDIT_GUARDS
from registry.storage.roles import RIGHTS
from registry.storage.upgrading import upgrade
from tests.ground import Ground, on
from tests.insider import insider
from tests.postgres import OWNER, SERVICE, SUPERUSER, Server

pytestmark = on("postgresql")

LEAF = r"INSERT INTO ledger_entry VALUES (0, '\x00', '\x00', '\x01', '\x01')"


@pytest.fixture
def settings(ground: Ground, tmp_path: Path) -> Iterator[Settings]:
    made = ground.migrated(tmp_path / "home")
    yield made
    ground.drop(made)


def look(url: str, *, owner: bool = False) -> None:
    """What the start of a service does first."""
    database = Database(url, busy_timeout_ms=500, owner=owner)
    try:
        with database.reading() as connection:
            connection.execute(sa.select(1))
    finally:
        database.close()


def refused(url: str) -> tuple[str, str]:
    with pytest.raises(Unavailable) as caught:
        look(url)
    return caught.value.code, caught.value.where


def name_of(settings: Settings) -> str:
    return str(sa.make_url(settings.database).database)


# Servers, databases, addresses.


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes", "synchronous_commit"])
def test_a_server_that_would_lose_what_it_acknowledged_is_refused(ground: Ground, setting: str) -> None:
    server = Server(f"-c{setting}=off")
    try:
        assert refused(server.url("postgres")) == ("DATABASE_SETTING", setting)
    finally:
        server.stop()


def test_a_server_that_keeps_what_it_acknowledged_is_taken(settings: Settings) -> None:
    look(settings.database)
    look(settings.database_owner, owner=True)


def test_a_session_that_would_lose_it_is_refused_too(settings: Settings) -> None:
    url = f"{settings.database}&options=-csynchronous_commit%3Doff"
    assert refused(url) == ("DATABASE_SETTING", "synchronous_commit")


def test_a_database_that_cannot_hold_every_name_is_refused(server: Server) -> None:
    server.execute("CREATE DATABASE other TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'")
    try:
        assert refused(server.url("other")) == ("DATABASE_SETTING", "server_encoding")
    finally:
        server.drop("other")


def test_a_database_that_sorts_otherwise_is_refused(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wheel's server has no other order, so the list of the good ones is emptied instead."""
    monkeypatch.setattr(postgres, "_LOCALES", set())
    assert refused(settings.database) == ("DATABASE_SETTING", "lc_collate")


@pytest.mark.parametrize("change", [("malan@", "malan:secret@"), ("?host", "?password=secret&host")])
def test_a_password_in_a_url_is_refused_and_not_repeated(settings: Settings, change: tuple[str, str]) -> None:
    with pytest.raises(Unavailable, match="DATABASE_PASSWORD") as caught:
        Database(settings.database.replace(*change), busy_timeout_ms=500)
    assert "secret" not in str(caught.value)


def test_a_server_that_is_not_there_is_said_without_its_address(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="DATABASE_LOST") as caught:
        look(f"postgresql+psycopg://malan@/somewhere?host={tmp_path}")
    assert "somewhere" not in str(caught.value)


# Roles.


@pytest.mark.parametrize("role", [OWNER, SUPERUSER])
def test_nobody_serves_who_could_change_the_ledger(settings: Settings, server: Server, role: str) -> None:
    assert refused(server.url(name_of(settings), role)) == ("DATABASE_ROLE", "ledger_entry")


@pytest.mark.parametrize("table", ["ledger_entry", "read_audit"])
@pytest.mark.parametrize("right", ["UPDATE", "DELETE", "TRUNCATE", "TRIGGER", "UPDATE (chain)"])
def test_a_right_too_many_is_refused(settings: Settings, server: Server, table: str, right: str) -> None:
    right = right.replace("chain", "leaf") if table == "ledger_entry" else right
    server.execute(f"GRANT {right} ON {table} TO {SERVICE}", name_of(settings))
    assert refused(settings.database) == ("DATABASE_ROLE", table)


def test_migrating_again_takes_a_right_too_many_back(settings: Settings, server: Server) -> None:
    server.execute(f"GRANT DELETE ON ledger_entry TO {SERVICE}", name_of(settings))
    with pytest.raises(Unavailable, match="DATABASE_ROLE"):
        upgrade(settings)  # it asks the service for its name, and the service already refuses
    server.execute(f"REVOKE DELETE ON ledger_entry FROM {SERVICE}", name_of(settings))
    server.execute(f"GRANT DELETE ON fact TO {SERVICE}", name_of(settings))
    assert ("fact", "DELETE") in rights_of(settings)
    upgrade(settings)
    assert ("fact", "DELETE") not in rights_of(settings)


def test_who_may_become_the_owner_is_the_owner(settings: Settings, server: Server) -> None:
    server.execute(f"GRANT {OWNER} TO {SERVICE}")
    try:
        assert refused(settings.database) == ("DATABASE_ROLE", "ledger_entry")
    finally:
        server.execute(f"REVOKE {OWNER} FROM {SERVICE}")


def rights_of(settings: Settings) -> set[tuple[str, str]]:
    query = sa.text(
        "SELECT table_name, privilege_type FROM information_schema.role_table_grants"
        " WHERE grantee = current_user AND table_schema = current_schema()"
    )
    database = Database(settings.database, busy_timeout_ms=500)
    with database.reading() as connection:
        found = {(row[0], row[1]) for row in connection.execute(query)}
    database.close()
    return found


def test_the_service_has_exactly_the_rights_of_the_list(settings: Settings) -> None:
    expected = {(table, right) for table, rights in RIGHTS.items() for right in {"SELECT", *rights}}
    assert rights_of(settings) == expected
    assert {table for table, _ in expected} == {
        "alembic_version",
        *store.metadata.tables,
        *tables.metadata.tables,
    }


def test_a_schema_is_made_by_a_role_of_its_own(settings: Settings) -> None:
    alone = settings.model_copy(update={"database_owner": ""})
    with pytest.raises(Unavailable, match="DATABASE_OWNER"):
        upgrade(alone)


# The ledger.

ATTACKS = (
    r"UPDATE ledger_entry SET leaf = '\x01'",
    "DELETE FROM ledger_entry",
    "TRUNCATE ledger_entry",
    r"INSERT INTO ledger_entry VALUES (0, '\x00', '\x00', '\x02', '\x02')"
    r" ON CONFLICT (seq) DO UPDATE SET leaf = '\x09'",
    r"INSERT INTO ledger_entry VALUES (2, '\x00', '\x00', '\x02', '\x02')",
    r"INSERT INTO ledger_entry VALUES (-1, '\x00', '\x00', '\x02', '\x02')",
    "MERGE INTO ledger_entry USING (SELECT 0 AS seq) AS one ON one.seq = ledger_entry.seq"
    r" WHEN MATCHED THEN UPDATE SET leaf = '\x09'",
)


def attack(url: str, *statements: str, owner: bool) -> None:
    database = Database(url, busy_timeout_ms=2_000, owner=owner)
    try:
        with database.transaction() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)
    finally:
        database.close()


@pytest.mark.parametrize("statement", ATTACKS)
def test_the_ledger_is_closed_to_service_owner_and_administrator(
    settings: Settings, server: Server, statement: str
) -> None:
    attack(settings.database, LEAF, owner=False)
    with pytest.raises((Unavailable, IntegrityError), match=r"DATABASE_RIGHTS|grows by one"):
        attack(settings.database, statement, owner=False)
    for role in (OWNER, SUPERUSER):
        for before in ("SELECT 1", "SET LOCAL session_replication_role = replica")[: 1 + (role == SUPERUSER)]:
            with pytest.raises(IntegrityError, match="the ledger"):
                attack(server.url(name_of(settings), role), before, statement, owner=True)


@pytest.mark.parametrize("statement", ATTACKS)
def test_without_the_guards_each_attack_would_change_the_ledger(settings: Settings, statement: str) -> None:
    """Negative control: it is the guards that refuse, not a mistake in the attack."""
    attack(settings.database, LEAF, owner=False)
    with insider(settings) as raw:
        before = raw.run("SELECT * FROM ledger_entry").all()
        raw.connection.exec_driver_sql(statement)
        assert raw.run("SELECT * FROM ledger_entry").all() != before


def test_the_guards_of_the_migration_are_those_of_the_ledger_and_the_read_audit() -> None:
    assert m0001_ground._POSTGRES_GUARDS == store.POSTGRES_GUARDS + READ_AUDIT_GUARDS


# Connections that break.


def killed(database: Database, server: Server, *, committing: bool) -> None:
    with database.transaction() as connection:
        connection.execute(sa.insert(tables.person).values(person=os.urandom(16)))
        pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        server.execute(f"SELECT pg_terminate_backend({pid}, 5000)")
        if not committing:
            connection.execute(sa.select(1))


@pytest.mark.parametrize("committing", [False, True])
def test_a_transaction_whose_connection_is_cut_leaves_nothing_and_the_next_one_works(
    settings: Settings, server: Server, committing: bool
) -> None:
    database = Database(settings.database, busy_timeout_ms=500)
    with pytest.raises(Unavailable, match="DATABASE_LOST"):
        killed(database, server, committing=committing)
    with database.transaction() as connection:
        assert connection.execute(sa.select(tables.person)).all() == []
        connection.execute(sa.insert(tables.person).values(person=b"p" * 16))
    with database.reading() as connection:
        assert len(connection.execute(sa.select(tables.person)).all()) == 1
    database.close()


def test_connections_that_died_in_the_pool_are_replaced_unnoticed(settings: Settings, server: Server) -> None:
    database = Database(settings.database, busy_timeout_ms=500)
    with database.reading(), database.transaction():
        pass
    server.execute(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        f" WHERE usename = '{SERVICE}' AND datname = '{name_of(settings)}'"
    )
    with database.transaction() as connection:
        connection.execute(sa.insert(tables.person).values(person=b"p" * 16))
    with database.reading() as connection:
        assert len(connection.execute(sa.select(tables.person)).all()) == 1
    database.close()


def test_a_process_that_stops_in_the_middle_does_not_keep_the_lock(settings: Settings) -> None:
    stuck = Database(settings.database, busy_timeout_ms=500)
    other = Database(settings.database, busy_timeout_ms=5_000)
    with pytest.raises(Unavailable, match="DATABASE_LOST"), stuck.transaction() as connection:
        connection.exec_driver_sql("SET idle_in_transaction_session_timeout = 200")  # a minute in production
        with other.transaction():  # gets it although the first never lets go
            pass
        time.sleep(0.1)
    stuck.close()
    other.close()
