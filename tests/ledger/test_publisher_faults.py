"""Publishing broken off at every step, by a killed process, a failing disk or a power cut."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.checkpoint import open_checkpoint
from ledger.errors import Unavailable
from ledger.lock_store import FileLockStore
from ledger.note import NoteSigner
from ledger.publisher import publish
from ledger.tiles import TileReader, tiles_of

ORIGIN = "registry.example/ledger"
SIGNER = NoteSigner(ORIGIN, Ed25519PrivateKey.from_private_bytes(sha256(b"log").digest()))
CALLS = ("link", "unlink", "replace", "mkdir", "fsync", "rmdir", "open")


class Killed(BaseException):
    """The process is gone: nothing of ours may catch this."""


def rows(start: int, end: int) -> list[bytes]:
    return [b"entry-%d" % number for number in range(start, end)]


def _publish(directory: Path, size: int) -> None:
    """`directory` holds the log and, as if on a disk of its own, the lock store."""
    lock = FileLockStore(directory / "lock")
    publish(directory / "log", origin=ORIGIN, size=size, read_leaves=rows, signer=SIGNER, lock=lock)


@contextmanager
def _breaking(at: int | None, *, done: bool, error: Callable[[], BaseException]) -> Iterator[list[str]]:
    """Break the `at`-th call to the file system, before it acts or (`done`) right after; syncs do nothing."""
    seen: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        for name in CALLS:
            real = getattr(os, name) if name != "fsync" else (lambda fd: None)

            def wrapped(
                *args: Any, _name: str = name, _real: Callable[..., Any] = real, **options: Any
            ) -> Any:
                seen.append(_name)
                if len(seen) - 1 == at and not done:
                    raise error()
                number = len(seen) - 1
                try:
                    result = _real(*args, **options)
                except OSError:
                    if number == at:
                        raise error() from None
                    raise
                if number == at:
                    if _name == "open":
                        os.close(result)
                    raise error()
                return result

            patch.setattr(os, name, wrapped)
        yield seen


def _log_size(directory: Path) -> int | None:
    """The published size, once a stranger has read the whole log at it; None without a checkpoint."""
    directory = directory / "log"
    if not (directory / "checkpoint").exists():
        return None
    raw = (directory / "checkpoint").read_bytes()
    checkpoint = open_checkpoint(raw, log_keys=[SIGNER.key]).checkpoint
    reader = TileReader(size=checkpoint.size, fetch=lambda path: (directory / path).read_bytes())
    assert reader.root() == checkpoint.root
    entries = [entry for index in range(-(-checkpoint.size // 256)) for entry in reader.bundle(index)]
    assert entries == rows(0, checkpoint.size)
    return checkpoint.size


def _assert_tidy(directory: Path, size: int) -> None:
    """All files of the size, and besides them only partial files of tiles that are not full."""
    directory = directory / "log"
    names = {path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file()}
    wanted = {tile.path for tile in tiles_of(size)} | {"checkpoint", "checkpoint.full"}
    assert wanted <= names
    assert not {name for name in names - wanted if ".p/" not in name or name.rpartition(".p/")[0] in names}


def _base(directory: Path, size: int | None = None) -> None:
    (directory / "log").mkdir(parents=True)
    FileLockStore(directory / "lock").create()
    if size is not None:
        with _breaking(None, done=False, error=Killed):
            _publish(directory, size)


STEPS = [(None, 3), (250, 513), (300, 600), (512, 768)]


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(("old", "new"), STEPS)
def test_a_process_killed_anywhere_leaves_a_sound_log_and_the_next_run_finishes(
    tmp_path: Path, old: int | None, new: int, done: bool
) -> None:
    _base(tmp_path / "base", old)
    shutil.copytree(tmp_path / "base", tmp_path / "count")
    with _breaking(None, done=done, error=Killed) as seen:
        _publish(tmp_path / "count", new)
    assert len(seen) > 20 and {"link", "fsync", "replace", "unlink"} <= set(seen)
    finished = (tmp_path / "count/log/checkpoint").read_bytes()
    for at in range(len(seen)):
        log = tmp_path / f"at-{at}"
        shutil.copytree(tmp_path / "base", log)
        with _breaking(at, done=done, error=Killed), pytest.raises(Killed):
            _publish(log, new)
        assert _log_size(log) in (old, new)
        with _breaking(None, done=False, error=Killed):
            _publish(log, new)
        assert _log_size(log) == new
        _assert_tidy(log, new)
        assert (log / "log/checkpoint").read_bytes() == finished
        shutil.rmtree(log)


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
def test_a_run_killed_anywhere_may_be_followed_by_a_larger_one(tmp_path: Path, done: bool) -> None:
    _base(tmp_path / "base", 250)
    with _breaking(None, done=done, error=Killed) as seen:
        shutil.copytree(tmp_path / "base", tmp_path / "count")
        seen.clear()
        _publish(tmp_path / "count", 600)
    for at in range(0, len(seen), 3):
        log = tmp_path / f"at-{at}"
        shutil.copytree(tmp_path / "base", log)
        with _breaking(at, done=done, error=Killed), pytest.raises(Killed):
            _publish(log, 600)
        with _breaking(None, done=False, error=Killed):
            _publish(log, 1_100)
        assert _log_size(log) == 1_100
        _assert_tidy(log, 1_100)
        shutil.rmtree(log)


def test_an_upper_level_that_fills_is_tidied_after_a_crash_too(tmp_path: Path) -> None:
    _base(tmp_path / "base", 65_530)
    assert (tmp_path / "base/log/tile/1/000.p/255").exists()
    with _breaking(None, done=False, error=Killed) as seen:
        shutil.copytree(tmp_path / "base", tmp_path / "count")
        seen.clear()
        _publish(tmp_path / "count", 65_540)
    for at in range(len(seen) - 12, len(seen), 2):
        log = tmp_path / f"at-{at}"
        shutil.copytree(tmp_path / "base", log, copy_function=os.link)
        with _breaking(at, done=True, error=Killed), pytest.raises(Killed):
            _publish(log, 65_540)
        with _breaking(None, done=False, error=Killed):
            _publish(log, 65_540)
        _assert_tidy(log, 65_540)
        assert not (log / "log/tile/1/000.p").exists()
    assert _log_size(log) == 65_540


@pytest.mark.parametrize("done", [False, True], ids=["not-done", "done"])
def test_a_disk_error_anywhere_is_reported_and_the_log_stays_sound(tmp_path: Path, done: bool) -> None:
    _base(tmp_path / "base", 300)
    with _breaking(None, done=done, error=Killed) as seen:
        shutil.copytree(tmp_path / "base", tmp_path / "count")
        seen.clear()
        _publish(tmp_path / "count", 600)
    codes = set()
    for at in range(len(seen)):
        log = tmp_path / f"at-{at}"
        shutil.copytree(tmp_path / "base", log)
        with _breaking(at, done=done, error=lambda: OSError(errno.EIO, "input/output error")):
            try:
                _publish(log, 600)
                codes.add("finished")
            except Unavailable as error:
                codes.add(error.code)
        assert _log_size(log) in (300, 600)
        with _breaking(None, done=False, error=Killed):
            _publish(log, 600)
        _assert_tidy(log, 600)
        shutil.rmtree(log)
    # An error of mkdir may count for nothing where the directory is there already.
    assert {"LOG_DIRECTORY", "LOCK_STORE"} <= codes <= {"LOG_DIRECTORY", "LOCK_STORE", "finished"}


class Disk:
    """What would survive a power cut: synced contents (by inode) and synced names (by directory)."""

    def __init__(self, patch: pytest.MonkeyPatch, *, directory_syncs_count: bool = True) -> None:
        self.contents: set[int] = set()
        self.unsynced_names: set[Path] = set()
        self.at_exposure: list[set[Path]] = []
        self._count = directory_syncs_count
        self._link, self._mkdir, self._replace = os.link, os.mkdir, os.replace
        for name in ("link", "mkdir", "replace", "fsync"):
            patch.setattr(os, name, getattr(self, name))

    def fsync(self, fd: int) -> None:
        status = os.fstat(fd)
        if not stat.S_ISDIR(status.st_mode):
            self.contents.add(status.st_ino)
        elif self._count:
            here = {name for name in self.unsynced_names if name.parent.stat().st_ino == status.st_ino}
            self.unsynced_names -= here

    def link(self, source: Path, target: Path, **options: bool) -> None:
        assert Path(source).stat().st_ino in self.contents, "a name was given to contents not yet durable"
        self._link(source, target, **options)
        self.unsynced_names.add(Path(target))

    def mkdir(self, path: Path, *args: int) -> None:
        self._mkdir(path, *args)
        self.unsynced_names.add(Path(path))

    def replace(self, source: Path, target: Path) -> None:
        assert Path(source).stat().st_ino in self.contents, "a name was given to contents not yet durable"
        if Path(target).name in ("checkpoint", "checkpoint.full"):
            self.at_exposure.append(set(self.unsynced_names))
        self._replace(source, target)
        self.unsynced_names.add(Path(target))


def test_everything_a_checkpoint_promises_is_durable_before_it_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _base(tmp_path)
    disk = Disk(monkeypatch)
    for size in (0, 3, 300, 70_000):
        _publish(tmp_path, size)
        assert disk.unsynced_names == set()
    assert disk.at_exposure == [set()] * 8


def test_names_left_unsynced_by_a_killed_run_are_synced_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _base(tmp_path)
    disk = Disk(monkeypatch)
    sync, directories = disk.fsync, []

    def killed_at_the_first_directory(fd: int) -> None:
        if stat.S_ISDIR(os.fstat(fd).st_mode) and disk.unsynced_names and not directories:
            directories.append(fd)
            raise Killed
        sync(fd)

    monkeypatch.setattr(os, "fsync", killed_at_the_first_directory)
    with pytest.raises(Killed):
        _publish(tmp_path, 600)
    assert len(disk.unsynced_names) > 5
    _publish(tmp_path, 600)
    assert disk.at_exposure == [set()] * 2
    assert disk.unsynced_names == set()


def test_the_power_cut_model_notices_directories_that_are_not_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control."""
    _base(tmp_path)
    disk = Disk(monkeypatch, directory_syncs_count=False)
    _publish(tmp_path, 3)
    assert disk.at_exposure[0] >= {tmp_path / "log/tile/0/000.p/3", tmp_path / "log/tile"}


def test_the_tidiness_check_notices_a_partial_file_beside_its_full_tile(tmp_path: Path) -> None:
    """Negative control."""
    _base(tmp_path, 300)
    _assert_tidy(tmp_path, 300)
    (tmp_path / "log/tile/0/000.p").mkdir()
    (tmp_path / "log/tile/0/000.p/7").touch()
    with pytest.raises(AssertionError):
        _assert_tidy(tmp_path, 300)


def test_the_soundness_check_notices_a_checkpoint_that_shows_too_early(tmp_path: Path) -> None:
    """Negative control: the same log, one promised file missing."""
    _base(tmp_path, 600)
    assert _log_size(tmp_path) == 600
    (tmp_path / "log/tile/entries/001").unlink()
    with pytest.raises(Unavailable):
        _log_size(tmp_path)
