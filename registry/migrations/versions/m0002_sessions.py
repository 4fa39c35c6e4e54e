"""Sessions and the tickets that begin them.

Literal on purpose: what a released revision does must not change when `tables` does.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ledger.errors import Unavailable

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "session",
        sa.Column("id", sa.LargeBinary(32), primary_key=True),
        sa.Column("kid", sa.LargeBinary(8), nullable=False),
        sa.Column("host", sa.String(120), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("mark", sa.LargeBinary(32), nullable=False),
        sa.Column("seen_ms", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_session_created_ms", "session", ["created_ms"])
    op.create_table(
        "session_ticket",
        sa.Column("id", sa.LargeBinary(32), primary_key=True),
        sa.Column("kid", sa.LargeBinary(8), nullable=False),
        sa.Column("host", sa.String(120), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("mark", sa.LargeBinary(32), nullable=False),
    )
    op.create_index("ix_session_ticket_created_ms", "session_ticket", ["created_ms"])


def downgrade() -> None:
    raise Unavailable("SCHEMA_DOWNGRADE", "a ledger is not taken down", fix="Restore a backup.")
