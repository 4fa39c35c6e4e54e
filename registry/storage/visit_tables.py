"""The tables of what holders do at their own page; `tables` names them beside all others. No I/O.

Both are scratch: in no backup, so that a restore neither opens a page nor revives a link that was withdrawn;
and both go with their person.
"""

from __future__ import annotations

import sqlalchemy as sa

from registry.storage.schema import HASH, ID, metadata

# A holder who showed code and document, for some minutes. `id` is SHA-256 of what the cookie holds.
holder_visit = sa.Table(
    "holder_visit",
    metadata,
    sa.Column("id", HASH, primary_key=True),
    sa.Column("person", ID, sa.ForeignKey("person.person"), nullable=False, index=True),
    sa.Column("host", sa.String(120), nullable=False),
    sa.Column("created_ms", sa.BigInteger, nullable=False, index=True),
    sa.Column("mark", HASH, nullable=False),
)

# A link that a holder gave away: `id` is SHA-256 of the token in it, `link` its name in lists.
share_link = sa.Table(
    "share_link",
    metadata,
    sa.Column("id", HASH, primary_key=True),
    sa.Column("link", ID, nullable=False, unique=True),
    sa.Column("certificate", ID, nullable=False),
    sa.Column("person", ID, sa.ForeignKey("person.person"), nullable=False, index=True),
    sa.Column("created_ms", sa.BigInteger, nullable=False),
    sa.Column("until_ms", sa.BigInteger, nullable=False, index=True),
    sa.Column("mark", HASH, nullable=False),
)
