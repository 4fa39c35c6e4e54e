"""A publisher with a directory and rows of its own, and a lock store it shares.

    python -m tests.races.publisher HOME STORE NUMBER [--blind]

For each line it reads, a round, it publishes 40 entries all have in common and says `ready`; at the next line
it publishes one more, which is its own: the database of a host that was forked. It then says the code it was
refused with or `shown`, and the note that shows in its directory, in base64. `--blind` is the negative
control: it puts its note into the store whatever that holds.
"""

from __future__ import annotations

import sys
import time
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.errors import MalanError
from ledger.lock_store import LockStore
from ledger.note import NoteSigner
from ledger.publisher import publish
from registry.published.lock import open_lock_store
from registry.settings import Settings

COMMON = 40
KEY = Ed25519PrivateKey.from_private_bytes(sha256(b"log").digest())


class Blind:
    """A lock store without the comparison."""

    def __init__(self, store: LockStore) -> None:
        self._store = store
        self.create, self.read, self.close = store.create, store.read, store.close

    def swap(self, *, old: bytes | None, new: bytes) -> None:
        """Takes whatever is there for what was expected."""
        while True:
            try:
                self._store.swap(old=self._store.read(), new=new)
            except MalanError:
                time.sleep(0.001)
            else:
                return


def store_of(home: Path, place: str, turn: int) -> LockStore:
    """The store of a round: a folder or a row of its own."""
    named = place if "://" in place else str(home / f"lock-{turn}")
    return open_lock_store(Settings(home=home, lock_store=named, busy_timeout_ms=10_000), origin(turn))


def origin(turn: int) -> str:
    """The log of a round."""
    return f"registry.example/race-{turn}"


def main(home: Path, place: str, number: int, *, blind: bool) -> None:
    """Rounds until the input ends."""

    def rows(start: int, end: int) -> list[bytes]:
        return [
            b"entry-%d" % n if n < COMMON else b"entry-%d of host %d" % (n, number) for n in range(start, end)
        ]

    for line in sys.stdin:
        turn = int(line)
        store = store_of(home, place, turn)
        directory = home / f"log-{turn}-{number}"
        given = {
            "origin": origin(turn),
            "read_leaves": rows,
            "signer": NoteSigner(origin(turn), KEY),
            "lock": Blind(store) if blind else store,
        }
        while True:
            try:
                publish(directory, size=COMMON, **given)  # type: ignore[arg-type]
            except MalanError:
                time.sleep(0.001)  # another signed the same first checkpoint: it is shown next time
            else:
                break
        print("ready", flush=True)
        sys.stdin.readline()
        try:
            publish(directory, size=COMMON + 1, **given)  # type: ignore[arg-type]
            told = "shown"
        except MalanError as error:
            told = error.code
        store.close()
        print(told, b64encode((directory / "checkpoint").read_bytes()).decode(), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), blind="--blind" in sys.argv)
