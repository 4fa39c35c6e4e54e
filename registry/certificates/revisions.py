"""Door: later versions of a certificate: each its own code and place in the status list, and its credential.

Promises: a version's code and place are nobody else's and never change, so that whoever holds an older paper
can be told that it is superseded; what was prepared and not signed is offered again. Code and credential are
sealed for the holder; the code is found by its HMAC.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import sqlalchemy as sa

from issuers.authority.class_facts import CertificateFact
from ledger import cbor
from ledger.errors import Malformed
from registry.certificates import reservations
from registry.persons.people import People
from registry.storage.tables import credential as credential_table
from registry.storage.tables import reservation, retired_code, revision


@dataclass(frozen=True, slots=True)
class Revised:
    """A version held for signing, or signed."""

    certificate: bytes
    version: int
    person: bytes = field(repr=False)
    code: str = field(repr=False)
    status_list: int
    status_index: int
    expires_ms: int


def hold(
    connection: sa.Connection, people: People, fact: CertificateFact, person: bytes, *, now_ms: int
) -> Revised:
    """Code and place for the version after the one in force, held from now; the same when asked again."""
    version = fact.version + 1
    expires_ms = now_ms + reservations.TERM_MS
    known = find(connection, people, fact.id, version)
    if known is not None:
        place = sa.and_(revision.c.certificate == fact.id, revision.c.version == version)
        connection.execute(sa.update(revision).where(place).values(expires_ms=expires_ms))
    else:
        code, code_index = reservations.free_code(connection, people)
        status_list, status_index = reservations.free_place(connection)
        at = _place(fact.id, version)
        row = {
            "certificate": fact.id,
            "version": version,
            "person": person,
            "code_index": code_index,
            "status_list": status_list,
            "status_index": status_index,
            "sealed": people.seal(connection, person, cbor.encode([code]), table="revision", place=at),
            "expires_ms": expires_ms,
            "credential": b"",
        }
        connection.execute(sa.insert(revision).values(row))
    held = find(connection, people, fact.id, version)
    assert held is not None, "it was just written"
    return held


def find(connection: sa.Connection, people: People, certificate: bytes, version: int) -> Revised | None:
    """The version, if it is held or signed."""
    row = connection.execute(_one(certificate, version)).one_or_none()
    return None if row is None else opened(connection, people, row)


def opened(connection: sa.Connection, people: People, row: sa.Row[tuple[object, ...]]) -> Revised:
    """A row with its sealed part. Raises what `People.unseal` raises, Malformed REVISION_SHAPE."""
    at = _place(row.certificate, row.version)
    plain = people.unseal(connection, row.person, row.sealed, table="revision", place=at)
    match cbor.decode(plain):
        case [str(code)]:
            pass
        case _:
            raise Malformed("REVISION_SHAPE", "a sealed version holds its code")
    return Revised(
        certificate=row.certificate,
        version=row.version,
        person=row.person,
        code=code,
        status_list=row.status_list,
        status_index=row.status_index,
        expires_ms=row.expires_ms,
    )


def keep_credential(connection: sa.Connection, people: People, held: Revised, raw: bytes) -> None:
    """The bytes of the QR of this version, sealed for their holder."""
    at = ("credential", *_place(held.certificate, held.version))
    sealed = people.seal(connection, held.person, raw, table="revision", place=at)
    where = sa.and_(revision.c.certificate == held.certificate, revision.c.version == held.version)
    connection.execute(sa.update(revision).where(where).values(credential=sealed))


def credential_of(
    connection: sa.Connection, people: People, certificate: bytes, version: int
) -> tuple[bytes, bytes] | None:
    """Holder and bytes of a version's credential; None where there is none. Raises as `People.unseal`."""
    if version == 1:
        query = sa.select(credential_table).where(credential_table.c.certificate == certificate)
        first = connection.execute(query).one_or_none()
        if first is None:
            return None
        at: tuple[cbor.Value, ...] = (certificate,)
        raw = people.unseal(connection, first.person, first.sealed, table="credential", place=at)
        return first.person, raw
    row = connection.execute(_one(certificate, version)).one_or_none()
    if row is None or not row.credential:
        return None
    at = ("credential", *_place(certificate, version))
    return row.person, people.unseal(connection, row.person, row.credential, table="revision", place=at)


def of_code(connection: sa.Connection, people: People, code: str) -> tuple[bytes, int] | None:
    """Certificate and version that a code was given out for, or None; the first also of an erased holder."""
    index = people.index("code", code)
    first = sa.select(reservation.c.certificate).where(reservation.c.code_index == index)
    found: bytes | None = connection.execute(first).scalar_one_or_none()
    later = sa.select(revision.c.certificate, revision.c.version).where(revision.c.code_index == index)
    row = connection.execute(later).one_or_none()
    if found is None:
        retired = sa.select(retired_code.c.certificate).where(retired_code.c.code_index == index)
        found = connection.execute(retired).scalar_one_or_none()
    if found is not None:
        return found, 1
    return None if row is None else (row.certificate, row.version)


def _one(certificate: bytes, version: int) -> sa.Select[tuple[object, ...]]:
    return sa.select(revision).where(revision.c.certificate == certificate, revision.c.version == version)


def _place(certificate: bytes, version: int) -> tuple[cbor.Value, cbor.Value]:
    return certificate, version
