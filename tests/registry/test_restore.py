"""A registry comes back whole, closed until it was checked, whatever breaks off on the way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from registry.__main__ import app
from registry.backups import loading
from registry.backups.restoring import LOST
from registry.backups.taking import SCRATCH, Taken
from registry.fsck.run import check
from registry.fsck.tables import TABLES, Standing
from registry.migrations import check_current, is_restoring, newest, revisions
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
    restored,
    taken,
)
from tests.registry.desk import Desk
from tests.registry.stage import Stage, dismissal, raise_stage


@on("sqlite")
def test_everything_is_back_and_the_registry_goes_on(desk: Desk, ground: Ground, tmp_path: Path) -> None:
    stage = desk.stage
    assert desk.submit(desk.claim(desk.prepared())).status_code == 200
    stage.publish()
    note = stage.service.log.checkpoint()
    backup = taken(stage, tmp_path / "shelf")
    settings = elsewhere(ground, stage.service.settings, tmp_path / "new", "lock-store")
    found = restored(settings, tmp_path / "shelf", stage.hands.clock())
    assert (found.size, found.compared, found.lost) == (backup.manifest.size, ("lock store",), {})
    assert all_rows(settings) == all_rows(stage.service.settings)
    again = raise_stage(settings, stage.world, founded=True)
    again.hands.set(stage.hands.now_ms)
    assert again.publish() == backup.manifest.size
    assert again.service.log.checkpoint() == note
    assert check(again.service).departures == ()
    assert again.post(dismissal(again)).status_code == 200
    assert again.publish() == backup.manifest.size + 1
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


@on("sqlite")
def test_until_it_is_finished_nothing_opens_it(
    stage: Stage, backup: Taken, new_home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("registry.backups.restoring.check", fail)
        with pytest.raises(KeyboardInterrupt):
            restored(new_home, backup.place, stage.hands.clock())
    home = ["--home", str(new_home.home)]
    for command in (["serve", "--port", "0"], ["publish"], ["backup", str(backup.place.parent / "x")]):
        told = CliRunner().invoke(app, [*command, *home])
        assert (told.exit_code, "RESTORE_UNFINISHED" in told.output) == (1, True), command
    assert code(lambda: restored(new_home, backup.place, stage.hands.clock())) == "RESTORE_UNFINISHED"
    assert upgrade(new_home) == newest()  # brought to a newer schema it stays closed
    assert code(lambda: open_service(new_home)) == "RESTORE_UNFINISHED"
    assert CliRunner().invoke(app, ["fsck", *home]).exit_code == 0  # looking is allowed
    finished(new_home, stage.hands.clock())
    open_service(new_home).close()
    assert code(lambda: finished(new_home, stage.hands.clock())) == "RESTORE_NOT_BEGUN"


def test_a_restore_that_breaks_off_leaves_an_empty_database(
    stage: Stage, backup: Taken, new_home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    policy = (stage.service.settings.home / "policy.txt").read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(loading, "check_marks", fail)
        with pytest.raises(KeyboardInterrupt):
            restored(new_home, backup.place, stage.hands.clock())
    engine = sa.create_engine(new_home.database_url)
    assert sa.inspect(engine).get_table_names() == []
    engine.dispose()
    assert (new_home.home / "policy.txt").read_bytes() == policy  # before anybody could write another
    restored(new_home, backup.place, stage.hands.clock())


@on("sqlite")
def test_without_keys_nothing_personal_opens_and_that_is_said(
    desk: Desk, ground: Ground, tmp_path: Path
) -> None:
    stage = desk.stage
    backup = taken(stage, tmp_path / "shelf")
    settings = elsewhere(ground, stage.service.settings, tmp_path / "new", *BESIDE)
    found = restored(settings, backup.place, stage.hands.clock(), without_keys=True)
    assert {"OPENING_BROKEN", "CREDENTIAL_BROKEN", "RESERVATION_BROKEN", "PERSON_KEY"} <= set(found.lost)
    assert found.compared == ("checkpoint", "checkpoint.full", "lock store", "trust.cbor")
    ground.drop(settings)


def test_what_may_be_lost_is_every_personal_part_that_is_away_and_nothing_that_contradicts() -> None:
    restated = [code for one in TABLES.values() if one.standing is Standing.RESTATED for code in one.codes]
    away = {one for one in restated if one.endswith(("_MISSING", "_BROKEN"))}
    assert away <= LOST, away - LOST
    rebuilt = {code for one in TABLES.values() if one.standing is not Standing.RESTATED for code in one.codes}
    assert not LOST & (rebuilt - set(restated))


@on("sqlite")
def test_the_command(stage: Stage, backup: Taken, new_home: Settings) -> None:
    before = bytes_below(backup.place, backup.keys)
    home = ["--home", str(new_home.home), "--json"]
    keyless = "--without-person-keys"
    for wrong in ([], [str(backup.place), "--finish"], ["--finish", keyless], ["--adopt", keyless]):
        told = CliRunner().invoke(app, ["restore", *wrong, *home])
        assert (told.exit_code, json.loads(told.stdout)["error"]["code"]) == (2, "RESTORE_WHAT")
    # The stage lives in another year than this machine.
    told = CliRunner().invoke(app, ["restore", str(backup.place.parent), "--without-person-keys", *home])
    assert told.exit_code == 0, told.output
    document = json.loads(told.stdout)
    assert (document["size"], document["compared_with"]) == (stage.size(), ["lock store"])
    assert document["lost"]["PERSON_KEY"] == backup.persons
    assert bytes_below(backup.place, backup.keys) == before
    told = CliRunner().invoke(app, ["restore", "--finish", *home])
    assert json.loads(told.stdout)["error"]["code"] == "RESTORE_NOT_BEGUN"


@on("sqlite")
def test_an_older_program_does_not_open_it_either(stage: Stage, backup: Taken, new_home: Settings) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("registry.backups.restoring.check", lambda _: (_ for _ in ()).throw(KeyError))
        with pytest.raises(KeyError):
            restored(new_home, backup.place, stage.hands.clock())
    database = Database(new_home.database_url, busy_timeout_ms=1_000)
    with database.reading() as connection:
        assert is_restoring(connection)
        (number,) = connection.exec_driver_sql("SELECT version_num FROM alembic_version").one()
        assert number not in revisions()  # all that it would look for
        check_current(connection, restoring=True)
    database.close()
    assert set(SCRATCH) <= set(metadata.tables)
