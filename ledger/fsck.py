"""Checks a whole log from its bytes alone: each leaf's shape, place, link and time, the root over all. Pure.

Promises: leaves are looked at one at a time and once, so a log of any length can be streamed through; the
first bad leaf is named by its place. May not know: databases, files, signatures, what a statement says. That
each statement may be said, and that none stands twice, is for the audit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ledger.errors import MalanError
from ledger.leaf import check_link, first_prev, leaf_hash, parse_leaf
from ledger.merkle import Frontier


@dataclass(frozen=True, slots=True)
class LogSummary:
    """A sound log: `size` leaves under `root`; `head` is the `prev` of the next leaf.

    `first_ms` and `last_ms`, milliseconds since 1970, are the times of the first and newest leaf, None in an
    empty log.
    """

    size: int
    root: bytes
    head: bytes
    first_ms: int | None
    last_ms: int | None


@dataclass(frozen=True, slots=True)
class Fault:
    """The leaf at `place` (from 0, as read) is bad; `code` and `what` as in `ledger.errors`."""

    place: int
    code: str
    what: str


def check_log(origin: str, leaves: Iterable[bytes]) -> LogSummary:
    """What the leaves add up to, from leaf 0 on.

    Raises, at the first bad leaf and with its place as `where`, Malformed LEAF_SHAPE or of the codec, or
    ProofFailed LEAF_SEQ, LEAF_PREV or LEAF_TIME.
    """
    walk = _Walk(origin)
    for data in leaves:
        error = walk.step(data)
        if error is not None:
            raise type(error)(error.code, error.what, where=f"leaf {walk.size - 1}") from error
    return walk.summary()


def find_faults(origin: str, leaves: Iterable[bytes]) -> Iterator[Fault]:
    """Every bad leaf, at most one fault each. Never raises for what the bytes are.

    After a bad leaf the walk goes on from what that leaf itself says, so one missing leaf is one fault and
    not one for each leaf behind it.
    """
    walk = _Walk(origin)
    for data in leaves:
        error = walk.step(data)
        if error is not None:
            yield Fault(walk.size - 1, error.code, error.what)


class _Walk:
    """Where a reader stands: how many leaves it saw, and what the next one must say."""

    def __init__(self, origin: str) -> None:
        self.size = 0
        self._frontier = Frontier()
        self._seq = 0
        self._head = first_prev(origin)
        self._first_ms: int | None = None
        self._last_ms: int | None = None

    def step(self, data: bytes) -> MalanError | None:
        """Takes the next leaf; answers with what is wrong with it, if anything."""
        seq, head, not_before_ms = self._seq, self._head, self._last_ms or 0
        self.size += 1
        self._seq += 1
        self._head = leaf_hash(data)
        self._frontier.append(self._head)
        try:
            leaf = parse_leaf(data)
            self._seq = leaf.seq + 1
            self._last_ms = leaf.time_ms
            if self._first_ms is None:
                self._first_ms = leaf.time_ms
            check_link(leaf, seq=seq, prev=head, not_before_ms=not_before_ms)
        except MalanError as error:
            return error
        return None

    def summary(self) -> LogSummary:
        return LogSummary(self.size, self._frontier.root(), self._head, self._first_ms, self._last_ms)
