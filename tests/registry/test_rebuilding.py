"""Rows again, from the published files: into an empty database, and behind an old backup."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from issuers.acts.certificates import CertificateRevoked
from ledger.errors import MalanError
from ledger.lock_store import FileLockStore
from ledger.store import entry
from registry import rebuilding
from registry.__main__ import app
from registry.fsck.run import check
from registry.published.boot_gate import check_not_ahead
from registry.published.publishing import Publisher
from registry.rebuilding import Rebuilt, rebuild
from registry.service import Service, open_service
from registry.settings import Settings
from registry.storage.tables import (
    bundled,
    class_entry,
    fact,
    hold,
    named_entry,
    number_series,
    open_claim,
    reservation,
)
from tests.ground import Ground
from tests.registry.desk import Desk
from tests.registry.stage import Stage, dismissal
from verify.source import DirectorySource

FOLLOWS = (entry, fact, bundled, class_entry, named_entry, open_claim)
# What the log never held, and an old backup does not hold either.
PERSONAL = {
    *("OPENING_MISSING", "OPENING_COUNT", "RESERVATION_MISSING", "CREDENTIAL_MISSING", "HOLD_MISSING"),
    *("STAFF_MISSING", "CANDIDATE_MISSING", "CANDIDATE_DIFFERS", "NUMBER_GAP"),
}


def rows(service: Service) -> dict[str, set[tuple[object, ...]]]:
    """Every table that follows from the log."""
    with service.database.reading() as connection:
        return {one.name: {tuple(row) for row in connection.execute(sa.select(one))} for one in FOLLOWS}


def rebuilt(settings: Settings, log: Path) -> Rebuilt:
    return rebuild(settings, DirectorySource(log))


def code(attempt: Callable[[], object]) -> str:
    with pytest.raises(MalanError) as caught:
        attempt()
    return caught.value.code


def size_of(settings: Settings) -> int:
    engine = sa.create_engine(settings.database_url)
    with engine.connect() as connection:
        found: int = connection.execute(sa.select(sa.func.count()).select_from(entry)).scalar_one()
    engine.dispose()
    return found


@pytest.fixture
def empty(stage: Stage, ground: Ground, tmp_path: Path) -> Settings:
    """Settings of another machine: the secrets out of their envelopes, an empty database."""
    settings = ground.migrated(tmp_path / "new")
    shutil.copytree(stage.service.settings.home / "keys", settings.home / "keys")
    return settings


def test_an_empty_database_gets_back_all_that_follows_from_the_log(
    results: Stage, ground: Ground, tmp_path: Path
) -> None:
    desk = Desk(results, results.issue_all())
    results.publish()
    prepared = desk.prepared()
    assert desk.submit(desk.claim(prepared)).status_code == 200
    results.publish()
    settings = ground.migrated(tmp_path / "new")
    home = results.service.settings.home
    shutil.copytree(home / "keys", settings.home / "keys")
    found = rebuilt(settings, home / "log")
    assert (found.before, found.size) == (0, results.size())
    assert found.sealed > len(desk.certified)
    again = open_service(settings, clock=results.hands.clock())
    told = rows(again)
    assert told == rows(results.service)
    assert told["open_claim"]
    departures = {one.code for one in check(again).departures}
    assert departures and departures <= PERSONAL | {"PERSON_MISSING"}, departures
    again.close()
    assert rebuilt(settings, home / "log") == Rebuilt(found.size, found.size, 0, 0)


def test_an_old_backup_gets_the_rows_it_misses_and_signs_on(results: Stage, ground: Ground) -> None:
    results.publish()
    results.service.database.close()
    put_back = ground.keep(results.service.settings)
    desk = Desk(results, results.issue_all())
    revoked = results.world.sign(
        "certificate-revoked",
        "signatory",
        f"certificate/{desk.certified[0].item.certificate.hex()}",
        CertificateRevoked("fraud"),
    )
    assert results.post(revoked).status_code == 200
    results.publish()
    before, note = rows(results.service), results.service.log.checkpoint()
    count = results.count(reservation)
    results.service.database.close()
    put_back()
    assert code(lambda: check_not_ahead(results.service)) == "LOG_AHEAD"
    settings = results.service.settings
    results.service.database.close()
    found = rebuild(settings, DirectorySource(settings.log_directory), clock=results.hands.clock())
    assert found.size - found.before == len(desk.certified) + 1
    assert rows(results.service) == before
    check_not_ahead(results.service)
    Publisher(results.service).run_once()
    assert results.service.log.checkpoint() == note
    # Numbers that were given out in the lost time are not given out again.
    assert found.skipped == count
    with results.service.database.reading() as connection:
        assert connection.execute(sa.select(number_series.c.last)).scalars().all() == [count]
        assert connection.execute(sa.select(hold)).all() == []
    results.service.alarms.read_only = None
    assert results.post(dismissal(results)).status_code == 200
    assert results.publish() == found.size + 1
    departures = {one.code for one in check(results.service).departures}
    assert departures <= PERSONAL, departures


def test_a_run_that_broke_off_is_run_again(
    stage: Stage, empty: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.publish()
    log = stage.service.settings.log_directory
    monkeypatch.setattr(rebuilding, "STEP", 50)
    real, left = rebuilding._follow_claims, [120]

    def dying(*arguments: object) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise KeyboardInterrupt
        real(*arguments)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rebuilding, "_follow_claims", dying)
        with pytest.raises(KeyboardInterrupt):
            rebuilt(empty, log)
    assert size_of(empty) == 100
    assert rebuilt(empty, log).before == 100
    again = open_service(empty)
    assert rows(again) == rows(stage.service)
    again.close()


def test_nothing_is_written_from_a_source_that_departs(stage: Stage, empty: Settings, tmp_path: Path) -> None:
    stage.publish()
    log = shutil.copytree(stage.service.settings.log_directory, tmp_path / "mirror")
    bundle = next(path for path in sorted((log / "tile" / "entries").rglob("*")) if path.is_file())
    data = bundle.read_bytes()
    for place in (5, len(data) // 2, len(data) - 1):
        bundle.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        with pytest.raises(MalanError):
            rebuilt(empty, log)
        assert size_of(empty) == 0
    bundle.write_bytes(data)
    note = (log / "checkpoint").read_bytes()
    (log / "checkpoint").write_bytes(note[:-6] + b"AAAA=\n")
    with pytest.raises(MalanError):
        rebuilt(empty, log)
    (log / "checkpoint").unlink()
    assert code(lambda: rebuilt(empty, log)) == "CHECKPOINT_MISSING"
    assert size_of(empty) == 0
    (log / "checkpoint").write_bytes(note)
    assert rebuilt(empty, log).size == stage.size()


def test_a_database_that_went_on_after_its_backup_is_not_mixed_with_the_log(
    stage: Stage, ground: Ground
) -> None:
    stage.service.database.close()
    put_back = ground.keep(stage.service.settings)
    assert stage.post(dismissal(stage)).status_code == 200
    stage.publish()
    stage.service.database.close()
    put_back()
    assert stage.post(dismissal(stage, "evaluator-1")).status_code == 200  # the service was started too early
    size = stage.size()
    stage.service.database.close()
    log = stage.service.settings.log_directory
    assert code(lambda: rebuilt(stage.service.settings, log)) == "ROWS_DEPART"
    assert stage.size() == size


def test_the_command_says_what_is_back_and_what_is_not(stage: Stage, empty: Settings) -> None:
    stage.publish()
    command = ["rebuild", str(stage.service.settings.log_directory), "--home", str(empty.home), "--json"]
    told = CliRunner().invoke(app, command)
    assert told.exit_code == 0, told.output
    document = json.loads(told.stdout)
    assert (document["before"], document["size"]) == (0, stage.size())
    told = CliRunner().invoke(app, command[:-1])
    assert told.stdout.startswith("nothing to rebuild")


def test_a_rebuilt_registry_signs_only_with_a_lock_store(stage: Stage, empty: Settings) -> None:
    stage.publish()
    rebuilt(empty, stage.service.settings.log_directory)
    again = open_service(empty, clock=stage.hands.clock())
    assert code(lambda: Publisher(again).run_once()) == "LOCK_STORE_MISSING"
    # The old lock store goes with the registry: its note shows again, signed once.
    kept = FileLockStore(stage.service.settings.home / "lock-store")
    shutil.copytree(stage.service.settings.home / "lock-store", empty.home / "lock-store")
    Publisher(again).run_once()
    assert again.log.checkpoint() == kept.read() == stage.service.log.checkpoint()
    again.close()
