"""Backups of a stage, homes to put them back into, and backups whose manifest was made anew."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
import sqlalchemy as sa

from ledger.errors import MalanError
from registry.backups import shelf
from registry.backups.manifest import Manifest, Table, decode, encode
from registry.backups.restoring import Finished, finish, inspect, put_back
from registry.backups.row_files import Row, read_rows, write_rows
from registry.backups.taking import SCRATCH, Taken, Tell, take
from registry.clock import Clock
from registry.persons.people import People
from registry.secrets import read_secrets
from registry.settings import Settings
from tests.ground import Ground
from tests.registry.stage import Stage
from verify.source import DirectorySource

BESIDE = ("keys", "lock-store", "log", "trust.cbor", "status")


def quiet(_done: int, _total: int) -> None:
    pass


def taken(stage: Stage, place: Path, *, tell: Tell = quiet) -> Taken:
    """A backup by the stage's clock."""
    return take(stage.service.settings, place, clock=stage.hands.clock(), tell=tell)


def elsewhere(ground: Ground, source: Settings, home: Path, *names: str) -> Settings:
    """An empty home with the secrets of another, and what else of it is named (`BESIDE`)."""
    settings = ground.fresh(home)
    for name in {"keys", *names}:
        place = source.home / name
        if place.is_dir():
            shutil.copytree(place, home / name)
        elif place.exists():
            shutil.copy2(place, home / name)
    return settings


def restored(
    settings: Settings,
    place: Path,
    clock: Clock,
    *,
    keys: Path | None = None,
    without_keys: bool = False,
    log: Path | None = None,
    held: Sequence[bytes] = (),
) -> Finished:
    """`malan restore`."""
    secrets = read_secrets(settings.secret_file)
    whole = inspect(place, keys=keys, without_keys=without_keys, secrets=secrets, now_ms=clock.now_ms())
    put_back(settings, whole, secrets=secrets, tell=quiet)
    return finished(settings, clock, log=log, held=held)


def finished(
    settings: Settings, clock: Clock, *, log: Path | None = None, held: Sequence[bytes] = ()
) -> Finished:
    """`malan restore --finish`."""
    source = None if log is None else DirectorySource(log)
    return finish(settings, source=source, held=held, clock=clock)


def code(attempt: Callable[[], object]) -> str:
    """The code it is refused with."""
    with pytest.raises(MalanError) as caught:
        attempt()
    return caught.value.code


def all_rows(settings: Settings) -> dict[str, list[tuple[object, ...]]]:
    """Every table but scratch, each in an order of its own."""
    engine = sa.create_engine(settings.database_url)
    metadata = sa.MetaData()
    try:
        with engine.connect() as connection:
            metadata.reflect(connection)
            return {
                one.name: sorted((tuple(row) for row in connection.execute(sa.select(one))), key=repr)
                for one in metadata.sorted_tables
                if one.name not in SCRATCH
            }
    finally:
        engine.dispose()


def rows_in(place: Path, manifest: Manifest, name: str) -> list[Row]:
    """The rows of a table in a backup."""
    (table,) = (one for one in manifest.tables if one.name == name)
    return [row for frame in read_rows(place / table.file, table.written) for row in frame]


def with_rows(place: Path, manifest: Manifest, name: str, rows: Sequence[Row]) -> Manifest:
    """The table written anew."""
    tables: list[Table] = []
    for one in manifest.tables:
        if one.name == name:
            (place / one.file).unlink()
            one = replace(one, written=write_rows(place / one.file, rows))
        tables.append(one)
    return replace(manifest, tables=tuple(tables))


def reseal(settings: Settings, place: Path, change: Callable[[Manifest], Manifest]) -> None:
    """A manifest of the registry's own making, about something else: what its operator could do."""
    people = People(read_secrets(settings.secret_file))

    def seal(data: bytes) -> bytes:
        return people.seal_of("backup", data)

    made = change(decode(shelf.read_manifest(place), seal))
    (place / shelf.MANIFEST).write_bytes(encode(made, seal))


def bytes_below(*places: Path) -> dict[str, bytes]:
    """Hashes of all files."""
    found = (path for place in places for path in sorted(place.rglob("*")) if path.is_file())
    return {str(path): sha256(path.read_bytes()).digest() for path in found}
