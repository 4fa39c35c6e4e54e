"""Do all districts see one log? Our newest head against what other witnesses show, by hand or by wire.

Promises: a conflict is kept as evidence before it is told; a head counts only under the log's key, whoever
brings it. May not know: how heads travel, files. No I/O but the state it is given.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ledger.errors import MalanError
from ledger.filling import CHECKPOINT
from ledger.heads import DEPART, TWO_ROOTS, Compared, Conflict, Seen, compare, prove_by, see
from ledger.tiles import Fetch
from ledger.witnessing import bare
from verify.witness.answering import Witnessing
from verify.witness.state import Evidence

OURS: Final = "this witness"
_SAID: Final = {TWO_ROOTS: "one size, two roots", DEPART: "the newer does not continue the older"}


def compare_heads(
    witness: Witnessing, origin: str, heads: Sequence[Seen], *, copies: Sequence[tuple[str, Fetch]], now: int
) -> Compared:
    """All heads of one log, ours included, and what each of the `copies` of the log shows.

    `copies` (name and files: the log's own, and a mirror): by the tiles of any, sizes are compared, so a log
    that takes its tiles away after a fork hides nothing from who mirrors it. Raises Unavailable WITNESS_STATE
    or WITNESS_STATE_LOST.
    """
    latest = witness.state.latest(origin)
    seen = [] if latest is None else [Seen(OURS, latest.checkpoint, latest.note)]
    proves = []
    for where, fetch in copies:
        shown = _shown(fetch, where, origin, witness)
        seen += shown
        proves.append(prove_by(fetch, size=max((one.checkpoint.size for one in shown), default=0)))
    found = compare([*seen, *heads], prove=proves)
    if found.conflicts:
        with witness.state.turn() as turn:
            for one in found.conflicts:
                turn.keep(_evidence(one, witness, origin, now))
    return found


def _shown(fetch: Fetch, where: str, origin: str, witness: Witnessing) -> list[Seen]:
    """The checkpoint a copy of the log shows: it is larger than heads we could not compare with otherwise."""
    try:
        note = fetch(CHECKPOINT)
        return [] if note is None else [see(note, where=where, origin=origin, keys=witness.logs[origin])]
    except MalanError:
        return []


def _evidence(conflict: Conflict, witness: Witnessing, origin: str, now: int) -> Evidence:
    """Without the lines of others, which may be long, and with the hashes that show it."""
    newer, older = (_kept(one, witness, origin) for one in (conflict.newer, conflict.older))
    between = conflict.between
    hashes = b"" if between is None else b"".join((between.root, *between.proof))
    return Evidence(conflict.newer.checkpoint, conflict.code, now, newer, older, hashes)


def _kept(head: Seen, witness: Witnessing, origin: str) -> bytes:
    # Ours is short already, and may be by a key of the log that is no longer believed.
    return head.note if head.where == OURS else bare(head.note, witness.logs[origin]).render()


def explain(conflict: Conflict) -> str:
    """A line for a terminal; names come from the log's policy, and may hold what a terminal obeys."""
    older, newer = conflict.older, conflict.newer
    line = (
        f"{conflict.code}: {_SAID[conflict.code]} ({older.where} at size {older.checkpoint.size},"
        f" {newer.where} at size {newer.checkpoint.size})"
    )
    return "".join(char if char.isprintable() else "?" for char in line)
