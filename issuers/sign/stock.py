"""The stock of certificate paper: every serial from its receipt to its destruction (流向清晰). Pure.

Promises: a serial is in exactly one state, moves only where a sheet of paper can go, and is never forgotten
or taken twice; so the sheets in all states add up to those received. Knows no file and no clock:
`stock_book` keeps the events in their order, and adding them up again gives the same stock.

    received → blank → printed → delivered
                 │        │          │
                 └────────┴──────────┴──→ spoilt → destroyed        lost: from any place but the shredder
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Final

from issuers.acts.words import VERSION_MAX
from issuers.shape import Pattern, Range, Size
from ledger.errors import Malformed, Refused

RANGE_MAX: Final = 100_000
"""Sheets in one event: more than a body prints in a year."""

WITNESSES_MIN: Final = 2
"""Paper is destroyed before two people (监销)."""

_SERIAL: Final = re.compile(r"([A-Z]{0,6})([0-9]{4,12})", re.ASCII)


class State(StrEnum):
    """Where a sheet is."""

    BLANK = "blank"
    PRINTED = "printed"
    DELIVERED = "delivered"
    SPOILT = "spoilt"
    LOST = "lost"
    DESTROYED = "destroyed"


_STANDING: Final = frozenset({State.PRINTED, State.DELIVERED})


class Move(StrEnum):
    """What happens to sheets; each leads to the state of its name, `received` to blank."""

    RECEIVED = "received"
    PRINTED = "printed"
    DELIVERED = "delivered"
    SPOILT = "spoilt"
    LOST = "lost"
    DESTROYED = "destroyed"


_FROM: Final[Mapping[Move, frozenset[State]]] = {
    Move.PRINTED: frozenset({State.BLANK}),
    Move.DELIVERED: frozenset({State.PRINTED}),
    Move.SPOILT: frozenset({State.BLANK, State.PRINTED, State.DELIVERED, State.LOST}),
    Move.LOST: frozenset({State.BLANK, State.PRINTED, State.DELIVERED, State.SPOILT}),
    Move.DESTROYED: frozenset({State.SPOILT}),
}


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the book.

    `serials` are ranges as they are written, SH00000001-SH00000100, or single ones. Of a print, `job` counts
    from 1, `numbers` are those of the certificates in the order of the serials, `group` is the class in 32
    hex digits, `template` the hash of what drew it, `english` whether a second page was printed for each,
    `again` the numbers whose earlier sheet was delivered, `versions` those of the certificates, in the order
    of `numbers`; none of them means that all are the first.
    `reason` is a word as of the acts; `by` who stood by, in the body's own words.
    """

    move: Move
    at_ms: Annotated[int, Range(0, 2**53)]
    serials: Annotated[tuple[Annotated[str, Size(4, 40)], ...], Size(1, 10_000)]
    reason: Annotated[str, Pattern(r"([a-z]+(-[a-z]+)*)?"), Size(0, 40)] = ""
    by: Annotated[tuple[Annotated[str, Size(1, 60)], ...], Size(0, 8)] = ()
    job: Annotated[int, Range(0, 2**31)] = 0
    group: Annotated[str, Pattern(r"([0-9a-f]{32})?")] = ""
    numbers: Annotated[tuple[Annotated[str, Size(23, 23)], ...], Size(0, 1_000)] = field(
        default=(), repr=False
    )
    again: Annotated[tuple[Annotated[str, Size(23, 23)], ...], Size(0, 1_000)] = field(default=(), repr=False)
    template: Annotated[str, Pattern(r"([0-9a-f]{64})?")] = ""
    english: bool = False
    versions: Annotated[tuple[Annotated[int, Range(1, VERSION_MAX)], ...], Size(0, 1_000)] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """Where a sheet is, and what was printed on it, if anything."""

    state: State
    number: str = field(default="", repr=False)


class Stock:
    """What the events so far add up to."""

    def __init__(self) -> None:
        self.sheets: dict[str, Sheet] = {}
        self.prints: list[Event] = []
        self.standing: dict[str, str] = {}
        """The serial of the sheet that is printed or delivered, by certificate number."""
        self.delivered: set[str] = set()
        """The numbers of which a sheet was ever delivered."""

    def apply(self, event: Event) -> None:
        """One more event, whole or not at all.

        Raises Malformed SERIAL_FORM, SERIAL_RANGE, STOCK_EVENT; Refused STOCK_TWICE (received before, or
        named twice), STOCK_UNKNOWN, STOCK_MOVE (not from where it is), STOCK_TWO_SHEETS, STOCK_WITNESSES,
        STOCK_REASON.
        """
        serials = list(expand(event.serials))
        if len(set(serials)) != len(serials):
            raise Refused("STOCK_TWICE", "a serial is named twice")
        self._check(event, serials)
        numbers: Sequence[str] = event.numbers or [""] * len(serials)
        for serial, number in zip(serials, numbers, strict=True):
            state = State.BLANK if event.move is Move.RECEIVED else State(event.move.value)
            former = self.sheets.get(serial, Sheet(state))
            sheet = self.sheets[serial] = Sheet(state, number or former.number)
            if state in _STANDING:
                self.standing[sheet.number] = serial
            elif former.state in _STANDING:
                del self.standing[sheet.number]
            if state is State.DELIVERED:
                self.delivered.add(sheet.number)
        if event.move is Move.PRINTED:
            self.prints.append(event)

    def _check(self, event: Event, serials: Sequence[str]) -> None:
        printed = event.move is Move.PRINTED
        told = (len(event.numbers) == len(serials), event.job == len(self.prints) + 1, event.template != "")
        if told != (True, True, True) if printed else bool(event.numbers or event.job or event.template):
            raise Malformed("STOCK_EVENT", "the event does not say what one of its kind says")
        if event.move is Move.DESTROYED and len(set(event.by)) < WITNESSES_MIN:
            raise Refused(
                "STOCK_WITNESSES", "paper is destroyed before two people", fix="Name both with --by."
            )
        if event.move in (Move.SPOILT, Move.LOST) and not event.reason:
            raise Refused("STOCK_REASON", "it must be said why", fix="Say it with --reason.")
        for serial in serials:
            sheet = self.sheets.get(serial)
            if event.move is Move.RECEIVED:
                if sheet is not None:
                    raise Refused("STOCK_TWICE", "this serial was received before", where=serial)
            elif sheet is None:
                raise Refused("STOCK_UNKNOWN", "this serial was never received", where=serial)
            elif sheet.state not in _FROM[event.move]:
                what = f"a sheet that is {sheet.state} cannot be {event.move.value}"
                raise Refused("STOCK_MOVE", what, where=serial)
        self._check_numbers(event.numbers)

    def _check_numbers(self, numbers: Sequence[str]) -> None:
        if len(set(numbers)) != len(numbers) or any(number in self.standing for number in numbers):
            what = "a certificate has a sheet already"
            raise Refused("STOCK_TWO_SHEETS", what, fix="Report the old one spoilt or lost first.")

    def blanks(self, count: int) -> list[str]:
        """The next `count` blank serials, in order. Raises Refused STOCK_SHORT."""
        blank = sorted(
            (serial for serial, sheet in self.sheets.items() if sheet.state is State.BLANK), key=_order
        )
        if len(blank) < count:
            what = f"{count} sheet(s) are wanted and {len(blank)} are blank"
            raise Refused("STOCK_SHORT", what, fix="Receive more with malan-sign stock receive.")
        return blank[:count]

    def counts(self) -> dict[State, int]:
        """Sheets in each state; they add up to those received."""
        found = Counter(sheet.state for sheet in self.sheets.values())
        return {state: found[state] for state in State}


def expand(ranges: Sequence[str]) -> Iterator[str]:
    """Every serial of the ranges, in their order. Raises Malformed SERIAL_FORM, SERIAL_RANGE."""
    total = 0
    for written in ranges:
        first, dash, last = written.partition("-")
        (head, low), (tail, high) = _parts(first), _parts(last if dash else first)
        if head != tail or len(low) != len(high) or int(low) > int(high):
            raise Malformed("SERIAL_RANGE", "not a range of serials such as SH00000001-SH00000100")
        total += int(high) - int(low) + 1
        if total > RANGE_MAX:
            raise Malformed("SERIAL_RANGE", f"one entry names at most {RANGE_MAX} sheets")
        for value in range(int(low), int(high) + 1):
            yield f"{head}{value:0{len(low)}d}"


def fold(serials: Sequence[str]) -> tuple[str, ...]:
    """Serials in order as ranges: what `expand` gives back."""
    ranges: list[list[str]] = []
    for serial in serials:
        if ranges:
            (head, low), (own, value) = _parts(ranges[-1][1]), _parts(serial)
            if head == own and len(low) == len(value) and int(low) + 1 == int(value):
                ranges[-1][1] = serial
                continue
        ranges.append([serial, serial])
    return tuple(first if first == last else f"{first}-{last}" for first, last in ranges)


def _parts(serial: str) -> tuple[str, str]:
    match = _SERIAL.fullmatch(serial)
    if match is None:
        raise Malformed("SERIAL_FORM", "a serial is up to 6 capital letters and 4 to 12 digits")
    return match.group(1), match.group(2)


def _order(serial: str) -> tuple[str, int, int]:
    head, value = _parts(serial)
    return head, len(value), int(value)
