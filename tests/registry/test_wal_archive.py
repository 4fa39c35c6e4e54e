"""Base backup and WAL archive of PostgreSQL: to the end nothing is lost; to a moment, the way is `--adopt`.

A server of its own and a class evaluated: a long campaign (`make campaign`).
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry.backups.restoring import adopt
from registry.fsck.run import check
from registry.service import open_service
from registry.settings import Settings
from tests.ground import PostgresGround
from tests.postgres import SUPERUSER, Server
from tests.registry.backing import all_rows, code, finished
from tests.registry.conftest import _grown
from tests.registry.desk import Desk
from tests.registry.stage import Stage, raise_stage, with_standard
from tests.world import World
from tests.world_parts import moment

LONG = os.environ.get("MALAN_CAMPAIGN") == "full"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not LONG, reason="servers of its own: MALAN_CAMPAIGN=full runs it"),
]


class Archived(Server):
    """A server that archives its WAL, and comes back out of a base backup and that."""

    def __init__(self, place: Path) -> None:
        self.archive, self.kept = place / "archive", place / "kept"
        super().__init__("-carchive_mode=on", f"-carchive_command=cp %p {self.archive}/%f")
        for folder in (self.archive, self.kept):
            folder.mkdir(parents=True)
            if self._account:
                os.chown(folder, self._account["user"], self._account["group"])

    def back_up(self) -> None:
        """`pg_basebackup`, without the WAL that comes later."""
        self._run("pg_basebackup", "-h", str(self.socket), "-U", SUPERUSER, "-D", str(self.kept / "data"),
                  "--wal-method=none", "--checkpoint=fast", "--no-sync")  # fmt: skip

    def name_moment(self, name: str) -> None:
        """A moment to come back to; what was written so far is archived."""
        with self.admin() as connection:
            connection.execute("SELECT pg_create_restore_point(%s)", (name,))
            (segment,) = connection.execute("SELECT pg_walfile_name(pg_switch_wal())").fetchone() or ("",)
        deadline = time.monotonic() + 30
        while not (self.archive / segment).exists():
            assert time.monotonic() < deadline, "the archive stands still"
            time.sleep(0.05)

    def come_back(self, *options: str) -> None:
        """The machine is lost: the base backup and the archive are all there is."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        shutil.rmtree(self.data)
        subprocess.run(["cp", "-a", str(self.kept / "data"), str(self.data)], check=True)
        (self.data / "recovery.signal").touch()
        self.start(f"-crestore_command=cp {self.archive}/%f %p", "-crecovery_target_action=promote", *options)
        deadline = time.monotonic() + 60
        with self.admin() as connection:
            while connection.execute("SELECT pg_is_in_recovery()").fetchone() != (False,):
                assert time.monotonic() < deadline, "it does not leave recovery"
                time.sleep(0.05)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """The server's account has to pass."""
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o711)
    yield tmp_path


@pytest.fixture
def server_of_its_own(place: Path) -> Iterator[Archived]:
    made = Archived(place / "wal")
    yield made
    made.stop()


def lived(server: Archived, place: Path) -> Stage:
    """A class with results, on that server."""

    def grow(world: World) -> World:
        return with_standard(world).with_class().with_results()

    template = _grown(PostgresGround(server), place / "home", None, grow)
    stage = raise_stage(template.settings, template.world, founded=True)
    stage.hands.set(moment(13, 10))
    stage.world.now = moment(13, 10)
    return stage


def test_a_lost_machine_comes_back_out_of_its_archive(server_of_its_own: Archived, place: Path) -> None:
    server = server_of_its_own
    stage = lived(server, place)
    server.back_up()
    desk = Desk(stage, stage.issue_all())
    stage.publish()
    server.name_moment("issued")
    early = stage.size()
    assert desk.submit(desk.claim(desk.prepared())).status_code == 200
    stage.publish()
    server.name_moment("end")
    settings, clock, rows = stage.service.settings, stage.hands.clock(), all_rows(stage.service.settings)
    stage.service.database.close()

    # To the end of the archive: nothing is lost, names and documents neither; it is simply served.
    server.come_back()
    assert all_rows(settings) == rows
    assert departures(settings, stage) == set()

    # To the moment before: the service would only read; `malan restore --adopt --log` is the way.
    server.come_back("-crecovery_target_name=issued")
    assert len(all_rows(settings)["ledger_entry"]) == early < len(rows["ledger_entry"])
    adopt(settings)
    assert code(lambda: finished(settings, clock)) == "LOG_AHEAD"
    found = finished(settings, clock, log=settings.log_directory)
    assert found.size == len(rows["ledger_entry"])
    # What was issued by then has everything; of the claim after it the personal part is not there.
    assert set(found.lost) == {"OPENING_MISSING", "HOLD_MISSING"}
    assert all_rows(settings)["ledger_entry"] == rows["ledger_entry"]
    assert departures(settings, stage) == set(found.lost)


def departures(settings: Settings, stage: Stage) -> set[str]:
    """What fsck finds."""
    service = open_service(settings, clock=stage.hands.clock())
    found = {one.code for one in check(service).departures}
    service.close()
    return found
