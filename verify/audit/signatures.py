"""Who signed a checkpoint: every line of the note is by the log's key or a witness of the policy.

Pure. A verifier may ignore lines of keys it does not know; an auditor names them, line by line, since nobody
has a reason to put one there.

Source: c2sp.org/signed-note, c2sp.org/tlog-checkpoint, c2sp.org/tlog-cosignature; design decisions 9, 15.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from issuers.acts.words import ServicePurpose
from issuers.authority.party_facts import Key
from issuers.authority.view import MemoryView
from ledger.checkpoint import Cosignature, check_cosignature
from ledger.errors import MalanError
from ledger.keys import ED25519_SPKI, EDDSA
from ledger.note import Note, NoteKey
from ledger.policy import Policy
from verify.audit.findings import Findings


@dataclass(frozen=True, slots=True)
class Signed:
    """Whether a log key signed, and which witnesses of the policy did, each once with its latest time."""

    by_log: bool
    cosignatures: tuple[Cosignature, ...]


def log_keys(view: MemoryView, origin: str, *, revoked: bool = False) -> tuple[NoteKey, ...]:
    """The checkpoint keys that the log's acts name, under its origin; `revoked` ones on request."""
    found = []
    for key in view.all(Key):
        wanted = key.purpose == ServicePurpose.CHECKPOINT and (revoked or key.revoked_seq is None)
        if wanted and key.alg == EDDSA and key.spki.startswith(ED25519_SPKI):
            try:
                found.append(NoteKey(origin, key.spki[len(ED25519_SPKI) :]))
            except MalanError:  # a point that signs for everybody, or an origin that is no key name
                continue
    return tuple(found)


def check_signatures(
    note: Note, keys: Sequence[NoteKey], policy: Policy | None, findings: Findings, *, where: str
) -> Signed:
    """Names every line that is unknown, bad or repeated, and a missing signature of the log.

    Without a policy nobody can say whose the other lines are: they are counted as not checked.
    """
    cosigners = policy.cosigner_keys if policy is not None else ()
    by_log, times, unknown = False, dict[str, int](), 0
    first_line = note.text.count("\n") + 2  # the text, an empty line, then the signatures
    for number, line in enumerate(note.signatures):
        place = f"{where}, line {first_line + number}"
        if line in note.signatures[:number]:
            findings.departure("SIGNATURE_LINE_TWICE", place)
            continue
        try:
            if any(line.is_by(key) for key in keys):
                next(key for key in keys if line.is_by(key)).check(note.text, line.signature)
                by_log = True
                continue
            witness = next((key for key in cosigners if line.is_by(key)), None)
            if witness is None:
                unknown += 1
                if policy is not None:
                    findings.departure("SIGNATURE_LINE_UNKNOWN", place)
                continue
            time = check_cosignature(note.text, line, witness)
            times[witness.name] = max(time, times.get(witness.name, 0))
        except MalanError:
            findings.departure("SIGNATURE_LINE_BAD", place)
    if unknown and policy is None:
        findings.could_not_check("SIGNATURE_LINES_UNKNOWN", where, n=unknown)
    if not by_log:
        findings.departure("LOG_SIGNATURE_MISSING", where)
    return Signed(by_log, tuple(Cosignature(name, time) for name, time in times.items()))
