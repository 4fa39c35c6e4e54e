"""The real thing the rules play with: service, publisher and witnesses in one process, on real files.

A crash drops the engine and everything in memory at a named point; what was on disk is what the next process
finds. Files lie in memory where the machine has some: what a crash of the machine does is for `tests/crash`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from ledger.errors import MalanError
from ledger.lock_store import LockStore
from ledger.log_directory import Site
from ledger.note import SignatureLine, parse_note
from ledger.publisher import CHECKPOINT, CHECKPOINT_FULL, add_cosignatures
from registry.clock import Clock
from registry.published import publishing
from registry.published.publishing import Publisher
from registry.rebuilding import Rebuilt, rebuild
from registry.secrets import read_secrets
from registry.service import Service, assemble, note_signer
from registry.serving.server import look_ahead
from registry.settings import Settings
from registry.storage.database import Database
from registry.writing.item import Submission
from registry.writing.submit import Registered, submit
from tests.world import World
from verify.source import DirectorySource
from verify.witness import home as witness_home
from verify.witness.pulling import pull

FILES = ("log", "status", "trust.cbor")
WITNESSES = ("01", "02", "03")
BEFORE, AFTER = "before", "after"


class Crash(BaseException):
    """The process is gone."""


@dataclass
class Fuse:
    """Burns through durable steps and ends the process at one of them; `at` counts from 0, None: never."""

    at: int | None = None
    side: str = BEFORE
    step: str = ""

    def burning(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        """The step, with a crash before or after it when its turn comes."""

        def call(*values: Any, **named: Any) -> Any:
            if self.at is None:
                return real(*values, **named)
            self.at -= 1
            self.step = name
            if self.at == -1 and self.side == BEFORE:
                raise Crash(name)
            done = real(*values, **named)
            if self.at == -1:
                raise Crash(name)
            return done

        return call


class Burning:
    """A lock store whose swap is a step of the fuse."""

    def __init__(self, store: LockStore, fuse: Fuse) -> None:
        self.create, self.read, self.close = store.create, store.read, store.close
        self.swap = fuse.burning("swap", store.swap)


@dataclass(frozen=True, slots=True)
class Template:
    """A home to copy, with witnesses beside it, and the people who speak."""

    folder: Path
    world: World
    certificates: tuple[bytes, ...]
    now_ms: int


@dataclass(frozen=True, slots=True)
class Copy:
    """A backup: the folder, and how many entries it has."""

    folder: Path
    size: int


class Town:
    """One process at a time; `open` begins the next one."""

    service: Service
    publisher: Publisher

    def __init__(self, template: Template, folder: Path) -> None:
        shutil.copytree(template.folder, folder, dirs_exist_ok=True)
        self.folder, self.world = folder, template.world
        self.settings = Settings(home=folder / "home")
        self.steady_ms, self.wall_ms = 0, template.now_ms
        self.true_ms = template.now_ms
        self.fuse = Fuse()
        self.dies = ""
        self.reachable: set[str] = set(WITNESSES)
        self.store: Callable[[LockStore], LockStore] = lambda real: real
        self.open()

    # Processes and time.

    def open(self) -> None:
        """A process that knows what is on the disk."""
        database = Database(self.settings.database_url, busy_timeout_ms=self.settings.busy_timeout_ms)
        database.transaction = self._mortal(database.transaction)  # type: ignore[method-assign]
        clock = Clock(lambda: self.wall_ms * 10**6, lambda: self.steady_ms * 10**6)
        secrets = read_secrets(self.settings.secret_file)
        made = assemble(self.settings, database, secrets, clock=clock, origin=self.world.origin)
        self.service = replace(made, lock=Burning(self.store(made.lock), self.fuse))
        self.publisher = Publisher(self.service, witnessed=self.heads)
        look_ahead(self.service)

    def drop(self) -> None:
        """The process ends, however."""
        self.service.database.close()

    def pass_time(self, ms: int) -> None:
        """On every clock."""
        self.steady_ms += ms
        self.wall_ms += ms
        self.true_ms += ms

    def _mortal(self, real: Callable[[], Any]) -> Callable[[], Any]:
        @contextmanager
        def transaction() -> Iterator[Any]:
            with real() as connection:
                yield connection
                if self.dies == BEFORE:
                    raise Crash("before commit")
            if self.dies == AFTER:
                raise Crash("after commit")

        return transaction

    # Business.

    def send(self, statements: Sequence[bytes], *, dies: str = "") -> list[Registered | MalanError] | None:
        """The answers; None when the process died of it, and another one runs."""
        self.dies = dies
        try:
            return submit(self.service, [Submission(raw) for raw in statements])
        except Crash:
            self.drop()
            self.dies = ""
            self.open()
            return None
        finally:
            self.dies = ""

    def publish(self, *, at: int | None = None, side: str = BEFORE) -> str:
        """Publishes; with `at`, dies at that durable step. Which step it was, "" for a run that ended."""
        self.fuse.at, self.fuse.side = at, side
        try:
            with pytest.MonkeyPatch.context() as patch:
                for name in ("create", "replace"):
                    patch.setattr(Site, name, self.fuse.burning(name, getattr(Site, name)))
                written = self.fuse.burning("bundle", publishing.replace_file)
                patch.setattr(publishing, "replace_file", written)
                self.publisher.run_once()
        except Crash:
            self.drop()
            self.fuse.at = None
            self.open()
            return f"{side} {self.fuse.step}"
        finally:
            self.fuse.at = None
        return ""

    # Witnesses.

    def witness(self, name: str) -> witness_home.Home:
        """One district's."""
        return witness_home.open_home(self.folder / f"witness-{name}")

    def heads(self) -> list[bytes]:
        """What those who can be reached hold."""
        found = [
            self.witness(name).witness.state.latest(self.world.origin) for name in sorted(self.reachable)
        ]
        return [head.note for head in found if head is not None]

    def cosign(self) -> None:
        """Who can be reached pulls; the lines come under the checkpoint. Raises what one refuses."""
        log = self.settings.log_directory
        if not (log / CHECKPOINT).exists():
            return
        lines: list[SignatureLine] = []
        keys = [self.witness(name).witness.cosigner.key for name in WITNESSES]
        for name in sorted(self.reachable):
            home = self.witness(name)
            head = pull(home, self.world.origin, DirectorySource(log), now=lambda: self.true_ms // 1000)
            own = home.witness.cosigner.key
            lines += [line for line in parse_note(head.note).signatures if line.is_by(own)]
        body = parse_note((log / CHECKPOINT).read_bytes()).text
        signer = note_signer(self.service).key
        add_cosignatures(log, body=body, lines=lines, log_keys=[signer], cosigners=keys)

    # What is shown, and copies of it.

    def shown(self) -> list[bytes]:
        """Every note somebody could have: the two published files, the lock store, the witnesses' heads."""
        log = self.settings.log_directory
        files = [log / name for name in (CHECKPOINT, CHECKPOINT_FULL)]
        held = self.service.lock.read()
        return [*(path.read_bytes() for path in files if path.exists()), *([held] if held else [])]

    def back_up(self, name: str, size: int) -> Copy:
        """Database and published files, without the lock store and the witnesses."""
        place = self.folder / name
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        shutil.copy2(self.settings.home / "malan.db", place / "malan.db")
        self._copy_files(self.settings.home, place)
        return Copy(place, size)

    def bring_back(self, copy: Copy, *, files: bool) -> None:
        """The database, or all of it, is the copy's; another process finds it so."""
        self.drop()
        shutil.copy2(copy.folder / "malan.db", self.settings.home / "malan.db")
        if files:
            self._copy_files(copy.folder, self.settings.home)
        self.open()

    def rebuild(self) -> Rebuilt:
        """The rows that are missing, out of the published files."""
        self.drop()
        clock = Clock(lambda: self.wall_ms * 10**6, lambda: self.steady_ms * 10**6)
        done = rebuild(self.settings, DirectorySource(self.settings.log_directory), clock=clock)
        self.open()
        return done

    @staticmethod
    def _copy_files(source: Path, target: Path) -> None:
        for name in FILES:
            shutil.rmtree(target / name, ignore_errors=True)
            (target / name).unlink(missing_ok=True)
            if (source / name).is_dir():
                shutil.copytree(source / name, target / name)
            elif (source / name).exists():
                shutil.copy2(source / name, target / name)


def refused(call: Callable[[], object]) -> str:
    """The code of what is refused; "" for what is not."""
    try:
        call()
    except MalanError as error:
        return error.code
    return ""
