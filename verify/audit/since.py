"""The log against what the auditor kept: it only ever grew, and it was written when it says it was.

Pure. A kept checkpoint is the auditor's own memory: its root must be the root of this log at that size. The
witnesses' times on checkpoints bracket the times of leaves, which the service alone writes: an entry that a
cosigned checkpoint does not hold yet cannot be older than that cosignature, nor one it holds younger.

Source: c2sp.org/tlog-cosignature (what a timestamp means); design decision 6; assurance A.3 rows 5 to 8, 16.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from issuers.authority.party_facts import Continued
from ledger.checkpoint import Checkpoint, parse_checkpoint
from ledger.errors import MalanError
from ledger.note import Note, NoteKey, parse_note
from ledger.policy import Policy
from verify.audit.findings import Findings
from verify.audit.signatures import Signed, check_signatures

SINCE: Final = "since"
CLOCKS_APART_MS: Final = 600_000
"""Witness and service clocks may differ by ten minutes (design 6: appends stop beyond that)."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A checkpoint kept from before, its signatures not verified."""

    note: Note
    checkpoint: Checkpoint


def open_kept(raw: bytes, findings: Findings) -> Kept | None:
    """What the file says; None with a finding when it is no checkpoint."""
    try:
        note = parse_note(raw)
        return Kept(note, parse_checkpoint(note.text))
    except MalanError:
        findings.could_not_check("SINCE_UNREADABLE", SINCE)
        return None


def check_since(
    kept: Kept,
    now: Checkpoint,
    roots: Mapping[int, bytes],
    *,
    keys: tuple[NoteKey, ...],
    policy: Policy | None,
    findings: Findings,
    before: Continued | None = None,
) -> Signed:
    """Names a rollback or a fork; `keys` are all checkpoint keys the log ever named, revoked ones too.

    `before`: the log this one goes on from; a checkpoint of that one is held against what is said of it.

    Answers with who signed the kept checkpoint. Its lines are not departures of this log, so a line that does
    not verify only means that the file shows less than it seems to.
    """
    old = kept.checkpoint
    if before is not None and before.origin == old.origin:
        _check_earlier(old, before, findings)
        return Signed(False, ())
    if old.origin != now.origin:
        findings.departure("SINCE_ORIGIN", SINCE)
    if old.size > now.size:
        findings.departure("SINCE_LARGER", SINCE, n=old.size)
    elif old.size and old.size in roots and roots[old.size] != old.root:
        findings.departure("SINCE_FORK", f"{SINCE}, size {old.size}")
    elif old.size and old.size not in roots:
        findings.could_not_check("SINCE_NOT_COMPARED", SINCE)
    lines = Findings()
    signed = check_signatures(kept.note, keys, policy, lines, where=SINCE)
    if not signed.by_log:
        findings.could_not_check("SINCE_SIGNATURE", SINCE)
    return signed


def _check_earlier(old: Checkpoint, before: Continued, findings: Findings) -> None:
    """What the city says of the log before this one, against what the auditor saw of it."""
    if old.size > before.size:
        findings.departure("SINCE_CUT_OFF", SINCE, n=old.size, of=before.size)
    elif old.size < before.size:
        findings.could_not_check("SINCE_EARLIER_LOG", SINCE)
    elif old.root != before.root:
        findings.departure("SINCE_FORK", f"{SINCE}, size {old.size}")
    else:
        findings.note("SINCE_CONTINUED", SINCE)


def first_seen(signed: Signed) -> int | None:
    """When the first witness saw the checkpoint, in milliseconds; None without a witness."""
    return min((one.time * 1000 for one in signed.cosignatures), default=None)


def check_not_backdated(*, first_new_ms: int, seen_ms: int, seq: int, findings: Findings) -> None:
    """The entry at `seq`, not yet in a checkpoint cosigned at `seen_ms`, is not older than that."""
    if first_new_ms < seen_ms - CLOCKS_APART_MS:
        findings.departure("ENTRY_BACKDATED", f"seq {seq}")


def check_not_postdated(*, last_ms: int, seen_ms: int, seq: int, findings: Findings) -> None:
    """The entry at `seq`, under a checkpoint cosigned at `seen_ms`, is not younger than that."""
    if last_ms > seen_ms + CLOCKS_APART_MS:
        findings.departure("ENTRY_POSTDATED", f"seq {seq}")
