"""Door: the kept reports of audits: each is still the one whose hash was stored when it was made."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import sqlalchemy as sa

from registry.fsck.departure import Departure
from registry.storage.tables import audit_report
from registry.supervision.audit_rows import FAILED, RUNNING


def check_reports(connection: sa.Connection) -> Iterator[Departure]:
    """Reads one report after the other; a run that goes on or failed has none."""
    ids = connection.execute(sa.select(audit_report.c.id).order_by(audit_report.c.id)).scalars().all()
    for one in ids:
        row = connection.execute(sa.select(audit_report).where(audit_report.c.id == one)).one()
        where = f"audit {one.hex()}"
        ended = row.state not in (RUNNING, FAILED)
        for data, stored in ((row.json, row.json_hash), (row.html, row.html_hash)):
            if stored != (hashlib.sha256(data).digest() if ended else b""):
                yield Departure("REPORT_DIFFERS", where, "the kept report is not the one that was made")
                break
