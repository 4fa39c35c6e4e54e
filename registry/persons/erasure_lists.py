"""Door: what an erasure order must name, from documents or certificate numbers; for the operator's hands.

Promises: the look-up is recorded before it is made, whatever it finds; what comes out names places of the
log and nobody. An error says which line, never what stands in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from issuers.acts.erasures import PLACES_MAX, EntryPlace, ErasureOrder, ErasureReason
from issuers.authority.class_facts import ClassFact
from issuers.authority.party_facts import Party
from issuers.identifiers.identity import IdType
from issuers.identifiers.numbers import make_number, parse_number
from ledger.errors import MalanError, Refused
from registry.certificates import reservations
from registry.persons.erasing import places_of
from registry.persons.read_audit import record
from registry.persons.staff import read_document
from registry.service import Service
from registry.storage.facts import TableView, all_of
from registry.storage.tables import hold, staff
from registry.writing.effects.erasures import waits_for

PURPOSE = "erasure"


@dataclass(frozen=True, slots=True)
class Listed:
    """An order that names everything of so many persons. `waits`: what must be settled before it is said.

    `claimants` hold grants, `officers` have a staff id: of these something stays.
    """

    order: ErasureOrder
    persons: int
    claimants: int
    officers: int
    waits: tuple[str, ...]


def list_for(service: Service, lines: Sequence[str], reason: ErasureReason) -> Listed:
    """The order for whoever these lines name: `<id_type> <document>`, or a certificate number.

    Raises Malformed of a document or number and Refused PERSON_UNKNOWN, which name the line; Refused
    ERASURE_NOTHING, ERASURE_SIZE.
    """
    with service.database.transaction() as connection:
        what, fields = "erasure-order", "identity,places"
        now_ms = service.clock.now_ms()
        record(connection, service.people, None, purpose=PURPOSE, what=what, fields=fields, now_ms=now_ms)
    with service.database.reading() as connection:
        persons = {_named(service, connection, line, f"line {n}") for n, line in enumerate(lines, start=1)}
        places = sorted(places_of(connection, persons))
        if not places:
            raise Refused("ERASURE_NOTHING", "nothing in the log is about them", where="lines")
        if len(places) > PLACES_MAX:
            what = f"an order names at most {PLACES_MAX} entries, these are {len(places)}"
            raise Refused("ERASURE_SIZE", what, fix="Make several orders, each of whole persons.")
        return Listed(
            ErasureOrder(reason, tuple(EntryPlace(*one) for one in places)),
            len(persons),
            _count(connection, hold, persons),
            _count(connection, staff, persons),
            tuple(dict.fromkeys(waits_for(connection, TableView(connection), persons))),
        )


def _named(service: Service, connection: sa.Connection, line: str, where: str) -> bytes:
    kind, _, number = line.strip().partition(" ")
    try:
        if kind in IdType.__members__.values():
            document = read_document(kind, number.strip(), now_ms=service.clock.now_ms())
            person = service.people.find(connection, document)
        else:
            person = _of_certificate(service, connection, line.strip())
    except MalanError as error:
        raise type(error)(error.code, error.what, where=where, fix=error.fix) from None
    if person is None:
        raise Refused("PERSON_UNKNOWN", "nobody with this document or certificate is known here", where=where)
    return person


def _of_certificate(service: Service, connection: sa.Connection, typed: str) -> bytes | None:
    """Numbers rest sealed without an index: those of the classes of this district and body are opened."""
    number = parse_number(typed.upper())
    wanted, view = make_number(number), TableView(connection)
    for known in all_of(connection, ClassFact):
        district, body = view.get(Party, known.district), view.get(Party, known.body)
        assert district is not None and body is not None, "the judge has seen both"
        if (district.region, body.code) != (number.district, f"{number.issuer3:03d}"):
            continue
        for held in reservations.of_class(connection, service.people, known.id).values():
            if held.number == wanted:
                return held.person
    return None


def _count(connection: sa.Connection, table: sa.Table, persons: set[bytes]) -> int:
    query = sa.select(sa.func.count(table.c.person.distinct())).where(table.c.person.in_(sorted(persons)))
    count: int = connection.execute(query).scalar_one()
    return count
