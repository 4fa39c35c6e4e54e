"""Door: a holder's visit: a quarter of an hour at their own page, after code and document were shown.

Promises: who does not hold the certificate learns nothing, a wrong document is answered like an unknown code;
every attempt is counted and stands in the read audit before it is answered; the document is in no cookie, row
or record. The database holds SHA-256 of the secret; a row this service did not write opens nothing.

A guess is limited by certificate (by the code where it names none) as well as by caller: with birth date and
home town known, some 500 numbers of a resident ID are left, and twenty a month are tried here, less those at
counters.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from dataclasses import dataclass, field
from typing import Final

import sqlalchemy as sa

from issuers.base64url import from_b64, to_b64
from issuers.identifiers.numbers import read_code
from ledger import cbor
from ledger.errors import MalanError, Refused
from registry.callers.limiting import (
    EVERYBODY,
    HOLDER,
    HOLDER_CERTIFICATE,
    HOLDER_MISS,
    HOLDER_MISS_OF_ALL,
    HOLDER_PAIR,
    Limit,
    count_in,
    need_room,
    need_room_in,
)
from registry.callers.sessions import SECRET_BYTES, own_origins
from registry.holders.identity import counted_as, identify
from registry.holders.own import certificates_of
from registry.persons.read_audit import record_holder, record_stranger
from registry.persons.staff import read_document
from registry.service import Service
from registry.storage.tables import holder_visit

VISIT_MS: Final = 15 * 60_000
OPENED: Final = "holder-page"
REFUSED: Final = "holder-refused"
BACK_MS: Final = 5_000  # how far a clock may be set back before nothing of before counts


@dataclass(frozen=True, slots=True)
class Visit:
    """`host` is the address visited, `csrf` what unsafe requests carry beside the cookie."""

    person: bytes = field(repr=False)
    host: str
    csrf: str = field(repr=False)
    expires_ms: int


@dataclass(frozen=True, slots=True)
class Showing:
    """What a holder shows: the code as typed, kind and number of the document."""

    code: str = field(repr=False)
    id_type: str
    id_number: str = field(repr=False)


def begin(service: Service, shown: Showing, *, host: str, caller: str) -> str:
    """The secret of a new visit, base64url; every certificate of the holder then has its record.

    Raises Malformed of code or document, which were not looked up; Refused SESSION_HOST; TooMany; Refused
    HOLDER_UNKNOWN for whatever does not belong together.
    """
    if host not in own_origins(service):
        raise Refused("SESSION_HOST", "that is no address of this service", where="host")
    code, now_ms = read_code(shown.code), service.clock.now_ms()
    document = read_document(shown.id_type, shown.id_number, now_ms=now_ms)
    secret, people = os.urandom(SECRET_BYTES), service.people
    with service.database.reading() as connection:
        missed = _missed(caller, counted_as(connection, people, code))
    for limit, counted in ((HOLDER, caller), *missed):
        need_room(service, limit, counted)
    with service.database.transaction() as connection:
        found = identify(connection, people, code, document)
        count_in(connection, service, HOLDER, caller)
        for limit, counted in missed:
            # Also who is right passes only where a guess would: those that came meanwhile are counted by now.
            if found.person is None:
                # Codes that nobody has shut the page for nobody.
                if found.certificate is not None or limit is not HOLDER_MISS_OF_ALL:
                    count_in(connection, service, limit, counted)
            else:
                need_room_in(connection, service, limit, counted)
        what = (
            "certificate/unknown" if found.certificate is None else f"certificate/{found.certificate.hex()}"
        )
        if found.person is None:
            record_stranger(
                connection, people, caller, purpose=REFUSED, what=what, fields="identity", now_ms=now_ms
            )
        else:
            record_page(connection, service, found.person, caller=caller, fields="identity,masked")
            _store(connection, service, secret, found.person, host)
    if found.person is None:
        raise Refused("HOLDER_UNKNOWN", "no certificate has this code for this document")
    return to_b64(secret)


def record_page(
    connection: sa.Connection,
    service: Service,
    person: bytes,
    *,
    caller: str,
    fields: str,
    purpose: str = OPENED,
) -> None:
    """A record for each certificate that the page is about to show."""
    now_ms = service.clock.now_ms()
    for certificate in certificates_of(connection, person):
        what = f"certificate/{certificate.hex()}"
        record_holder(
            connection, service.people, caller, purpose=purpose, what=what, fields=fields, now_ms=now_ms
        )


def find(service: Service, secret: str) -> Visit:
    """The visit of a cookie, if it stands now. Raises Refused SESSION_NONE or SESSION_ENDED."""
    name = _name(secret)
    with service.database.reading() as connection:
        query = sa.select(holder_visit).where(holder_visit.c.id == name)
        row = connection.execute(query).one_or_none()
    if row is None or not hmac.compare_digest(
        row.mark, _mark(service, row.id, row.person, row.host, row.created_ms)
    ):
        raise _none("SESSION_NONE", "nobody showed code and document here")
    if not -BACK_MS <= service.clock.now_ms() - row.created_ms <= VISIT_MS:
        end(service, secret)
        raise _none("SESSION_ENDED", "the time for this page is over")
    return Visit(row.person, row.host, _csrf(secret), row.created_ms + VISIT_MS)


def end(service: Service, secret: str) -> None:
    """Ends a visit; one that is not there is ended already."""
    with service.database.transaction() as connection:
        connection.execute(sa.delete(holder_visit).where(holder_visit.c.id == _name(secret)))


def _missed(caller: str, aimed_at: str) -> tuple[tuple[Limit, str], ...]:
    """What a wrong guess is counted by, and for whom."""
    return (
        (HOLDER_MISS, caller),
        (HOLDER_PAIR, f"{caller} {aimed_at}"),
        (HOLDER_CERTIFICATE, aimed_at),
        (HOLDER_MISS_OF_ALL, EVERYBODY),
    )


def _store(connection: sa.Connection, service: Service, secret: bytes, person: bytes, host: str) -> None:
    """The row; what is too old to work goes."""
    now_ms, name = service.clock.now_ms(), hashlib.sha256(secret).digest()
    connection.execute(sa.delete(holder_visit).where(holder_visit.c.created_ms < now_ms - VISIT_MS))
    row = {"id": name, "person": person, "host": host, "created_ms": now_ms}
    row["mark"] = _mark(service, name, person, host, now_ms)
    connection.execute(sa.insert(holder_visit).values(row))


def _mark(service: Service, name: bytes, person: bytes, host: str, created_ms: int) -> bytes:
    """What nobody with the database alone can make: they could visit as anybody otherwise."""
    return service.people.seal_of("holder-visit", cbor.encode([name, person, host, created_ms]))


def _name(secret: str) -> bytes:
    """What the database knows a secret by. Raises Refused SESSION_NONE for what cannot be one."""
    try:
        return hashlib.sha256(from_b64(secret, bytes_max=SECRET_BYTES, where="cookie")).digest()
    except MalanError:
        raise _none("SESSION_NONE", "nobody showed code and document here") from None


def _csrf(secret: str) -> str:
    return to_b64(hmac.digest(secret.encode(), b"malan/holder-csrf/1", "sha256"))


def _none(code: str, what: str) -> Refused:
    return Refused(code, what, fix="Enter code and document again.")
