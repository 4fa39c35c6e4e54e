"""Four service processes with two writers each, on one database: the order is dense and nothing is lost."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from issuers.base64url import from_b64
from ledger.leaf import check_link, leaf_hash, parse_leaf
from ledger.store import entry, read_head, read_leaves
from tests.bench.world import Founded, Ready, again, founded
from tests.ground import Ground, on

PROCESSES = 4
EACH, SHARED = 30, 10  # statements of one process alone, and of all of them


@pytest.fixture(scope="module")
def former(ground: Ground, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Founded]:
    made = founded(ground.fresh(tmp_path_factory.mktemp("founded") / "home"))
    yield made
    ground.drop(made.settings)


@pytest.fixture
def made(ground: Ground, former: Founded, tmp_path: Path) -> Iterator[Ready]:
    settings = ground.copy(former.settings, tmp_path / "home")
    with again(former, settings, statements=PROCESSES * EACH + SHARED) as world:
        yield world
    ground.drop(settings)


def race(made: Ready, lists: Sequence[Sequence[str]], *options: str) -> list[dict[str, Any]]:
    """What every process was answered, each with its list of statements."""
    processes = []
    for number, lines in enumerate(lists):
        file = made.home.parent / f"statements-{number}"
        file.write_text("\n".join(lines))
        command = [sys.executable, "-m", "tests.races.writer", str(made.home), str(file), *options]
        processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
    told: list[dict[str, Any]] = []
    for process in processes:
        out, _ = process.communicate(timeout=240)
        assert process.returncode == 0
        told += [json.loads(line) for line in out.splitlines()]
    return told


def lists_of(made: Ready) -> list[list[str]]:
    """For each process its own statements, and in between those that all of them send."""
    lines = [str(one["statement"]) for one in made.statements]
    shared, own = lines[:SHARED], lines[SHARED:]
    return [
        [line for pair in zip(own[start::PROCESSES], shared * 3, strict=True) for line in pair]
        for start in range(PROCESSES)
    ]


def complaints(made: Ready, told: Sequence[dict[str, Any]], before: int) -> list[str]:
    """What is wrong with the log after the race; none when all is well."""
    service = made.job.service
    with service.database.reading() as connection:
        head = read_head(connection, service.origin)
        leaves = [parse_leaf(data) for data in read_leaves(connection, 0, head.size)]
        raw = read_leaves(connection, 0, head.size)
    wrong = [f"refused: {one['error']}" for one in told if "error" in one]
    for seq in range(1, len(leaves)):
        check_link(leaves[seq], seq=seq, prev=leaf_hash(raw[seq - 1]), not_before_ms=leaves[seq - 1].time_ms)
    placed = {hashlib.sha256(leaf.statement).hexdigest(): leaf for leaf in leaves[before:]}
    sent = {
        hashlib.sha256(from_b64(str(one["statement"]), bytes_max=70_000, where="x")).hexdigest()
        for one in made.statements
    }
    if placed.keys() != sent or len(leaves) != before + len(sent):
        wrong.append(f"{len(leaves) - before} entries for {len(sent)} statements")
    for one in told:
        leaf = placed.get(one["hash"])
        if "seq" in one and (leaf is None or (leaf.seq, leaf.time_ms) != (one["seq"], one["time_ms"])):
            wrong.append(f"acknowledged at {one['seq']}, and it is not there")
    first = Counter(one["hash"] for one in told if one.get("repeated") is False)
    wrong += [f"appended {count} times" for count in first.values() if count != 1]
    return wrong


def test_eight_writers_leave_one_dense_log_with_nothing_lost_or_doubled(made: Ready) -> None:
    with made.job.service.database.reading() as connection:
        before = read_head(connection, made.job.service.origin).size
    lists = lists_of(made)
    told = race(made, lists)
    assert len(told) == sum(len(lines) for lines in lists)
    assert complaints(made, told, before) == []


def test_without_the_write_lock_the_same_race_fails(made: Ready) -> None:
    """Negative control. The guards of the database keep the log whole; statements are refused instead."""
    with made.job.service.database.reading() as connection:
        before = read_head(connection, made.job.service.origin).size
    wrong = complaints(made, race(made, lists_of(made), "--no-lock"), before)
    assert any(one.startswith("refused") for one in wrong)


@on("postgresql")
def test_connections_that_the_server_ends_lose_and_double_nothing(made: Ready, ground: Any) -> None:
    """pg_terminate_backend, over and over, while statements are sent; whatever failed is sent again."""
    service = made.job.service
    with service.database.reading() as connection:
        before = read_head(connection, service.origin).size
    lines = [str(one["statement"]) for one in made.statements]
    file = made.home.parent / "statements"
    file.write_text("\n".join(lines))
    command = [sys.executable, "-m", "tests.races.writer", str(made.home), str(file)]
    name = sa.make_url(service.settings.database_url).database
    ended, told = 0, list[dict[str, Any]]()
    for _ in range(6):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        with ground.server.admin() as admin:
            while process.poll() is None:
                time.sleep(0.05)
                query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
                ended += len(admin.execute(query + " AND state <> 'idle'", [name]).fetchall())
        assert process.stdout is not None
        told += [json.loads(line) for line in process.stdout.read().splitlines()]
        if {one["hash"] for one in told if "seq" in one} == {one["hash"] for one in told}:
            break
    assert ended > 0
    assert any(one.get("error") == "Unavailable" for one in told), "some were cut off, and said so"
    told += race(made, [lines])  # undisturbed: whoever was told "try again" is answered
    assert complaints(made, [one for one in told if "seq" in one], before) == []
    with service.database.reading() as connection:
        rows = connection.execute(sa.select(sa.func.count()).select_from(entry)).scalar_one()
    assert rows == before + len(lines)
