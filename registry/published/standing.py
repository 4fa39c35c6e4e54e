"""Door: how far the published log stands behind the database, and how well its checkpoint is vouched for.

Promises numbers about the log alone; which of them is an alarm, `registry.alarms` says.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from issuers.files import read_file
from ledger.checkpoint import open_checkpoint
from ledger.errors import MalanError
from ledger.leaf import parse_leaf
from ledger.note import MAX_NOTE_BYTES, parse_note
from ledger.policy import MAX_POLICY_BYTES, Policy, parse_policy, satisfied
from ledger.publisher import CHECKPOINT, CHECKPOINT_FULL
from ledger.store import read_head, read_leaves
from registry.service import Service, note_signer


@dataclass(frozen=True, slots=True)
class Standing:
    """`waiting_ms`: how long the oldest unpublished entry has waited, None without one.

    `checkpoint_age_s`: since the newest checkpoint was written, by the clock of the files; None without one.
    """

    size: int
    published: int
    waiting_ms: int | None
    checkpoint_age_s: float | None
    cosigned: int
    needed: int
    satisfied: bool


def log_standing(service: Service) -> Standing:
    """Database first: what is published meanwhile only makes the lag smaller. Raises as the database."""
    with service.database.reading() as connection:
        size = read_head(connection, service.origin).size
        published, age, names = _checkpoint(service)
        waiting = None
        if published < size:
            leaf = parse_leaf(read_leaves(connection, published, published + 1)[0])
            waiting = max(0, service.clock.now_ms() - leaf.time_ms)
    policy = _policy(service)
    needed = 0 if policy is None else policy.needed
    enough = policy is None or needed == 0 or satisfied(policy, names)
    return Standing(size, published, waiting, age, len(names), needed, enough)


def _checkpoint(service: Service) -> tuple[int, float | None, list[str]]:
    """Size, age and cosigners of the newest checkpoint."""
    path = service.settings.log_directory / CHECKPOINT
    policy = _policy(service)
    cosigners = () if policy is None else policy.cosigner_keys
    try:
        age = max(0.0, time.time() - path.stat().st_mtime)
        note = _fullest(path)
        opened = open_checkpoint(note, log_keys=[note_signer(service).key], cosigners=cosigners)
    except (OSError, MalanError):
        return 0, None, []
    return opened.checkpoint.size, age, [one.name for one in opened.cosignatures]


def _fullest(path: Path) -> bytes:
    """The note, with every cosignature where they do not all fit under it."""
    note = read_file(path, bytes_max=MAX_NOTE_BYTES)
    try:
        full = read_file(path.with_name(CHECKPOINT_FULL), bytes_max=MAX_NOTE_BYTES)
        same = parse_note(full).text == parse_note(note).text
    except MalanError:
        return note
    return full if same and len(full) > len(note) else note


def _policy(service: Service) -> Policy | None:
    try:
        return parse_policy(read_file(service.settings.home / "policy.txt", bytes_max=MAX_POLICY_BYTES))
    except MalanError:
        return None
