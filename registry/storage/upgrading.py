"""Door: brings the database of a service to the schema of this program, as the role that owns it.

Promises: schema and rights change in one transaction, under the write lock, so no service writes meanwhile.
On SQLite the service is its own owner; on PostgreSQL it must not be.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from ledger.errors import Unavailable
from registry.migrations import current, is_restoring, migrate, set_restoring
from registry.settings import Settings
from registry.storage.database import POSTGRES, Database
from registry.storage.roles import grant


def upgrade(settings: Settings) -> str | None:
    """Migrates; the revision before. A database that is closed (`set_restoring`) stays so.

    Raises Unavailable DATABASE_OWNER, and what the database raises.
    """
    with owning(settings) as (connection, role):
        closed = is_restoring(connection)
        if closed:
            set_restoring(connection, False)
        before = current(connection)
        migrate(connection)
        if closed:
            set_restoring(connection, True)
        if role is not None:
            grant(connection, role)
    return before


@contextmanager
def owning(settings: Settings) -> Iterator[tuple[sa.Connection, str | None]]:
    """A transaction of the role that owns the schema, and the role of the service where that is another.

    Raises Unavailable DATABASE_OWNER, and what the database raises.
    """
    url = settings.database_url
    role = _service_role(settings) if url.startswith(POSTGRES) else None
    owner_url = settings.database_owner or url
    database = Database(owner_url, busy_timeout_ms=settings.busy_timeout_ms, owner=True)
    try:
        with database.transaction() as connection:
            yield connection, role
    finally:
        database.close()


def _service_role(settings: Settings) -> str:
    """The role of the service, as the server knows it; not the owner's."""
    if not settings.database_owner:
        raise Unavailable(
            "DATABASE_OWNER",
            "a PostgreSQL database is made and migrated by a role of its own",
            where="MALAN_DATABASE_OWNER",
            fix="Name it for this command; the service that runs needs no such setting.",
        )
    database = Database(settings.database_url, busy_timeout_ms=settings.busy_timeout_ms)
    try:
        with database.reading() as connection:
            role: str = connection.execute(sa.select(sa.literal_column("current_user"))).scalar_one()
    finally:
        database.close()
    return role
