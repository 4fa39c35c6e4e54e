"""Do all districts see one log? Our newest head against what other witnesses show, by hand or by wire.

Promises: a conflict is kept as evidence before it is told; a head counts only under the log's key, whoever
brings it. May not know: how heads travel, files. No I/O but the state it is given.
"""

from __future__ import annotations

from collections.abc import Sequence

from ledger.checkpoint import parse_checkpoint
from ledger.errors import MalanError
from ledger.filling import CHECKPOINT
from ledger.heads import DEPART, TWO_ROOTS, Compared, Conflict, Seen, compare, prove_by
from ledger.note import parse_note
from ledger.tiles import Fetch
from verify.witness.answering import Witnessing
from verify.witness.state import Evidence

OURS = "this witness"
_SAID = {TWO_ROOTS: "one size, two roots", DEPART: "the newer does not continue the older"}


def compare_heads(
    witness: Witnessing, origin: str, heads: Sequence[Seen], *, fetch: Fetch, now: int
) -> Compared:
    """All heads of one log, ours included; `fetch` reads tiles by which different sizes are compared.

    Raises Unavailable WITNESS_STATE or WITNESS_STATE_LOST.
    """
    latest = witness.state.latest(origin)
    own = [] if latest is None else [Seen(OURS, latest.checkpoint, latest.note)]
    found = compare([*own, *heads], prove=prove_by(fetch, size=_published(fetch)))
    if found.conflicts:
        with witness.state.turn() as turn:
            for one in found.conflicts:
                turn.keep(Evidence(one.newer.checkpoint, one.code, now, one.newer.note, one.older.note))
    return found


def _published(fetch: Fetch) -> int:
    """What size the log shows, unverified: it only says which files to read."""
    try:
        return parse_checkpoint(parse_note(fetch(CHECKPOINT) or b"").text).size
    except MalanError:
        return 0


def explain(conflict: Conflict) -> str:
    """A line for a terminal."""
    older, newer = conflict.older, conflict.newer
    return (
        f"{conflict.code}: {_SAID[conflict.code]} ({older.where} at size {older.checkpoint.size},"
        f" {newer.where} at size {newer.checkpoint.size})"
    )
