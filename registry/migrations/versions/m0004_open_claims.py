"""Claims that wait for a decision, by district; those of the log so far are put in.

Literal on purpose: what a released revision does must not change when `tables` does.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ledger import cbor
from ledger.errors import Unavailable

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_SUBMITTED = sa.text(
    "SELECT f.record AS record, e.statement_hash AS statement FROM fact f "
    "JOIN ledger_entry e ON e.seq = f.seq WHERE f.kind = 'Claim'"
)


def upgrade() -> None:
    table = op.create_table(
        "open_claim",
        sa.Column("claim", sa.LargeBinary(16), primary_key=True),
        sa.Column("district", sa.String(40), nullable=False),
        sa.Column("submitted_ms", sa.BigInteger(), nullable=False),
        sa.Column("statement", sa.LargeBinary(32), nullable=False),
    )
    op.create_index("open_claim_by_district", "open_claim", ["district", "submitted_ms"])
    fill(op.get_bind(), table)


def fill(connection: sa.Connection, table: sa.Table) -> None:
    """A row for each claim that waits; it was last changed by its own submission."""
    for row in connection.execute(_SUBMITTED).all():
        claim = cbor.decode_map(bytes(row.record), where="Claim")
        if claim["state"] == "submitted":
            values = {name: claim[name] for name in ("district", "submitted_ms")}
            insert = sa.insert(table).values(**values, claim=claim["id"], statement=bytes(row.statement))
            connection.execute(insert)


def downgrade() -> None:
    raise Unavailable("SCHEMA_DOWNGRADE", "a ledger is not taken down", fix="Restore a backup.")
