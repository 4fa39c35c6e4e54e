"""Which witness policy judges the checkpoint of which size, when a log appoints its witnesses itself. Pure.

Promises: the first policy needs nobody's yes but the log's; each later one takes force only under a
checkpoint that contains its appointment and that the quorum of the policy in force cosigned on or after its
start. The same appointments and notes give the same terms everywhere, in whatever order the notes come.
May not know: who may appoint witnesses, where notes are kept, clocks.

A checkpoint at which the policy changes is the old quorum's; those above it are the new one's. What an old
quorum made final stays so. Source: SPEC.md 13; design decision 9.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from ledger.checkpoint import Cosignature, open_checkpoint, parse_checkpoint
from ledger.note import NoteKey, parse_note
from ledger.policy import NONE, Policy, satisfied

NOBODY: Final = Policy((), (), (), NONE)
"""What holds before the first appointment: the log's own signature is all there is."""


@dataclass(frozen=True, slots=True)
class Appointed:
    """A policy (without log lines) that entry `seq` appoints, for use from `start` (POSIX seconds)."""

    seq: int
    start: int
    policy: Policy


@dataclass(frozen=True, slots=True)
class Term:
    """`policy` judges the checkpoints of sizes above `above`; `seq` is its appointment's, −1 for nobody's."""

    above: int
    seq: int
    policy: Policy


def succession(
    appointed: Iterable[Appointed], notes: Iterable[bytes], *, log_keys: Collection[NoteKey], at: int
) -> tuple[Term, ...]:
    """The terms in order, the first of them `NOBODY`'s; the last is in force at `at` (POSIX seconds).

    `appointed` have rising `seq` and starts that do not fall. `notes`: checkpoints with cosignatures; those
    that change nothing are passed over. Raises what `open_checkpoint` raises for one of them.
    """
    waiting = sorted(appointed, key=lambda one: one.seq)
    terms = [Term(-1, -1, NOBODY)]
    if waiting and waiting[0].start <= at:
        first = waiting.pop(0)
        terms.append(Term(first.seq, first.seq, first.policy))
    for size, raw in sorted((_size(raw), raw) for raw in notes):
        now = terms[-1]
        if now.seq < 0 or size <= now.above:
            continue
        opened = open_checkpoint(raw, log_keys=log_keys, cosigners=now.policy.cosigner_keys)
        successor = _successor(waiting, now, size, opened.cosignatures)
        if successor is not None:
            terms.append(Term(size, successor.seq, successor.policy))
    return tuple(terms)


def policy_at(terms: Sequence[Term], size: int) -> Policy:
    """The policy that judges a checkpoint of this size.

    A checkpoint from before the first appointment is judged by the first policy: nobody's quorum never counts
    where there are witnesses.
    """
    judging = [term.policy for term in terms if term.above < size and term.seq >= 0]
    if judging:
        return judging[-1]
    return terms[min(1, len(terms) - 1)].policy


def _successor(
    waiting: Sequence[Appointed], now: Term, size: int, cosignatures: Sequence[Cosignature]
) -> Appointed | None:
    """The newest appointment under this checkpoint to which the quorum in force agreed."""
    for one in reversed(waiting):
        late = [line.name for line in cosignatures if line.time >= one.start]
        if now.seq < one.seq < size and satisfied(now.policy, late):
            return one
    return None


def _size(raw: bytes) -> int:
    return parse_checkpoint(parse_note(raw).text).size
