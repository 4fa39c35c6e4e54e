"""Old backups, taken while the service ran and published, are refused: by the restore, by a service that has
one all the same, also regrown past what was signed, and by every witness (assurance E 13, F10).

3 on SQLite and 1 on PostgreSQL against 2 witnesses; with MALAN_CAMPAIGN=full 50 on each against 16.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from issuers.acts.classes import ClassOpened
from ledger.add_checkpoint import AddCheckpoint
from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.errors import MalanError, Unavailable
from ledger.merkle import consistency_proof
from ledger.policy import Log, Policy
from ledger.store import read_head
from ledger.tiles import TileReader
from registry.backups.taking import Taken
from registry.http.app import create_app
from registry.published.loop import PublishingLoop
from registry.published.publishing import Publisher
from registry.service import Service, note_signer, open_service
from registry.serving.server import look_ahead
from registry.settings import Settings
from registry.writing.item import Submission
from registry.writing.submit import submit
from tests.ground import Ground, on
from tests.registry.backing import BESIDE, code, elsewhere, finished, restored, taken
from tests.registry.stage import Stage, item
from tests.world_parts import BODY, CLASS_FIRST, CLASS_LAST, PROJECT, STANDARD_ID, moment
from verify.witness.answering import Witnessing, answer
from verify.witness.home import create, open_home

LONG = os.environ.get("MALAN_CAMPAIGN") == "full"
COUNT = {"sqlite": 50 if LONG else 3, "postgresql": 50 if LONG else 1}
WITNESSES = 16 if LONG else 2
BETWEEN = 4  # entries that arrive while a backup is taken
VIEW = tuple(name for name in BESIDE if name != "keys")  # by what the gate knows what was signed


@dataclass(frozen=True)
class Past:
    """Backups, the oldest first, and what stands since: the newest note and whoever cosigned it."""

    backups: list[Taken]
    newest: bytes
    size: int
    witnesses: list[Witnessing]


def opened_class(stage: Stage) -> bytes:
    """An act that anybody's registrar may say any number of times."""
    instructors = tuple(stage.world.people[name].staff for name in ("instructor-1", "instructor-2"))
    act = ClassOpened(PROJECT, STANDARD_ID, BODY, instructors, CLASS_FIRST, CLASS_LAST)
    return stage.world.sign("class-opened", "registrar", f"class/{os.urandom(16).hex()}", act)


@contextmanager
def running(stage: Stage) -> Iterator[Callable[[], None]]:
    """The service publishes, and writes `BETWEEN` entries each time it is told to."""
    wanted, ended, failed = threading.Semaphore(0), threading.Event(), list[object]()

    def write() -> None:
        while wanted.acquire() and not ended.is_set():
            answered = stage.post(opened_class(stage))
            if answered.status_code != 200:
                failed.append(answered.text)

    loop, writer = PublishingLoop(stage.service), threading.Thread(target=write)
    loop.start()
    writer.start()
    try:
        yield lambda: wanted.release(BETWEEN)
    finally:
        ended.set()
        wanted.release()
        writer.join()
        loop.stop()
    assert not failed and stage.service.alarms.publishing is None


def live(stage: Stage, count: int, place: Path) -> Past:
    """So many backups of a service that goes on, then a last publication, which the witnesses cosign."""
    stage.hands.set(moment(9, 8))
    stage.world.now = moment(9, 8)
    interval = stage.service.settings.model_copy(update={"publish_interval_ms": 50})
    stage.service = replace(stage.service, settings=interval)
    stage.client = TestClient(create_app(stage.service))
    backups: list[Taken] = []
    with running(stage) as go_on:
        for _ in range(count):
            go_on()
            while backups and stage.size() <= backups[-1].manifest.size:
                threading.Event().wait(0.005)
            stage.hands.set(stage.hands.now_ms + 1)
            backups.append(taken(stage, place / "shelf"))
    for _ in range(BETWEEN):
        assert stage.post(opened_class(stage)).status_code == 200
    size = stage.publish()
    newest = stage.service.log.checkpoint()
    log = Policy((Log(note_signer(stage.service).key),), (), (), "none")
    witnesses = []
    for number in range(WITNESSES):
        folder, name = place / f"w{number:02}", f"w{number:02}.district.example/malan"
        create(folder, name=name, logs=log, seed=sha256(name.encode()).digest())
        witnesses.append(open_home(folder).witness)
        assert answer(witnesses[-1], AddCheckpoint(0, (), newest).render(), now=lambda: 1).status == 200
    assert len({one.manifest.size for one in backups}) == count
    assert backups[-1].manifest.size < size
    return Past(backups, newest, size, witnesses)


class Old:
    """A home with an old backup in it, and the view of the gate, which can be taken away and brought back."""

    def __init__(self, settings: Settings, stage: Stage, past: Past) -> None:
        self.settings = settings
        self._stage, self._past = stage, past
        self._aside = {True: settings.home / "signed", False: settings.home / "forked"}
        self._seen = True

    def see(self, seen: bool) -> None:
        """Whether what was signed since is in its place; what stands there meanwhile is put aside."""
        if seen == self._seen:
            return
        for source, target in (
            (self.settings.home, self._aside[self._seen]),
            (self._aside[seen], self.settings.home),
        ):
            target.mkdir(exist_ok=True)
            for name in VIEW:
                if (source / name).exists():
                    (source / name).rename(target / name)
        self._seen = seen

    def refused_by_service(self) -> str:
        """A service that is started here only reads; where the gate found why."""
        self.see(True)
        service = open_service(self.settings, clock=self._stage.hands.clock())
        look_ahead(service)
        alarm = service.alarms.read_only
        assert isinstance(alarm, Unavailable) and alarm.code == "LOG_AHEAD"
        with TestClient(create_app(service)) as client:
            told = client.post("/api/statements", json=item(opened_class(self._stage)))
            assert (told.status_code, told.json()["code"]) == (503, "LOG_AHEAD")
            assert client.get("/readyz").status_code == 503
            assert client.get("/log/checkpoint").content == self._past.newest
        with pytest.raises(MalanError):
            Publisher(service).run_once()
        assert service.lock.read() == self._past.newest
        service.close()
        return alarm.where

    def regrown(self) -> tuple[Service, bytes, bytes]:
        """The control: with nothing in view it opens, writes and signs; notes before and after growing."""
        self.see(False)
        service = open_service(self.settings, clock=self._stage.hands.clock())
        look_ahead(service)
        assert service.alarms.read_only is None
        service.lock.create()
        Publisher(service).run_once()
        before = service.log.checkpoint()
        with service.database.reading() as connection:
            size = read_head(connection, service.origin).size
        more = [Submission(opened_class(self._stage)) for _ in range(self._past.size - size + 1)]
        assert not [one for one in submit(service, more) if isinstance(one, MalanError)]
        Publisher(service).run_once()
        return service, before, service.log.checkpoint()

    def refused_by_witnesses(self, service: Service, before: bytes, after: bytes) -> None:
        """By all: the old size, the regrown one from where the witness stands, and from anywhere else."""
        fork, held = self._told(service, after), self._past.size
        read = TileReader(size=fork.size, fetch=lambda path: (self.settings.home / "log" / path).read_bytes())
        proof = tuple(consistency_proof(old=held, new=fork.size, read=read.read))
        asked = [
            (AddCheckpoint(self._told(service, before).size, (), before), 409),
            (AddCheckpoint(held, proof, after), 422),
            (AddCheckpoint(0, (), after), 409),
        ]
        for one in self._past.witnesses:
            for request, status in asked:
                assert answer(one, request.render(), now=lambda: 100).status == status
            head = one.state.latest(service.origin)
            assert head is not None and head.checkpoint.size == held
            assert one.state.evidence()

    @staticmethod
    def _told(service: Service, note: bytes) -> Checkpoint:
        return open_checkpoint(note, log_keys=[note_signer(service).key]).checkpoint


@pytest.mark.slow
def test_every_old_backup_is_refused(stage: Stage, ground: Ground, tmp_path: Path) -> None:
    count = COUNT[ground.kind]
    past = live(stage, count, tmp_path)
    refused = 0
    for number, one in enumerate(past.backups):
        source, clock = stage.service.settings, stage.hands.clock()
        settings = elsewhere(ground, source, tmp_path / f"old-{number}", *BESIDE)
        old = Old(settings, stage, past)
        # 1. The restore itself, which keeps it closed.
        assert code(lambda: restored(settings, one.place, clock)) == "LOG_AHEAD"  # noqa: B023
        assert code(lambda: open_service(settings)) == "RESTORE_UNFINISHED"  # noqa: B023
        # 2. The control: with nothing in view it opens.
        old.see(False)
        assert finished(settings, clock).compared == ()
        # 3. A service that has it all the same, as soon as it sees what was signed.
        assert old.refused_by_service().startswith("PUBLISH_BACKWARDS")
        # 4. Regrown past what was signed: again nothing but the view holds it back, and the witnesses.
        service, before, after = old.regrown()
        old.refused_by_witnesses(service, before, after)
        service.close()
        assert old.refused_by_service().startswith("ROWS_DEPART")
        refused += 1
        ground.drop(settings)
    assert refused == count


@on("sqlite")
def test_a_witness_cosigns_what_goes_on_from_where_it_stands(stage: Stage, tmp_path: Path) -> None:
    """Negative control of the witnesses' part: the true history, grown as far, is cosigned by all."""
    past = live(stage, 1, tmp_path)
    assert stage.post(opened_class(stage)).status_code == 200
    size, log = stage.publish(), stage.service.settings.log_directory
    read = TileReader(size=size, fetch=lambda path: (log / path).read_bytes())
    proof = tuple(consistency_proof(old=past.size, new=size, read=read.read))
    request = AddCheckpoint(past.size, proof, stage.service.log.checkpoint()).render()
    assert {answer(one, request, now=lambda: 100).status for one in past.witnesses} == {200}
