"""A database of every released schema comes to the present one with its ledger untouched, also when the
upgrade is killed on the way (assurance E 14)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import pytest
import sqlalchemy as sa

from ledger import cbor
from ledger.bulk import insert_rows
from ledger.errors import Unavailable
from ledger.fsck import check_log
from ledger.statement import parse_statement
from ledger.store import entry, read_head, read_leaves
from registry.backups import taking
from registry.fsck.run import check
from registry.migrations import current, migrate, newest, revisions
from registry.service import open_service
from registry.settings import Settings
from registry.storage import tables
from registry.storage.database import Database
from registry.storage.engines.interface import Schema
from registry.storage.roles import grant
from registry.storage.upgrading import owning, upgrade
from tests.ground import Ground, on
from tests.registry.backing import BESIDE, elsewhere, restored
from tests.registry.desk import Desk
from tests.registry.dying import die, was_killed

LONG = os.environ.get("MALAN_CAMPAIGN") == "full"
KILLS = {"sqlite": 3, "postgresql": 1}  # on the way from the first schema; every statement when LONG

Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture
def lived(desk: Desk) -> Desk:
    """A registry with some of everything, among it a claim that waits."""
    assert desk.submit(desk.claim(desk.prepared())).status_code == 200
    desk.stage.publish()
    desk.stage.service.database.close()
    return desk


def rows_of(settings: Settings) -> Rows:
    """Every row, scratch as well."""
    engine = sa.create_engine(settings.database_url)
    metadata = sa.MetaData()
    with engine.connect() as connection:
        metadata.reflect(connection)
        found = {
            one.name: [dict(row) for row in connection.execute(sa.select(one)).mappings()]
            for one in metadata.sorted_tables
        }
    engine.dispose()
    return found


def grown_at(ground: Ground, desk: Desk, home: Path, revision: str) -> Settings:
    """The same registry as a program of that revision would have left it."""
    rows = rows_of(desk.stage.service.settings)
    settings = elsewhere(ground, desk.stage.service.settings, home, *BESIDE)
    with owning(settings) as (connection, role):
        migrate(connection, revision)
        metadata = sa.MetaData()
        metadata.reflect(connection)
        for table in metadata.sorted_tables:
            if table.name != "alembic_version":
                names = [column.name for column in table.columns]
                some = [{name: row[name] for name in names} for row in rows[table.name]]
                if table.name == "fact" and revision < "0009":
                    some = [row for row in some if row["kind"] != "BodyCode"]
                insert_rows(connection, table, some)
        if role is not None:
            grant(connection, role)
    return settings


def fingerprint(settings: Settings) -> list[Any]:
    """Where the rows of the ledger lie and what they are: a row that is written anew lies elsewhere."""
    with owning(settings) as (connection, role):
        if role is None:
            where = "SELECT rootpage FROM sqlite_master WHERE name = 'ledger_entry'"
            places = connection.exec_driver_sql(where).all()
        else:
            file = "SELECT pg_relation_filenode('ledger_entry')::text"
            places = connection.exec_driver_sql(file).all()
            at = "SELECT ctid::text, xmin::text FROM ledger_entry ORDER BY seq"
            places += connection.exec_driver_sql(at).all()
        return [*map(tuple, places), *map(tuple, connection.execute(sa.select(entry).order_by(entry.c.seq)))]


def root(settings: Settings, origin: str) -> bytes:
    """Chain and tree, walked from the stored bytes."""
    with owning(settings) as (connection, _):
        size = read_head(connection, origin).size
        return check_log(origin, read_leaves(connection, 0, size)).root


def built(settings: Settings) -> Schema:
    """Kind, name and definition of everything the schema is made of."""
    database = Database(settings.database_url, busy_timeout_ms=5_000)
    try:
        with database.reading() as connection:
            return database.schema(connection)
    finally:
        database.close()


def stands(settings: Settings) -> str | None:
    """The revision the database is at, if it is at that one wholly."""
    database = Database(settings.database_owner or settings.database_url, busy_timeout_ms=5_000, owner=True)
    try:
        with database.reading() as connection:
            revision, found = current(connection), database.schema(connection)
        built = database.schema_built_by(lambda one: migrate(one, str(revision)))
        return revision if found == built else None
    finally:
        database.close()


def test_every_released_schema_comes_to_the_present_with_its_ledger_untouched(
    lived: Desk, ground: Ground, tmp_path: Path
) -> None:
    stage = lived.stage
    present, origin = rows_of(stage.service.settings), stage.service.origin
    released, schema = revisions(), built(stage.service.settings)
    assert released[0] == "0001" and len(released) > 4
    if ground.kind == "postgresql" and not LONG:
        released = [released[0], released[-2]]  # each costs a second there
    for revision in released:
        settings = grown_at(ground, lived, tmp_path / revision, revision)
        before, folded = fingerprint(settings), root(settings, origin)
        assert upgrade(settings) == revision
        assert (fingerprint(settings), root(settings, origin)) == (before, folded)
        scratch = {"alembic_version", *taking.SCRATCH}
        told = rows_of(settings)
        for name in present.keys() - scratch:
            assert sorted(map(repr, told[name])) == sorted(map(repr, present[name])), (revision, name)
        assert built(settings) == schema
        service = open_service(settings, clock=stage.hands.clock())
        # Of the others the same is known: they have the same rows in the same schema.
        assert revision != released[0] or check(service).departures == ()
        service.close()
        ground.drop(settings)


@on("sqlite")
def test_a_log_that_gave_a_code_twice_is_left_as_it_is(lived: Desk, ground: Ground, tmp_path: Path) -> None:
    """As builds before 0009 allowed: nothing that a present audit would call unlawful is upgraded into it."""
    settings = grown_at(ground, lived, tmp_path / "old", "0008")
    with owning(settings) as (connection, _):
        done = "SELECT record, seq FROM fact WHERE kind = 'Pending' ORDER BY seq"
        for record, seq in connection.exec_driver_sql(done).all():
            waited = cast(dict[str, Any], cbor.decode(record, bytes_max=1 << 20))
            if parse_statement(waited["raw"]).body.get("code"):
                insert_rows(
                    connection, tables.fact, [{"kind": "Pending", "key": "x", "record": record, "seq": seq}]
                )
    before = rows_of(settings)
    with pytest.raises(Unavailable) as caught:
        upgrade(settings)
    assert caught.value.code == "SCHEMA_CODE_TWICE"
    assert rows_of(settings) == before
    ground.drop(settings)


def test_a_ledger_that_is_copied_over_would_be_noticed(lived: Desk) -> None:
    """Negative control: the same bytes in a new table, as a careless migration would have it."""
    settings, size = lived.stage.service.settings, lived.stage.size()
    lived.stage.service.database.close()
    before = fingerprint(settings)
    with owning(settings) as (connection, _):
        for statement in (
            "CREATE TABLE copied AS SELECT * FROM ledger_entry ORDER BY seq",
            "DROP TABLE ledger_entry",
            "ALTER TABLE copied RENAME TO ledger_entry",
        ):
            connection.exec_driver_sql(statement)
    after = fingerprint(settings)
    assert after != before
    assert after[-size:] == before[-size:]  # the bytes alone would not have shown it


def counting(action: Callable[[], object], tell: Callable[[int], object]) -> Callable[[], None]:
    """Does it, and tells before each statement, and before each commit, how many there were."""

    def run() -> None:
        done = [0]

        def count(*_: object) -> None:
            done[0] += 1
            tell(done[0])

        for what in ("before_cursor_execute", "commit"):
            sa.event.listen(sa.Engine, what, count)
        try:
            action()
        finally:
            for what in ("before_cursor_execute", "commit"):
                sa.event.remove(sa.Engine, what, count)

    return run


def killed(action: Callable[[], object], *, at: int) -> bool:
    """Whether a process that does this was killed before its `at`-th statement or commit."""
    return was_killed(counting(action, lambda done: die() if done == at else None))


def points(total: int, kind: str) -> Sequence[int]:
    """Statements to be killed at: the commit among them."""
    if LONG:
        return range(1, total + 1)
    return sorted({total, *(total * part // KILLS[kind] for part in range(1, KILLS[kind]))})


def test_an_upgrade_that_is_killed_goes_on_from_where_it_began(
    lived: Desk, ground: Ground, tmp_path: Path
) -> None:
    stage, origin = lived.stage, lived.stage.service.origin
    settings = grown_at(ground, lived, tmp_path / "first", "0001")
    tried = grown_at(ground, lived, tmp_path / "tried", "0001")
    told = list[int]()
    counting(lambda: upgrade(tried), told.append)()
    total = told[-1]
    assert total > 10 and stands(tried) == newest()
    ground.drop(tried)
    before = fingerprint(settings)
    for at in points(total, ground.kind):
        assert killed(lambda: upgrade(settings), at=at), at
        assert stands(settings) == "0001", at
        assert fingerprint(settings) == before
    assert upgrade(settings) == "0001"
    assert stands(settings) == newest() and root(settings, origin) == root(stage.service.settings, origin)
    service = open_service(settings, clock=stage.hands.clock())
    assert check(service).departures == ()
    service.close()
    ground.drop(settings)


def test_an_upgrade_without_a_transaction_would_be_left_half_way(
    lived: Desk, ground: Ground, tmp_path: Path
) -> None:
    """Negative control: killed in the same way, statement by statement on disk."""
    settings = grown_at(ground, lived, tmp_path / "first", "0001")

    def careless() -> None:
        url = settings.database_owner or settings.database_url
        with sa.create_engine(url, isolation_level="AUTOCOMMIT").connect() as connection:
            migrate(connection)

    assert killed(careless, at=12)
    assert stands(settings) is None
    ground.drop(settings)


@on("sqlite")
def test_a_backup_of_an_older_schema_is_taken_and_restored(
    lived: Desk, ground: Ground, tmp_path: Path
) -> None:
    """A program that has no `malan backup` is upgraded like this: the new one takes it, then migrates."""
    stage, clock = lived.stage, lived.stage.hands.clock()
    settings = grown_at(ground, lived, tmp_path / "old", "0002")
    made = taking.take(settings, tmp_path / "shelf", clock=clock)
    assert made.manifest.revision == "0002" != newest()
    present = rows_of(stage.service.settings)
    target = elsewhere(ground, settings, tmp_path / "new", "lock-store")
    assert restored(target, made.place, clock).size == made.manifest.size
    told = rows_of(target)
    for name in present.keys() - {"alembic_version", *taking.SCRATCH}:
        assert sorted(map(repr, told[name])) == sorted(map(repr, present[name])), name
    for one in (settings, target):
        ground.drop(one)
    shutil.rmtree(tmp_path / "shelf")
