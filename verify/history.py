"""What was true when: the facts of a bundle's acts as they stood at any place or time of the log. Pure.

Promises: a view of the past has the facts of exactly the acts before it, so an appointment that was renewed,
ended or suspended later is judged as it was on the day of issue. Knows no rules: `issuers.bundled_acts` has
admitted the acts before they come here.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field

from issuers.authority.view import F, Fact
from issuers.bundled_acts import Step


@dataclass(frozen=True, slots=True)
class _Line:
    """The successive values of one fact, each with the place it took force at."""

    places: list[int] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)


_Lines = dict[type, dict[str, _Line]]


class History:
    """Every fact of the acts, with its past."""

    def __init__(self, steps: Iterable[Step]) -> None:
        """`steps` in the order of the log."""
        self._seqs: list[int] = []
        self._times: list[int] = []
        self._lines: _Lines = {}
        for step in steps:
            self._seqs.append(step.seq)
            self._times.append(step.time_ms)
            for fact in step.changes:
                line = self._lines.setdefault(type(fact), {}).setdefault(fact.key, _Line())
                line.places.append(len(self._seqs))
                line.facts.append(fact)

    def before(self, seq: int) -> Past:
        """The facts of the acts whose place in the log is before `seq`."""
        return Past(self._lines, bisect_left(self._seqs, seq))

    def until(self, time_ms: int) -> Past:
        """The facts of the acts that entered the log at `time_ms` or earlier."""
        return Past(self._lines, bisect_right(self._times, time_ms))


@dataclass(frozen=True, slots=True)
class Past:
    """The facts after the first `_count` acts; an `issuers.authority.view.View`."""

    _lines: _Lines = field(repr=False)
    _count: int

    def get(self, kind: type[F], key: str) -> F | None:
        """The fact of this class and key as it stood, or None."""
        line = self._lines.get(kind, {}).get(key)
        return None if line is None else self._last(line)  # type: ignore[return-value]  # keyed by the class

    def all(self, kind: type[F]) -> list[F]:
        """Every fact of a class as it stood, in order of first appearance."""
        found = (self._last(line) for line in self._lines.get(kind, {}).values())
        return [fact for fact in found if fact is not None]  # type: ignore[misc]  # keyed by the class

    def _last(self, line: _Line) -> Fact | None:
        place = bisect_right(line.places, self._count)
        return line.facts[place - 1] if place else None
