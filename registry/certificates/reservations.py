"""Door: reserved numbers: one number, code, certificate id and status place a passed candidate, for ever.

Promises: a reservation is never given to anybody else, and never changes but for its term; the sequence of an
issuer and year has no gap, because it grows in the transaction that reserves; a place in a status list is
random, so it tells nothing. Number and code are sealed for their person; the code is found by its HMAC.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from issuers.authority.class_facts import StatusSlot, slot_key
from issuers.identifiers.numbers import CODES, CertificateNumber, make_code, make_number
from issuers.status import PLACES
from ledger import cbor
from ledger.errors import Malformed, Unavailable
from registry.persons.people import ID_BYTES, People
from registry.storage.facts import TableView
from registry.storage.tables import number_series, reservation, retired_code, revision

TERM_MS = 72 * 3_600_000  # design 14
FIRST_LIST = 1
LIST_FILL_MAX = PLACES // 2  # beyond half full, finding a free place at random takes too long
SEQUENCE_MAX = 999_999

_HELD = (reservation, revision)  # whoever has a place in a list
_CODED = (*_HELD, retired_code)  # whoever has a code

_OF = sa.select(reservation).where(
    reservation.c.class_id == sa.bindparam("of_class"),
    reservation.c.candidate == sa.bindparam("of_candidate"),
)


@dataclass(frozen=True, slots=True)
class Reserved:
    """One reservation, opened."""

    class_id: bytes
    candidate: bytes
    certificate: bytes
    person: bytes = field(repr=False)
    number: str = field(repr=False)
    code: str = field(repr=False)
    status_list: int
    status_index: int
    batch: bytes
    expires_ms: int


def reserve(
    connection: sa.Connection,
    people: People,
    *,
    class_id: bytes,
    candidate: bytes,
    person: bytes,
    form: CertificateNumber,
    batch: bytes,
    expires_ms: int,
) -> None:
    """A new reservation; `form` says all of the number but its sequence.

    Raises Unavailable NUMBERS_USED_UP when the issuer's year has no number left.
    """
    number = make_number(_in_series(connection, form))
    code, code_index = free_code(connection, people)
    status_list, status_index = free_place(connection)
    plain = cbor.encode([number, code])
    place = (class_id, candidate)
    row = {
        "class_id": class_id,
        "candidate": candidate,
        "certificate": secrets.token_bytes(ID_BYTES),
        "person": person,
        "code_index": code_index,
        "status_list": status_list,
        "status_index": status_index,
        "sealed": people.seal(connection, person, plain, table="reservation", place=place),
        "batch": batch,
        "expires_ms": expires_ms,
    }
    connection.execute(sa.insert(reservation).values(row))


def find(connection: sa.Connection, people: People, *, class_id: bytes, candidate: bytes) -> Reserved | None:
    """The reservation of a candidate, or None."""
    row = connection.execute(_OF, {"of_class": class_id, "of_candidate": candidate}).one_or_none()
    return None if row is None else opened(connection, people, row)


def of_class(connection: sa.Connection, people: People, class_id: bytes) -> dict[bytes, Reserved]:
    """All reservations of a class, by candidate."""
    query = sa.select(reservation).where(reservation.c.class_id == class_id)
    rows = connection.execute(query.order_by(reservation.c.candidate)).all()
    return {row.candidate: opened(connection, people, row) for row in rows}


def of_certificate(connection: sa.Connection, people: People, certificate: bytes) -> Reserved | None:
    """The reservation that became this certificate, or will; None."""
    row = connection.execute(sa.select(reservation).where(reservation.c.certificate == certificate))
    found = row.one_or_none()
    return None if found is None else opened(connection, people, found)


def extend(
    connection: sa.Connection,
    *,
    class_id: bytes,
    candidates: Sequence[bytes],
    batch: bytes,
    expires_ms: int,
) -> None:
    """A new term under another batch; everything else stays."""
    place = sa.and_(
        reservation.c.class_id == class_id, reservation.c.candidate == sa.bindparam("at_candidate")
    )
    change = sa.update(reservation).where(place).values(batch=batch, expires_ms=expires_ms)
    connection.execute(change, [{"at_candidate": candidate} for candidate in candidates])


def class_of_batch(connection: sa.Connection, batch: bytes) -> bytes | None:
    """The class a batch id was used for, or None."""
    query = sa.select(reservation.c.class_id).where(reservation.c.batch == batch).limit(1)
    found: bytes | None = connection.execute(query).scalar_one_or_none()
    return found


def opened(connection: sa.Connection, people: People, row: sa.Row[tuple[object, ...]]) -> Reserved:
    """A row with its sealed part. Raises what `People.unseal` raises, Malformed RESERVATION_SHAPE."""
    place = (row.class_id, row.candidate)
    plain = people.unseal(connection, row.person, row.sealed, table="reservation", place=place)
    match cbor.decode(plain):
        case [str(number), str(code)]:
            pass
        case _:
            raise Malformed("RESERVATION_SHAPE", "a sealed reservation holds number and code")
    return Reserved(
        class_id=row.class_id,
        candidate=row.candidate,
        certificate=row.certificate,
        person=row.person,
        number=number,
        code=code,
        status_list=row.status_list,
        status_index=row.status_index,
        batch=row.batch,
        expires_ms=row.expires_ms,
    )


def skip(connection: sa.Connection, *, issuer: str, year2: int, count: int) -> None:
    """Leaves out the next `count` numbers of an issuer's year: they may have been given out once."""
    series = sa.and_(number_series.c.issuer == issuer, number_series.c.year == year2)
    last = connection.execute(sa.select(number_series.c.last).where(series)).scalar_one_or_none()
    if last is None:
        connection.execute(sa.insert(number_series).values(issuer=issuer, year=year2, last=count))
    else:
        after = min(last + count, SEQUENCE_MAX)
        connection.execute(sa.update(number_series).where(series).values(last=after))


def _in_series(connection: sa.Connection, form: CertificateNumber) -> CertificateNumber:
    issuer, year = f"{form.issuer3:03d}", form.year2
    series = sa.and_(number_series.c.issuer == issuer, number_series.c.year == year)
    last = connection.execute(sa.select(number_series.c.last).where(series)).scalar_one_or_none()
    if last is None:
        connection.execute(sa.insert(number_series).values(issuer=issuer, year=year, last=1))
    elif last >= SEQUENCE_MAX:
        raise Unavailable("NUMBERS_USED_UP", "the issuer has no certificate number left this year")
    else:
        connection.execute(sa.update(number_series).where(series).values(last=last + 1))
    return CertificateNumber(
        kind=form.kind,
        district=form.district,
        year2=year,
        stage=form.stage,
        project3=form.project3,
        issuer3=form.issuer3,
        sequence6=(last or 0) + 1,
    )


def free_code(connection: sa.Connection, people: People) -> tuple[str, bytes]:
    """A code nobody was given, and what finds it."""
    while True:
        code = make_code(secrets.randbelow(CODES))
        index = people.index("code", code)
        taken = [sa.select(one.c.certificate).where(one.c.code_index == index) for one in _CODED]
        if all(connection.execute(query).first() is None for query in taken):
            return code, index


def free_place(connection: sa.Connection) -> tuple[int, int]:
    """A list and a random place in it that nobody was given."""
    column = reservation.c.status_list
    last = connection.execute(sa.select(sa.func.max(column))).scalar_one() or FIRST_LIST
    count = sa.select(sa.func.count()).where(column == last)
    # Later versions are few beside first ones: they take places, and do not fill a list.
    if connection.execute(count).scalar_one() >= LIST_FILL_MAX:
        last += 1
    while True:
        index = secrets.randbelow(PLACES)
        taken = [
            sa.select(one.c.certificate).where(one.c.status_list == last, one.c.status_index == index)
            for one in _HELD
        ]
        # The log may know a place that this table lost with an old backup.
        logged = TableView(connection).get(StatusSlot, slot_key(last, index))
        if logged is None and all(connection.execute(query).first() is None for query in taken):
            return last, index
