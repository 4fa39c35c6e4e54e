"""Door: the log in one look: how large, how fresh, who cosigned, what alarms, what the last audit found, and
what documents that do not fit shut at the counters.

Promises what the published files and this process say, and says of each where it is from. A checkpoint
carries no time: `written_ms` is that of the file, by the clock of whoever wrote it.
"""

from __future__ import annotations

from dataclasses import dataclass

from ledger.leaf import parse_leaf
from ledger.policy import satisfied
from ledger.publisher import CHECKPOINT
from ledger.store import read_head, read_leaves
from registry.alarms import standing
from registry.fsck.kept import read_last
from registry.persons.read_audit import Reader
from registry.published.finality import quorum_now
from registry.published.standing import newest_checkpoint
from registry.service import Service
from registry.supervision.audit_rows import last_finished
from registry.supervision.stopped import stopped
from registry.supervision.ward import ward_of

DISTRICTS = 16  # witnesses there are to be (design 9)


@dataclass(frozen=True, slots=True)
class _Log:
    """The database's end of the log."""

    size: int
    newest_ms: int
    oldest_unpublished_ms: int | None


def health(service: Service, reader: Reader) -> dict[str, object]:
    """The answer of GET /api/supervision/health. Raises Refused ACCESS_DUTY."""
    with service.database.reading() as connection:
        ward = ward_of(service, connection, reader)
        audit = last_finished(connection, ward.district.id)
        shut = stopped(service, connection, ward)
    checkpoint, size = _checkpoint(service)
    log = _log(service, size)
    now_ms = service.clock.now_ms()
    waiting = log.oldest_unpublished_ms
    return {
        "now_ms": now_ms,
        "district": {"id": ward.district.id, "zh": ward.district.name, "en": ward.district.name_en},
        "origin": service.origin,
        "size": log.size,
        "newest_ms": log.newest_ms or None,
        "checkpoint": checkpoint,
        "unpublished": max(0, log.size - size),
        "waiting_ms": None if waiting is None else max(0, now_ms - waiting),
        "alarms": standing(service),
        "audit": audit,
        "stopped": shut,
        "fsck": read_last(service.settings.home),
    }


def _log(service: Service, published: int) -> _Log:
    with service.database.reading() as connection:
        head = read_head(connection, service.origin)
        waiting = None
        if published < head.size:
            waiting = parse_leaf(read_leaves(connection, published, published + 1)[0]).time_ms
    return _Log(head.size, head.time_ms, waiting)


def _checkpoint(service: Service) -> tuple[dict[str, object] | None, int]:
    """The newest published checkpoint with the cosignatures of the policy that verify, and its size."""
    path = service.settings.log_directory / CHECKPOINT
    if not path.exists():
        return None, 0
    with service.database.reading() as connection:
        newest, quorum = newest_checkpoint(service, connection), quorum_now(service, connection)
    if newest is None:
        return {"error": "CHECKPOINT_BROKEN"}, 0
    opened, policy = newest.opened, newest.policy
    names = [one.name for one in opened.cosignatures]
    told = {
        "size": opened.checkpoint.size,
        "root": opened.checkpoint.root.hex(),
        "written_ms": path.stat().st_mtime_ns // 1_000_000,
        "cosigned": len(names),
        "cosigned_by": [{"name": one.name, "time_ms": one.time * 1000} for one in opened.cosignatures],
        "witnesses": policy.witness_count,
        "needed": policy.needed,
        "districts": DISTRICTS,
        "final": policy.needed > 0 and satisfied(policy, names),
        "final_size": quorum.size,
        "unknown_lines": len(opened.strangers),
    }
    return told, opened.checkpoint.size
