"""The lock store: compare-and-swap, what a crash leaves, and that one that is away is not an empty one."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ledger.errors import MalanError
from ledger.lock_store import NOTE, FileLockStore, LockStore, MemoryLockStore


def code(attempt: Callable[[], object]) -> str:
    with pytest.raises(MalanError) as caught:
        attempt()
    return caught.value.code


@pytest.fixture(params=["file", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> LockStore:
    made = FileLockStore(tmp_path / "lock") if request.param == "file" else MemoryLockStore()
    made.create()
    return made


def test_a_new_store_is_empty_and_takes_one_first_note(store: LockStore) -> None:
    assert store.read() is None
    store.swap(old=None, new=b"first\n")
    assert store.read() == b"first\n"
    assert code(lambda: store.swap(old=None, new=b"other\n")) == "SIGNED_ELSEWHERE"
    assert store.read() == b"first\n"


def test_only_whoever_knows_the_last_note_may_change_it(store: LockStore) -> None:
    store.swap(old=None, new=b"1")
    store.swap(old=b"1", new=b"2")
    assert code(lambda: store.swap(old=b"1", new=b"3")) == "SIGNED_ELSEWHERE"
    assert store.read() == b"2"


def test_making_a_store_again_leaves_it_as_it_is(store: LockStore) -> None:
    store.swap(old=None, new=b"1")
    store.create()
    assert store.read() == b"1"


def test_a_store_that_is_away_is_not_an_empty_one(tmp_path: Path) -> None:
    store = FileLockStore(tmp_path / "lock")
    assert code(store.read) == "LOCK_STORE_MISSING"
    assert code(lambda: store.swap(old=None, new=b"1")) == "LOCK_STORE_MISSING"
    store.create()
    store.swap(old=None, new=b"1")
    shutil.move(tmp_path / "lock", tmp_path / "unmounted")
    (tmp_path / "lock").mkdir()  # the mount point without its disk
    assert code(store.read) == "LOCK_STORE_MISSING"
    assert code(lambda: store.swap(old=None, new=b"2")) == "LOCK_STORE_MISSING"


def test_nobody_swaps_while_another_does(tmp_path: Path) -> None:
    store = FileLockStore(tmp_path)
    store.create()
    held = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    assert code(lambda: store.swap(old=None, new=b"1")) == "LOCK_STORE"
    assert store.read() is None
    os.close(held)
    store.swap(old=None, new=b"1")


CALLS = ("open", "fsync", "unlink", "replace")


@contextmanager
def _breaking(at: int, number: int, *, done: bool) -> Iterator[list[str]]:
    """The `at`-th call fails, before it acts or (`done`) right after."""
    seen: list[str] = []

    def broken(name: str) -> Callable[..., object]:
        real = getattr(os, name)

        def call(*args: object, **options: object) -> object:
            seen.append(name)
            mine = len(seen) - 1 == at
            if mine and not done:
                raise OSError(number, "told by the test")
            result = real(*args, **options)
            if mine:
                if isinstance(result, int):
                    os.close(result)
                raise OSError(number, "told by the test")
            return result

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in CALLS:
            patch.setattr(os, name, broken(name))
        yield seen


@pytest.mark.parametrize("done", [False, True], ids=["not-persisted", "persisted"])
@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
def test_whatever_fails_in_a_swap_one_of_the_two_notes_stands(
    tmp_path: Path, number: int, done: bool
) -> None:
    left = set()
    for at in range(20):
        store = FileLockStore(tmp_path / str(at))
        store.create()
        store.swap(old=None, new=b"old")
        with _breaking(at, number, done=done) as seen:
            try:
                store.swap(old=b"old", new=b"new")
                told = "done"
            except MalanError as error:
                told = error.code
        if len(seen) <= at:
            break
        note = store.read()
        assert note in (b"old", b"new")
        assert told in ("done", "LOCK_STORE") and (told != "done" or note == b"new")
        left.add((told, note))
        store.swap(old=note, new=b"newer")
        assert (tmp_path / str(at) / NOTE).read_bytes() == b"newer"
    else:
        pytest.fail("the fault was never beyond the last call")
    # The reply that is lost: stored, and yet an error. Without it the matrix would be no matrix.
    assert ("LOCK_STORE", b"new") in left and ("LOCK_STORE", b"old") in left
