"""Attacks by a database administrator: one row or column changed, guards dropped; fsck must name it.

`registry.fsck.tables` says which columns answer nobody. Everything else, changed alone, changes an answer to
somebody, closes somebody's data or hides a read. MALAN_CAMPAIGN=full changes every row instead of one.
"""

# ruff: noqa: F401, F811  (fixtures come from the registry's conftest)
from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from ledger.errors import MalanError
from ledger.store import metadata as ledger_metadata
from registry.fsck.tables import TABLES
from registry.persons import staff
from registry.storage.tables import metadata
from tests.attacks.lived import Lived, lived
from tests.ground import Ground, on
from tests.insider import Insider, administrator
from tests.registry.conftest import _quiet, founded_template, results_template
from tests.registry.stage import officer_document
from tests.world_parts import BODY

JUDGED = {name: row for name, row in TABLES.items() if row.codes}
COLUMNS = sorted(
    f"{table.name}.{column.name}"
    for tables in (ledger_metadata, metadata)
    for table in tables.sorted_tables
    for column in table.columns
    if table.name in JUDGED and column.name not in JUDGED[table.name].scratch
)
LONG = os.environ.get("MALAN_CAMPAIGN") == "full"


def other_value(raw: Insider, table: str, column: str, row: object) -> object:
    """Another value of the same type, as little different as can be."""
    old = raw.run(f"SELECT {column} FROM {table} WHERE rowid = :row", row=row).scalar_one()
    if isinstance(old, bytes):
        return old[:-1] + bytes([old[-1] ^ 1]) if old else b"x"
    if table == "hold" and column == "slot":
        return old % 3 + 1  # PostgreSQL checks its constraint for the administrator as well
    return f"{old[:-1]}{chr(ord(old[-1]) ^ 1)}" if isinstance(old, str) else old + 1_000_000


def rows_of(raw: Insider, table: str) -> list[object]:
    """Whose rows nothing but a staff id hangs on come first in the tables about persons, trainees last."""
    rows = list(raw.run(f"SELECT rowid FROM {table} ORDER BY rowid").scalars())
    return rows if LONG else rows[:1] if table in ("person", "person_document", "person_key") else rows[-1:]


@pytest.mark.parametrize("place", COLUMNS)
def test_a_changed_column_is_named(lived: Lived, place: str) -> None:
    table, column = place.split(".")
    with lived.changed() as raw:
        rows = rows_of(raw, table)
    assert rows
    for row in rows:
        with lived.changed() as raw:
            value = other_value(raw, table, column, row)
            change = f"UPDATE {table} SET {column} = :value WHERE rowid = :row"
            assert raw.run(change, value=value, row=row).rowcount == 1
        named = set(lived.named())
        assert named & set(JUDGED[table].codes), (row, named)


@pytest.mark.parametrize("table", sorted(JUDGED))
def test_a_deleted_row_is_named(lived: Lived, table: str) -> None:
    with lived.changed() as raw:
        rows = list(raw.run(f"SELECT rowid FROM {table} ORDER BY rowid").scalars())
    for row in rows if LONG else rows[-1:]:
        with lived.changed() as raw:
            assert raw.run(f"DELETE FROM {table} WHERE rowid = :row", row=row).rowcount == 1
        named = set(lived.named())
        # A report belongs to whoever ran it: they were told its hash, and no act speaks of it.
        assert named & set(JUDGED[table].codes) or table == "audit_report", (row, named)


MADE_UP = {
    "a candidate nobody put on the roster": (
        "INSERT INTO candidate SELECT class_id, x'00112233445566778899aabbccddeeff',"
        " (SELECT person FROM person WHERE person NOT IN (SELECT person FROM candidate) LIMIT 1), roster, 99"
        " FROM candidate LIMIT 1"
    ),
    "a second document of a person": "INSERT INTO person_document SELECT x'00', person FROM hold LIMIT 1",
    "a staff id nobody asked for": (
        "INSERT INTO staff SELECT x'00112233445566778899aabbccddeeff', person, 'city', x'00'"
        " FROM hold LIMIT 1"
    ),
    "a read that never was": (
        "INSERT INTO read_audit SELECT id + 100, time_ms, party, reader, purpose, object, fields, chain"
        " FROM read_audit LIMIT 1"
    ),
}


@pytest.mark.parametrize("case", MADE_UP)
def test_a_made_up_row_is_named(lived: Lived, case: str) -> None:
    with lived.changed() as raw:
        raw.run(MADE_UP[case])
    assert lived.named() != []


@pytest.mark.parametrize("table", ["staff", "person_document"])
def test_people_who_are_exchanged_are_named(lived: Lived, table: str) -> None:
    """Two officers exchange their staff ids, or their documents."""
    with lived.changed() as raw:
        one, two = raw.run(f"SELECT rowid AS place, person FROM {table} ORDER BY rowid LIMIT 2").all()
        for place, person in ((one.place, b"-" * 16), (two.place, one.person), (one.place, two.person)):
            raw.run(f"UPDATE {table} SET person = :person WHERE rowid = :place", person=person, place=place)
    assert lived.named() != []


def test_an_officers_document_that_leads_to_a_trainee_is_named(lived: Lived) -> None:
    with lived.changed() as raw:
        raw.run(
            "UPDATE person_document SET person = (SELECT person FROM hold LIMIT 1)"
            " WHERE rowid = (SELECT min(rowid) FROM person_document)"
        )
    assert lived.named() != []


SCHEMA = {
    "sqlite": {
        "the guards of the ledger": ["DROP TRIGGER ledger_entry_no_update"],
        "the guards of the read audit": ["DROP TRIGGER read_audit_no_delete"],
        "a constraint that money hangs on": [
            "ALTER TABLE hold RENAME TO old_hold",
            "CREATE TABLE hold (person BLOB, slot INTEGER, project TEXT, claim BLOB)",
            "INSERT INTO hold SELECT * FROM old_hold",
            "DROP TABLE old_hold",
        ],
        "a trigger of somebody else's": [
            "CREATE TRIGGER quiet AFTER INSERT ON read_audit BEGIN SELECT 1; END"
        ],
    },
    "postgresql": {
        "the guards of the ledger": ["DROP TRIGGER ledger_entry_no_change ON ledger_entry"],
        "the guards of the read audit": ["ALTER TABLE read_audit DISABLE TRIGGER read_audit_in_order"],
        "a guard that sleeps for a replica": ["ALTER TABLE read_audit ENABLE TRIGGER read_audit_in_order"],
        "a guard that does nothing": [
            "CREATE OR REPLACE FUNCTION ledger_entry_no_change() RETURNS trigger LANGUAGE plpgsql"
            " AS 'BEGIN RETURN NULL; END'"
        ],
        "a constraint that money hangs on": ["ALTER TABLE hold DROP CONSTRAINT hold_project_once"],
        "a check that says something else": [
            "ALTER TABLE hold DROP CONSTRAINT hold_slot_range",
            "ALTER TABLE hold ADD CONSTRAINT hold_slot_range CHECK (slot BETWEEN 1 AND 30)",
        ],
        "a reference that is not followed": ["ALTER TABLE hold DISABLE TRIGGER ALL"],
        "a trigger of somebody else's": [
            "CREATE TRIGGER quiet AFTER INSERT ON read_audit EXECUTE FUNCTION ledger_entry_no_change()"
        ],
        "a rule": ["CREATE RULE quiet AS ON INSERT TO read_audit DO INSTEAD NOTHING"],
        "rows that hide": [
            "CREATE POLICY quiet ON read_audit USING (true)",
            "ALTER TABLE read_audit ENABLE ROW LEVEL SECURITY",
        ],
    },
}


def named_after(lived: Lived, ground: Ground, statements: list[str]) -> list[str]:
    """What fsck names once the guards are on again and these have run."""
    with lived.changed():
        pass  # as it was
    with administrator(lived.stage.service.settings) as raw:
        for statement in statements:
            raw.run(statement)
    return lived.named()


@on("sqlite")
@pytest.mark.parametrize("case", SCHEMA["sqlite"])
def test_a_schema_without_its_guards_is_named(lived: Lived, ground: Ground, case: str) -> None:
    """Today's rows may be right; nothing keeps tomorrow's."""
    assert "SCHEMA_DIFFERS" in named_after(lived, ground, SCHEMA["sqlite"][case])


@on("postgresql")
@pytest.mark.parametrize("case", SCHEMA["postgresql"])
def test_a_schema_on_postgresql_without_its_guards_is_named(lived: Lived, ground: Ground, case: str) -> None:
    assert "SCHEMA_DIFFERS" in named_after(lived, ground, SCHEMA["postgresql"][case])


WRONG_TYPE = (
    "ledger_entry.leaf",
    "opening.sealed",
    "reservation.certificate",
    "hold.claim",
    "number_series.last",
)


@on("sqlite")
@pytest.mark.parametrize("place", WRONG_TYPE)
def test_a_value_of_a_wrong_type_is_named_and_stops_nothing(lived: Lived, place: str) -> None:
    """SQLite keeps any type in any column; fsck ends with a traceback and names nothing at all."""
    table, column = place.split(".")
    with lived.changed() as raw:
        raw.run(f"UPDATE {table} SET {column} = 'x' WHERE rowid = (SELECT max(rowid) FROM {table})")
    with suppress(MalanError):  # said in one sentence, that would do as well
        assert lived.named() != []


PUBLISHED: dict[str, Callable[[Path], Path]] = {
    "a tile of entries": lambda home: next((home / "log" / "tile" / "entries").rglob("[0-9]*")),
    "a status list": lambda home: home / "status" / "1",
    "the bundle": lambda home: home / "trust.cbor",
    "the signers' bundle": lambda home: home / "acts.cbor",
}


@pytest.mark.parametrize("case", PUBLISHED)
def test_a_published_file_that_was_changed_is_named(lived: Lived, case: str, tmp_path: Path) -> None:
    with lived.changed():
        pass  # as it was
    path = PUBLISHED[case](lived.stage.service.settings.home)
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
        raw.run("DELETE FROM staff WHERE staff = :before", before=before)
    named = lived.named()
    with stage.service.database.transaction() as connection:
        after = staff.find_or_add(connection, stage.service.people, document, name="欧阳娜娜", party=BODY)
    assert after == before or named != []
