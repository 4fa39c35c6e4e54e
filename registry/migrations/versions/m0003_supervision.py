"""What supervision needs: where every act stands by its subject, and the reports of audits run here.

The index follows from the log, so it is filled from the entries that are there already.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from issuers.acts import read_act
from ledger.leaf import parse_leaf
from ledger.statement import parse_statement
from registry.storage.places import class_of

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_SEQ = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_STEP = 2_000


def upgrade() -> None:
    named = op.create_table(
        "named_entry",
        sa.Column("subject", sa.String(200), primary_key=True),
        sa.Column("seq", _SEQ, primary_key=True, autoincrement=False),
    )
    op.create_table(
        "audit_report",
        sa.Column("id", sa.LargeBinary(16), primary_key=True),
        sa.Column("party", sa.String(40), nullable=False),
        sa.Column("staff", sa.LargeBinary(16), nullable=False),
        sa.Column("begun_ms", sa.BigInteger(), nullable=False),
        sa.Column("seen_ms", sa.BigInteger(), nullable=False),
        sa.Column("done", _SEQ, nullable=False),
        sa.Column("total", _SEQ, nullable=False),
        sa.Column("classes", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("departures", sa.Integer(), nullable=False),
        sa.Column("doubts", sa.Integer(), nullable=False),
        sa.Column("json_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("html_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("json", sa.LargeBinary(), nullable=False),
        sa.Column("html", sa.LargeBinary(), nullable=False),
        sa.Column("checkpoint", sa.LargeBinary(), nullable=False),
    )
    op.create_index("ix_audit_report_party", "audit_report", ["party"])
    fill(op.get_bind(), named)


def fill(connection: sa.Connection, named: sa.Table) -> None:
    """Puts the entries so far into the empty index."""
    entry = sa.table("ledger_entry", sa.column("seq"), sa.column("leaf"))
    start = 0
    while True:
        query = sa.select(entry.c.seq, entry.c.leaf).where(entry.c.seq >= start).order_by(entry.c.seq)
        rows = connection.execute(query.limit(_STEP)).all()
        if not rows:
            return
        found = []
        for seq, leaf in rows:
            statement = parse_statement(parse_leaf(leaf).statement)
            if class_of(statement, read_act(statement)) is None:
                found.append({"subject": statement.subject, "seq": seq})
        if found:
            connection.execute(sa.insert(named), found)
        start = rows[-1].seq + 1
