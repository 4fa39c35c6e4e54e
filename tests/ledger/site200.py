"""A log of 200 entries that is about to have 600, and a lock store whose next swap fails as it is told to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ledger.checkpoint import open_checkpoint
from ledger.errors import Unavailable
from ledger.lock_store import FileLockStore
from ledger.publisher import publish
from tests.ledger.test_publisher import ORIGIN, SIGNER, _check_log, rows


class Flaky(FileLockStore):
    """Its next swap fails, having stored the note or not."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.create()
        self.fails: bool | None = None

    def swap(self, *, old: bytes | None, new: bytes) -> None:
        fails, self.fails = self.fails, None
        if fails is None or fails:
            super().swap(old=old, new=new)
        if fails is not None:
            raise Unavailable("LOCK_STORE", "told by the test")


class Site200:
    """A log of 200 entries that is about to have 600."""

    def __init__(self, folder: Path) -> None:
        self.log = folder / "log"
        self.store = Flaky(folder / "lock")
        self.publish(200)

    def publish(self, size: int, read: Callable[[int, int], list[bytes]] = rows) -> int:
        return publish(
            self.log, origin=ORIGIN, size=size, read_leaves=read, signer=SIGNER, lock=self.store
        ).size

    def signed(self) -> int:
        return _size(self.store.read())

    def shown(self) -> int:
        size = _size((self.log / "checkpoint").read_bytes())
        _check_log(self.log, size)
        return size


def _size(raw: bytes | None) -> int:
    assert raw is not None
    return open_checkpoint(raw, log_keys=[SIGNER.key]).checkpoint.size
