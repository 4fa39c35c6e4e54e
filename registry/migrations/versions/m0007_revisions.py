"""Codes and places of later versions of certificates.

Literal on purpose: what a released revision does must not change when `tables` does.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ledger.errors import Unavailable

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "revision",
        sa.Column("certificate", sa.LargeBinary(16), primary_key=True),
        sa.Column("version", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("person", sa.LargeBinary(16), sa.ForeignKey("person.person"), nullable=False),
        sa.Column("code_index", sa.LargeBinary(32), nullable=False, unique=True),
        sa.Column("status_list", sa.Integer(), nullable=False),
        sa.Column("status_index", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("credential", sa.LargeBinary(), nullable=False),
        sa.UniqueConstraint("status_list", "status_index", name="revision_place_once"),
    )


def downgrade() -> None:
    raise Unavailable("SCHEMA_DOWNGRADE", "a ledger is not taken down", fix="Restore a backup.")
