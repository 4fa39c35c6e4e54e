"""Holders at their own page, links they give away, credentials found by holder, reads by object.

Literal on purpose: what a released revision does must not change when `tables` does.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ledger.errors import Unavailable

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "holder_visit",
        sa.Column("id", sa.LargeBinary(32), primary_key=True),
        sa.Column("person", sa.LargeBinary(16), sa.ForeignKey("person.person"), nullable=False),
        sa.Column("host", sa.String(120), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("mark", sa.LargeBinary(32), nullable=False),
    )
    op.create_index("ix_holder_visit_person", "holder_visit", ["person"])
    op.create_index("ix_holder_visit_created_ms", "holder_visit", ["created_ms"])
    op.create_table(
        "share_link",
        sa.Column("id", sa.LargeBinary(32), primary_key=True),
        sa.Column("link", sa.LargeBinary(16), nullable=False, unique=True),
        sa.Column("certificate", sa.LargeBinary(16), nullable=False),
        sa.Column("person", sa.LargeBinary(16), sa.ForeignKey("person.person"), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.Column("mark", sa.LargeBinary(32), nullable=False),
    )
    op.create_index("ix_share_link_person", "share_link", ["person"])
    op.create_index("ix_share_link_until_ms", "share_link", ["until_ms"])
    op.create_index("ix_credential_person", "credential", ["person"])
    op.create_index("read_audit_by_object", "read_audit", ["object"])


def downgrade() -> None:
    raise Unavailable("SCHEMA_DOWNGRADE", "a ledger is not taken down", fix="Restore a backup.")
