"""Door: the rows that issuing certificates will ask for one by one, read in bulk before the first is judged.

Promises the same answers as asking: what is not here is asked for. It holds for one transaction, under its
lock; the persons' keys in it are forgotten with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import sqlalchemy as sa

from issuers.acts.certificates import CertificateIssued, NumberVoided
from registry.persons.people import People
from registry.storage.tables import candidate, opening, reservation

_AT_ONCE = 300  # pairs in one query: old builds of SQLite allow 999 parameters
_Row: TypeAlias = sa.Row[tuple[Any, ...]]
_Pair: TypeAlias = tuple[bytes, bytes]


class Foreseen:
    """Reservations and roster entries by (class, candidate), openings by (statement, place)."""

    def __init__(self) -> None:
        self.reservations: dict[_Pair, _Row] = {}
        self.entries: dict[_Pair, _Row] = {}
        self.openings: dict[tuple[bytes, int], _Row] = {}


def foresee(connection: sa.Connection, people: People, acts: Iterable[object]) -> tuple[Foreseen, People]:
    """What these acts will need, and `people` with the keys of those concerned at hand."""
    seen = Foreseen()
    pairs = sorted(
        {(act.class_id, act.candidate) for act in acts if isinstance(act, CertificateIssued | NumberVoided)}
    )
    if not pairs:
        return seen, people
    at_class = sa.tuple_(reservation.c.class_id, reservation.c.candidate)
    for row in _rows(connection, sa.select(reservation), at_class, pairs):
        seen.reservations[row.class_id, row.candidate] = row
    at_entry = sa.tuple_(candidate.c.class_id, candidate.c.candidate)
    for row in _rows(connection, sa.select(candidate), at_entry, pairs):
        seen.entries[row.class_id, row.candidate] = row
    places = sorted({(row.roster, row.place) for row in seen.entries.values()})
    at_opening = sa.tuple_(opening.c.statement, opening.c.place)
    for row in _rows(connection, sa.select(opening), at_opening, places):
        seen.openings[row.statement, row.place] = row
    persons = {row.person for row in (*seen.reservations.values(), *seen.openings.values())}
    return seen, people.holding(connection, persons)


def _rows(
    connection: sa.Connection, query: sa.Select[Any], place: Any, wanted: Sequence[tuple[object, object]]
) -> Iterable[_Row]:
    for start in range(0, len(wanted), _AT_ONCE):
        yield from connection.execute(query.where(place.in_(wanted[start : start + _AT_ONCE])))
