"""Backups are of one moment, hold what they may hold, and one that broke off is none."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from ledger.store import entry
from registry.__main__ import app
from registry.backups import row_files, shelf, taking
from registry.backups.manifest import Manifest
from registry.backups.taking import APART, DAY_MS, KEYS_DAYS, SCRATCH, take
from registry.commands import backing
from registry.secrets import PURPOSES
from registry.storage.tables import person_key
from tests.ground import on
from tests.registry.backing import all_rows, code, rows_in, taken
from tests.registry.desk import Desk
from tests.registry.dying import die, was_killed
from tests.registry.stage import Stage, dismissal


def meanwhile(action: Callable[[], object], place: Path) -> Callable[[int, int], None]:
    """Does something once: when the facts are read, and the entries they follow from are not."""
    left, before = [action], set(place.rglob("fact.rows"))

    def tell(_done: int, _total: int) -> None:
        if left and set(place.rglob("fact.rows")) > before:
            left.pop()()

    return tell


def changes(stage: Stage) -> Callable[[], object]:
    """An act posted while rows are being written; it must not wait."""

    def act() -> None:
        assert stage.post(dismissal(stage)).status_code == 200

    return act


def in_step(place: Path, manifest: Manifest) -> bool:
    """Whether the facts are those of the entries beside them."""
    facts = {row[3] for row in rows_in(place, manifest, "fact")}
    places = {row[0] for row in rows_in(place, manifest, "ledger_entry")}
    named = {row[1] for row in rows_in(place, manifest, "named_entry")}
    return (facts | named) <= places and max(places) in facts


def test_a_backup_is_of_one_moment_while_the_service_goes_on(desk: Desk, tmp_path: Path) -> None:
    stage = desk.stage
    before, size = all_rows(stage.service.settings), stage.size()
    made = taken(stage, tmp_path / "shelf", tell=meanwhile(changes(stage), tmp_path))
    assert stage.size() == size + 1  # it was written, and nobody had to wait for the end
    assert (made.manifest.size, made.manifest.rows_of(entry.name)) == (size, size)
    assert in_step(made.place, made.manifest)
    for name, rows in before.items():
        if name not in APART | {"alembic_version"}:
            kept = [tuple(row) for row in rows_in(made.place, made.manifest, name)]
            assert sorted(kept, key=repr) == rows, name


def test_rows_of_two_moments_would_be_noticed(stage: Stage, tmp_path: Path) -> None:
    """Negative control: the same reading without a snapshot is torn by the same act."""
    engine = sa.create_engine(stage.service.settings.database_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        tell = meanwhile(changes(stage), tmp_path)
        torn = taking._Taking(connection, 0, tell).rows(tmp_path)
    engine.dispose()
    assert not in_step(tmp_path, torn)


def test_no_secret_no_lock_store_and_no_scratch_is_in_it(desk: Desk, tmp_path: Path) -> None:
    settings = desk.stage.service.settings
    assert (settings.home / "keys").is_dir() and (settings.home / "lock-store").is_dir()
    made = taken(desk.stage, tmp_path / "shelf")
    rows = b"".join(path.read_bytes() for path in sorted(made.place.iterdir()))
    keys = b"".join(path.read_bytes() for path in sorted(made.keys.iterdir()))
    for purpose in PURPOSES:
        line = settings.secret_file(purpose).read_bytes().split(b"\n")[1]
        assert line not in rows + keys
    held = desk.stage.service.lock.read()
    assert held is not None and held.splitlines()[-1] not in rows + keys
    names = {one.name for one in made.manifest.tables}
    assert not names & (SCRATCH | APART)
    wrapped = [bytes(row[1]) for row in all_rows(settings)[person_key.name]]  # type: ignore[arg-type]
    assert len(wrapped) == made.persons > 0
    assert not any(one in rows for one in wrapped)
    assert all(one in keys for one in wrapped)  # the search can find something
    everything = set(all_rows(settings)) | SCRATCH
    assert names | APART | SCRATCH | {"alembic_version"} == everything


@on("sqlite")
def test_nobody_else_may_read_it(stage: Stage, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        made = taken(stage, tmp_path / "shelf")
    finally:
        os.umask(before)
    for place in (tmp_path / "shelf", made.place, made.keys, made.keys.parent):
        assert place.stat().st_mode & 0o777 == 0o700
        assert all(path.stat().st_mode & 0o777 == 0o600 for path in place.iterdir() if path.is_file())


@on("sqlite")
def test_what_fails_on_the_way_leaves_nothing(stage: Stage, tmp_path: Path) -> None:
    def fail() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        taken(stage, tmp_path / "shelf", tell=meanwhile(fail, tmp_path))
    left = [path for path in (tmp_path / "shelf").rglob("*") if path.name != "person-keys"]
    assert left == []
    assert [path for path in stage.service.settings.home.iterdir() if path.name.startswith(".snap")] == []


@on("sqlite")
def test_a_backup_that_was_killed_is_recognised(stage: Stage, tmp_path: Path) -> None:
    place, home = tmp_path / "shelf", stage.service.settings.home
    older = taken(stage, place)
    stage.hands.set(stage.hands.now_ms + 1)
    stage.service.database.close()
    assert was_killed(lambda: taken(stage, place, tell=meanwhile(die, place)))
    (broken,) = place.glob("*.unfinished")
    assert list(broken.iterdir()) and not (broken / shelf.MANIFEST).exists()
    assert not any(path.name.startswith(".snap") for path in home.iterdir())
    assert code(lambda: shelf.find(broken)) == "BACKUP_UNFINISHED"
    whole_name = broken.rename(place / broken.name.removesuffix(shelf.UNFINISHED))
    assert code(lambda: shelf.find(whole_name)) == "BACKUP_UNFINISHED"  # by what it lacks, not by its name
    whole_name.rename(broken)
    assert shelf.find(place) == older.place
    for path in older.place.iterdir():
        path.unlink()
    older.place.rmdir()
    assert code(lambda: shelf.find(place)) == "BACKUP_UNFINISHED"
    assert code(lambda: shelf.find(tmp_path / "nothing")) == "BACKUP_MISSING"
    # What broke off is cleared away when nobody can be at it any more.
    now_ms = shelf.begun_ms(broken.name)
    assert now_ms is not None
    assert shelf.remove_before(place, now_ms, unfinished_only=True) == []
    assert shelf.remove_before(place, now_ms + 1, unfinished_only=True) == [broken.name]


@on("sqlite")
def test_person_keys_past_their_time_are_removed(stage: Stage, tmp_path: Path) -> None:
    place, hands = tmp_path / "shelf", stage.hands
    first = taken(stage, place)
    hands.set(hands.now_ms + DAY_MS)
    second = taken(stage, place)
    (second.keys.parent / "of-somebody-else").mkdir()
    hands.set(hands.now_ms + KEYS_DAYS * DAY_MS - DAY_MS)
    assert taken(stage, place).removed == ()  # exactly 30 days
    hands.set(hands.now_ms + 1)
    third = taken(stage, place)
    assert third.removed == (first.keys.name,)
    assert not first.keys.exists() and second.keys.exists() and third.keys.exists()
    assert (second.keys.parent / "of-somebody-else").exists()
    assert first.place.exists()  # rows are kept for as long as the operator likes


@on("sqlite")
def test_rows_never_go_with_the_keys_of_persons(stage: Stage, tmp_path: Path) -> None:
    """One shelf for both is refused before anything is removed; rows on a shelf of keys are left alone."""
    place, hands = tmp_path / "shelf", stage.hands
    rows = taken(stage, place).place
    hands.set(hands.now_ms + (KEYS_DAYS + 1) * DAY_MS)
    settings, clock = stage.service.settings, hands.clock()
    for same in (place, place / "." / "person-keys" / ".."):
        assert (
            code(lambda same=same: take(settings, place, keys_shelf=same, clock=clock)) == "PERSON_KEYS_APART"
        )
    assert rows.exists()
    assert take(settings, tmp_path / "other", keys_shelf=place, clock=clock).removed == ()
    assert shelf.find(rows) == rows


@on("sqlite")
def test_too_little_room_is_said_before_anything_is_written(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taking, "free_bytes", lambda place: 2**20)
    assert code(lambda: taken(stage, tmp_path / "shelf")) == "DISK_LOW"
    assert list((tmp_path / "shelf").iterdir()) == []


@on("sqlite")
def test_a_disk_that_fills_up_on_the_way(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = os.fsync, [0]

    def full(descriptor: int) -> None:
        calls[0] += 1
        if calls[0] == 5:
            raise OSError(28, "no space")
        real(descriptor)

    monkeypatch.setattr(row_files.os, "fsync", full)
    assert code(lambda: taken(stage, tmp_path / "shelf")) == "DISK_LOW"
    assert not any((tmp_path / "shelf").glob("*Z*"))


@on("sqlite")
def test_the_command_tells_where_both_parts_are_and_until_when(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, keys = str(stage.service.settings.home), tmp_path / "apart"
    command = ["backup", str(tmp_path / "shelf"), "--person-keys", str(keys), "--home", home]
    told = CliRunner().invoke(app, [*command, "--json"])
    assert told.exit_code == 0, told.output
    document = json.loads(told.stdout)
    assert (document["size"], document["origin"]) == (stage.size(), stage.service.origin)
    assert Path(document["person_keys"]).parent == keys
    assert (Path(document["backup"]) / "manifest.json").exists()
    monkeypatch.setattr(backing, "_SAY_SECONDS", 0.0)
    told = CliRunner().invoke(app, command)
    assert " rows written\n" in told.stderr  # as it goes, once a second
    text = told.stdout
    assert "destroy every copy by" in text and document["person_keys_until"] in text
    command[-1] = str(tmp_path / "nowhere")
    told = CliRunner().invoke(app, command)
    assert (told.exit_code, "HOME_MISSING" in told.output + told.stderr) == (2, True)
