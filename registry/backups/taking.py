"""Door: takes a backup of a registry that goes on writing.

Promises: all rows are of one moment, whatever the database; neither a secret nor the lock store nor scratch
(sessions, visits and links of holders, counters) is among them; the keys of persons go to a shelf of their
own, and those of more than 30 days are removed from it; files are 0600; a backup that broke off is none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from issuers.acts import read_act
from issuers.acts.parties import Genesis
from issuers.files import create_file, private_directory, read_file
from ledger.errors import ProofFailed, Refused, Unavailable
from ledger.leaf import leaf_hash, parse_leaf
from ledger.merkle import Frontier
from ledger.statement import parse_statement
from ledger.store import entry
from registry.backups import shelf
from registry.backups.manifest import PERSON_KEYS, ROWS, Beside, Manifest, Table, encode
from registry.backups.row_files import Row, write_rows
from registry.clock import Clock
from registry.free_disk import free_bytes
from registry.migrations import check_current, current, revisions
from registry.persons.people import People
from registry.published.witnessed_notes import HANDOVERS
from registry.secrets import read_secrets
from registry.settings import SETTINGS_FILE, Settings
from registry.settings_check import check_settings
from registry.storage.database import Database
from registry.storage.secret_marks import check_marks
from registry.storage.tables import (
    heartbeat,
    holder_visit,
    limit_count,
    person_key,
    session,
    session_ticket,
    share_link,
)

KEYS_SHELF: Final = "person-keys"
KEYS_DAYS: Final = 30
DAY_MS: Final = 86_400_000
_SCRATCH: Final = (session, session_ticket, holder_visit, share_link, limit_count, heartbeat)
SCRATCH: Final = frozenset(one.name for one in _SCRATCH)
APART: Final = frozenset({person_key.name})
POLICY: Final = "policy.txt"
BESIDE_BYTES_MAX: Final = 1_000_000
_PAGE: Final = 500  # rows in one read
_PAGE_OF_REPORTS: Final = 10
_MIB: Final = 2**20

Tell = Callable[[int, int], None]
"""Is told how many rows are done, of how many."""


@dataclass(frozen=True, slots=True)
class Taken:
    """Where the two parts lie; `removed`: backups of person keys that were past their time."""

    place: Path
    keys: Path
    manifest: Manifest
    persons: int
    removed: tuple[str, ...]


def take(
    settings: Settings,
    rows_shelf: Path,
    *,
    keys_shelf: Path | None = None,
    clock: Clock | None = None,
    tell: Tell = lambda _done, _total: None,
) -> Taken:
    """A backup on the shelf, and its person keys on theirs (`KEYS_SHELF` on the first, by default).

    Raises Unavailable HOME_MISSING, GENESIS_MISSING, SCHEMA_UNKNOWN, SECRET_OTHER, DISK_LOW, FILE_WRITE;
    Refused RESTORE_UNFINISHED, BACKUP_EXISTS, PERSON_KEYS_APART; ProofFailed STORE_LEAF_HASH; what settings,
    secrets and database raise.
    """
    check_settings(settings)
    if not settings.database and not (settings.home / "malan.db").exists():
        fix = "Name the home of one with --home."
        raise Unavailable("HOME_MISSING", "there is no registry here", where="MALAN_HOME", fix=fix)
    secrets, now_ms = read_secrets(settings.secret_file), (clock or Clock()).now_ms()
    people = People(secrets)
    keys_shelf = keys_shelf or rows_shelf / KEYS_SHELF
    if keys_shelf.resolve() == rows_shelf.resolve():
        # One shelf for both would lose the rows as well, when the keys are past their time.
        fix = "Name another folder with --person-keys."
        raise Refused("PERSON_KEYS_APART", "the keys of persons lie apart from the rows", fix=fix)
    removed = _tidy(rows_shelf, keys_shelf, now_ms)
    database = Database(settings.database_url, busy_timeout_ms=settings.busy_timeout_ms)
    try:
        with database.reading() as connection:
            if current(connection) not in revisions():
                check_current(connection)
            check_marks(connection, secrets)
        need_room(settings, private_directory(rows_shelf), database.room())
        private_directory(keys_shelf)
        name = shelf.name_of(now_ms)
        with _begun(rows_shelf, name) as place, _begun(keys_shelf, name) as keys:
            with database.snapshot(settings.home) as connection:
                taking = _Taking(connection, now_ms, tell)
                manifest = taking.rows(place)
                apart = taking.keys(keys, manifest)
            manifest = replace(manifest, beside=tuple(_beside(settings.home, place)))

            def seal(data: bytes) -> bytes:
                return people.seal_of("backup", data)

            kept = shelf.finish(keys, encode(apart, seal))
            done = shelf.finish(place, encode(manifest, seal))
    finally:
        database.close()
    return Taken(done, kept, manifest, apart.rows_of(person_key.name), tuple(removed))


def need_room(settings: Settings, place: Path, room: tuple[int, int]) -> None:
    """`room`: bytes that are written at `place`, and bytes that a copy in home takes. Raises DISK_LOW."""
    written, copied = room
    floor = settings.free_disk_min_mib * _MIB
    try:
        same = place.stat().st_dev == settings.home.stat().st_dev
        lacks = (copied or same) and free_bytes(settings.home) < copied + floor + (written if same else 0)
        lacks = lacks or free_bytes(place) < written
    except OSError:
        return  # a disk that cannot be asked is not taken for a full one
    if lacks:
        raise Unavailable(
            "DISK_LOW",
            "there is not enough free disk for a backup and, on SQLite, a copy of the database in home",
            where=place.name,
            fix="Make room; what the registry needs to go on is left alone.",
        )


def _tidy(rows_shelf: Path, keys_shelf: Path, now_ms: int) -> list[str]:
    for one in (rows_shelf, keys_shelf):
        shelf.remove_before(one, now_ms - DAY_MS, unfinished_only=True)
    return shelf.remove_before(keys_shelf, now_ms - KEYS_DAYS * DAY_MS, only=_holds_keys)


def _holds_keys(place: Path) -> bool:
    """Whether it holds the keys of persons and nothing else: rows never grow too old."""
    return {path.name for path in place.iterdir()} <= {shelf.MANIFEST, f"{person_key.name}.rows"}


@contextmanager
def _begun(where: Path, name: str) -> Iterator[Path]:
    place = shelf.begin(where, name)
    try:
        yield place
    except BaseException:
        shelf.discard(place)
        raise


def _beside(home: Path, place: Path) -> Iterator[Beside]:
    for name in (POLICY, HANDOVERS, SETTINGS_FILE):
        if (home / name).exists():
            data = read_file(home / name, bytes_max=BESIDE_BYTES_MAX)
            create_file(place / name, data)
            yield Beside(name, len(data), sha256(data).digest())


class _Taking:
    """One moment of a database, on its way into files."""

    def __init__(self, connection: sa.Connection, now_ms: int, tell: Tell) -> None:
        self._connection = connection
        self._now_ms = now_ms
        self._tell = tell
        metadata = sa.MetaData()
        metadata.reflect(connection)
        left_out = SCRATCH | {"alembic_version"}
        # As the schema is, of whatever revision: an older registry is backed up before it is upgraded.
        self._tables = [one for one in metadata.sorted_tables if one.name not in left_out]
        self._total = sum(self._count(one) for one in self._tables)
        self._done = 0
        self._frontier = Frontier()

    def rows(self, place: Path) -> Manifest:
        """Everything but the keys of persons."""
        origin = self._origin()
        tables = tuple(self._write(one, place) for one in self._tables if one.name not in APART)
        return Manifest(
            kind=ROWS,
            made_ms=self._now_ms,
            origin=origin,
            revision=current(self._connection) or "",
            program=version("malan"),
            size=self._frontier.size,
            root=self._frontier.root(),
            tables=tables,
        )

    def keys(self, place: Path, manifest: Manifest) -> Manifest:
        """The keys of persons, with what `manifest` says of the log."""
        tables = tuple(self._write(one, place) for one in self._tables if one.name in APART)
        return replace(manifest, kind=PERSON_KEYS, tables=tables)

    def _write(self, table: sa.Table, place: Path) -> Table:
        columns = tuple(column.name for column in table.columns)
        rows = self._rows(table)
        if table.name == entry.name:
            rows = self._folded(rows, columns)
        written = write_rows(place / f"{table.name}.rows", rows)
        return Table(table.name, columns, written)

    def _rows(self, table: sa.Table) -> Iterator[Row]:
        """All rows, in the order of the primary key, a page at a time."""
        key = list(table.primary_key.columns)
        step = _PAGE_OF_REPORTS if table.name == "audit_report" else _PAGE
        query = sa.select(table).order_by(*key).limit(step)
        last: sa.Row[Any] | None = None
        while True:
            page = query
            if last is not None:
                after = [sa.literal(last._mapping[column.name], column.type) for column in key]
                page = query.where(sa.tuple_(*key) > sa.tuple_(*after))
            found = self._connection.execute(page).all()
            yield from (tuple(row) for row in found)
            self._done += len(found)
            self._tell(self._done, self._total)
            if len(found) < step:
                return
            last = found[-1]

    def _folded(self, rows: Iterator[Row], columns: tuple[str, ...]) -> Iterator[Row]:
        """The ledger's rows, hashed on their way, so that the manifest says what they fold to."""
        place, leaf, digest = (columns.index(name) for name in ("seq", "leaf", "leaf_hash"))
        for row in rows:
            found = leaf_hash(_bytes(row[leaf]))
            if found != row[digest] or row[place] != self._frontier.size:
                raise ProofFailed(
                    "STORE_LEAF_HASH",
                    "a row of the ledger is not the one that was appended",
                    where=str(self._frontier.size),
                    fix="Run `malan fsck`; keep a copy of the database as it is.",
                )
            self._frontier.append(found)
            yield row

    def _origin(self) -> str:
        """As the genesis names it."""
        query = sa.select(entry.c.leaf).where(entry.c.seq == 0)
        first = self._connection.execute(query).scalar_one_or_none()
        if first is None:
            raise Unavailable("GENESIS_MISSING", "the log has no genesis", fix="Run `malan init` to its end.")
        act = read_act(parse_statement(parse_leaf(first).statement))
        assert isinstance(act, Genesis)
        return act.origin

    def _count(self, table: sa.Table) -> int:
        return int(self._connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())


def _bytes(value: object) -> bytes:
    assert isinstance(value, bytes)
    return value
