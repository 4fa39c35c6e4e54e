"""Door: persons: each with a key and documents, each document theirs, nobody without a reason.

Whose document is whose is known from what is sealed: openings of rosters and claims, and the details of
staff. `Seen` collects that while the openings are checked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import sqlalchemy as sa

from issuers.acts.words import Duty
from issuers.authority.class_facts import ClassFact
from issuers.authority.party_facts import Officer
from issuers.identifiers.identity import IdNumber, IdType
from ledger import cbor
from ledger.errors import MalanError
from registry.fsck.departure import Departure
from registry.fsck.erased import Explained
from registry.fsck.replay import Replay
from registry.persons.people import People
from registry.storage.tables import candidate, claimant_mark, person, person_document, person_key, staff

_UNREGISTERED = {Duty.ROOT, Duty.ADMIN}  # the city appoints them before the service knows anybody


@dataclass
class Seen:
    """Documents (by index) met in what opened, and the persons they were filed under.

    `unreadable`: persons of whom something did not open: that is named, their documents are not judged by it.
    """

    documents: dict[bytes, bytes] = field(default_factory=dict)
    unreadable: set[bytes] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The rows about persons as of one moment; what is added later is for the next run."""

    persons: frozenset[bytes]
    keyed: frozenset[bytes]
    marked: frozenset[bytes]
    documents: dict[bytes, bytes]
    candidates: frozenset[tuple[bytes, bytes, int]]
    staff: tuple[tuple[bytes, bytes, bytes], ...]


def snapshot(connection: sa.Connection) -> Snapshot:
    """Reads them, opening nothing."""
    return Snapshot(
        persons=frozenset(connection.execute(sa.select(person.c.person)).scalars()),
        keyed=frozenset(connection.execute(sa.select(person_key.c.person)).scalars()),
        marked=frozenset(connection.execute(sa.select(claimant_mark.c.person)).scalars()),
        documents={row.document: row.person for row in connection.execute(sa.select(person_document))},
        candidates=frozenset(
            (row.class_id, row.roster, row.place) for row in connection.execute(sa.select(candidate))
        ),
        staff=tuple((row.staff, row.person, row.sealed) for row in connection.execute(sa.select(staff))),
    )


def check_staff(
    connection: sa.Connection, people: People, replay: Replay, rows: Snapshot, seen: Seen
) -> Iterator[Departure]:
    """Each staff id opens to a document of its person, and who was appointed has one."""
    for one, owner, sealed in rows.staff:
        try:
            plain = people.unseal(connection, owner, sealed, table="staff", place=(one,))
            match cbor.decode(plain):
                case [str(id_type), str(number), str()]:
                    document = people.document(IdNumber(IdType(id_type), number))
                case _:
                    raise ValueError("another shape")
        except (MalanError, ValueError):
            yield Departure("STAFF_BROKEN", f"staff {one.hex()}", "the details of the person do not open")
            seen.unreadable.add(owner)
            continue
        seen.documents[document] = owner
    known = {one for one, _, _ in rows.staff}
    for officer in replay.view.all(Officer):
        if officer.staff not in known and not _UNREGISTERED & set(officer.duties):
            where = f"staff {officer.staff.hex()}"
            yield Departure("STAFF_MISSING", where, "an appointed officer has no staff id here")


def check_persons(rows: Snapshot, seen: Seen) -> Iterator[Departure]:
    """Every document belongs where it was seen, and every person has a document and a key, or was erased."""
    for document in sorted(rows.documents.keys() | seen.documents.keys()):
        owner = rows.documents.get(document)
        if owner != seen.documents.get(document) and owner not in seen.unreadable:
            where = f"document {document[:8].hex()}"
            yield Departure("DOCUMENT_DIFFERS", where, "nothing that was said files it under this person")
    for one in sorted((rows.persons - rows.marked) ^ rows.keyed):
        yield Departure("PERSON_KEY", _name(one), "a person without a key, or a key without a person")
    for one in sorted((rows.persons - rows.marked) ^ set(rows.documents.values())):
        yield Departure("PERSON_DOCUMENT", _name(one), "a person without a document, or the reverse")


def check_candidates(rows: Snapshot, replay: Replay, gone: Explained) -> Iterator[Departure]:
    """A candidate for each entry of each roster that was not erased, and no other."""
    expected = {
        (one.id, one.roster, place)
        for one in replay.view.all(ClassFact)
        if one.roster is not None
        for place in range(one.candidates)
        if (one.roster, place) not in gone.places
    }
    kept = {one for one in rows.candidates if one[1:] not in gone.places}  # the others `erased` names
    for class_id, _, place in sorted(expected ^ kept):
        where = f"class {class_id.hex()} entry {place}"
        yield Departure("CANDIDATE_DIFFERS", where, "candidates and roster do not agree")


def _name(one: bytes) -> str:
    # A person's id stays in the service, and fsck's words may leave it: half of it is enough to find the row.
    return f"person {one[:8].hex()}"
