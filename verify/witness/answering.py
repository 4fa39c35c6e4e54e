"""One add-checkpoint request, from bytes to bytes: the whole of what a witness does.

Promises: in one turn of the state the record is read, the request judged, the new head written; the
cosignature leaves this module only after that is on the disk; what the log's key signed against a head
is kept as evidence. May not know: HTTP connections, files, the clock (`now` is an argument).

A witness whose own cosignature turns up over a checkpoint it does not remember has lost state: it retires.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ledger.add_checkpoint import (
    NOTE_TYPE,
    SIZE_TYPE,
    AddCheckpoint,
    parse_add_checkpoint,
    render_lines,
    render_size,
)
from ledger.checkpoint import Cosigner, cosign
from ledger.errors import MalanError, ProofFailed, Refused, Unavailable
from ledger.heads import DEPART
from ledger.note import SignatureLine
from ledger.witnessing import (
    OLD_SIZE,
    OTHER_ROOT,
    Asked,
    Logs,
    authenticate,
    check_follows,
    departs,
    is_cosigned_by,
    status_of,
)
from verify.witness.state import UNPROVEN, Evidence, Head, State, Turn, lost

OWN_UNKNOWN: Final = "cosignature-not-remembered"

Clock = Callable[[], int]
"""POSIX seconds, now."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back over HTTP."""

    status: int
    body: bytes = b""
    type: str = NOTE_TYPE


@dataclass(frozen=True, slots=True)
class Witnessing:
    """A witness at work: what it watches, remembers, and signs with."""

    logs: Logs
    state: State
    cosigner: Cosigner


def answer(witness: Witnessing, body: bytes, *, now: Clock) -> Answer:
    """The answer to the body of a POST. Raises nothing a client can cause."""
    try:
        line = add_checkpoint(witness, parse_add_checkpoint(body), now=now)
    except OldSize as error:
        return Answer(409, render_size(error.size), SIZE_TYPE)
    except MalanError as error:
        return Answer(status_of(error), f"{error.code}\n".encode())
    return Answer(200, render_lines([line]))


def add_checkpoint(witness: Witnessing, request: AddCheckpoint, *, now: Clock) -> SignatureLine:
    """The cosignature over the request's checkpoint, which is then the latest this witness knows.

    Raises as `authenticate` and `check_follows`; Unavailable WITNESS_CLOCK, WITNESS_STATE or
    WITNESS_STATE_LOST.
    """
    asked = authenticate(request, logs=witness.logs)
    with witness.state.turn() as turn:
        # The clock inside the turn: whoever waited for it must not sign an older time than the one before.
        done = _judged(witness, turn, asked, now())
    # Crash here: the head stands and nobody has the cosignature; the client asks again and gets another.
    if isinstance(done, MalanError):
        raise done
    return done


def _judged(witness: Witnessing, turn: Turn, asked: Asked, now: int) -> SignatureLine | MalanError:
    """The line, with its head written; or the refusal, with what it leaves behind: either is committed."""
    checkpoint = asked.checkpoint
    latest = turn.latest(checkpoint.origin)
    same_size = turn.at(checkpoint.origin, checkpoint.size)
    if _forgot(witness, asked, same_size):
        _keep(turn, asked, same_size, now)
        turn.retire(OWN_UNKNOWN)
        return lost("state")
    if turn.retired is not None:
        return lost("state")
    try:
        check_follows(asked, latest=None if latest is None else latest.checkpoint)
    except (ProofFailed, Refused) as error:
        _keep(turn, asked, same_size, now, unproven=latest if isinstance(error, ProofFailed) else None)
        if error.code == OLD_SIZE:
            return OldSize(0 if latest is None else latest.checkpoint.size)
        return error
    if now < turn.time:
        return Unavailable(
            "WITNESS_CLOCK",
            "the clock of this witness is behind its own last cosignature",
            fix="Set the clock right. If that cosignature was ahead of time, wait for it, or retire the key.",
        )
    line = cosign(asked.note.text, witness.cosigner, time=now)
    note = asked.note.with_lines([line]).render()
    turn.record(Head(checkpoint, note, now), after=latest)
    return line


def _forgot(witness: Witnessing, asked: Asked, same_size: Head | None) -> bool:
    """Whether we once signed this checkpoint and do not know it: an old state was brought back."""
    if same_size is not None and same_size.checkpoint == asked.checkpoint:
        return False
    return is_cosigned_by(asked.request.parsed_note, witness.cosigner.key)


def _keep(
    turn: Turn, asked: Asked, same_size: Head | None, now: int, *, unproven: Head | None = None
) -> None:
    """Evidence: what the log's key signed beside a head it contradicts, whatever the answer is.

    A proof that leads nowhere convicts nobody, since anybody can send it; its checkpoint is kept apart, to be
    compared with `unproven`, the head it was refused beside.
    """
    checkpoint, from_size = asked.checkpoint, turn.at(asked.checkpoint.origin, asked.request.old)
    if same_size is not None:
        if same_size.checkpoint == checkpoint:
            return
        code, held = OTHER_ROOT, same_size
    elif from_size is not None and departs(asked, held=from_size.checkpoint):
        code, held = DEPART, from_size
    elif unproven is not None and unproven.checkpoint.size:
        code, held = UNPROVEN, unproven
    else:
        return
    request = AddCheckpoint(asked.request.old, asked.request.proof, asked.note.render())
    turn.keep(Evidence(checkpoint, code, now, request.render(), held.note))


class OldSize(Refused):
    """The refusal whose answer names our size."""

    def __init__(self, size: int) -> None:
        super().__init__(OLD_SIZE, "Another size was cosigned last.", fix="Ask again from that size.")
        self.size = size
