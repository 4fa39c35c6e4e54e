"""Door: one audit in a process of its own: the very code of `malan-verify audit`, over the published files.

Reads a header line of JSON and the files it names from stdin, so that the evidence of a class never touches a
disk; writes `progress DONE TOTAL` lines to stdout, then `report` with the sizes of JSON, HTML and checkpoint,
and their bytes. It is told of no database and no secret: what it says, anybody
with the files can say.
"""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final

from verify.audit.html import render
from verify.audit.leftovers import CHECKPOINT
from verify.audit.report import Severity
from verify.audit.run import Asked, audit
from verify.source import DirectorySource

_LOWER_PRIORITY: Final = 10  # whoever issues and verifies meanwhile goes first
_SAY_SECONDS: Final = 0.2


@dataclass(slots=True)
class _Remembering:
    """The log's files; the checkpoint that was audited is kept, to audit the next one against."""

    source: DirectorySource
    checkpoint: bytes = b""
    list_files: Any = field(init=False)
    offered_policy: Any = field(init=False)

    def __post_init__(self) -> None:
        self.list_files, self.offered_policy = self.source.list_files, self.source.offered_policy

    def fetch(self, path: str) -> bytes | None:
        data = self.source.fetch(path)
        if path == CHECKPOINT and data is not None:
            self.checkpoint = data
        return data


def main(given: BinaryIO, out: BinaryIO) -> None:
    """Reads, audits, answers."""
    header = json.loads(given.readline())
    files: dict[str, list[bytes]] = {}
    for name, size in header["files"]:
        data = given.read(size)
        if len(data) != size:
            return  # whoever asked is gone
        files.setdefault(name, []).append(data)
    source = _Remembering(DirectorySource(Path(header["directory"])))
    asked = Asked(
        at_ms=header["at_ms"],
        place=header["place"],
        trust=_one(files, "trust"),
        acts=_one(files, "acts"),
        since=_one(files, "since"),
        evidence=tuple(files.get("evidence", ())),
        genesis=bytes.fromhex(header["genesis"]),
    )
    said = 0.0

    def progress(done: int, total: int) -> None:
        nonlocal said
        if time.monotonic() - said > _SAY_SECONDS or done == total:
            said = time.monotonic()
            _say(out, f"progress {done} {total}")

    report = audit(source, asked, progress=progress)
    document = json.dumps(report.document(), ensure_ascii=False, indent=1).encode()
    page = render(report).encode()
    departures, doubts = (report.counts[one] for one in (Severity.DEPARTURE, Severity.COULD_NOT_CHECK))
    sizes = f"{len(document)} {len(page)} {len(source.checkpoint)}"
    _say(out, f"report {report.state.value} {departures} {doubts} {sizes}")
    out.write(document + page + source.checkpoint)
    out.flush()


def _one(files: dict[str, list[bytes]], name: str) -> bytes | None:
    return files[name][0] if name in files else None


def _say(out: BinaryIO, line: str) -> None:
    out.write(f"{line}\n".encode())
    out.flush()


if __name__ == "__main__":
    os.nice(_LOWER_PRIORITY)
    main(sys.stdin.buffer, sys.stdout.buffer)
