"""A restored registry is compared with what was signed since, and stays closed while something is missing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from registry.__main__ import app
from registry.backups.restoring import adopt
from registry.backups.taking import Taken
from registry.published.lead import Lead
from registry.published.publishing import Publisher
from registry.rebuilding import rebuild
from registry.service import open_service
from registry.settings import Settings
from tests.ground import Ground, on
from tests.registry.backing import (
    BESIDE,
    all_rows,
    code,
    elsewhere,
    finished,
    restored,
)
from tests.registry.stage import Stage, dismissal
from verify.source import DirectorySource


def test_a_log_that_signed_more_keeps_it_closed_and_gives_back_what_is_missing(
    stage: Stage, backup: Taken, ground: Ground, tmp_path: Path
) -> None:
    assert stage.post(dismissal(stage)).status_code == 200
    stage.publish()
    home, clock = stage.service.settings.home, stage.hands.clock()
    settings = elsewhere(ground, stage.service.settings, tmp_path / "new", *BESIDE)
    assert code(lambda: restored(settings, backup.place, clock)) == "LOG_AHEAD"
    assert code(lambda: open_service(settings)) == "RESTORE_UNFINISHED"
    found = finished(settings, clock, log=home / "log")
    assert found.rebuilt is not None
    assert (found.rebuilt.before, found.size) == (backup.manifest.size, backup.manifest.size + 1)
    ledger = all_rows(settings)["ledger_entry"]
    assert ledger == all_rows(stage.service.settings)["ledger_entry"]
    service = open_service(settings, clock=clock)
    Publisher(service).run_once()
    assert service.log.checkpoint() == stage.service.log.checkpoint()
    service.close()
    ground.drop(settings)


@on("sqlite")
def test_witnesses_in_force_are_asked(
    stage: Stage, backup: Taken, new_home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert stage.post(dismissal(stage)).status_code == 200
    stage.publish()
    note, clock = stage.service.log.checkpoint(), stage.hands.clock()
    monkeypatch.setattr("registry.backups.restoring.heads_now", lambda _: [note])
    assert code(lambda: restored(new_home, backup.place, clock)) == "LOG_AHEAD"
    monkeypatch.setattr("registry.backups.restoring.heads_now", lambda _: [])
    assert finished(new_home, clock).compared == ("lock store",)


@on("sqlite")
def test_what_a_district_holds_is_asked_and_rebuild_works_meanwhile(
    stage: Stage, backup: Taken, new_home: Settings
) -> None:
    assert stage.post(dismissal(stage)).status_code == 200
    stage.publish()
    note, clock = stage.service.log.checkpoint(), stage.hands.clock()
    assert code(lambda: restored(new_home, backup.place, clock, held=[note])) == "LOG_AHEAD"
    log = DirectorySource(stage.service.settings.log_directory)
    assert rebuild(new_home, log, clock=clock).size == backup.manifest.size + 1
    assert code(lambda: open_service(new_home)) == "RESTORE_UNFINISHED"
    assert finished(new_home, clock, held=[note]).compared == ("lock store", "witness")


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
    running = Lead(settings.home)  # as each service that publishes holds it while it runs
    assert running.take()
    told = CliRunner().invoke(app, ["restore", "--adopt", "--home", str(settings.home)])
    assert (told.exit_code, "SERVICE_RUNNING" in told.output) == (1, True)
    open_service(settings, clock=clock).close()  # nothing was closed
    running.leave()
    told = CliRunner().invoke(app, ["restore", "--adopt", "--home", str(settings.home)])
    assert (told.exit_code, "LOG_AHEAD" in told.output) == (2, True)
    assert code(lambda: open_service(settings)) == "RESTORE_UNFINISHED"
    adopt(settings)  # once more changes nothing
    assert finished(settings, clock, log=settings.log_directory).size == stage.size()
    open_service(settings, clock=clock).close()


@on("sqlite")
def test_with_nothing_to_compare_an_old_backup_opens(stage: Stage, backup: Taken, new_home: Settings) -> None:
    """Negative control: it is the lock store and the district that keep it closed."""
    assert stage.post(dismissal(stage)).status_code == 200
    stage.publish()
    shutil.rmtree(new_home.home / "lock-store")
    assert restored(new_home, backup.place, stage.hands.clock()).compared == ()
    open_service(new_home).close()
