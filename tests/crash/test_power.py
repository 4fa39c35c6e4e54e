"""Power cut between any two system calls: what was answered is on the disk, on every disk there may be."""

from __future__ import annotations

import random
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.crash import strace
from tests.crash.conftest import Sent
from tests.crash.disk import MODELS, Disk, contents_of
from tests.crash.ground import LONG, Told, command, copied, lost_of, read_told, write_file
from tests.postgres import _roomy

STATES = 3_000 if LONG else 200  # disks of each model


@dataclass(frozen=True)
class Run:
    """What a writer did, from which disk, in which folder."""

    home: Path
    before: dict[str, bytes]
    calls: list[strace.Call]


def run_of(sent: Sent, folder: Path, *options: str) -> Run:
    home = copied(sent.home, folder / "home")
    before = contents_of(strace.paths_of(home))
    file = write_file(folder, sent.lines)
    return Run(home, before, strace.recorded(command(home, file, *options), home, folder / "strace"))


def disks(run: Run, model: str, number: int) -> Iterator[tuple[Told, dict[str, bytes]]]:
    """So many disks, the cuts spread over the whole run, and what was told before each cut."""
    chance = random.Random(model)
    for at in range(number):
        cut = 1 + at * len(run.calls) // number
        disk, output = Disk(run.before, model), b""
        for call in run.calls[:cut]:
            if call.name == "told":
                output += call.data
            else:
                disk.do(call)
        yield read_told(output), disk.after_the_cut(chance, ("none", "all", "some", "some")[at % 4])


def complaints(run: Run, model: str, number: int = STATES) -> list[str]:
    """What is wrong with the disks; none when every one holds all that was answered."""
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(dir=_roomy()) as folder:
        for told, found in disks(run, model, number):
            wrong += _complaints_of(Path(folder), told, found)
            for left in Path(folder).iterdir():
                left.unlink()
    return wrong


def _complaints_of(folder: Path, told: Told, found: dict[str, bytes]) -> list[str]:
    for path, data in found.items():
        (folder / Path(path).name).write_bytes(data)
    try:
        connection = sqlite3.connect(folder / "malan.db")
        try:
            (sound,) = connection.execute("PRAGMA integrity_check").fetchone()
            if sound != "ok":
                return ["corrupt"]
            rows = connection.execute("SELECT leaf FROM ledger_entry ORDER BY seq").fetchall()
        finally:
            connection.close()
    except sqlite3.DatabaseError:
        return ["unreadable"]
    return lost_of([row[0] for row in rows], told)


@pytest.mark.parametrize("model", MODELS)
def test_no_cut_of_power_loses_what_was_answered(sent: Sent, tmp_path: Path, model: str) -> None:
    run = run_of(sent, tmp_path)
    assert sum(call.name == "told" for call in run.calls) == 1 + len(sent.lines)
    assert complaints(run, model) == []


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize(
    "pragmas",
    [("synchronous=0",), ("journal_mode=wal", "synchronous=1")],
    ids=["synchronous off", "write-ahead log, synchronous normal"],
)
def test_settings_the_service_refuses_lose_entries(
    sent: Sent, tmp_path: Path, model: str, pragmas: tuple[str, ...]
) -> None:
    """The control: on the same disks other settings lose what was answered."""
    options = [word for pragma in pragmas for word in ("--pragma", pragma)]
    assert complaints(run_of(sent, tmp_path, *options), model, 200) != []
