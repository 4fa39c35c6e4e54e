"""Door: the kept reports of audits: each is still the one whose hash was stored when it was made."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

import sqlalchemy as sa

from registry.fsck.departure import Departure
from registry.storage.tables import audit_report
from registry.supervision.audit_rows import FAILED, RUNNING


def check_reports(connection: sa.Connection) -> Iterator[Departure]:
    """Reads one report after the other; a run that goes on or failed has none.

    State and counts beside a report are what its page shows first, so they are read out of it again.
    """
    ids = connection.execute(sa.select(audit_report.c.id).order_by(audit_report.c.id)).scalars().all()
    for one in ids:
        row = connection.execute(sa.select(audit_report).where(audit_report.c.id == one)).one()
        ended = row.state not in (RUNNING, FAILED)
        kept = ((row.json, row.json_hash), (row.html, row.html_hash))
        same = all(stored == (hashlib.sha256(data).digest() if ended else b"") for data, stored in kept)
        if not same or (ended and _said(row.json) != (row.state, row.departures, row.doubts)):
            where = f"audit {one.hex()}"
            yield Departure("REPORT_DIFFERS", where, "the kept report is not the one that was made")


def _said(report: bytes) -> tuple[object, ...]:
    """State, number of departures and of doubts, as the report itself says them."""
    try:
        match json.loads(report):
            case {"state": state, "counts": {"departure": departures, "could_not_check": doubts}}:
                return state, departures, doubts
    except ValueError:
        pass
    return ()
