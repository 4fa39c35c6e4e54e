"""Door: who holds the certificate with a code, if the document shown with it is theirs.

Promises: a code that was never given out, one that is held and not issued, one whose holder was erased, the
document of somebody else and that of nobody here are one answer, after the same look-ups: how long it takes
does not tell whether the document is known here. That a code exists, `GET /api/certificates/{code}` tells.
Rows alone let nobody in: the document is compared with the sealed roster entry of the certificate, too.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field

import sqlalchemy as sa

from issuers.authority.class_facts import CertificateFact
from issuers.identifiers.identity import IdNumber
from ledger.commitment import decode_opening
from ledger.errors import Malformed, Unavailable
from registry.certificates import revisions
from registry.persons.people import People
from registry.storage.facts import TableView
from registry.storage.tables import candidate, opening, person_key, reservation

_NOBODY = bytes(16)
_HOLDER = sa.select(reservation.c.person).where(reservation.c.certificate == sa.bindparam("of"))
_KEPT = sa.select(person_key.c.person).where(person_key.c.person == sa.bindparam("of"))
_ENTRY = sa.select(opening).where(
    candidate.c.class_id == sa.bindparam("class_id"),
    candidate.c.candidate == sa.bindparam("candidate"),
    opening.c.statement == candidate.c.roster,
    opening.c.place == candidate.c.place,
    opening.c.person == sa.bindparam("holder"),
)


@dataclass(frozen=True, slots=True)
class Shown:
    """`certificate`: the one the code was issued for, whoever asks; `person`: None unless it is theirs."""

    certificate: bytes | None
    person: bytes | None = field(repr=False)


def counted_as(connection: sa.Connection, people: People, code: str) -> str:
    """What stands for a code where wrong documents are counted: its certificate, whose other papers then have
    no tries of their own; the code itself where it names none."""
    found = revisions.of_code(connection, people, code)
    return code if found is None else found[0].hex()


def identify(connection: sa.Connection, people: People, code: str, document: IdNumber) -> Shown:
    """What code and document, both in normal form, say together."""
    named, version = revisions.of_code(connection, people, code) or (_NOBODY, 0)
    fact = TableView(connection).get(CertificateFact, named.hex())
    holder = connection.execute(_HOLDER, {"of": named}).scalar_one_or_none()
    person = people.find(connection, document)
    kept = connection.execute(_KEPT, {"of": holder or _NOBODY}).scalar_one_or_none()
    if fact is None or version > fact.version or holder is None or kept is None:
        return Shown(None, None)
    theirs = hmac.compare_digest(holder, person or _NOBODY) and _was_shown(
        connection, people, fact, holder, document
    )
    return Shown(named, holder if theirs else None)


def _was_shown(
    connection: sa.Connection, people: People, fact: CertificateFact, holder: bytes, document: IdNumber
) -> bool:
    """Whether the holder came to the class with this document.

    What is sealed under a person's key names candidate and document, and is nobody's to rewrite.
    """
    bound = {"class_id": fact.class_id, "candidate": fact.candidate, "holder": holder}
    row = connection.execute(_ENTRY, bound).one_or_none()
    try:
        fields = decode_opening(people.opened(connection, row)).fields if row is not None else {}
    except (Malformed, Unavailable):
        return False
    shown = (fields.get("candidate"), fields.get("id_type"), fields.get("id_number"))
    return shown == (fact.candidate, document.type.value, document.number)
