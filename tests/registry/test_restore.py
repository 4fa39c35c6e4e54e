"""A registry comes back whole, closed until it was checked; what is not right is refused untouched."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from issuers.identifiers.identity import IdNumber, IdType
from registry.__main__ import app
from registry.backups import loading, shelf
from registry.backups.manifest import Manifest
from registry.backups.restoring import LOST, adopt
from registry.backups.taking import DAY_MS, KEYS_DAYS, SCRATCH, Taken, take
from registry.fsck.run import check
from registry.fsck.tables import TABLES, Standing
from registry.migrations import check_current, is_restoring, newest, revisions
from registry.persons.people import People
from registry.published.publishing import Publisher
from registry.rebuilding import rebuild
from registry.secrets import read_secrets
from registry.service import open_service
from registry.settings import Settings
from registry.storage.database import Database
from registry.storage.tables import metadata
from registry.storage.upgrading import upgrade
from tests import postgres
from tests.ground import Ground, PostgresGround, SqliteGround, on
from tests.registry.backing import (
    BESIDE,
    all_rows,
    bytes_below,
    code,
    elsewhere,
    finished,
    reseal,
    restored,
    rows_in,
    taken,
    with_rows,
)
from tests.registry.desk import Desk
from tests.registry.stage import Stage, dismissal, raise_stage, write_secret
from verify.source import DirectorySource


@pytest.fixture
def made(stage: Stage, tmp_path: Path) -> Taken:
    """A backup of a published stage."""
    stage.publish()
    return taken(stage, tmp_path / "shelf")


@pytest.fixture
def empty(stage: Stage, made: Taken, ground: Ground, tmp_path: Path) -> Iterator[Settings]:
    """Another machine: the secrets out of their envelopes, the lock store on its own disk, nothing else."""
    settings = elsewhere(ground, stage.service.settings, tmp_path / "new", "lock-store")
    yield settings
    ground.drop(settings)


@on("sqlite")
def test_everything_is_back_and_the_registry_goes_on(desk: Desk, ground: Ground, tmp_path: Path) -> None:
    stage = desk.stage
    assert desk.submit(desk.claim(desk.prepared())).status_code == 200
    stage.publish()
    note = stage.service.log.checkpoint()
    made = taken(stage, tmp_path / "shelf")
    settings = elsewhere(ground, stage.service.settings, tmp_path / "new", "lock-store")
    found = restored(settings, tmp_path / "shelf", stage.hands.clock())
    assert (found.size, found.compared, found.lost) == (made.manifest.size, ("lock store",), {})
    assert all_rows(settings) == all_rows(stage.service.settings)
    again = raise_stage(settings, stage.world, founded=True)
    again.hands.set(stage.hands.now_ms)
    assert again.publish() == made.manifest.size
    assert again.service.log.checkpoint() == note
    assert check(again.service).departures == ()
    assert again.post(dismissal(again)).status_code == 200
    assert again.publish() == made.manifest.size + 1
    assert check(again.service).departures == ()
    again.close()
    ground.drop(settings)


def test_a_backup_of_one_database_is_restored_into_the_other(
    desk: Desk, ground: Ground, server: postgres.Server, tmp_path: Path
) -> None:
    other: Ground = PostgresGround(server) if ground.kind == "sqlite" else SqliteGround()
    taken(desk.stage, tmp_path / "shelf")
    settings = elsewhere(other, desk.stage.service.settings, tmp_path / "new", "lock-store")
    restored(settings, tmp_path / "shelf", desk.stage.hands.clock())
    assert all_rows(settings) == all_rows(desk.stage.service.settings)
    service = open_service(settings, clock=desk.stage.hands.clock())
    assert check(service).departures == ()
    service.close()
    other.drop(settings)


def test_only_an_empty_database_is_taken(stage: Stage, made: Taken, ground: Ground, tmp_path: Path) -> None:
    stage.service.database.close()
    before = all_rows(stage.service.settings)
    clock = stage.hands.clock()
    assert code(lambda: restored(stage.service.settings, made.place, clock)) == "TARGET_NOT_EMPTY"
    assert all_rows(stage.service.settings) == before
    # Empty is what has no row, also where `malan migrate` has been.
    settings = ground.migrated(tmp_path / "new")
    shutil.copytree(stage.service.settings.home / "keys", settings.home / "keys")
    assert restored(settings, made.place, clock).size == stage.size()
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
def test_no_file_is_changed_unnoticed(stage: Stage, made: Taken, empty: Settings) -> None:
    files = [path for path in (*made.place.iterdir(), *made.keys.iterdir()) if path.name != shelf.MANIFEST]
    assert len(files) > 15
    for path, (harm, expected) in zip(files, itertools.cycle(HARM), strict=False):
        kept = path.read_bytes()
        harm(path)
        assert code(lambda: restored(empty, made.place, stage.hands.clock())) == expected, path.name
        path.write_bytes(kept)
    assert not (empty.home / "malan.db").exists()
    restored(empty, made.place, stage.hands.clock())


@on("sqlite")
def test_a_manifest_is_the_registrys_own(stage: Stage, made: Taken, empty: Settings) -> None:
    clock, path = stage.hands.clock(), made.place / shelf.MANIFEST
    kept = path.read_bytes()

    def told(change: bytes, to: bytes) -> str:
        assert kept.count(change) == 1
        path.write_bytes(kept.replace(change, to))
        return code(lambda: restored(empty, made.place, clock))

    assert told(b'"size": ', b'"size": 1') == "BACKUP_SEAL"
    assert told(b'"format": "malan-backup/1"', b'"format": "malan-backup/2"') == "BACKUP_VERSION"
    assert told(b'"seal": ', b'"seal":  ') == "BACKUP_FORM"
    assert told(b'"seal": ', b'"beal": ') == "BACKUP_FORM"
    path.write_bytes(kept)
    write_secret(empty.secret_file("index"), "index", bytes(32))
    assert code(lambda: restored(empty, made.place, clock)) == "BACKUP_SEAL"
    assert not (empty.home / "malan.db").exists()


@on("sqlite")
def test_what_it_cannot_load_it_leaves_alone(stage: Stage, made: Taken, empty: Settings) -> None:
    clock, settings = stage.hands.clock(), stage.service.settings
    kept = {path: path.read_bytes() for path in made.place.iterdir()}

    def told(change: object) -> str:
        reseal(settings, made.place, change)  # type: ignore[arg-type]
        found = code(lambda: restored(empty, made.place, clock))
        for path, data in kept.items():
            path.write_bytes(data)
        engine = sa.create_engine(empty.database_url)
        assert sa.inspect(engine).get_table_names() == []
        engine.dispose()
        return found

    def without(name: str) -> object:
        return lambda one: replace(one, tables=tuple(t for t in one.tables if t.name != name))

    def other_order(one: Manifest) -> Manifest:
        rows = rows_in(made.place, one, "ledger_entry")
        return with_rows(made.place, one, "ledger_entry", [rows[0], rows[2], rows[1], *rows[3:]])

    def cut_off(one: Manifest) -> Manifest:
        rows = rows_in(made.place, one, "ledger_entry")
        return with_rows(made.place, one, "ledger_entry", rows[:-1])

    def other_secrets(one: Manifest) -> Manifest:
        rows = [[row[0], bytes(32)] for row in rows_in(made.place, one, "secret_mark")]
        return with_rows(made.place, one, "secret_mark", rows)

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
def test_rows_that_contradict_the_log_keep_it_closed(stage: Stage, made: Taken, empty: Settings) -> None:
    def change(one: Manifest) -> Manifest:
        rows = rows_in(made.place, one, "named_entry")
        return with_rows(made.place, one, "named_entry", rows[1:])

    reseal(stage.service.settings, made.place, change)
    clock = stage.hands.clock()
    assert code(lambda: restored(empty, made.place, clock)) == "RESTORE_DEPARTS"
    assert code(lambda: open_service(empty)) == "RESTORE_UNFINISHED"
    assert code(lambda: finished(empty, clock)) == "RESTORE_DEPARTS"


@on("sqlite")
def test_until_it_is_finished_nothing_opens_it(
    stage: Stage, made: Taken, empty: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("registry.backups.restoring.check", fail)
        with pytest.raises(KeyboardInterrupt):
            restored(empty, made.place, stage.hands.clock())
    home = ["--home", str(empty.home)]
    for command in (["serve", "--port", "0"], ["publish"], ["backup", str(made.place.parent / "x")]):
        told = CliRunner().invoke(app, [*command, *home])
        assert (told.exit_code, "RESTORE_UNFINISHED" in told.output) == (1, True), command
    assert code(lambda: restored(empty, made.place, stage.hands.clock())) == "RESTORE_UNFINISHED"
    assert upgrade(empty) == newest()  # brought to a newer schema it stays closed
    assert code(lambda: open_service(empty)) == "RESTORE_UNFINISHED"
    assert CliRunner().invoke(app, ["fsck", *home]).exit_code == 0  # looking is allowed
    finished(empty, stage.hands.clock())
    open_service(empty).close()
    assert code(lambda: finished(empty, stage.hands.clock())) == "RESTORE_NOT_BEGUN"


def test_a_restore_that_breaks_off_leaves_an_empty_database(
    stage: Stage, made: Taken, empty: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    policy = (stage.service.settings.home / "policy.txt").read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(loading, "check_marks", fail)
        with pytest.raises(KeyboardInterrupt):
            restored(empty, made.place, stage.hands.clock())
    engine = sa.create_engine(empty.database_url)
    assert sa.inspect(engine).get_table_names() == []
    engine.dispose()
    assert (empty.home / "policy.txt").read_bytes() == policy  # before anybody could write another
    restored(empty, made.place, stage.hands.clock())


@on("sqlite")
def test_persons_come_back_only_with_young_keys(stage: Stage, made: Taken, empty: Settings) -> None:
    hands = stage.hands
    hands.set(hands.now_ms + KEYS_DAYS * DAY_MS + 1)
    assert code(lambda: restored(empty, made.place, hands.clock())) == "PERSON_KEYS_OLD"
    newer = taken(stage, made.place.parent)  # and the old keys are gone
    assert code(lambda: restored(empty, made.place, hands.clock())) == "PERSON_KEYS_MISSING"
    found = restored(empty, made.place, hands.clock(), keys=newer.keys)
    assert found.lost == {}


@on("sqlite")
def test_keys_of_a_day_with_more_persons_fit_older_rows(stage: Stage, made: Taken, empty: Settings) -> None:
    service = stage.service
    with service.database.transaction() as connection:
        people = People(read_secrets(service.settings.secret_file))
        people.find_or_add(connection, IdNumber(IdType("passport"), "E00000000"))
    stage.hands.set(stage.hands.now_ms + 1)
    newer = taken(stage, made.place.parent)
    assert newer.persons == made.persons + 1
    assert restored(empty, made.place, stage.hands.clock(), keys=newer.keys).lost == {}


@on("sqlite")
def test_without_keys_nothing_personal_opens_and_that_is_said(
    desk: Desk, ground: Ground, tmp_path: Path
) -> None:
    stage = desk.stage
    made = taken(stage, tmp_path / "shelf")
    settings = elsewhere(ground, stage.service.settings, tmp_path / "new", *BESIDE)
    found = restored(settings, made.place, stage.hands.clock(), without_keys=True)
    assert {"OPENING_BROKEN", "CREDENTIAL_BROKEN", "RESERVATION_BROKEN", "PERSON_KEY"} <= set(found.lost)
    assert found.compared == ("checkpoint", "checkpoint.full", "lock store", "trust.cbor")
    ground.drop(settings)


def test_a_log_that_signed_more_keeps_it_closed_and_gives_back_what_is_missing(
    stage: Stage, made: Taken, ground: Ground, tmp_path: Path
) -> None:
    assert stage.post(dismissal(stage)).status_code == 200
    stage.publish()
    home, clock = stage.service.settings.home, stage.hands.clock()
    settings = elsewhere(ground, stage.service.settings, tmp_path / "new", *BESIDE)
    assert code(lambda: restored(settings, made.place, clock)) == "LOG_AHEAD"
    assert code(lambda: open_service(settings)) == "RESTORE_UNFINISHED"
    found = finished(settings, clock, log=home / "log")
    assert found.rebuilt is not None
    assert (found.rebuilt.before, found.size) == (made.manifest.size, made.manifest.size + 1)
    ledger = all_rows(settings)["ledger_entry"]
    assert ledger == all_rows(stage.service.settings)["ledger_entry"]
    service = open_service(settings, clock=clock)
    Publisher(service).run_once()
    assert service.log.checkpoint() == stage.service.log.checkpoint()
    service.close()
    ground.drop(settings)


def test_what_may_be_lost_is_every_personal_part_that_is_away_and_nothing_that_contradicts() -> None:
    restated = [code for one in TABLES.values() if one.standing is Standing.RESTATED for code in one.codes]
    away = {one for one in restated if one.endswith(("_MISSING", "_BROKEN"))}
    assert away <= LOST, away - LOST
    rebuilt = {code for one in TABLES.values() if one.standing is not Standing.RESTATED for code in one.codes}
    assert not LOST & (rebuilt - set(restated))


@on("sqlite")
def test_witnesses_in_force_are_asked(
    stage: Stage, made: Taken, empty: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert stage.post(dismissal(stage)).status_code == 200
    stage.publish()
    note, clock = stage.service.log.checkpoint(), stage.hands.clock()
    monkeypatch.setattr("registry.backups.restoring.heads_now", lambda _: [note])
    assert code(lambda: restored(empty, made.place, clock)) == "LOG_AHEAD"
    monkeypatch.setattr("registry.backups.restoring.heads_now", lambda _: [])
    assert finished(empty, clock).compared == ("lock store",)


@on("sqlite")
def test_what_a_district_holds_is_asked_and_rebuild_works_meanwhile(
    stage: Stage, made: Taken, empty: Settings
) -> None:
    assert stage.post(dismissal(stage)).status_code == 200
    stage.publish()
    note, clock = stage.service.log.checkpoint(), stage.hands.clock()
    assert code(lambda: restored(empty, made.place, clock, held=[note])) == "LOG_AHEAD"
    log = DirectorySource(stage.service.settings.log_directory)
    assert rebuild(empty, log, clock=clock).size == made.manifest.size + 1
    assert code(lambda: open_service(empty)) == "RESTORE_UNFINISHED"
    assert finished(empty, clock, held=[note]).compared == ("lock store", "witness")


def test_a_database_put_back_by_other_means_is_closed_and_checked_as_well(
    stage: Stage, ground: Ground, tmp_path: Path
) -> None:
    settings, clock = stage.service.settings, stage.hands.clock()
    stage.service.database.close()
    put_back = ground.keep(settings)
    assert stage.post(dismissal(stage)).status_code == 200
    stage.publish()
    stage.service.database.close()
    put_back()
    told = CliRunner().invoke(app, ["restore", "--adopt", "--home", str(settings.home)])
    assert (told.exit_code, "LOG_AHEAD" in told.output) == (2, True)
    assert code(lambda: open_service(settings)) == "RESTORE_UNFINISHED"
    adopt(settings)  # once more changes nothing
    assert finished(settings, clock, log=settings.log_directory).size == stage.size()
    open_service(settings, clock=clock).close()


@on("sqlite")
def test_with_nothing_to_compare_an_old_backup_opens(stage: Stage, made: Taken, empty: Settings) -> None:
    """Negative control: it is the lock store and the district that keep it closed."""
    assert stage.post(dismissal(stage)).status_code == 200
    stage.publish()
    shutil.rmtree(empty.home / "lock-store")
    assert restored(empty, made.place, stage.hands.clock()).compared == ()
    open_service(empty).close()


@on("sqlite")
def test_a_database_that_is_away_is_said(stage: Stage, made: Taken, tmp_path: Path) -> None:
    home, away = tmp_path / "new", "postgresql+psycopg://malan@/malan?host=/nowhere"
    shutil.copytree(stage.service.settings.home / "keys", home / "keys")
    settings = Settings(home=home, database=away, database_owner=away)
    assert code(lambda: restored(settings, made.place, stage.hands.clock())) == "DATABASE_LOST"
    assert code(lambda: take(settings, tmp_path / "x", clock=stage.hands.clock())) == "DATABASE_LOST"
    without = settings.model_copy(update={"database_owner": ""})
    assert code(lambda: restored(without, made.place, stage.hands.clock())) == "DATABASE_OWNER"
    assert not list((tmp_path / "x").glob("*Z*"))


@on("sqlite")
def test_the_command(stage: Stage, made: Taken, empty: Settings) -> None:
    before = bytes_below(made.place, made.keys)
    home = ["--home", str(empty.home), "--json"]
    for wrong in (["restore"], ["restore", str(made.place), "--finish"]):
        told = CliRunner().invoke(app, [*wrong, *home])
        assert (told.exit_code, json.loads(told.stdout)["error"]["code"]) == (2, "RESTORE_WHAT")
    # The stage lives in another year than this machine.
    told = CliRunner().invoke(app, ["restore", str(made.place.parent), "--without-person-keys", *home])
    assert told.exit_code == 0, told.output
    document = json.loads(told.stdout)
    assert (document["size"], document["compared_with"]) == (stage.size(), ["lock store"])
    assert document["lost"]["PERSON_KEY"] == made.persons
    assert bytes_below(made.place, made.keys) == before
    told = CliRunner().invoke(app, ["restore", "--finish", *home])
    assert json.loads(told.stdout)["error"]["code"] == "RESTORE_NOT_BEGUN"


@on("sqlite")
def test_an_older_program_does_not_open_it_either(stage: Stage, made: Taken, empty: Settings) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("registry.backups.restoring.check", lambda _: (_ for _ in ()).throw(KeyError))
        with pytest.raises(KeyError):
            restored(empty, made.place, stage.hands.clock())
    database = Database(empty.database_url, busy_timeout_ms=1_000)
    with database.reading() as connection:
        assert is_restoring(connection)
        (number,) = connection.exec_driver_sql("SELECT version_num FROM alembic_version").one()
        assert number not in revisions()  # all that it would look for
        check_current(connection, restoring=True)
    database.close()
    assert set(SCRATCH) <= set(metadata.tables)
