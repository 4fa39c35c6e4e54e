"""Door: the log in one look: how large, how fresh, who cosigned, what alarms, what the last audit found.

Promises what the published files and this process say, and says of each where it is from. A checkpoint
carries no time: `written_ms` is that of the file, by the clock of whoever wrote it.
"""

from __future__ import annotations

from dataclasses import dataclass

from issuers.files import read_file
from ledger.checkpoint import open_checkpoint
from ledger.errors import MalanError
from ledger.leaf import parse_leaf
from ledger.note import MAX_NOTE_BYTES
from ledger.policy import MAX_POLICY_BYTES, Policy, parse_policy, satisfied
from ledger.publisher import CHECKPOINT
from ledger.store import read_head, read_leaves
from registry.alarms import standing
from registry.fsck.kept import read_last
from registry.persons.read_audit import Reader
from registry.service import Service, note_signer
from registry.supervision.audit_rows import last_finished
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
    policy, trouble = _policy(service)
    witnesses = () if policy is None else policy.cosigner_keys
    try:
        note = read_file(path, bytes_max=MAX_NOTE_BYTES)
        opened = open_checkpoint(note, log_keys=[note_signer(service).key], cosigners=witnesses)
    except MalanError as error:
        return {"error": error.code}, 0
    names = [one.name for one in opened.cosignatures]
    told = {
        "size": opened.checkpoint.size,
        "root": opened.checkpoint.root.hex(),
        "written_ms": path.stat().st_mtime_ns // 1_000_000,
        "cosigned": len(names),
        "cosigned_by": [{"name": one.name, "time_ms": one.time * 1000} for one in opened.cosignatures],
        "witnesses": 0 if policy is None else policy.witness_count,
        "needed": 0 if policy is None else policy.needed,
        "districts": DISTRICTS,
        "final": policy is not None and policy.needed > 0 and satisfied(policy, names),
        "unknown_lines": len(opened.strangers),
        "policy_error": trouble,
    }
    return told, opened.checkpoint.size


def _policy(service: Service) -> tuple[Policy | None, str | None]:
    try:
        return parse_policy(read_file(service.settings.home / "policy.txt", bytes_max=MAX_POLICY_BYTES)), None
    except MalanError as error:
        return None, error.code
