"""A publisher that runs once, between two marks that strace sees.

    python -m tests.crash.publishing HOME SIZE [--early]

The log is HOME/log, its lock store HOME/lock. `--early` is the control: it shows the checkpoint first.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger import merkle
from ledger.checkpoint import Checkpoint
from ledger.errors import MalanError
from ledger.lock_store import FileLockStore
from ledger.note import NoteSigner, sign_note
from ledger.publisher import publish

ORIGIN = "registry.example/ledger"
SIGNER = NoteSigner(ORIGIN, Ed25519PrivateKey.from_private_bytes(sha256(b"log").digest()))
BEGIN, END = "mark-begin", "mark-end"
STOPPED = 3


def rows(start: int, end: int) -> list[bytes]:
    return [b"entry-%d" % number for number in range(start, end)]


def run(home: Path, size: int) -> Checkpoint:
    lock = FileLockStore(home / "lock")
    return publish(home / "log", origin=ORIGIN, size=size, read_leaves=rows, signer=SIGNER, lock=lock)


def show_early(home: Path, size: int) -> None:
    """What no publisher may do: the checkpoint before its files."""
    root = merkle.root([merkle.leaf_hash(entry) for entry in rows(0, size)])
    note = sign_note(Checkpoint(ORIGIN, size, root).body(), [SIGNER])
    lock = FileLockStore(home / "lock")
    lock.swap(old=lock.read(), new=note)
    (home / "log" / "checkpoint").write_bytes(note)


def mark(name: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.open(name, os.O_RDONLY)


def main(arguments: Sequence[str]) -> int:
    home, size = Path(arguments[0]), int(arguments[1])
    run(home, 250)  # nothing new: what is loaded late is loaded now
    mark(BEGIN)
    try:
        if "--early" in arguments:
            show_early(home, size)
        run(home, size)
    except MalanError as error:
        sys.stdout.write(error.code)
        return STOPPED
    finally:
        mark(END)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
