"""Publishers on hosts of their own, with databases that parted: of one size no two notes are ever seen."""

from __future__ import annotations

import os
import subprocess
import sys
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

import pytest

from ledger.checkpoint import open_checkpoint
from ledger.note import NoteSigner
from tests.ground import Ground
from tests.races.publisher import COMMON, KEY, origin, store_of

LONG = os.environ.get("MALAN_CAMPAIGN") == "full"
HOSTS = 3
ROUNDS = 1_000 if LONG else 25
REFUSED = {"SIGNED_ELSEWHERE", "LOCK_STORE", "ROWS_DEPART"}
Process = subprocess.Popen[str]


@contextmanager
def hosts(home: Path, place: str, *options: str) -> Iterator[list[Process]]:
    """Publishers that wait for their first round."""
    words = [sys.executable, "-m", "tests.races.publisher", str(home), place]
    started = [
        subprocess.Popen(
            [*words, str(number), *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for number in range(HOSTS)
    ]
    try:
        yield started
    finally:
        for one in started:
            cast("IO[str]", one.stdin).close()
            one.wait(timeout=30)
            cast("IO[str]", one.stdout).close()


def tell(process: Process, line: str) -> None:
    stdin = cast("IO[str]", process.stdin)
    stdin.write(f"{line}\n")
    stdin.flush()


def hear(process: Process) -> list[str]:
    return cast("IO[str]", process.stdout).readline().split()


def rounds(home: Path, place: str, *options: str) -> list[tuple[list[str], set[bytes], bytes | None]]:
    """For each round: what the hosts were told, the notes of the newer size that show, and the store's."""
    found = []
    with hosts(home, place, *options) as all_hosts:
        for turn in range(ROUNDS):
            store = store_of(home, place, turn)
            store.create()
            for one in all_hosts:
                tell(one, str(turn))
            assert [hear(one) for one in all_hosts] == [["ready"]] * HOSTS
            for one in all_hosts:
                tell(one, "go")
            answers = [hear(one) for one in all_hosts]
            notes = {b64decode(note) for _, note in answers}
            newer = {note for note in notes if size_of(note, turn) == COMMON + 1}
            found.append(([told for told, _ in answers], newer, store.read()))
            store.close()
    return found


def size_of(note: bytes, turn: int) -> int:
    return open_checkpoint(note, log_keys=[NoteSigner(origin(turn), KEY).key]).checkpoint.size


@pytest.fixture(params=["folder", "table"])
def place(request: pytest.FixtureRequest, ground: Ground, tmp_path: Path) -> str:
    """Where the lock store is."""
    if request.param == "folder":
        if ground.kind != "sqlite":
            pytest.skip("a folder knows no database")
        return "folder"
    settings = ground.fresh(tmp_path / "apart")
    return settings.database_owner or settings.database_url


def test_of_one_size_no_two_notes_are_seen(place: str, tmp_path: Path) -> None:
    told: Counter[str] = Counter()
    for answers, newer, held in rounds(tmp_path, place):
        assert len(newer) == 1 and newer == {held}, answers
        assert answers.count("shown") == 1
        assert set(answers) <= REFUSED | {"shown"}
        told.update(answers)
    print(dict(told))
    assert told["SIGNED_ELSEWHERE"] + told["LOCK_STORE"] > 0, "somebody lost the race itself"


def test_without_the_comparison_two_histories_are_seen(tmp_path: Path) -> None:
    """The negative control: the same hosts, the same rounds."""
    assert any(len(newer) > 1 for _, newer, _ in rounds(tmp_path, "folder", "--blind"))
