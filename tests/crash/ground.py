"""Writers with statements to send, what they told, and what must be true of the log afterwards."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from issuers.base64url import from_b64
from ledger.leaf import check_link, leaf_hash, parse_leaf
from ledger.store import read_head, read_leaves
from registry.service import Service

LONG = os.environ.get("MALAN_CAMPAIGN") == "full"
"""Whether the long campaigns run (`make campaign`)."""


@dataclass(frozen=True)
class Told:
    """What a writer told before it ended: places and times by hash of the statement, codes of refusals."""

    places: dict[str, tuple[int, int]]
    refused: dict[str, str]
    early: set[str]


def write_file(folder: Path, lines: Iterable[str]) -> Path:
    """The statements as a file for a writer."""
    file = folder / "statements"
    file.write_text("\n".join(lines))
    return file


def command(home: Path, file: Path, *options: str) -> list[str]:
    """The command of a writer."""
    return [sys.executable, "-m", "tests.crash.writer", str(home), str(file), *options]


def started(home: Path, file: Path, *options: str) -> subprocess.Popen[bytes]:
    """A writer that is about to send its first statement."""
    writer = subprocess.Popen(
        command(home, file, *options), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert writer.stdout is not None and writer.stdout.readline() == b"ready\n"
    return writer


def read_told(output: bytes) -> Told:
    """The whole lines of a writer's output."""
    places, refused, early = dict[str, tuple[int, int]](), dict[str, str](), set[str]()
    for line in output.decode().split("\n")[:-1]:
        match line.split():
            case [digest, "early", _]:
                early.add(digest)
            case [digest, seq, time_ms]:
                places[digest] = int(seq), int(time_ms)
            case [digest, code] if code.isupper():
                refused[digest] = code
    return Told(places, refused, early)


def digest_of(line: str) -> str:
    """The hash of the statement in a line."""
    return hashlib.sha256(from_b64(line, bytes_max=70_000, where="line")).hexdigest()


def lost(service: Service, told: Told) -> list[str]:
    """What was acknowledged and is not where it was said to be, or does not follow the leaf before it."""
    with service.database.reading() as connection:
        size = read_head(connection, service.origin).size
        raw = read_leaves(connection, 0, size)
    return lost_of(raw, told)


def lost_of(raw: Sequence[bytes], told: Told) -> list[str]:
    """As `lost`, of leaf bytes in their order."""
    leaves = [parse_leaf(data) for data in raw]
    for seq in range(1, len(leaves)):
        check_link(leaves[seq], seq=seq, prev=leaf_hash(raw[seq - 1]), not_before_ms=leaves[seq - 1].time_ms)
    stand = {hashlib.sha256(leaf.statement).hexdigest(): (leaf.seq, leaf.time_ms) for leaf in leaves}
    wrong = [f"entry {place[0]} is lost" for one, place in told.places.items() if stand.get(one) != place]
    if len(stand) != len(leaves):
        wrong.append("a statement stands twice")
    return wrong + [f"{one} was told early and is lost" for one in told.early if one not in stand]


def copied(home: Path, place: Path) -> Path:
    """A home of a case's own."""
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(home, place)
    return place
