"""Marks of persons who were erased and still hold grants, and the codes of erased certificates.

Literal on purpose: what a released revision does must not change when `tables` does.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from ledger.errors import Unavailable

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "claimant_mark",
        sa.Column("mark", sa.LargeBinary(32), primary_key=True),
        sa.Column("person", sa.LargeBinary(16), sa.ForeignKey("person.person"), nullable=False),
    )
    op.create_index("ix_claimant_mark_person", "claimant_mark", ["person"])
    op.create_table(
        "retired_code",
        sa.Column("code_index", sa.LargeBinary(32), primary_key=True),
        sa.Column("certificate", sa.LargeBinary(16), nullable=False, unique=True),
    )


def downgrade() -> None:
    raise Unavailable("SCHEMA_DOWNGRADE", "a ledger is not taken down", fix="Restore a backup.")
