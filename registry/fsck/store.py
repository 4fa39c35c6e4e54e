"""Door: the store itself: its schema with all guards, the types of its values, its secrets and read audit."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from ledger.store import metadata as ledger_metadata
from registry.fsck.departure import Departure
from registry.migrations import migrate
from registry.persons.people import People
from registry.persons.read_audit import NAME, link
from registry.secrets import Secrets
from registry.storage.database import Database
from registry.storage.secret_marks import marks
from registry.storage.tables import chain_head, metadata, read_audit, secret_mark


def check_schema(database: Database, connection: sa.Connection) -> Iterator[Departure]:
    """Tables, indexes and triggers are exactly those the migrations make."""
    expected = database.schema_built_by(migrate)
    for kind, name in sorted({(one[0], one[1]) for one in database.schema(connection) ^ expected}):
        yield Departure("SCHEMA_DIFFERS", f"{kind} {name}", "it is not as this version builds it")


def check_types(database: Database, connection: sa.Connection) -> Iterator[Departure]:
    """Every value has the type of its column. Where one has not, nothing else can be checked."""
    for table in (*ledger_metadata.sorted_tables, *metadata.sorted_tables):
        for column in database.misfits(connection, table):
            where = f"{table.name}.{column}"
            yield Departure("VALUE_TYPE", where, "a value has another type than its column")


def check_secrets(connection: sa.Connection, secrets: Secrets) -> Iterator[Departure]:
    """The database knows these secrets."""
    known = {row.purpose: row.mark for row in connection.execute(sa.select(secret_mark))}
    for purpose in sorted({one for one, _ in known.items() ^ marks(secrets).items()}):
        yield Departure("SECRET_OTHER", f"secret {purpose}", "the mark is not that of the secret in use")


def check_read_audit(connection: sa.Connection, people: People) -> Iterator[Departure]:
    """No record of a read was changed, slipped in or cut off."""
    chain, count = b"", 0
    for row in connection.execute(sa.select(read_audit).order_by(read_audit.c.id)):
        values = list(row)[:-1]
        if row.id != count + 1:
            yield Departure("READ_AUDIT_GAP", f"read {row.id}", "records before this one are gone")
        if link(people, chain, values) != row.chain:
            yield Departure("READ_AUDIT_CHAIN", f"read {row.id}", "the record does not continue the chain")
        chain, count = row.chain, row.id
    heads = connection.execute(sa.select(chain_head)).all()
    expected = [(NAME, count, chain)] if count else []
    if [(row.name, row.size, row.chain) for row in heads] != expected:
        yield Departure("READ_AUDIT_END", "read audit", "it does not end where its head says")
