"""Old backups brought back, lock stores lost: what our key signed is never less than what it signs next."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner

from ledger.checkpoint import Checkpoint
from ledger.errors import MalanError, Unavailable
from ledger.lock_store import FileLockStore
from ledger.note import NoteSigner, sign_note
from registry.__main__ import app
from registry.published.boot_gate import check_not_ahead
from registry.published.loop import PublishingLoop
from registry.published.new_lock import begin_lock_store
from registry.published.publishing import Publisher
from registry.service import Service, note_signer
from registry.serving.server import look_ahead
from tests.ground import Ground
from tests.registry.stage import Stage, dismissal

SHOWN = ("log", "status", "trust.cbor")


class Past:
    """A backup of a stage, complete but for what a backup never holds; the log then goes on."""

    def __init__(self, stage: Stage, ground: Ground, tmp_path: Path) -> None:
        self.stage = stage
        home = stage.service.settings.home
        shutil.rmtree(home / "lock-store")
        self.lock = FileLockStore(tmp_path / "other-disk")
        self.lock.create()
        self.service = replace(stage.service, lock=self.lock)
        self.publish()
        self.old_size = stage.size()
        stage.service.database.close()
        self._rows_back = ground.keep(stage.service.settings)
        self._kept = tmp_path / "backup"
        for name in SHOWN:
            _copy(home / name, self._kept / name)
        assert stage.post(dismissal(stage)).status_code == 200
        self.newest = self.publish()

    def publish(self, **options: Callable[[], Sequence[bytes]]) -> bytes:
        """Publishes; the note that shows."""
        Publisher(self.service, **options).run_once()
        return (self.service.settings.log_directory / "checkpoint").read_bytes()

    def restore(self, *, files: bool, regrown: int) -> None:
        """The backup is put back, with or without the published files; the service goes on for a while."""
        home = self.service.settings.home
        self.service.database.close()
        self._rows_back()
        if files:
            for name in SHOWN:
                shutil.rmtree(home / name, ignore_errors=True)
                (home / name).unlink(missing_ok=True)
                _copy(self._kept / name, home / name)
        for number in range(regrown):
            said = dismissal(self.stage, f"evaluator-{number + 1}")
            assert self.stage.post(said).status_code == 200
        assert self.stage.size() == self.old_size + regrown


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target)
    elif source.exists():
        shutil.copy2(source, target)


@pytest.fixture
def past(stage: Stage, ground: Ground, tmp_path: Path) -> Past:
    return Past(stage, ground, tmp_path)


def refuses(service: Service, **options: Callable[[], Sequence[bytes]]) -> str:
    """Where the gate found what is ahead."""
    with pytest.raises(Unavailable, match="LOG_AHEAD") as caught:
        check_not_ahead(service, **options)
    assert "rebuild" in caught.value.fix or "restore" in caught.value.fix
    return caught.value.where


@pytest.mark.parametrize("regrown", [0, 1, 2])
def test_a_backup_of_the_database_alone_is_found_by_what_is_published(past: Past, regrown: int) -> None:
    past.restore(files=False, regrown=regrown)
    where = refuses(past.service)
    assert where.startswith("ROWS_DEPART" if regrown else "PUBLISH_BACKWARDS")
    with pytest.raises(MalanError, match="ROWS_DEPART" if regrown else "PUBLISH_BACKWARDS"):
        past.publish()
    assert past.service.log.checkpoint() == past.newest
    answer = past.stage.post(dismissal(past.stage, "evaluator-3"))
    assert (answer.status_code, answer.json()["code"]) == (503, "LOG_AHEAD")
    assert past.stage.client.get("/log/checkpoint").content == past.newest


@pytest.mark.parametrize("regrown", [0, 1, 2])
def test_a_backup_of_database_and_files_is_found_by_the_lock_store(past: Past, regrown: int) -> None:
    past.restore(files=True, regrown=regrown)
    before = past.service.log.checkpoint()
    assert "lock store" in refuses(past.service)
    with pytest.raises(MalanError, match="ROWS_DEPART" if regrown else "PUBLISH_BACKWARDS"):
        past.publish()
    assert past.service.log.checkpoint() == before
    assert past.lock.read() == past.newest
    assert past.service.alarms.read_only is not None


@pytest.mark.parametrize("regrown", [0, 1, 2])
def test_a_backup_of_everything_is_found_by_a_witness(past: Past, tmp_path: Path, regrown: int) -> None:
    past.restore(files=True, regrown=regrown)
    before = past.service.log.checkpoint()
    past.service = replace(past.service, lock=store_with(tmp_path / "put-back", before))
    check_not_ahead(past.service)  # nobody on this machine can know
    assert "witness" in refuses(past.service, witnessed=lambda: [before, past.newest])
    with pytest.raises(Unavailable, match="LOG_AHEAD"):
        past.publish(witnessed=lambda: [past.newest])
    assert past.service.log.checkpoint() == before
    assert past.stage.post(dismissal(past.stage, "evaluator-3")).json()["code"] == "LOG_AHEAD"


def test_without_the_lock_store_an_old_backup_would_sign_a_second_history(past: Past, tmp_path: Path) -> None:
    """Negative control: what the gate is for."""
    past.restore(files=True, regrown=1)
    past.service = replace(past.service, lock=store_with(tmp_path / "old", past.service.log.checkpoint()))
    forked = past.publish()
    assert forked != past.newest
    assert forked.split(b"\n")[1] == past.newest.split(b"\n")[1]  # one size, two roots


def test_a_bundle_that_is_ahead_counts(past: Past) -> None:
    kept = (past.service.settings.home / "trust.cbor").read_bytes()
    past.restore(files=True, regrown=0)
    (past.service.settings.home / "trust.cbor").write_bytes(kept)
    past.lock = store_with(past.service.settings.home / "l", past.service.log.checkpoint())
    assert "trust.cbor" in refuses(replace(past.service, lock=past.lock))


def test_the_start_of_the_service_and_its_loop_ask(past: Past, tmp_path: Path) -> None:
    past.restore(files=True, regrown=2)
    look_ahead(past.service)
    assert past.service.alarms.read_only is not None
    past.service.alarms.read_only = None
    past.service = replace(past.service, lock=store_with(tmp_path / "b", past.service.log.checkpoint()))
    loop = PublishingLoop(past.service, witnessed=lambda: [past.newest])
    loop.start()
    loop.stop()
    assert past.service.alarms.publishing == "LOG_AHEAD"
    assert past.service.alarms.read_only is not None


def test_unreachable_is_not_ahead(past: Past, tmp_path: Path) -> None:
    def down() -> Sequence[bytes]:
        raise Unavailable("WITNESS_DOWN", "told by the test")

    check_not_ahead(past.service, witnessed=down)
    away = replace(past.service, lock=FileLockStore(tmp_path / "nowhere"))
    check_not_ahead(away)
    assert past.stage.post(dismissal(past.stage, "evaluator-2")).status_code == 200
    with pytest.raises(Unavailable, match="LOCK_STORE_MISSING"):
        Publisher(away).run_once()
    assert past.service.alarms.read_only is None
    assert past.service.log.checkpoint() == past.newest
    assert past.publish(witnessed=down) != past.newest
    assert past.service.alarms.publishing is None


def test_what_our_key_did_not_sign_is_not_ahead(past: Past) -> None:
    key = Ed25519PrivateKey.from_private_bytes(b"\x09" * 32)
    larger = Checkpoint(past.service.origin, 10_000, b"\x01" * 32).body()
    stranger = sign_note(larger, [NoteSigner(past.service.origin, key)])
    check_not_ahead(past.service, witnessed=lambda: [stranger, b"no note at all"])
    ours = sign_note(larger, [note_signer(past.service)])
    assert refuses(past.service, witnessed=lambda: [stranger, ours]).startswith("PUBLISH_BACKWARDS")


def test_a_witness_that_is_behind_is_no_alarm_and_is_judged_once(past: Past) -> None:
    old = (past._kept / "log" / "checkpoint").read_bytes()
    publisher = Publisher(past.service, witnessed=lambda: [old])
    publisher.run_once()
    publisher.run_once()
    assert past.service.alarms.read_only is None
    other = sign_note(
        Checkpoint(past.service.origin, past.old_size, b"\x07" * 32).body(), [note_signer(past.service)]
    )
    assert refuses(past.service, witnessed=lambda: [old, other]).startswith("ROWS_DEPART: witness")


# A lock store that is lost.


def store_with(path: Path, note: bytes) -> FileLockStore:
    store = FileLockStore(path)
    store.create()
    store.swap(old=None, new=note)
    return store


def test_a_lost_lock_store_begins_with_the_newest_checkpoint_anybody_brings(
    past: Past, tmp_path: Path
) -> None:
    past.lock = FileLockStore(tmp_path / "new")
    past.service = replace(past.service, lock=past.lock)
    shutil.rmtree(past.service.settings.log_directory)
    _copy(past._kept / "log", past.service.settings.log_directory)  # the files are older than the rows
    size = begin_lock_store(past.service, [past.newest])
    assert size == past.stage.size()
    assert past.lock.read() == past.newest
    assert past.publish() == past.newest
    assert begin_lock_store(past.service, []) == size
    assert past.lock.read() == past.newest


def test_a_lost_lock_store_does_not_begin_behind_a_district(past: Past, tmp_path: Path) -> None:
    past.restore(files=True, regrown=1)
    past.service = replace(past.service, lock=FileLockStore(tmp_path / "new"))
    with pytest.raises(Unavailable, match="LOG_AHEAD"):
        begin_lock_store(past.service, [past.newest])
    assert not (tmp_path / "new").exists()


def test_the_command_begins_a_lost_lock_store(stage: Stage, tmp_path: Path) -> None:
    stage.publish()
    settings = stage.service.settings
    note = (settings.log_directory / "checkpoint").read_bytes()
    (tmp_path / "district.txt").write_bytes(note)
    shutil.rmtree(settings.home / "lock-store")
    command = ["publish", "--home", str(settings.home), "--json"]
    told = CliRunner().invoke(app, command)
    assert (told.exit_code, json.loads(told.stdout)["error"]["code"]) == (2, "LOCK_STORE_MISSING")
    told = CliRunner().invoke(app, [*command, "--new-lock-store", "--known", str(tmp_path / "district.txt")])
    assert told.exit_code == 0, told.output
    assert (settings.home / "lock-store" / "note").read_bytes() == note
