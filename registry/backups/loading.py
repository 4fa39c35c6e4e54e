"""Door: the rows of a backup into an empty database, of either kind, in one transaction.

Promises: entries go in as they are, in their order, past the guards of the ledger, and are read back and
walked before the commit; a database that holds anything is refused; what breaks off leaves nothing behind.
Behind the commit the database is closed (`set_restoring`) until the restore has ended.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from ledger.bulk import insert_rows
from ledger.errors import Malformed, ProofFailed, Refused
from ledger.fsck import check_log
from ledger.store import entry, read_leaves
from registry.backups.manifest import Manifest, Table
from registry.backups.row_files import Row, read_rows
from registry.backups.taking import SCRATCH, Tell
from registry.migrations import (
    current,
    is_restoring,
    migrate,
    restore_unfinished,
    revisions,
    set_restoring,
)
from registry.secrets import Secrets
from registry.settings import Settings
from registry.storage.roles import grant
from registry.storage.secret_marks import check_marks
from registry.storage.tables import person_key
from registry.storage.upgrading import owning

_STEP: Final = 1_000  # rows in one statement, entries in one read


def need_empty(settings: Settings) -> None:
    """Whether the database may take a backup. Raises Refused TARGET_NOT_EMPTY, RESTORE_UNFINISHED.

    Log, lock store, secrets and settings may be in home already: they belong to it.
    """
    if not settings.database and not _path(settings).exists():
        return
    with owning(settings) as (connection, _):
        _check_empty(connection)


def load(
    settings: Settings,
    place: Path,
    manifest: Manifest,
    *,
    keys: tuple[Path, Manifest] | None,
    secrets: Secrets,
    tell: Tell,
) -> None:
    """Loads what was verified. `keys`: folder and manifest of the person keys.

    Raises Refused TARGET_NOT_EMPTY; Malformed BACKUP_VERSION, BACKUP_FORM; ProofFailed BACKUP_DIFFERS, or of
    a leaf; Unavailable SECRET_OTHER, BACKUP_FILE_MISSING; what the database raises.
    """
    known = revisions()
    if manifest.revision not in known:
        raise _version("The backup is of a newer schema than this program's.", "Restore with that program.")
    if not settings.database and not _path(settings).exists():
        os.close(os.open(_path(settings), os.O_RDWR | os.O_CREAT, 0o600))
    with owning(settings) as (connection, role):
        _check_empty(connection)
        now = current(connection)
        if now is not None and known.index(now) > known.index(manifest.revision):
            fix = "Take a database that nobody has migrated yet."
            raise _version("The empty database is of a newer schema than the backup.", fix)
        migrate(connection, manifest.revision)
        loading = _Loading(connection, tell, manifest, keys)
        loading.run(place)
        loading.check()
        check_marks(connection, secrets)
        migrate(connection)
        set_restoring(connection, True)
        if role is not None:
            grant(connection, role)
        # Crash here: the database is as empty as before.


class _Loading:
    """One load, inside its transaction."""

    def __init__(
        self,
        connection: sa.Connection,
        tell: Tell,
        manifest: Manifest,
        keys: tuple[Path, Manifest] | None,
    ) -> None:
        self._connection = connection
        self._tell = tell
        self._manifest = manifest
        self._keys = keys
        self._metadata = sa.MetaData()
        self._metadata.reflect(connection)
        self._done = 0
        self._total = sum(one.written.rows for one in manifest.tables)

    def run(self, place: Path) -> None:
        """Inserts everything."""
        expected = set(self._metadata.tables) - SCRATCH - {"alembic_version", person_key.name}
        if {one.name for one in self._manifest.tables} != expected:
            raise _form()
        for one in self._manifest.tables:
            for rows in read_rows(place / one.file, one.written):
                self._insert(one, rows)
        if self._keys is not None:
            folder, told = self._keys
            for one in told.tables:
                if one.name != person_key.name:
                    raise _form()
                for rows in read_rows(folder / one.file, one.written):
                    self._insert(one, self._of_known(rows, one))

    def check(self) -> None:
        """What stands in the ledger now, read back, is the chain and the tree of the manifest."""
        count = self._connection.execute(sa.select(sa.func.count()).select_from(entry)).scalar_one()
        same = count == self._manifest.size
        if not same or check_log(self._manifest.origin, self._leaves()).root != self._manifest.root:
            raise ProofFailed(
                "BACKUP_DIFFERS",
                "the entries do not fold to the root of the manifest",
                where=entry.name,
                fix="Take another backup.",
            )

    def _leaves(self) -> Iterator[bytes]:
        for start in range(0, self._manifest.size, _STEP):
            yield from read_leaves(self._connection, start, min(start + _STEP, self._manifest.size))

    def _insert(self, told: Table, rows: Sequence[Row]) -> None:
        table = self._metadata.tables[told.name]
        if set(told.columns) != {column.name for column in table.columns}:
            raise _form()
        if any(len(row) != len(told.columns) for row in rows):
            raise _form()
        for start in range(0, len(rows), _STEP):
            some = rows[start : start + _STEP]
            insert_rows(self._connection, table, [dict(zip(told.columns, row, strict=True)) for row in some])
            self._done += len(some)
            self._tell(min(self._done, self._total), self._total)

    def _of_known(self, rows: Sequence[Row], told: Table) -> list[Row]:
        """Keys may be of another day than the rows: a key without its person is nobody's."""
        person = self._metadata.tables["person"]
        place = told.columns.index("person")
        found: list[Row] = []
        for start in range(0, len(rows), _STEP // 2):
            some = rows[start : start + _STEP // 2]
            query = sa.select(person.c.person).where(person.c.person.in_([row[place] for row in some]))
            known = set(self._connection.execute(query).scalars())
            found += [row for row in some if row[place] in known]
        return found


def _check_empty(connection: sa.Connection) -> None:
    if is_restoring(connection):
        raise restore_unfinished()
    metadata = sa.MetaData()
    metadata.reflect(connection)
    for table in metadata.sorted_tables:
        if table.name == "alembic_version":
            continue
        if connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first() is not None:
            raise Refused(
                "TARGET_NOT_EMPTY",
                "the database holds something already; nothing was touched",
                where=table.name,
                fix="Restore into an empty home, or an empty database (MALAN_DATABASE).",
            )


def _path(settings: Settings) -> Path:
    return settings.home / "malan.db"


def _version(what: str, fix: str) -> Malformed:
    return Malformed("BACKUP_VERSION", what, where="manifest.json", fix=fix)


def _form() -> Malformed:
    return Malformed(
        "BACKUP_FORM",
        "tables or columns are not those of its schema",
        where="manifest.json",
        fix="Restore it with the program that made it.",
    )
