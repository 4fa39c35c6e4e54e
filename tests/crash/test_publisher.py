"""Each system call of a publication kills the publisher, fails, or finds the disk full (Tessera's method).

After the fault a stranger must be able to read the whole log at the size it shows; nothing shows that the
lock store does not hold; and the next run finishes with the very bytes of an undisturbed one.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.checkpoint import open_checkpoint
from ledger.errors import MalanError
from ledger.lock_store import FileLockStore
from ledger.tiles import TileReader
from tests.crash import strace
from tests.crash.ground import LONG
from tests.crash.publishing import BEGIN, END, SIGNER, STOPPED, rows, run

OLD, NEW = 250, 513
CASES = 10_000 if LONG else 30
CALLS = frozenset(
    {
        *("openat", "read", "write", "close", "fsync", "fdatasync", "flock", "link", "linkat", "lseek"),
        *("unlink", "unlinkat", "rename", "renameat", "mkdir", "rmdir", "newfstatat", "fstat", "getdents64"),
    }
)
HOW = ("signal=KILL", "error=EIO", "error=ENOSPC")
Point = tuple[str, int, str]


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A log of 250 entries and its lock store."""
    if not strace.available():
        assert os.environ.get("MALAN_CI") != "1", "strace is missing: .ci/run installs it"
        pytest.skip("no strace here, or no right to trace")
    home = tmp_path_factory.mktemp("publisher") / "home"
    home.mkdir()
    FileLockStore(home / "lock").create()
    run(home, OLD)
    yield home


def command(home: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "tests.crash.publishing", str(home), str(NEW), *options]


def traced(words: list[str], *options: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["strace", "-f", "-qq", *options, *words],
        capture_output=True,
        timeout=60,
        env={**os.environ, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"},
    )


def points(old: Path, folder: Path, *options: str) -> list[Point]:
    """Call, its number in the whole run, and fault: for every call between the two marks."""
    home = shutil.copytree(old, folder / "counting")
    report = folder / "strace"
    done = traced(command(home, *options), "-o", str(report), "-e", f"trace={','.join(sorted(CALLS))}")
    assert done.returncode == (STOPPED if options else 0), done.stderr[-500:]
    shutil.rmtree(home)
    found: list[tuple[str, int]] = []
    seen: dict[str, int] = {}
    inside = False
    for line in report.read_text(errors="replace").splitlines():
        match = re.match(r"^\d+ +([a-z0-9]+)\(", line)
        if match is None:
            continue
        seen[match[1]] = seen.get(match[1], 0) + 1
        if f'"{END}"' in line:
            break
        if inside:
            found.append((match[1], seen[match[1]]))
        inside = inside or f'"{BEGIN}"' in line
    return [(call, number, how) for call, number in found for how in HOW]


def shown(home: Path) -> int:
    """The size that shows, once a stranger has read the whole log at it."""
    raw = (home / "log" / "checkpoint").read_bytes()
    checkpoint = open_checkpoint(raw, log_keys=[SIGNER.key]).checkpoint
    reader = TileReader(size=checkpoint.size, fetch=lambda path: (home / "log" / path).read_bytes())
    assert reader.root() == checkpoint.root
    entries = [entry for index in range(-(-checkpoint.size // 256)) for entry in reader.bundle(index)]
    assert entries == rows(0, checkpoint.size)
    return checkpoint.size


def complaints(old: Path, folder: Path, point: Point, *options: str) -> list[str]:
    """What is wrong after one fault, and after the next run."""
    call, number, how = point
    home = shutil.copytree(old, folder / "home")
    inject = ("-e", f"trace={call}", "-e", f"inject={call}:{how}:when={number}")
    ran = traced(command(home, *options), "-o", "/dev/null", *inject)
    wrong = []
    try:
        if ran.returncode not in ((-9,) if "KILL" in how else (0, STOPPED)):
            wrong.append(f"ended with {ran.returncode}: {ran.stderr[-200:]!r}")
        held = FileLockStore(home / "lock").read()
        signed = open_checkpoint(held or b"", log_keys=[SIGNER.key]).checkpoint.size
        size = shown(home)
        if not OLD <= size <= signed <= NEW:
            wrong.append(f"shows {size}, signed {signed}")
        run(home, NEW)
        if shown(home) != NEW or (home / "log" / "checkpoint").read_bytes() != finished(folder):
            wrong.append("the next run ends otherwise")
    except (MalanError, FileNotFoundError) as error:
        wrong.append(f"a stranger cannot read it: {error}")
    shutil.rmtree(home)
    return wrong


def finished(folder: Path) -> bytes:
    """The checkpoint of a log that nothing ever disturbed."""
    home = folder / "undisturbed"
    if not home.exists():
        FileLockStore(home / "lock").create()
        run(home, NEW)
    return (home / "log" / "checkpoint").read_bytes()


def test_no_fault_of_a_system_call_shows_what_is_not_there_or_signs_twice(old: Path, tmp_path: Path) -> None:
    every = points(old, tmp_path)
    calls = {call for call, _, _ in every}
    assert len(every) > 300 and {"fsync", "rename", "openat", "write", "flock"} <= calls
    chosen = every if len(every) <= CASES else random.Random(11).sample(every, CASES)
    wrong = {point: found for point in chosen if (found := complaints(old, tmp_path, point))}
    assert wrong == {}
    print(f"{len(chosen)} of {len(every)} faults")


def test_a_checkpoint_that_shows_first_is_found_by_the_same_faults(old: Path, tmp_path: Path) -> None:
    """The control."""
    every = points(old, tmp_path, "--early")
    last = [one for one in every if one[2] == HOW[0]][-1]
    assert any("cannot read" in one for one in complaints(old, tmp_path, last, "--early"))
