"""Where the lock store may be: a folder or a table; never the database it guards, never one that was used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.errors import MalanError, Unavailable
from ledger.lock_store import FileLockStore, LockStore
from registry.initialise import initialise
from registry.published.lock import TableLockStore, check_apart, open_lock_store
from registry.published.publishing import Publisher
from registry.settings import Settings
from registry.settings_check import check_settings
from registry.storage.database import Database
from tests.ground import Ground
from tests.registry.stage import Stage
from tests.registry.test_boot_gate import store_with
from tests.registry.test_commands import genesis


@pytest.fixture
def table(ground: Ground, tmp_path: Path) -> Iterator[tuple[Settings, LockStore]]:
    """A store in a database of its own, whose role may make the table."""
    settings = ground.fresh(tmp_path / "apart")
    url = settings.database_owner or settings.database_url
    store = TableLockStore(Database(url, busy_timeout_ms=2_000), "log.example/one")
    yield settings, store
    store.close()


def test_a_table_is_a_lock_store_as_good(table: tuple[Settings, TableLockStore]) -> None:
    _, store = table
    with pytest.raises(Unavailable, match="LOCK_STORE_MISSING"):
        store.read()
    with pytest.raises(Unavailable, match="LOCK_STORE_MISSING"):
        store.swap(old=None, new=b"1")
    store.create()
    assert store.read() is None
    store.swap(old=None, new=b"1")
    store.create()
    for old in (None, b"0"):
        with pytest.raises(MalanError, match="SIGNED_ELSEWHERE"):
            store.swap(old=old, new=b"2")
    assert store.read() == b"1"
    store.swap(old=b"1", new=b"2")
    other = TableLockStore(store._database, "log.example/two")
    other.create()
    assert (store.read(), other.read()) == (b"2", None)


def test_the_service_publishes_with_a_table_as_lock_store(
    stage: Stage, table: tuple[Settings, TableLockStore]
) -> None:
    _, store = table
    lock = TableLockStore(store._database, stage.service.origin)
    lock.create()
    service = replace(stage.service, lock=lock)
    Publisher(service).run_once()
    assert lock.read() == service.log.checkpoint()


def test_a_lock_store_is_not_in_the_database_it_guards(tmp_path: Path) -> None:
    own = Settings(home=tmp_path, lock_store=f"sqlite:///{(tmp_path / 'malan.db').absolute()}")
    with pytest.raises(MalanError, match="SETTING_CONFLICT"):
        open_lock_store(own, "log.example/one")
    at = {"database": "postgresql+psycopg://a@one/malan"}
    same = Settings(home=tmp_path, lock_store="postgresql+psycopg://b@one/malan", **at)
    with pytest.raises(MalanError, match="SETTING_CONFLICT"):
        check_apart(same)
    check_apart(Settings(home=tmp_path, lock_store="postgresql+psycopg://b@two/malan", **at))
    assert isinstance(open_lock_store(Settings(home=tmp_path), "log.example/one"), FileLockStore)


def test_no_password_stands_in_the_place_of_the_lock_store(tmp_path: Path) -> None:
    check_settings(Settings(home=tmp_path, lock_store="postgresql+psycopg://malan@two/lock"))
    with pytest.raises(MalanError, match="MALAN_LOCK_STORE"):
        check_settings(Settings(home=tmp_path, lock_store="postgresql+psycopg://malan:x@two/lock"))


def test_a_registry_is_not_founded_over_a_lock_store_that_was_used(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", lock_store=str(tmp_path / "used"))
    store = store_with(tmp_path / "used", b"a note of an earlier log")
    with pytest.raises(MalanError, match="STORE_EXISTS"):
        initialise(settings, genesis())
    assert store.read() == b"a note of an earlier log"
    fresh = settings.model_copy(update={"lock_store": str(tmp_path / "fresh")})
    made = initialise(fresh, genesis())
    assert made.service.lock.read() == made.service.log.checkpoint()
    made.service.close()
