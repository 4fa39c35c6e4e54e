"""A service that submits statements one after the other and tells each answer the moment it has it.

    python -m tests.crash.writer HOME FILE [--early] [--pragma NAME=VALUE]...

FILE holds the statements as base64url lines. Says `ready`, then for every answer one line, written at once:
the statement's hash, its place and time; or its hash and the code it was refused by. Two controls: `--early`
tells before it submits; `--pragma` sets what the service would refuse. Exit code 3: the database could do no
more.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

from issuers.base64url import from_b64
from ledger.errors import MalanError, Unavailable
from registry.service import open_service
from registry.settings import read_settings
from registry.storage.engines import sqlite
from registry.writing.item import Submission
from registry.writing.submit import submit

STOPPED = 3


def tell(*words: object) -> None:
    """One line in one system call: a killed process has told it or not."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def unprotect(pragmas: list[str]) -> None:
    """The control: settings that lose entries, believed when they are read back."""
    for pragma in pragmas:
        name, _, value = pragma.partition("=")
        sqlite._SETTINGS[name] = (value, int(value) if value.isdigit() else value)


def main(home: Path, file: Path, *, early: bool) -> int:
    """Submits every statement of the file; the exit code."""
    service = open_service(read_settings(home=home))
    tell("ready")
    for line in file.read_text().split():
        raw = from_b64(line, bytes_max=70_000, where="file")
        digest = hashlib.sha256(raw).hexdigest()
        if early:
            tell(digest, "early", 0)
        try:
            (answer,) = submit(service, [Submission(raw)])
        except Unavailable as error:
            tell(digest, error.code)
            return STOPPED
        if isinstance(answer, MalanError):
            tell(digest, answer.code)
        elif not early:
            tell(digest, answer.seq, answer.time_ms)
    service.close()
    return 0


if __name__ == "__main__":
    unprotect([sys.argv[at + 1] for at, word in enumerate(sys.argv) if word == "--pragma"])
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), early="--early" in sys.argv))
