"""Door: staff ids: one for each natural person, whichever party they act for (design 5).

Promises: two parties that ask about one document get one id, and learn nothing else about the person. The id
is an HMAC of the person's random id: random to everybody outside, and the same again if its row is lost.
"""

from __future__ import annotations

import sqlalchemy as sa

from issuers.acts.words import Duty
from issuers.authority.case import shanghai_date
from issuers.identifiers.identity import IdNumber, IdType, normalise
from issuers.identifiers.names import check_name
from ledger import cbor
from ledger.errors import Malformed, Refused
from registry.callers.requests import read_request, spend
from registry.persons.people import ID_BYTES, People
from registry.persons.read_audit import record
from registry.service import Service
from registry.storage.tables import staff


def staff_id(service: Service, raw: bytes) -> bytes:
    """The answer of POST /api/staff, 16 bytes; by an admin, or by the city's root for an admin to be.

    Raises as `read_request`, Refused REQUEST_SUBJECT; Malformed REQUEST_BODY or of name and document.
    """
    service.need_writable()
    asker = read_request(service, raw, name="staff", duties={Duty.ADMIN, Duty.ROOT})
    if asker.request.claims.sub != f"party/{asker.party.id}":
        raise Refused("REQUEST_SUBJECT", "an admin asks for their own party", where="sub")
    now_ms = service.clock.now_ms()
    match asker.request.body:
        case {"id_type": str(id_type), "id_number": str(number), "name": str(name), **rest} if not rest:
            pass
        case _:
            raise Malformed("REQUEST_BODY", "the body is id_type, id_number and name", where="body")
    document = read_document(id_type, number, now_ms=now_ms)
    shown = check_name(name).shown
    with service.database.transaction() as connection:
        spend(connection, asker, now_ms=now_ms)
        what = f"party/{asker.party.id}"
        record(connection, service.people, asker, purpose="staff", what=what, fields="staff", now_ms=now_ms)
        return find_or_add(connection, service.people, document, name=shown, party=asker.party.id)


def find_or_add(
    connection: sa.Connection, people: People, document: IdNumber, *, name: str, party: str
) -> bytes:
    """The staff id of the person with this document; `party` is remembered as the first to ask."""
    person = people.find_or_add(connection, document)
    known: bytes | None = connection.execute(
        sa.select(staff.c.staff).where(staff.c.person == person)
    ).scalar_one_or_none()
    if known is not None:
        return known
    new = people.index("staff", person.hex())[:ID_BYTES]
    plain = cbor.encode([document.type.value, document.number, name])
    sealed = people.seal(connection, person, plain, table="staff", place=(new,))
    connection.execute(sa.insert(staff).values(staff=new, person=person, party=party, sealed=sealed))
    return new


def read_document(id_type: str, number: str, *, now_ms: int) -> IdNumber:
    """A document in normal form. Raises Malformed ID_TYPE, or as `issuers.identifiers.identity.normalise`."""
    if id_type not in IdType.__members__.values():
        raise Malformed("ID_TYPE", "not a known kind of document", where="id_type")
    try:
        return normalise(IdType(id_type), number, today=shanghai_date(now_ms))
    except Malformed as error:
        raise Malformed(error.code, error.what, where=error.where or "id_number", fix=error.fix) from None
