"""Door: who holds the certificate with a code, if the document shown with it is theirs.

Promises: a code that was never given out, one that is held and not issued, one whose holder was erased, the
document of somebody else and that of nobody here are one answer, after the same look-ups: how long it takes
does not tell whether the document is known here. That a code exists, `GET /api/certificates/{code}` tells.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field

import sqlalchemy as sa

from issuers.authority.class_facts import CertificateFact
from issuers.identifiers.identity import IdNumber
from registry.certificates import revisions
from registry.persons.people import People
from registry.storage.facts import TableView
from registry.storage.tables import person_key, reservation

_NOBODY = bytes(16)
_HOLDER = sa.select(reservation.c.person).where(reservation.c.certificate == sa.bindparam("of"))
_KEPT = sa.select(person_key.c.person).where(person_key.c.person == sa.bindparam("of"))


@dataclass(frozen=True, slots=True)
class Shown:
    """`certificate`: the one the code was issued for, whoever asks; `person`: None unless it is theirs."""

    certificate: bytes | None
    person: bytes | None = field(repr=False)


def identify(connection: sa.Connection, people: People, code: str, document: IdNumber) -> Shown:
    """What code and document, both in normal form, say together."""
    named, version = revisions.of_code(connection, people, code) or (_NOBODY, 0)
    fact = TableView(connection).get(CertificateFact, named.hex())
    holder = connection.execute(_HOLDER, {"of": named}).scalar_one_or_none()
    person = people.find(connection, document)
    kept = connection.execute(_KEPT, {"of": holder or _NOBODY}).scalar_one_or_none()
    if fact is None or version > fact.version or holder is None or kept is None:
        return Shown(None, None)
    theirs = hmac.compare_digest(holder, person or _NOBODY)
    return Shown(named, holder if theirs else None)
