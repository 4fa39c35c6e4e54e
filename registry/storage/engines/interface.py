"""Door: what `storage.database` asks of every kind of database, and the words for what goes wrong."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from ledger.errors import Unavailable

Schema = set[tuple[str, str, str]]
"""Kind, name and definition of everything the schema is made of."""

READERS_MAX = 40  # one for each thread of the web server's pool


class Engine(Protocol):
    """One database. `writer` begins with the write lock; `reader` sees one moment and cannot write."""

    writer: sa.Engine
    reader: sa.Engine

    def told(self, error: DBAPIError) -> Unavailable | None:
        """What the caller is told; None for a broken constraint or a fault of ours."""

    def schema(self, connection: sa.Connection) -> Schema:
        """The schema as it stands."""

    def schema_built_by(self, build: Callable[[sa.Connection], None]) -> Schema:
        """The schema `build` makes in an empty database."""

    def misfits(self, connection: sa.Connection, table: sa.Table) -> list[str]:
        """The columns of a table that hold a value of another type than declared."""

    def alone(self, name: str) -> AbstractContextManager[bool]:
        """Whether no other process on this database holds the lock of this name; held while inside."""

    def snapshot(self, scratch: Path) -> AbstractContextManager[sa.Connection]:
        """Sees one moment for as long as it takes, while others write; see `Database.snapshot`."""

    def room(self, connection: sa.Connection) -> tuple[int, int]:
        """Bytes the database takes, and bytes a snapshot needs in its scratch folder."""


def busy() -> Unavailable:
    """Somebody else has the write lock, or every connection is taken."""
    return Unavailable("DATABASE_BUSY", "others are writing; nothing was stored", fix="Try again.")


def failed(where: str) -> Unavailable:
    """The database answered that it cannot."""
    return Unavailable(
        "DATABASE_FAILED",
        "the database could not do its work; nothing was stored",
        where=where,
        fix="Look at disk space and the database's own log.",
    )


def lost() -> Unavailable:
    """No answer. If it broke while committing, nobody here knows whether it was stored."""
    return Unavailable(
        "DATABASE_LOST",
        "the database cannot be reached; what was sent is stored wholly or not at all",
        fix="Send the same again: what was stored gets its first answer, nothing is stored twice.",
    )


def setting(where: str, what: str, fix: str = "") -> Unavailable:
    """The database is not one to trust with a ledger."""
    return Unavailable("DATABASE_SETTING", what, where=where, fix=fix)
