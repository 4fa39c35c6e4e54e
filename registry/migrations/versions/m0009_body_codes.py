"""A fact for each code that a body was given: no code is given twice.

Literal on purpose: what a released revision does must not change when `tables` does.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

from ledger import cbor
from ledger.errors import Unavailable
from ledger.statement import parse_statement

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_RECORD_BYTES_MAX: Final = 1 << 20


def upgrade() -> None:
    """The fact stands at the leaf that put the admission in force, where its waiting act was done."""
    connection = op.get_bind()
    fact = sa.table("fact", *(sa.column(name) for name in ("kind", "key", "record", "seq")))
    waited = sa.select(fact.c.record, fact.c.seq).where(fact.c.kind == "Pending").order_by(fact.c.seq)
    given: dict[str, dict[str, object]] = {}
    for row in connection.execute(waited).all():
        pending = cbor.decode(row.record, bytes_max=_RECORD_BYTES_MAX)
        if not isinstance(pending, dict) or pending["done"] is not True:
            continue
        statement = parse_statement(pending["raw"])
        code = statement.body.get("code") if statement.kind == "party-admitted" else None
        if not isinstance(code, str):
            continue
        if code in given:
            raise Unavailable(
                "SCHEMA_CODE_TWICE",
                f"two bodies of this log were given the code {code}; earlier builds allowed that",
                fix="Nothing was changed: go on with the earlier build.",
            )
        record = cbor.encode({"code": code, "party": statement.subject.partition("/")[2]})
        given[code] = {"kind": "BodyCode", "key": code, "record": record, "seq": row.seq}
    if given:
        connection.execute(sa.insert(fact), list(given.values()))


def downgrade() -> None:
    raise Unavailable("SCHEMA_DOWNGRADE", "a ledger is not taken down", fix="Restore a backup.")
