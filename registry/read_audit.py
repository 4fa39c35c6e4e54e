"""Door: who read what, written in the transaction that reads it: what cannot be recorded is not shown.

A record names the reader's staff id, the purpose, the object and the kinds of fields; never a value.
"""

from __future__ import annotations

import sqlalchemy as sa

from registry.requests import Asker
from registry.tables import read_audit

OPERATOR = "operator"


def record(
    connection: sa.Connection, asker: Asker | None, *, purpose: str, what: str, fields: str, now_ms: int
) -> None:
    """Adds one record; without an asker the reader is the operator at the machine."""
    last = connection.execute(sa.select(sa.func.max(read_audit.c.id))).scalar_one() or 0
    row = {
        "id": last + 1,
        "time_ms": now_ms,
        "party": OPERATOR if asker is None else asker.party.id,
        "reader": OPERATOR if asker is None else asker.reader,
        "purpose": purpose,
        "object": what,
        "fields": fields,
    }
    connection.execute(sa.insert(read_audit).values(row))
