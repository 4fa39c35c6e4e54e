"""Heads of one log as several people saw them: do they belong to one history? Pure.

Promises: a conflict is two notes the log's key signed that no honest log can both have signed: one size and
two roots is proof by itself; of two sizes, it is proof with the hashes kept beside it, by which the newer
root has another tree of the older size below it. Nobody's word is needed, so districts may send each other
heads by any way, and hashes by anybody.
May not know: where heads and hashes come from, witnesses' keys, clocks.

Source: c2sp.org/tlog-witness ("monitoring"); assurance A.2 row 6.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.errors import MalanError, Refused
from ledger.merkle import Frontier, check_consistency, consistency_proof, cover
from ledger.note import NoteKey
from ledger.tiles import Fetch, TileReader

TWO_ROOTS = "HEADS_TWO_ROOTS"
DEPART = "HEADS_DEPART"


@dataclass(frozen=True, slots=True)
class Between:
    """The root at the older size as the newer tree has it, and the consistency proof from there."""

    root: bytes
    proof: tuple[bytes, ...]


Prove = Callable[[int, int], Between]
"""From an older to a newer size, as somebody's tiles give it; may raise MalanError."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A head and who showed it; `note` as it was shown, with all its lines."""

    where: str
    checkpoint: Checkpoint
    note: bytes


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two heads of two histories: HEADS_TWO_ROOTS, or HEADS_DEPART with what shows it."""

    code: str
    older: Seen
    newer: Seen
    between: Between | None = None


@dataclass(frozen=True, slots=True)
class Compared:
    """`conflicts` between neighbours in size; `unchecked`: the sizes nobody could give hashes between."""

    conflicts: tuple[Conflict, ...]
    unchecked: tuple[tuple[int, int], ...]


def see(note: bytes, *, where: str, origin: str, keys: Collection[NoteKey]) -> Seen:
    """A head somebody shows. Raises as `open_checkpoint`; Refused HEAD_ORIGIN for another log's."""
    checkpoint = open_checkpoint(note, log_keys=keys).checkpoint
    if checkpoint.origin != origin:
        raise Refused("HEAD_ORIGIN", "the head is of another log", where=where)
    return Seen(where, checkpoint, note)


def compare(heads: Sequence[Seen], *, prove: Sequence[Prove] = ()) -> Compared:
    """All heads, of one log, against each other; `prove`: asked in turn until one leads to the newer root.

    Without any, only heads of one size are compared.
    """
    conflicts: list[Conflict] = []
    unchecked: list[tuple[int, int]] = []
    firsts: dict[Checkpoint, Seen] = {}
    for head in heads:
        firsts.setdefault(head.checkpoint, head)
    ordered = sorted(firsts.values(), key=lambda one: one.checkpoint.size)
    for older, newer in pairwise(ordered):
        old, new = older.checkpoint, newer.checkpoint
        if old.size == new.size:
            conflicts.append(Conflict(TWO_ROOTS, older, newer))
        elif old.size:  # every tree continues the empty one
            between = _between(older, newer, prove)
            if between is None:
                unchecked.append((old.size, new.size))
            elif between.root != old.root:
                conflicts.append(Conflict(DEPART, older, newer, between))
    return Compared(tuple(conflicts), tuple(unchecked))


def _between(older: Seen, newer: Seen, prove: Sequence[Prove]) -> Between | None:
    """What the newer root says of the older size; None where nobody gives hashes that lead to that root."""
    old, new = older.checkpoint.size, newer.checkpoint.size
    for one in prove:
        try:
            found = one(old, new)
            check_consistency(
                old=old, new=new, old_root=found.root, new_root=newer.checkpoint.root, proof=found.proof
            )
        except MalanError:
            continue
        return found
    return None


def prove_by(fetch: Fetch, *, size: int = 0) -> Prove:
    """From a log's tiles, wherever they are read; `size` as it is published now, since the partial files of
    smaller sizes may be gone.
    """

    def prove(old: int, new: int) -> Between:
        reader = TileReader(size=max(new, size), fetch=fetch)
        root = Frontier(size=old, peaks=reader.read(cover(0, old))).root()
        return Between(root, tuple(consistency_proof(old=old, new=new, read=reader.read)))

    return prove


def opened(notes: Sequence[tuple[str, bytes]], *, origin: str, keys: Collection[NoteKey]) -> list[Seen]:
    """The heads among what several places showed; one that does not open says nothing about the log."""
    found: list[Seen] = []
    for where, note in notes:
        try:
            found.append(see(note, where=where, origin=origin, keys=keys))
        except MalanError:
            continue
    return found
