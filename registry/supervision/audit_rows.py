"""Door: the rows of audits run here. One that was not seen for a while ended with the process that ran it.

Promises: a report is stored with its hashes in one transaction; a row that has ended never changes; one
audit at a time over all processes of a database.
"""

from __future__ import annotations

import hashlib
import os
from typing import Any, Final

import sqlalchemy as sa

from ledger.errors import Refused
from registry.storage.tables import audit_report as table
from registry.supervision.runs import Outcome

RUNNING: Final = "running"
FAILED: Final = "failed"
LATE_MS: Final = 30_000  # a run says that it goes on every few seconds
PAGE: Final = 20
_SHOWN: Final = tuple(column for column in table.c if column.name not in ("json", "html", "checkpoint"))


def begin(connection: sa.Connection, *, party: str, staff: bytes, classes: int, now_ms: int) -> bytes:
    """A new run's id. Raises Refused AUDIT_RUNNING."""
    seen = sa.and_(table.c.state == RUNNING, table.c.seen_ms > now_ms - LATE_MS)
    if connection.execute(sa.select(table.c.id).where(seen).limit(1)).first() is not None:
        raise Refused("AUDIT_RUNNING", "an audit is running", fix="Wait for its end, then start another.")
    number = os.urandom(16)
    row = {
        "id": number,
        "party": party,
        "staff": staff,
        "classes": classes,
        "begun_ms": now_ms,
        "seen_ms": now_ms,
        "done": 0,
        "total": 0,
        "state": RUNNING,
        "code": "",
        "departures": 0,
        "doubts": 0,
        "json_hash": b"",
        "html_hash": b"",
        "json": b"",
        "html": b"",
        "checkpoint": b"",
    }
    connection.execute(sa.insert(table).values(row))
    return number


def see(connection: sa.Connection, number: bytes, *, done: int, total: int, now_ms: int) -> None:
    """The run goes on."""
    change = sa.update(table).where(table.c.id == number, table.c.state == RUNNING)
    connection.execute(change.values(done=done, total=total, seen_ms=now_ms))


def finish(connection: sa.Connection, number: bytes, outcome: Outcome | None, *, now_ms: int) -> None:
    """The run has ended, with a report or without."""
    change = sa.update(table).where(table.c.id == number, table.c.state == RUNNING)
    if outcome is None:
        connection.execute(change.values(state=FAILED, code="AUDIT_STOPPED", seen_ms=now_ms))
        return
    values = {
        "state": outcome.state,
        "seen_ms": now_ms,
        "done": table.c.total,
        "departures": outcome.departures,
        "doubts": outcome.doubts,
        "json": outcome.json,
        "html": outcome.html,
        "checkpoint": outcome.checkpoint,
        "json_hash": hashlib.sha256(outcome.json).digest(),
        "html_hash": hashlib.sha256(outcome.html).digest(),
    }
    connection.execute(change.values(values))


def listed(
    connection: sa.Connection, party: str, *, before_ms: int | None, now_ms: int
) -> list[dict[str, Any]]:
    """A page of a party's runs, the newest first."""
    query = sa.select(*_SHOWN).where(table.c.party == party)
    if before_ms is not None:
        query = query.where(table.c.begun_ms < before_ms)
    rows = connection.execute(query.order_by(table.c.begun_ms.desc(), table.c.id).limit(PAGE))
    return [shown(row, now_ms=now_ms) for row in rows]


def last_finished(connection: sa.Connection, party: str) -> dict[str, Any] | None:
    """The party's newest run that ended with a report."""
    query = sa.select(*_SHOWN).where(table.c.party == party, table.c.state.not_in((RUNNING, FAILED)))
    row = connection.execute(query.order_by(table.c.begun_ms.desc()).limit(1)).one_or_none()
    return None if row is None else shown(row, now_ms=row.seen_ms)


def last_checkpoint(connection: sa.Connection, party: str) -> bytes | None:
    """The checkpoint of the party's newest audit that found no departure: the next continues from there."""
    query = sa.select(table.c.checkpoint).where(table.c.party == party, table.c.state == "sound")
    found: bytes | None = connection.execute(
        query.order_by(table.c.begun_ms.desc()).limit(1)
    ).scalar_one_or_none()
    return found


def find(connection: sa.Connection, party: str, number: bytes) -> sa.Row[Any]:
    """A party's run with its reports. Raises Refused AUDIT_UNKNOWN, also for a run of others."""
    query = sa.select(table).where(table.c.id == number, table.c.party == party)
    row = connection.execute(query).one_or_none()
    if row is None:
        raise Refused("AUDIT_UNKNOWN", "no such audit was run here")
    return row


def shown(row: sa.Row[Any], *, now_ms: int) -> dict[str, Any]:
    """What the API says of a run."""
    gone = row.state == RUNNING and now_ms - row.seen_ms > LATE_MS
    return {
        "id": row.id.hex(),
        "staff": row.staff.hex(),
        "begun_ms": row.begun_ms,
        "ended_ms": None if row.state == RUNNING and not gone else row.seen_ms,
        "done": row.done,
        "total": row.total,
        "classes": row.classes,
        "state": FAILED if gone else row.state,
        "code": "AUDIT_STOPPED" if gone else row.code or None,
        "departures": row.departures,
        "could_not_check": row.doubts,
        "json_sha256": row.json_hash.hex() or None,
        "html_sha256": row.html_hash.hex() or None,
    }
