"""Door: erases persons, as orders in the log say: what would open, show or find them is destroyed.

Promises: whole persons, never a part; twice is the same as once; nothing of log, facts or published files
changes. What goes: key, look-up by document, openings, candidates, reservations, versions, credentials,
visits to the holder's page and links given away. What stays: a person's live holds under their random id,
with a mark by which only their own document finds it again, so that nobody is paid twice (`claimant_mark`);
the HMAC of an issued certificate's first code, which leads to the log and to nobody (`retired_code`); and
who an officer is, sealed anew under a fresh key, because an officer answers for what they signed.

Source: design 11, 12, 22; PIPL Art. 47; decision 0019.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, Final, TypeAlias

import sqlalchemy as sa

from issuers.authority.erasure_facts import Erased
from ledger.errors import MalanError
from registry.persons.people import People
from registry.storage.facts import all_of
from registry.storage.tables import (
    candidate,
    claimant_mark,
    credential,
    hold,
    holder_visit,
    opening,
    person,
    person_document,
    person_key,
    reservation,
    retired_code,
    revision,
    share_link,
    staff,
)

Place: TypeAlias = tuple[bytes, int]
"""Statement hash and number of a committed entry."""

_AT_ONCE: Final = 300  # old builds of SQLite allow 999 parameters
_TRAINEE: Final = (  # all of a trainee
    *(opening, candidate, reservation, revision, credential),
    *(holder_visit, share_link),
)


def replay_erasures(connection: sa.Connection, people: People) -> int:
    """Carries out every erasure order in force in the log; the number of persons that were still there.

    For a database that may be older than an order, or got older keys: call it in one transaction
    (`Database.transaction`) after the log's rows are complete (`rebuilding.append_missing`) and before fsck
    and the service look at it. `people` is that of the service (`Service.people`, or
    `People(read_secrets(...))`). Raises what the database raises.
    """
    marked = sa.select(claimant_mark.c.person)
    connection.execute(sa.delete(person_key).where(person_key.c.person.in_(marked)))
    return erase_places(
        connection, people, [(one.statement, one.place) for one in all_of(connection, Erased)]
    )


def erase_places(connection: sa.Connection, people: People, places: Collection[Place]) -> int:
    """Erases every person who stands behind one of these places; the number of them."""
    persons = set(persons_at(connection, places).values())
    persons |= set(_candidates_at(connection, places))
    erase(connection, people, persons)
    return len(persons)


def persons_at(connection: sa.Connection, places: Iterable[Place]) -> dict[Place, bytes]:
    """The person behind each of these places that has an opening."""
    wanted = set(places)
    query = sa.select(opening.c.statement, opening.c.place, opening.c.person)
    rows = _among(connection, query, opening.c.statement, {statement for statement, _ in wanted})
    return {(row.statement, row.place): row.person for row in rows if (row.statement, row.place) in wanted}


def places_of(connection: sa.Connection, persons: Collection[bytes]) -> set[Place]:
    """Every place with an opening of these persons: what an order for them must name."""
    query = sa.select(opening.c.statement, opening.c.place)
    return {(row.statement, row.place) for row in _among(connection, query, opening.c.person, persons)}


def erase(connection: sa.Connection, people: People, persons: Collection[bytes]) -> None:
    """Destroys what stands of these persons, in the caller's transaction."""
    officers = _having(connection, staff, persons)
    claimants = _having(connection, hold, persons)
    _retire(connection, persons)
    for table in _TRAINEE:
        _delete(connection, table, persons)
    for one in sorted(officers):
        _seal_anew(connection, people, one)
    gone = set(persons) - officers
    _mark(connection, people, gone & claimants)
    _delete(connection, person_document, gone)
    _delete(connection, person_key, gone)
    _delete(connection, person, gone - claimants)


def _candidates_at(connection: sa.Connection, places: Collection[Place]) -> Iterable[bytes]:
    """Persons whose roster entry is named, should its opening be gone already."""
    wanted = set(places)
    query = sa.select(candidate.c.roster, candidate.c.place, candidate.c.person)
    rows = _among(connection, query, candidate.c.roster, {statement for statement, _ in wanted})
    return [row.person for row in rows if (row.roster, row.place) in wanted]


def _retire(connection: sa.Connection, persons: Collection[bytes]) -> None:
    """The codes of what was issued to them lead to the log's certificate and no further."""
    query = sa.select(reservation.c.code_index, reservation.c.certificate)
    issued = query.join(credential, credential.c.certificate == reservation.c.certificate)
    known = sa.select(retired_code.c.certificate)
    issued = issued.where(reservation.c.certificate.not_in(known))
    rows = [row._asdict() for row in _among(connection, issued, reservation.c.person, persons)]
    if rows:
        connection.execute(sa.insert(retired_code), rows)


def _mark(connection: sa.Connection, people: People, claimants: Collection[bytes]) -> None:
    rows = _among(connection, sa.select(person_document), person_document.c.person, claimants)
    marks = [{"mark": people.claimant_mark(row.document), "person": row.person} for row in rows]
    if marks:
        connection.execute(sa.insert(claimant_mark), marks)


def _seal_anew(connection: sa.Connection, people: People, one: bytes) -> None:
    """The officer's details under a fresh key: what the old key sealed, also in a backup, opens no more."""
    (row,) = connection.execute(sa.select(staff).where(staff.c.person == one)).all()
    place = (row.staff,)
    try:
        plain = people.unseal(connection, one, row.sealed, table="staff", place=place)
    except MalanError:
        return  # restored with no key or another: there is nothing that opens
    connection.execute(sa.delete(person_key).where(person_key.c.person == one))
    connection.execute(sa.insert(person_key).values(person=one, wrapped=people.new_key(one)))
    sealed = people.without_keys().seal(connection, one, plain, table="staff", place=place)
    connection.execute(sa.update(staff).where(staff.c.person == one).values(sealed=sealed))


def _having(connection: sa.Connection, table: sa.Table, persons: Collection[bytes]) -> set[bytes]:
    rows = _among(connection, sa.select(table.c.person).distinct(), table.c.person, persons)
    return {row.person for row in rows}


def _delete(connection: sa.Connection, table: sa.Table, persons: Collection[bytes]) -> None:
    for some in _parts(persons):
        connection.execute(sa.delete(table).where(table.c.person.in_(some)))


def _among(
    connection: sa.Connection, query: sa.Select[Any], column: sa.Column[Any], values: Collection[bytes]
) -> list[sa.Row[Any]]:
    return [row for some in _parts(values) for row in connection.execute(query.where(column.in_(some)))]


def _parts(values: Collection[bytes]) -> Iterable[Sequence[bytes]]:
    ordered = sorted(set(values))
    for start in range(0, len(ordered), _AT_ONCE):
        yield ordered[start : start + _AT_ONCE]
