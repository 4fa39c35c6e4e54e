"""Whoever was erased does not come back: not out of an old backup, not by old keys, not by a rebuild."""

from __future__ import annotations

from pathlib import Path

from registry.backups.restoring import inspect, put_back
from registry.fsck.run import check
from registry.secrets import read_secrets
from registry.service import open_service
from registry.settings import Settings
from tests.ground import Ground
from tests.registry.backing import all_rows, elsewhere, finished, quiet, restored, taken
from tests.registry.desk import Desk
from tests.registry.erasing import erased, holder_of, paid, places


def mentions(settings: Settings, one: bytes) -> set[str]:
    """The tables in which a person's id stands."""
    return {name for name, rows in all_rows(settings).items() if any(one in row for row in rows)}


def test_an_old_backup_under_the_newest_log(desk: Desk, ground: Ground, tmp_path: Path) -> None:
    """The order stands in the published log only; its rows come with the entries."""
    stage, one, clock = desk.stage, holder_of(desk), desk.stage.hands.clock()
    made = taken(stage, tmp_path / "shelf")
    erased(stage, places(stage, one))
    stage.publish()
    settings = elsewhere(ground, stage.service.settings, tmp_path / "new", "lock-store")
    secrets = read_secrets(settings.secret_file)
    whole = inspect(made.place, keys=None, without_keys=False, secrets=secrets, now_ms=clock.now_ms())
    put_back(settings, whole, secrets=secrets, tell=quiet)
    assert {"person_key", "opening", "credential"} <= mentions(settings, one), "the backup knew them"
    found = finished(settings, clock, log=stage.service.settings.log_directory)
    assert found.lost == {}
    assert mentions(settings, one) == set()
    assert all_rows(settings) == all_rows(stage.service.settings)
    ground.drop(settings)


def test_rows_after_the_order_and_keys_from_before(desk: Desk, ground: Ground, tmp_path: Path) -> None:
    """Of somebody who holds a grant the id is still there, so a key for it would find its place."""
    stage, clock = desk.stage, desk.stage.hands.clock()
    one = paid(desk)
    old = taken(stage, tmp_path / "old")
    erased(stage, places(stage, one))
    stage.publish()
    made = taken(stage, tmp_path / "new-shelf")
    settings = elsewhere(ground, stage.service.settings, tmp_path / "new", "lock-store")
    assert restored(settings, made.place, clock, keys=old.keys).lost == {}
    assert mentions(settings, one) == {"person", "hold", "claimant_mark"}
    service = open_service(settings, clock=clock)
    assert check(service).departures == ()
    service.close()
    ground.drop(settings)
