"""What a witness decides: may this checkpoint be cosigned after the one cosigned last? Pure.

Promises: first who speaks (`authenticate`), then whether it follows (`check_follows`), in the order of
tlog-witness; each refusal is of one kind, and `status_of` gives its HTTP status. Nothing is cosigned here.
May not know: storage, clocks, HTTP connections. Whoever asks `check_follows` holds the record of the log
against change until the answer is stored.

Source: c2sp.org/tlog-witness, add-checkpoint. Stricter here: extension lines are refused (400), as
everywhere in this ledger.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ledger.add_checkpoint import AddCheckpoint
from ledger.checkpoint import Checkpoint, CosignerKey, parse_checkpoint
from ledger.errors import BadSignature, MalanError, Malformed, ProofFailed, Refused, Unavailable
from ledger.merkle import OLD_ROOT, check_consistency
from ledger.note import Note, NoteKey, open_note

Logs = Mapping[str, Collection[NoteKey]]
"""The keys believed for each origin."""

UNKNOWN_LOG = "WITNESS_UNKNOWN_LOG"
OLD_SIZE = "WITNESS_OLD_SIZE"
OTHER_ROOT = "WITNESS_OTHER_ROOT"

_STATUS: tuple[tuple[type[MalanError], int], ...] = (
    (Malformed, 400),
    (BadSignature, 403),
    (ProofFailed, 422),
    (Unavailable, 503),
)
_REFUSED = {UNKNOWN_LOG: 404, OLD_SIZE: 409}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request whose checkpoint a key of its log signed; `note` as `bare` leaves it."""

    request: AddCheckpoint
    checkpoint: Checkpoint
    note: Note


def authenticate(request: AddCheckpoint, *, logs: Logs) -> Asked:
    """Who speaks: the checkpoint is by a known log.

    Raises Refused WITNESS_UNKNOWN_LOG; BadSignature SIGNATURE or NO_KNOWN_SIGNATURE; Malformed ADD_OLD_LARGER
    or as `parse_checkpoint`; ProofFailed EMPTY_TREE_ROOT.
    """
    text = request.parsed_note.text
    keys = logs.get(text.split("\n", 1)[0])
    if not keys:
        raise Refused(UNKNOWN_LOG, "This witness does not watch that log.")
    note = bare(request.note, keys)
    checkpoint = parse_checkpoint(text)
    if request.old > checkpoint.size:
        raise Malformed("ADD_OLD_LARGER", "The old size is larger than the checkpoint's.")
    return Asked(request, checkpoint, note)


def bare(raw: bytes, keys: Collection[NoteKey]) -> Note:
    """The note with one verified line of each of these keys and no other: as much as is ever kept of it.

    Raises as `open_note`.
    """
    opened = open_note(raw, keys)
    firsts = {(line.name, line.key_id): line for line in reversed(opened.verified)}
    return Note(opened.text, tuple(reversed(firsts.values())))


def check_follows(asked: Asked, *, latest: Checkpoint | None) -> None:
    """The checkpoint continues `latest`, the one cosigned last of this log; None: none ever was.

    Raises Refused WITNESS_OLD_SIZE (the client must ask again from the latest size), ProofFailed
    WITNESS_OTHER_ROOT (same size, other root: the log has signed two histories), or as `check_consistency`.
    """
    request, checkpoint = asked.request, asked.checkpoint
    size = 0 if latest is None else latest.size
    if request.old != size:
        raise Refused(OLD_SIZE, "Another size was cosigned last.")
    if latest is not None and latest.size == checkpoint.size and latest.root != checkpoint.root:
        raise ProofFailed(OTHER_ROOT, "Another root of this size was cosigned before.")
    if size == 0:
        # Every tree continues the empty one; `Checkpoint` holds size 0 to the empty root.
        if request.proof:
            raise ProofFailed("PROOF_LENGTH", "From size 0 the proof must be empty.")
        return
    assert latest is not None
    check_consistency(
        old=size, new=checkpoint.size, old_root=latest.root, new_root=checkpoint.root, proof=request.proof
    )


def departs(asked: Asked, *, held: Checkpoint | None) -> bool:
    """Whether the request shows by itself that its checkpoint does not continue `held`, of the old size.

    Only a proof that leads to the signed root says anything: a wrong one anybody can send with an honest
    checkpoint.
    """
    if held is None or held.size != asked.request.old:
        return False
    new = asked.checkpoint
    try:
        check_consistency(
            old=held.size, new=new.size, old_root=held.root, new_root=new.root, proof=asked.request.proof
        )
    except ProofFailed as error:
        return error.code == OLD_ROOT
    return False


def is_cosigned_by(note: Note, key: CosignerKey) -> bool:
    """Whether a line of the note is a cosignature by this key over its text."""
    for line in note.signatures:
        if line.is_by(key):
            try:
                key.check(note.text, line.signature)
            except BadSignature:
                continue
            return True
    return False


def status_of(error: MalanError) -> int:
    """The HTTP status of a refusal: 400, 403, 404, 409, 422, or 503 for a witness that cannot answer now."""
    if isinstance(error, Refused):
        return _REFUSED[error.code]
    return next(status for kind, status in _STATUS if isinstance(error, kind))
