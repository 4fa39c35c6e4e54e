"""The primary is killed while two service processes write; the standby is promoted, and the service goes on.

What was answered is there, published log and lock store are of the same history, and a process that ran
through it all needs no new setting. The standby is cut off a moment before each kill: only a commit that
waits for it, and then is not answered, keeps the promise. MALAN_CAMPAIGN=full fails over thirty times.
"""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from ledger.errors import MalanError
from ledger.store import read_head
from registry.fsck.run import check
from registry.published.boot_gate import check_not_ahead
from registry.published.publishing import Publisher
from registry.service import Service, open_service
from registry.settings import SETTINGS_FILE, read_settings
from registry.storage.database import Database
from registry.storage.upgrading import upgrade
from tests import postgres
from tests.bench.world import ready
from tests.crash.ground import LONG, Told, digest_of, lost, read_told, started, write_file
from tests.main_job import URL
from tests.standby import Pair

FAILOVERS = 30 if LONG else 1
EACH = 80  # statements for the writers of one failover; none sends so many before it is killed
SECONDS = (0.1, 0.4)
FROZEN_SECONDS = 0.2
DATABASE = "registry"


@pytest.fixture
def pair() -> Iterator[Pair]:
    if postgres.binaries() is None and os.environ.get("MALAN_CI") != "1":
        pytest.skip("no PostgreSQL here: install the development dependencies")
    made = Pair()
    yield made
    made.stop()


def named(pair: Pair, home: Path) -> None:
    """The home's settings lead to this pair."""
    home.mkdir(exist_ok=True)
    owner = pair.url(DATABASE, postgres.OWNER)
    text = f"MALAN_DATABASE={pair.url(DATABASE)}\nMALAN_DATABASE_OWNER={owner}\n"
    (home / SETTINGS_FILE).write_text(text)


def writers(home: Path, lines: Sequence[str], count: int = 2) -> list[subprocess.Popen[bytes]]:
    """So many processes, each with its part of the statements, about to send their first."""
    made = []
    for number in range(count):
        folder = home.parent / f"writer-{number}"
        folder.mkdir(exist_ok=True)
        made.append(started(home, write_file(folder, lines[number::count])))
    return made


def answered(processes: Sequence[subprocess.Popen[bytes]]) -> Told:
    """What they were answered before they ended."""
    told = [read_told(process.communicate(timeout=60)[0]) for process in processes]
    places = {digest: place for one in told for digest, place in one.places.items()}
    return Told(places, {digest: code for one in told for digest, code in one.refused.items()}, set())


def failed_over(pair: Pair, home: Path, service: Service, lines: Sequence[str], seed: int) -> Told:
    """Writes, publishes, cuts the standby off, publishes, kills, promotes; what was answered."""
    running = writers(home, lines)
    time.sleep(random.Random(seed).uniform(*SECONDS))
    Publisher(service).run_once()
    pair.freeze()
    time.sleep(FROZEN_SECONDS)
    Publisher(service).run_once()
    pair.fail_over()
    return answered(running)


def size_of(service: Service) -> int:
    with service.database.reading() as connection:
        return read_head(connection, service.origin).size


def gone_on(home: Path, service: Service, lines: Sequence[str]) -> Told:
    """The service on the new primary: another process writes, and what it wrote is published."""
    check_not_ahead(service)
    told = answered(writers(home, lines, 1))
    assert told.refused == {}
    note = Publisher(service).run_once()
    assert note is not None and note.size == size_of(service)
    assert service.lock.read() is not None
    assert check(service).departures == ()
    return told


def test_no_failover_loses_what_was_answered_and_the_control_does(pair: Pair, tmp_path: Path) -> None:
    home = tmp_path / "home"
    pair.primary.create(DATABASE)
    named(pair, home)
    upgrade(read_settings(home=home))
    pair.synchronous()
    with ready(home, statements=(FAILOVERS + 4) * EACH) as made:
        lines = [str(one["statement"]) for one in made.statements]
        everything, service = Told({}, {}, set()), made.job.service
        for turn in range(FAILOVERS):
            told = failed_over(pair, home, service, lines[:EACH], turn)
            assert told.places, "killed too soon"
            everything.places.update(told.places)
            # The same process as before the kill: its connections are gone, its settings name both places.
            assert lost(service, everything) == []
            lines = [line for line in lines if digest_of(line) not in everything.places]
            everything.places.update(gone_on(home, service, lines[:10]).places)
            assert lost(service, everything) == []
            lines = [line for line in lines if digest_of(line) not in everything.places]
            pair.attach()
            named(pair, home)
            service = open_service(read_settings(home=home, qr_origin=URL))
            pair.synchronous()
        # The control: the same, but a commit does not wait for the standby. The writers have more to say, so
        # that they still write while it is cut off.
        pair.alone()
        told = failed_over(pair, home, service, lines[: 4 * EACH], FAILOVERS)
        assert lost(service, told) != []
        with pytest.raises(MalanError, match="LOG_AHEAD"):
            check_not_ahead(service)
        service.close()


def test_a_standby_that_is_named_and_not_waited_for_is_refused(pair: Pair, tmp_path: Path) -> None:
    home = tmp_path / "home"
    pair.primary.create(DATABASE)
    named(pair, home)
    settings = read_settings(home=home)
    upgrade(settings)
    pair.synchronous()
    for value, refused in (("local", True), ("remote_write", False), ("on", False)):
        pair.set("synchronous_commit", value)
        database = Database(settings.database_url, busy_timeout_ms=1_000)
        found = ""
        try:
            with database.reading():
                pass
        except MalanError as error:
            found = f"{error.code} {error.where}"
        database.close()
        assert found == ("DATABASE_SETTING synchronous_commit" if refused else ""), value
