"""Door: what is sealed: it opens, it opens its commitment, and it belongs to the person it is filed under."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import sqlalchemy as sa

from issuers.acts import read_act
from issuers.acts.certificates import CertificateIssued, NewVersion, NumberVoided
from issuers.authority.class_facts import CertificateFact, FormerVersion, version_key
from issuers.credential import parse_credential
from issuers.identifiers.identity import IdNumber, IdType
from issuers.identifiers.numbers import parse_number
from ledger.commitment import Opening, check_opening, decode_opening
from ledger.errors import MalanError
from ledger.leaf import parse_leaf
from ledger.statement import Statement, parse_statement
from ledger.store import read_leaves
from registry.callers.subjects import hex_id
from registry.certificates import reservations
from registry.fsck.departure import Departure
from registry.fsck.erased import Explained
from registry.fsck.persons import Seen
from registry.fsck.replay import Replay
from registry.persons.people import People
from registry.storage.tables import candidate, credential, number_series, opening, reservation


def check_openings(
    connection: sa.Connection, people: People, seq: int, seen: Seen, gone: Explained
) -> Iterator[Departure]:
    """The entries of one leaf, each with its opening and its person, but for those an order has erased."""
    (data,) = read_leaves(connection, seq, seq + 1)
    statement = parse_statement(parse_leaf(data).statement)
    entries: Sequence[Mapping[str, bytes]] = read_act(statement).entries  # type: ignore[attr-defined]  # it has some
    query = sa.select(opening).where(opening.c.statement == statement.hash)
    rows = {row.place: row for row in connection.execute(query)}
    for place, entry in enumerate(entries):
        where = f"seq {seq} entry {place}"
        row = rows.pop(place, None)
        if (statement.hash, place) in gone.places:
            continue
        if row is None:
            yield Departure("OPENING_MISSING", where, "nothing opens this entry")
            continue
        try:
            opened = decode_opening(people.opening(connection, statement.hash, place))
            check_opening(opened, entry)
        except MalanError as error:
            yield Departure("OPENING_BROKEN", where, f"what is kept does not open the entry: {error.code}")
            seen.unreadable.add(row.person)
            continue
        try:
            yield from _check_person(connection, people, statement, opened, row.person, place, where, seen)
        except (MalanError, ValueError):
            yield Departure("OPENING_BROKEN", where, "what it opens to has not its form")
    for place in rows:
        yield Departure("OPENING_EXTRA", f"seq {seq} entry {place}", "the act has no such entry")


def check_strays(connection: sa.Connection, replay: Replay) -> Iterator[Departure]:
    """Openings of statements the log does not have."""
    for digest in connection.execute(sa.select(opening.c.statement).distinct()).scalars():
        if digest not in replay.committed:
            where = f"statement {digest.hex()}"
            yield Departure("OPENING_EXTRA", where, "openings of a statement the log does not have")


def check_numbers(connection: sa.Connection, people: People, gone: Explained) -> Iterator[Departure]:
    """Every reservation opens, its code is found, and numbers are missing only where holders were erased."""
    series: dict[tuple[str, int], set[int]] = {}
    for row in connection.execute(sa.select(reservation)).all():
        where = f"reservation {row.certificate.hex()}"
        try:
            held = reservations.opened(connection, people, row)
            number = parse_number(held.number)
        except MalanError as error:
            yield Departure("RESERVATION_BROKEN", where, f"number and code do not open: {error.code}")
            continue
        if people.index("code", held.code) != row.code_index:
            yield Departure("RESERVATION_CODE", where, "its code is not found by look-up")
        used = series.setdefault((f"{number.issuer3:03d}", number.year2), set())
        if number.sequence6 in used:
            yield Departure("NUMBER_TWICE", where, "the number is reserved twice")
        used.add(number.sequence6)
    last = {(row.issuer, row.year): row.last for row in connection.execute(sa.select(number_series))}
    left = Counter(gone.numbers)  # of an issuer's: which year an erased number was of, nothing tells any more
    for issuer, year in sorted(last.keys() | series.keys()):
        used, given = series.get((issuer, year), set()), set(range(1, last.get((issuer, year), 0) + 1))
        left[issuer] -= len(given - used)
        if used - given or left[issuer] < 0:
            yield Departure("NUMBER_GAP", f"issuer {issuer} year {year}", "the numbers have a gap")
            left[issuer] = max(left[issuer], 0)


def check_credentials(connection: sa.Connection, people: People, replay: Replay) -> Iterator[Departure]:
    """Every credential opens and is the one the log names; number and code kept beside it are its own.

    A code that was moved to another certificate would answer whoever types it with a stranger's.
    """
    facts = {one.id: one for one in replay.view.all(CertificateFact)}
    for row in connection.execute(sa.select(credential)).all():
        where = f"certificate {row.certificate.hex()}"
        fact = facts.get(row.certificate)
        try:
            place = (row.certificate,)
            raw = people.unseal(connection, row.person, row.sealed, table="credential", place=place)
        except MalanError as error:
            yield Departure("CREDENTIAL_BROKEN", where, f"the credential does not open: {error.code}")
            continue
        first = None if fact is None else replay.view.get(FormerVersion, version_key(fact.id, 1)) or fact
        if first is None:
            continue  # `rows` names it; its bytes may be anything
        if hashlib.sha256(raw).digest() != first.credential:
            yield Departure("CREDENTIAL_DIFFERS", where, "the log names other bytes")
            continue
        query = sa.select(reservation).where(reservation.c.certificate == row.certificate)
        kept = _reserved(connection, people, query)
        claims = parse_credential(raw).claims
        if kept is not None and (kept.number, kept.code) != (claims.number, claims.code):
            yield Departure("RESERVATION_DIFFERS", where, "number or code is not that of the credential")


def _check_person(
    connection: sa.Connection,
    people: People,
    statement: Statement,
    opened: Opening,
    person: bytes,
    place: int,
    where: str,
    seen: Seen,
) -> Iterator[Departure]:
    """Filed under whoever the opened document, or the opened candidate id, belongs to."""
    fields = opened.fields
    if "id_number" in fields:
        document = IdNumber(IdType(str(fields["id_type"])), str(fields["id_number"]))
        seen.documents[people.document(document)] = person
        if people.find(connection, document) != person:
            yield Departure("PERSON_DIFFERS", where, "the document is another person's")
    if "number" in fields:
        yield from _check_number(connection, people, statement, str(fields["number"]), where)
    if "candidate" not in fields:
        return
    class_id = hex_id(statement.subject, "class")
    query = sa.select(candidate).where(
        candidate.c.class_id == class_id, candidate.c.candidate == fields["candidate"]
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        yield Departure("CANDIDATE_MISSING", where, "the candidate is not filed")
    elif row.person != person:
        yield Departure("CANDIDATE_PERSON", where, "the candidate is filed as another person")
    elif statement.kind == "roster" and (row.roster, row.place) != (statement.hash, place):
        yield Departure("CANDIDATE_PLACE", where, "the candidate is filed under another entry")


def _check_number(
    connection: sa.Connection, people: People, statement: Statement, number: str, where: str
) -> Iterator[Departure]:
    """What was issued or voided is the number that was reserved; one that is away is named elsewhere."""
    act = read_act(statement)
    assert isinstance(act, CertificateIssued | NumberVoided | NewVersion)  # no other commits to a number
    if isinstance(act, NewVersion):
        certificate = hex_id(statement.subject, "certificate")
        query = sa.select(reservation).where(reservation.c.certificate == certificate)
    else:
        query = sa.select(reservation).where(
            reservation.c.class_id == act.class_id, reservation.c.candidate == act.candidate
        )
    kept = _reserved(connection, people, query)
    if kept is not None and kept.number != number:
        yield Departure("RESERVATION_DIFFERS", where, "another number was reserved for the candidate")


def _reserved(
    connection: sa.Connection, people: People, query: sa.Select[tuple[object, ...]]
) -> reservations.Reserved | None:
    """The reservation, or None when it is away or does not open: `check_numbers` names that."""
    row = connection.execute(query).one_or_none()
    try:
        return None if row is None else reservations.opened(connection, people, row)
    except MalanError:
        return None
