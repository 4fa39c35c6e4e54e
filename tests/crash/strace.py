"""strace around a writer: what it does to its files, and system calls that fail or kill it.

`-P` keeps to the paths named; `-xx` shows every byte, so that a disk can be built from what was written.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

FILE_CALLS = ("openat", "pread64", "pwrite64", "fdatasync", "fsync", "ftruncate", "unlink")
"""What SQLite does with files; it syncs with fdatasync, and the folder with fsync."""

_RECORDED = "openat,pwrite64,write,fdatasync,fsync,ftruncate,unlink,unlinkat"
_LINE = re.compile(r"^\d+ +([a-z0-9]+)\((.*)\) += +(-?\d+)")
_ON_FD = re.compile(r"^\d+<([^>]*)>(?:, (.*))?$")
_TEXT = re.compile(r'^"((?:\\x[0-9a-f]{2})*)"(?:, (\d+))?(?:, (\d+))?$')


def available() -> bool:
    """Whether this machine has strace and lets it trace."""
    if shutil.which("strace") is None:
        return False
    return subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True).returncode == 0


def paths_of(home: Path) -> list[Path]:
    """The files of a SQLite database, and their folder."""
    return [home / "malan.db", home / "malan.db-journal", home / "malan.db-wal", home]


@dataclass(frozen=True, slots=True)
class Call:
    """One thing done to a file. `told`: bytes the program said to its caller, in the order of all else."""

    name: str
    path: str
    data: bytes = b""
    offset: int = 0


def counted(command: Sequence[str], home: Path, report: Path) -> Counter[str]:
    """How often each of the calls is made by a run that nothing disturbs."""
    done = subprocess.run(
        [
            "strace",
            "-f",
            "-qq",
            "-o",
            str(report),
            "-e",
            f"trace={','.join(FILE_CALLS)}",
            *_only(home),
            *command,
        ],
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr[-500:]
    names = (_LINE.match(line) for line in report.read_text(errors="replace").splitlines())
    return Counter(match[1] for match in names if match)


def disturbed(
    command: Sequence[str], home: Path, *, call: str, number: int, how: str
) -> subprocess.CompletedProcess[bytes]:
    """A run whose `number`-th such call kills it (`how` = "signal=KILL") or fails ("error=EIO")."""
    return subprocess.run(
        [
            *("strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}"),  # seccomp would not inject
            *("-e", f"inject={call}:{how}:when={number}"),
            *_only(home),
            *command,
        ],
        capture_output=True,
        timeout=60,
    )


def recorded(command: Sequence[str], home: Path, report: Path) -> list[Call]:
    """What a run does to its files, with every byte, and what it tells in between."""
    options = ["-f", "-qq", "-y", "-xx", "-s", "70000", "-e", f"trace={_RECORDED}", "--seccomp-bpf"]
    done = subprocess.run(["strace", *options, "-o", str(report), *command], capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr[-500:]
    with report.open(errors="replace") as lines:
        return list(_calls(lines, home))


def _calls(lines: Iterator[str], home: Path) -> Iterator[Call]:
    kept = {str(path) for path in paths_of(home)}
    for line in lines:
        match = _LINE.match(line)
        if match is None or int(match[3]) < 0:
            continue
        name, rest = match[1], match[2]
        if name in ("unlink", "unlinkat"):
            path = bytes.fromhex("".join(re.findall(r"\\x([0-9a-f]{2})", rest))).decode()
            if path in kept:
                yield Call("unlink", path)
            continue
        if name == "openat":
            path = bytes.fromhex("".join(re.findall(r"\\x([0-9a-f]{2})", rest.split('"')[1]))).decode()
            if path in kept and "O_CREAT" in rest:
                yield Call("create", path)
            continue
        found = _ON_FD.match(rest)
        if found is None:
            continue
        path, more = _decoded(found[1]), found[2] or ""
        if name == "write" and line.split("(", 1)[1].startswith("1<"):
            yield Call("told", "", _data(more))
        elif path in kept and name == "pwrite64":
            written = _TEXT.match(more)
            assert written is not None, "every byte is shown"
            yield Call("write", path, _data(more), int(written[3]))
        elif path in kept and name == "ftruncate":
            yield Call("truncate", path, offset=int(more))
        elif path in kept and name in ("fdatasync", "fsync"):
            yield Call("sync", path)


def _decoded(path: str) -> str:
    return bytes.fromhex(path.replace("\\x", "")).decode() if path.startswith("\\x") else path


def _data(text: str) -> bytes:
    match = _TEXT.match(text)
    assert match is not None, "every byte is shown"
    return bytes.fromhex(match[1].replace("\\x", ""))


def _only(home: Path) -> list[str]:
    return [word for path in paths_of(home) for word in ("-P", str(path))]
