"""Door: how far the published log stands behind the database, and how well its checkpoint is vouched for.

Promises numbers about the log alone; which of them is an alarm, `registry.alarms` says.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from issuers.files import read_file
from ledger.checkpoint import OpenedCheckpoint, open_checkpoint, parse_checkpoint
from ledger.errors import MalanError
from ledger.leaf import parse_leaf
from ledger.note import MAX_NOTE_BYTES, parse_note
from ledger.policy import Policy
from ledger.publisher import CHECKPOINT, CHECKPOINT_FULL
from ledger.store import read_head, read_leaves
from ledger.succession import policy_at
from registry.published.finality import Quorum, log_keys, quorum_now, terms_now
from registry.service import Service


@dataclass(frozen=True, slots=True)
class Standing:
    """`waiting_ms`: how long the oldest unpublished entry has waited, None without one.

    `checkpoint_age_s`: since the newest checkpoint was written, by the clock of the files; None without one.
    `cosigned` of `needed` witnesses cosigned the newest checkpoint. `final`: entries under a quorum, None
    where nobody witnesses; `unfinal_ms`: how long the oldest published entry has waited for one, else None.
    """

    size: int
    published: int
    waiting_ms: int | None
    checkpoint_age_s: float | None
    cosigned: int
    needed: int
    final: int | None
    unfinal_ms: int | None


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest checkpoint with every cosignature it shows, and the policy that judges its size."""

    opened: OpenedCheckpoint
    policy: Policy


def log_standing(service: Service) -> Standing:
    """Database first: what is published meanwhile only makes the lag smaller. Raises as the database."""
    with service.database.reading() as connection:
        size = read_head(connection, service.origin).size
        newest, quorum = newest_checkpoint(service, connection), quorum_now(service, connection)
        published = 0 if newest is None else newest.opened.checkpoint.size
        waiting = _waited(service, connection, published, size)
        final = quorum.size
        # Nobody was asked about entries from before the witnesses were appointed.
        asked = None if final is None else max(final, quorum.since)
        unfinal = None if asked is None else _waited(service, connection, asked, published)
    names = [] if newest is None else newest.opened.cosignatures
    needed = quorum.policy.needed if newest is None else newest.policy.needed
    return Standing(size, published, waiting, _age(service), len(names), needed, final, unfinal)


def newest_checkpoint(service: Service, connection: sa.Connection) -> Newest | None:
    """None without one that our key signed. Raises as `terms_now`."""
    terms, keys = terms_now(service, connection), log_keys(service, connection)
    try:
        note = _fullest(service.settings.log_directory / CHECKPOINT)
        policy = policy_at(terms, parse_checkpoint(parse_note(note).text).size)
        opened = open_checkpoint(note, log_keys=keys[:1], cosigners=policy.cosigner_keys)
    except MalanError:
        return None
    return Newest(opened, policy)


def entry_standing(service: Service, seq: int) -> dict[str, object]:
    """How far an entry has come: recorded, published or final; and how many witnesses stand behind it.

    `cosigned` of `witnesses`, of whom `needed` are a quorum; with `witnesses` 0 nobody witnesses the log.
    """
    with service.database.reading() as connection:
        newest, quorum = newest_checkpoint(service, connection), quorum_now(service, connection)
    stage = "recorded"
    if newest is not None and seq < newest.opened.checkpoint.size:
        stage = "final" if quorum.covers(seq) else "published"
    return {"stage": stage, **_vouched(stage, newest, quorum)}


def _vouched(stage: str, newest: Newest | None, quorum: Quorum) -> dict[str, object]:
    count, policy = 0, quorum.policy
    if stage == "final":
        count = len(quorum.cosignatures)
    elif stage == "published" and newest is not None:
        count, policy = len(newest.opened.cosignatures), newest.policy
    return {"cosigned": count, "witnesses": policy.witness_count, "needed": policy.needed}


def _waited(service: Service, connection: sa.Connection, start: int, stop: int) -> int | None:
    """How long the entry at `start` has waited, None if it is not below `stop`."""
    if start >= stop:
        return None
    leaf = parse_leaf(read_leaves(connection, start, start + 1)[0])
    return max(0, service.clock.now_ms() - leaf.time_ms)


def _age(service: Service) -> float | None:
    try:
        return max(0.0, time.time() - (service.settings.log_directory / CHECKPOINT).stat().st_mtime)
    except OSError:
        return None


def _fullest(path: Path) -> bytes:
    """The note, with every cosignature where they do not all fit under it."""
    note = read_file(path, bytes_max=MAX_NOTE_BYTES)
    try:
        full = read_file(path.with_name(CHECKPOINT_FULL), bytes_max=MAX_NOTE_BYTES)
        same = parse_note(full).text == parse_note(note).text
    except MalanError:
        return note
    return full if same and len(full) > len(note) else note
