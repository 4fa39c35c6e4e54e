"""Each system call by which a statement reaches the disk kills the process, fails, or finds the disk full."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from pathlib import Path

from issuers.base64url import from_b64
from registry.fsck.run import check
from registry.service import open_service
from registry.settings import read_settings
from registry.writing.item import Submission
from registry.writing.submit import Registered, submit
from tests.crash import strace
from tests.crash.conftest import Sent
from tests.crash.ground import LONG, command, copied, lost, read_told, write_file
from tests.main_job import URL

STATEMENTS = 3
CASES = 10_000 if LONG else 6
KILL = "signal=KILL"
HOW = (KILL, "error=EIO", "error=ENOSPC")


def points(sent: Sent, folder: Path) -> list[tuple[str, int, str]]:
    """Call, number and fault: every call between the first statement and the last answer."""
    counts = []
    for lines in ([], sent.lines[:STATEMENTS]):
        home = copied(sent.home, folder / "counting")
        counts.append(strace.counted(command(home, write_file(folder, lines)), home, folder / "strace"))
    opening, whole = counts
    return [
        (call, number, how)
        for call in strace.FILE_CALLS
        for number in range(opening[call] + 1, whole[call] + 1)
        for how in HOW
    ]


def complaints(sent: Sent, folder: Path, call: str, number: int, how: str, *options: str) -> list[str]:
    """What is wrong after one fault, and after everything was sent again."""
    home = copied(sent.home, folder / "home")
    lines = sent.lines[:STATEMENTS]
    ran = strace.disturbed(
        command(home, write_file(folder, lines), *options), home, call=call, number=number, how=how
    )
    assert how != KILL or ran.returncode == -9, "the fault came"
    told = read_told(ran.stdout)
    with sqlite3.connect(home / "malan.db") as connection:
        if connection.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            return ["corrupt"]
    connection.close()
    with closing(open_service(read_settings(home=home, qr_origin=URL))) as service:
        wrong = lost(service, told)
        submissions = [Submission(from_b64(one, bytes_max=70_000, where="")) for one in lines]
        answers = submit(service, submissions)
        if len({one.seq for one in answers if isinstance(one, Registered)}) != STATEMENTS:
            wrong.append("sent again, not each of them stands once")
        wrong += lost(service, told)
        return wrong + [one.code for one in check(service).departures]


def test_no_fault_of_a_system_call_loses_or_doubles_anything(sent: Sent, tmp_path: Path) -> None:
    every = points(sent, tmp_path)
    assert len(every) > 150, "the whole of a write was seen"
    chosen = every if len(every) <= CASES else random.Random(7).sample(every, CASES)
    wrong = {point: found for point in chosen if (found := complaints(sent, tmp_path, *point))}
    assert wrong == {}


def test_an_answer_before_the_commit_is_found_by_the_same_faults(sent: Sent, tmp_path: Path) -> None:
    """The control: whoever answers first loses an entry to the first call that kills."""
    first = next(one for one in points(sent, tmp_path) if one[0] == "fdatasync" and one[2] == KILL)
    assert any("told early" in one for one in complaints(sent, tmp_path, *first, "--early"))
