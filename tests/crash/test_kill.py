"""SIGKILL in a write loop, over and over: of the process on SQLite, of process and server on PostgreSQL."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from registry.fsck.run import check
from tests import postgres
from tests.bench.world import Founded, Ready, again, founded
from tests.crash.ground import LONG, Told, digest_of, lost, read_told, started, write_file
from tests.ground import PostgresGround, SqliteGround

CYCLES = {"sqlite": 500 if LONG else 5, "postgresql": 200 if LONG else 3}
EACH = 150  # statements a writer has; none sends so many before it is killed
SECONDS = (0.02, 0.25)  # from the first statement to the kill


class Sqlite:
    """The process is all there is to kill."""

    def __init__(self) -> None:
        self.ground = SqliteGround()

    def kill(self, pid: int) -> None:
        """SIGKILL."""
        os.kill(pid, signal.SIGKILL)

    def close(self) -> None:
        """Nothing runs."""


class Postgres:
    """A server of its own, for it is killed with everything it started."""

    def __init__(self, *options: str) -> None:
        self._options = options
        self._server = postgres.Server(*options)
        self.ground = PostgresGround(self._server)

    def kill(self, pid: int) -> None:
        """SIGKILL to the server, its children and the process; then the server starts again."""
        os.killpg(self._server.process.pid, signal.SIGKILL)
        os.kill(pid, signal.SIGKILL)
        self._server.process.wait()
        self._server.start(*self._options)

    def close(self) -> None:
        """Ends it."""
        self._server.stop()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest) -> Iterator[Sqlite | Postgres]:
    if request.param == "postgresql" and postgres.binaries() is None and os.environ.get("MALAN_CI") != "1":
        pytest.skip("no PostgreSQL here: install the development dependencies")
    made = Sqlite() if request.param == "sqlite" else Postgres()
    yield made
    made.close()


@pytest.fixture(scope="module")
def former(place: Sqlite | Postgres, tmp_path_factory: pytest.TempPathFactory) -> Founded:
    return founded(place.ground.fresh(tmp_path_factory.mktemp("founded") / "home"))


@contextmanager
def copied(place: Sqlite | Postgres, former: Founded, home: Path, statements: int) -> Iterator[Ready]:
    """A world of a test's own."""
    with again(former, place.ground.copy(former.settings, home), statements=statements) as made:
        yield made


def killed_over_and_over(
    place: Sqlite | Postgres, made: Ready, cycles: int, *options: str, seed: int = 1
) -> list[str]:
    """What was lost in so many kills; each writer sends again what the one before was not answered for."""
    chance, service = random.Random(seed), made.job.service
    lines = [str(one["statement"]) for one in made.statements]
    everything, wrong = Told({}, {}, set()), list[str]()
    for _ in range(cycles):
        writer = started(made.home, write_file(made.home.parent, lines[:EACH]), *options)
        time.sleep(chance.uniform(*SECONDS))
        service.database.close()  # the connections of this process would not survive the server
        place.kill(writer.pid)
        output, _ = writer.communicate(timeout=30)
        told = read_told(output)
        everything.places.update(told.places)
        everything.early.update(told.early)
        wrong += lost(service, Told(told.places, {}, told.early))
        answered = told.places.keys() | told.early
        lines = [line for line in lines if digest_of(line) not in answered]
    assert everything.places or everything.early, "nothing was answered: the writers were killed too soon"
    return wrong + lost(service, everything)


def test_no_kill_loses_what_was_answered(place: Sqlite | Postgres, former: Founded, tmp_path: Path) -> None:
    cycles = CYCLES[place.ground.kind]
    with copied(place, former, tmp_path / "home", cycles * 60 + EACH) as made:
        assert killed_over_and_over(place, made, cycles) == []
        made.job.publish()
        assert check(made.job.service).departures == ()


def test_an_answer_before_the_commit_is_lost_sooner_or_later(
    place: Sqlite | Postgres, former: Founded, tmp_path: Path
) -> None:
    """The control: the same harness finds a service that answers too early."""
    with copied(place, former, tmp_path / "home", 10 * 60 + EACH) as made:
        found = []
        for seed in range(10):
            # What stands already cannot be lost: each try has statements nobody sent.
            fresh = replace(made, statements=made.statements[60 * seed :])
            found = killed_over_and_over(place, fresh, 1, "--early", seed=seed)
            if found:
                break
        assert any("told early" in one for one in found)
