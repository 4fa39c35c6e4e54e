"""Attacks by a database administrator: one row or column changed, guards dropped; fsck must name it.

Scratch that follows from nothing is left out: `heartbeat`, `request_seen`, batch and term of a reservation,
and the party that asked for a staff id first. Everything else, changed alone, changes an answer to somebody,
closes somebody's data or hides a read.
"""

# ruff: noqa: F401, F811  (fixtures come from the registry's conftest)
from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from ledger.errors import MalanError
from ledger.store import metadata as ledger_metadata
from registry import staff
from registry.fsck.run import check
from registry.tables import metadata
from tests.registry.conftest import Template, _quiet, founded_template, results_template
from tests.registry.desk import Desk
from tests.registry.stage import Stage, officer_document, raise_stage
from tests.world_parts import BODY, moment

SCRATCH = {"heartbeat", "request_seen", "reservation.batch", "reservation.expires_ms", "staff.party"}
COLUMNS = sorted(
    f"{table.name}.{column.name}"
    for tables in (ledger_metadata, metadata)
    for table in tables.sorted_tables
    for column in table.columns
    if table.name not in SCRATCH and f"{table.name}.{column.name}" not in SCRATCH
)


@dataclass
class Lived:
    """A store in which everything happened once, and its database file as it was."""

    stage: Stage
    path: Path
    pristine: bytes

    @contextmanager
    def changed(self) -> Iterator[sqlite3.Connection]:
        """The file as it was, to be changed with all guards off."""
        self.stage.service.database.close()
        self.path.write_bytes(self.pristine)
        connection = sqlite3.connect(self.path, isolation_level=None)
        try:
            connection.execute("PRAGMA foreign_keys = OFF")
            connection.execute("PRAGMA ignore_check_constraints = ON")
            guards = connection.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
            ).fetchall()
            for name, _ in guards:
                connection.execute(f"DROP TRIGGER {name}")
            yield connection
            for _, sql in guards:
                connection.execute(sql)
        finally:
            connection.close()

    def named(self) -> list[str]:
        return [one.code for one in check(self.stage.service).departures]


@pytest.fixture(scope="module")
def lived(results_template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    home = tmp_path_factory.mktemp("lived") / "home"
    shutil.copytree(results_template.home, home)
    stage = raise_stage(home, results_template.world.copy(), founded=True)
    stage.hands.set(moment(13, 10))
    stage.world.now = moment(13, 10)
    desk = Desk(stage, stage.issue_all())
    body = {"id_type": "resident_id", "id_number": officer_document("new").number, "name": "欧阳娜娜"}
    assert stage.ask("/api/staff", "staff", f"admin-{BODY}", f"party/{BODY}", body).status_code == 200
    stage.publish()
    assert desk.submit(desk.claim(desk.prepared())).status_code == 200
    stage.publish()
    stage.service.database.close()
    path = home / "malan.db"
    yield Lived(stage, path, path.read_bytes())
    stage.close()


def other_value(connection: sqlite3.Connection, table: str, column: str, rowid: int) -> object:
    """Another value of the same type, as little different as can be."""
    (old,) = connection.execute(f"SELECT {column} FROM {table} WHERE rowid = ?", (rowid,)).fetchone()
    if isinstance(old, bytes):
        return old[:-1] + bytes([old[-1] ^ 1]) if old else b"x"
    return old + "x" if isinstance(old, str) else old + 1_000_000


# Whose rows nothing but a staff id hangs on come first in these tables, trainees last.
@pytest.mark.parametrize("place", COLUMNS)
def test_a_changed_column_is_named(lived: Lived, place: str) -> None:
    table, column = place.split(".")
    end = "min" if table in ("person", "person_document", "person_key") else "max"
    with lived.changed() as connection:
        (rowid,) = connection.execute(f"SELECT {end}(rowid) FROM {table}").fetchone()
        value = other_value(connection, table, column, rowid)
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (value, rowid))
    assert lived.named() != []


TABLES = sorted({place.split(".")[0] for place in COLUMNS})


@pytest.mark.parametrize("table", TABLES)
def test_a_deleted_row_is_named(lived: Lived, table: str) -> None:
    with lived.changed() as connection:
        connection.execute(f"DELETE FROM {table} WHERE rowid = (SELECT max(rowid) FROM {table})")
    assert lived.named() != []


MADE_UP = {
    "a candidate nobody put on the roster": (
        "INSERT INTO candidate SELECT class_id, x'00112233445566778899aabbccddeeff',"
        " (SELECT person FROM person WHERE person NOT IN (SELECT person FROM candidate) LIMIT 1), roster, 99"
        " FROM candidate LIMIT 1"
    ),
    "a second document of a person": "INSERT INTO person_document SELECT zeroblob(32), person FROM hold",
    "a staff id nobody asked for": (
        "INSERT INTO staff SELECT x'00112233445566778899aabbccddeeff', person, 'city', x'00' FROM hold"
    ),
    "a read that never was": (
        "INSERT INTO read_audit SELECT id + 100, time_ms, party, reader, purpose, object, fields, chain"
        " FROM read_audit LIMIT 1"
    ),
}


@pytest.mark.parametrize("case", MADE_UP)
def test_a_made_up_row_is_named(lived: Lived, case: str) -> None:
    with lived.changed() as connection:
        connection.execute(MADE_UP[case])
    assert lived.named() != []


TOGETHER = {
    "two officers exchange their staff ids": (
        "CREATE TEMP TABLE t AS SELECT rowid AS r, person FROM staff ORDER BY rowid LIMIT 2",
        "UPDATE staff SET person = randomblob(16) WHERE rowid IN (SELECT r FROM t)",
        "UPDATE staff SET person = (SELECT person FROM t WHERE r <> staff.rowid)"
        " WHERE rowid IN (SELECT r FROM t)",
    ),
    "two officers exchange their documents": (
        "CREATE TEMP TABLE t AS SELECT rowid AS r, person FROM person_document ORDER BY rowid LIMIT 2",
        "UPDATE person_document SET person = (SELECT person FROM t WHERE r <> person_document.rowid)"
        " WHERE rowid IN (SELECT r FROM t)",
    ),
    "an officer's document leads to a trainee": (
        "UPDATE person_document SET person = (SELECT person FROM hold) WHERE rowid = 1",
    ),
}


@pytest.mark.parametrize("case", TOGETHER)
def test_people_who_are_exchanged_are_named(lived: Lived, case: str) -> None:
    with lived.changed() as connection:
        for statement in TOGETHER[case]:
            connection.execute(statement)
    assert lived.named() != []


SCHEMA = {
    "the guards of the ledger": "DROP TRIGGER ledger_entry_no_update",
    "the guards of the read audit": "DROP TRIGGER read_audit_no_delete",
    "a constraint that money hangs on": "ALTER TABLE hold RENAME TO old_hold;"
    " CREATE TABLE hold (person BLOB, slot INTEGER, project TEXT, claim BLOB);"
    " INSERT INTO hold SELECT * FROM old_hold; DROP TABLE old_hold",
    "a trigger of somebody else's": "CREATE TRIGGER quiet AFTER INSERT ON read_audit BEGIN SELECT 1; END",
}


@pytest.mark.parametrize("case", SCHEMA)
def test_a_schema_without_its_guards_is_named(lived: Lived, case: str) -> None:
    """Today's rows may be right; nothing keeps tomorrow's."""
    with lived.changed():
        pass  # as it was
    connection = sqlite3.connect(lived.path, isolation_level=None)
    connection.executescript(SCHEMA[case])
    connection.close()
    assert lived.named() != []


WRONG_TYPE = (
    "ledger_entry.leaf",
    "opening.sealed",
    "reservation.certificate",
    "hold.claim",
    "number_series.last",
)


@pytest.mark.parametrize("place", WRONG_TYPE)
def test_a_value_of_a_wrong_type_is_named_and_stops_nothing(lived: Lived, place: str) -> None:
    """SQLite keeps any type in any column; fsck ends with a traceback and names nothing at all."""
    table, column = place.split(".")
    with lived.changed() as connection:
        connection.execute(
            f"UPDATE {table} SET {column} = 'x' WHERE rowid = (SELECT max(rowid) FROM {table})"
        )
    with suppress(MalanError):  # said in one sentence, that would do as well
        assert lived.named() != []


PUBLISHED: dict[str, Callable[[Path], Path]] = {
    "a tile of entries": lambda home: next((home / "log" / "tile" / "entries").rglob("[0-9]*")),
    "a status list": lambda home: home / "status" / "1",
    "the bundle": lambda home: home / "trust.cbor",
}


@pytest.mark.parametrize("case", PUBLISHED)
def test_a_published_file_that_was_changed_is_named(lived: Lived, case: str, tmp_path: Path) -> None:
    with lived.changed():
        pass  # as it was
    path = PUBLISHED[case](lived.path.parent)
    while path.is_dir():
        path = next(path.iterdir())
    kept = path.read_bytes()
    try:
        path.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
        assert lived.named() != []
    finally:
        path.write_bytes(kept)


def test_an_untouched_store_is_sound(lived: Lived) -> None:
    with lived.changed():
        pass
    assert lived.named() == []


def test_a_forgotten_staff_row_gives_one_person_two_ids(lived: Lived) -> None:
    """What the blind spot is worth: who scores under one id signs under another, and no replay can see it."""
    stage, document = lived.stage, officer_document("new")
    with lived.changed():
        pass  # as it was
    with stage.service.database.transaction() as connection:
        before = staff.find_or_add(connection, stage.service.people, document, name="欧阳娜娜", party=BODY)
    with lived.changed() as raw:
        raw.execute("DELETE FROM staff WHERE staff = ?", (before,))
    named = lived.named()
    with stage.service.database.transaction() as connection:
        after = staff.find_or_add(connection, stage.service.people, document, name="欧阳娜娜", party=BODY)
    assert after == before or named != []
