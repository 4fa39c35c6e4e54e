"""What every table is made of: one `metadata`, and the types of ids, hashes and places. No I/O."""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData()

ID = sa.LargeBinary(16)
HASH = sa.LargeBinary(32)
SEQ = sa.BigInteger().with_variant(sa.Integer, "sqlite")
