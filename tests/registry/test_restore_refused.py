"""What is not right in a backup or its keys is refused, and the place it was to go to stays untouched."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from issuers.identifiers.identity import IdNumber, IdType
from registry.backups import shelf
from registry.backups.manifest import Manifest
from registry.backups.taking import DAY_MS, KEYS_DAYS, Taken, take
from registry.persons.people import People
from registry.secrets import read_secrets
from registry.service import open_service
from registry.settings import Settings
from tests.ground import Ground, on
from tests.registry.backing import (
    all_rows,
    code,
    finished,
    reseal,
    restored,
    rows_in,
    taken,
    with_rows,
)
from tests.registry.stage import Stage, write_secret


def test_only_an_empty_database_is_taken(stage: Stage, backup: Taken, ground: Ground, tmp_path: Path) -> None:
    stage.service.database.close()
    before = all_rows(stage.service.settings)
    clock = stage.hands.clock()
    assert code(lambda: restored(stage.service.settings, backup.place, clock)) == "TARGET_NOT_EMPTY"
    assert all_rows(stage.service.settings) == before
    # Empty is what has no row, also where `malan migrate` has been.
    settings = ground.migrated(tmp_path / "new")
    shutil.copytree(stage.service.settings.home / "keys", settings.home / "keys")
    assert restored(settings, backup.place, clock).size == stage.size()
    ground.drop(settings)


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def _grow(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0")


HARM: tuple[tuple[Callable[[Path], object], str], ...] = (
    (_flip, "BACKUP_DIFFERS"),
    (_cut, "BACKUP_DIFFERS"),
    (_grow, "BACKUP_DIFFERS"),
    (Path.unlink, "BACKUP_FILE_MISSING"),
)


@on("sqlite")
def test_no_file_is_changed_unnoticed(stage: Stage, backup: Taken, new_home: Settings) -> None:
    files = [
        path for path in (*backup.place.iterdir(), *backup.keys.iterdir()) if path.name != shelf.MANIFEST
    ]
    assert len(files) > 15
    for path, (harm, expected) in zip(files, itertools.cycle(HARM), strict=False):
        kept = path.read_bytes()
        harm(path)
        assert code(lambda: restored(new_home, backup.place, stage.hands.clock())) == expected, path.name
        path.write_bytes(kept)
    assert not (new_home.home / "malan.db").exists()
    restored(new_home, backup.place, stage.hands.clock())


@on("sqlite")
def test_a_manifest_is_the_registrys_own(stage: Stage, backup: Taken, new_home: Settings) -> None:
    clock, path = stage.hands.clock(), backup.place / shelf.MANIFEST
    kept = path.read_bytes()

    def told(change: bytes, to: bytes) -> str:
        assert kept.count(change) == 1
        path.write_bytes(kept.replace(change, to))
        return code(lambda: restored(new_home, backup.place, clock))

    assert told(b'"size": ', b'"size": 1') == "BACKUP_SEAL"
    assert told(b'"format": "malan-backup/1"', b'"format": "malan-backup/2"') == "BACKUP_VERSION"
    assert told(b'"seal": ', b'"seal":  ') == "BACKUP_FORM"
    assert told(b'"seal": ', b'"beal": ') == "BACKUP_FORM"
    path.write_bytes(kept)
    write_secret(new_home.secret_file("index"), "index", bytes(32))
    assert code(lambda: restored(new_home, backup.place, clock)) == "BACKUP_SEAL"
    assert not (new_home.home / "malan.db").exists()


@on("sqlite")
def test_what_it_cannot_load_it_leaves_alone(stage: Stage, backup: Taken, new_home: Settings) -> None:
    clock, settings = stage.hands.clock(), stage.service.settings
    kept = {path: path.read_bytes() for path in backup.place.iterdir()}

    def told(change: object) -> str:
        reseal(settings, backup.place, change)  # type: ignore[arg-type]
        found = code(lambda: restored(new_home, backup.place, clock))
        for path, data in kept.items():
            path.write_bytes(data)
        engine = sa.create_engine(new_home.database_url)
        assert sa.inspect(engine).get_table_names() == []
        engine.dispose()
        return found

    def without(name: str) -> object:
        return lambda one: replace(one, tables=tuple(t for t in one.tables if t.name != name))

    def other_order(one: Manifest) -> Manifest:
        rows = rows_in(backup.place, one, "ledger_entry")
        return with_rows(backup.place, one, "ledger_entry", [rows[0], rows[2], rows[1], *rows[3:]])

    def cut_off(one: Manifest) -> Manifest:
        rows = rows_in(backup.place, one, "ledger_entry")
        return with_rows(backup.place, one, "ledger_entry", rows[:-1])

    def other_secrets(one: Manifest) -> Manifest:
        rows = [[row[0], bytes(32)] for row in rows_in(backup.place, one, "secret_mark")]
        return with_rows(backup.place, one, "secret_mark", rows)

    def other_columns(one: Manifest) -> Manifest:
        tables = [replace(t, columns=(*t.columns[:-1], "more")) for t in one.tables]
        return replace(one, tables=tuple(tables))

    assert told(lambda one: replace(one, revision="9999")) == "BACKUP_VERSION"
    assert told(without("fact")) == "BACKUP_FORM"
    assert told(other_columns) == "BACKUP_FORM"
    assert told(lambda one: replace(one, kind="person-keys")) == "BACKUP_OTHER"
    assert told(cut_off) == "BACKUP_DIFFERS"
    assert told(lambda one: replace(one, size=one.size - 1)) == "BACKUP_DIFFERS"
    assert told(other_secrets) == "SECRET_OTHER"
    with pytest.raises(sa.exc.IntegrityError):  # the guards of the ledger are on
        told(other_order)


@on("sqlite")
def test_rows_that_contradict_the_log_keep_it_closed(stage: Stage, backup: Taken, new_home: Settings) -> None:
    def change(one: Manifest) -> Manifest:
        rows = rows_in(backup.place, one, "named_entry")
        return with_rows(backup.place, one, "named_entry", rows[1:])

    reseal(stage.service.settings, backup.place, change)
    clock = stage.hands.clock()
    assert code(lambda: restored(new_home, backup.place, clock)) == "RESTORE_DEPARTS"
    assert code(lambda: open_service(new_home)) == "RESTORE_UNFINISHED"
    assert code(lambda: finished(new_home, clock)) == "RESTORE_DEPARTS"


@on("sqlite")
def test_persons_come_back_only_with_young_keys(stage: Stage, backup: Taken, new_home: Settings) -> None:
    hands = stage.hands
    hands.set(hands.now_ms + KEYS_DAYS * DAY_MS + 1)
    assert code(lambda: restored(new_home, backup.place, hands.clock())) == "PERSON_KEYS_OLD"
    newer = taken(stage, backup.place.parent)  # and the old keys are gone
    assert code(lambda: restored(new_home, backup.place, hands.clock())) == "PERSON_KEYS_MISSING"
    found = restored(new_home, backup.place, hands.clock(), keys=newer.keys)
    assert found.lost == {}


@on("sqlite")
def test_keys_of_a_day_with_more_persons_fit_older_rows(
    stage: Stage, backup: Taken, new_home: Settings
) -> None:
    service = stage.service
    with service.database.transaction() as connection:
        people = People(read_secrets(service.settings.secret_file))
        people.find_or_add(connection, IdNumber(IdType("passport"), "E00000000"))
    stage.hands.set(stage.hands.now_ms + 1)
    newer = taken(stage, backup.place.parent)
    assert newer.persons == backup.persons + 1
    assert restored(new_home, backup.place, stage.hands.clock(), keys=newer.keys).lost == {}


@on("sqlite")
def test_a_database_that_is_away_is_said(stage: Stage, backup: Taken, tmp_path: Path) -> None:
    home, away = tmp_path / "new", "postgresql+psycopg://malan@/malan?host=/nowhere"
    shutil.copytree(stage.service.settings.home / "keys", home / "keys")
    settings = Settings(home=home, database=away, database_owner=away)
    assert code(lambda: restored(settings, backup.place, stage.hands.clock())) == "DATABASE_LOST"
    assert code(lambda: take(settings, tmp_path / "x", clock=stage.hands.clock())) == "DATABASE_LOST"
    without = settings.model_copy(update={"database_owner": ""})
    assert code(lambda: restored(without, backup.place, stage.hands.clock())) == "DATABASE_OWNER"
    assert not list((tmp_path / "x").glob("*Z*"))
