"""Door: what the service's role may do in a PostgreSQL database, which belongs to another role.

Promises least privilege: the service reads everything, and writes what it needs to and nothing else; the
ledger and the read audit it can only add to; what stands of a person it can destroy, as an erasure order
asks. A table without a row here is refused when it is migrated.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import sqlalchemy as sa

INSERT, UPDATE, DELETE = "INSERT", "UPDATE", "DELETE"
ADD: Final = frozenset({INSERT})
CHANGE: Final = frozenset({INSERT, UPDATE})
FORGET: Final = frozenset({INSERT, DELETE})
SCRATCH: Final = frozenset({INSERT, UPDATE, DELETE})

RIGHTS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "alembic_version": frozenset(),
        "ledger_entry": ADD,
        "read_audit": ADD,
        "bundled": ADD,
        "class_entry": ADD,
        "named_entry": ADD,
        "secret_mark": ADD,
        "retired_code": ADD,
        "person": FORGET,
        "person_document": FORGET,
        "person_key": FORGET,
        "claimant_mark": FORGET,
        "opening": FORGET,
        "candidate": FORGET,
        "credential": FORGET,
        "staff": CHANGE,
        "fact": CHANGE,
        "chain_head": CHANGE,
        "number_series": CHANGE,
        "heartbeat": CHANGE,
        "audit_report": CHANGE,
        "hold": FORGET,
        "open_claim": FORGET,
        "request_seen": FORGET,
        "session_ticket": FORGET,
        "holder_visit": FORGET,
        "share_link": FORGET,
        "reservation": SCRATCH,
        "revision": SCRATCH,
        "session": SCRATCH,
        "limit_count": SCRATCH,
    }
)
"""Beside SELECT, by table."""


def grant(connection: sa.Connection, role: str) -> None:
    """Gives the role exactly its rights in the current schema, and takes every other.

    Raises KeyError for a table nobody has thought about: add its row to `RIGHTS`.
    """
    quote = connection.dialect.identifier_preparer.quote
    schema = quote(connection.execute(sa.select(sa.func.current_schema())).scalar_one())
    base = quote(connection.execute(sa.select(sa.func.current_database())).scalar_one())
    who = quote(role)
    # TEMPORARY: fsck builds what it compares with among temporary tables.
    statements = [
        f"REVOKE ALL ON ALL TABLES IN SCHEMA {schema} FROM {who}, PUBLIC",
        f"GRANT CONNECT, TEMPORARY ON DATABASE {base} TO {who}",
        f"GRANT USAGE ON SCHEMA {schema} TO {who}",
    ]
    for table in sa.inspect(connection).get_table_names():
        rights = ", ".join(sorted({"SELECT", *RIGHTS[table]}))
        statements.append(f"GRANT {rights} ON {schema}.{quote(table)} TO {who}")
    for statement in statements:
        connection.exec_driver_sql(statement)
