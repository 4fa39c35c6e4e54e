"""Door: from what a supervisor reads off a paper to the certificate, and the holder's name, masked.

Promises: a number or code is looked up only as far as the reader's own district goes, and anything else is
answered like one that does not exist. A code is found by its HMAC. A number rests sealed, without an index:
it names district, body, project and year, so only reservations of such classes are opened, those first
whose numbers lie around it; which those are is remembered by class, without a person.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import sqlalchemy as sa

from issuers.acts.words import Role
from issuers.authority.class_facts import CertificateFact, ClassFact, StandardFact
from issuers.authority.party_facts import Party
from issuers.credential import Credential, parse_credential
from issuers.identifiers.codes import mask_number
from issuers.identifiers.names import mask_name
from issuers.identifiers.numbers import CertificateNumber, make_number, parse_number, read_code
from ledger.errors import MalanError, Refused, Unavailable
from registry.certificates import reservations, revisions
from registry.service import Service
from registry.storage.facts import TableView, all_of
from registry.supervision.book import ClassRow
from registry.supervision.ward import Ward

TYPED_MAX: Final = 64


@dataclass(frozen=True, slots=True)
class Paper:
    """What stands on the certificate; only the masked forms leave without a purpose."""

    claims: Credential = field(repr=False)

    def masked(self) -> dict[str, object]:
        """Name and number as a mask shows them, and the course."""
        return {
            "name": mask_name(self.claims.name),
            "number": mask_number(self.claims.number),
            "course": self.claims.course,
            "hours": self.claims.hours,
        }


def find_typed(service: Service, ward: Ward, typed: str) -> bytes | None:
    """The id of the certificate with this number or code; whose it is, `own_certificate` says."""
    try:
        code = read_code(typed)
    except MalanError:
        return _of_number(service, ward, typed)
    with service.database.reading() as connection:
        found = revisions.of_code(connection, service.people, code)
        return None if found is None else found[0]


def own_certificate(view: TableView, ward: Ward, certificate: bytes | None) -> CertificateFact:
    """The certificate, if it is one of a class supervised here. Raises Refused CERTIFICATE_UNKNOWN."""
    fact = None if certificate is None else view.get(CertificateFact, certificate.hex())
    known = None if fact is None else view.get(ClassFact, fact.class_id.hex())
    if fact is None or known is None or not ward.covers(district=known.district, project=known.project):
        raise Refused("CERTIFICATE_UNKNOWN", "no such certificate is supervised here")
    return fact


def paper_of(service: Service, connection: sa.Connection, fact: CertificateFact) -> Paper | None:
    """What the credential says; None where its holder was erased."""
    try:
        found = revisions.credential_of(connection, service.people, fact.id, fact.version)
    except Unavailable:
        return None
    return None if found is None else Paper(parse_credential(found[1]).claims)


def _of_number(service: Service, ward: Ward, typed: str) -> bytes | None:
    try:
        number = parse_number(typed.strip().upper())
    except MalanError:
        return None
    if number.district != ward.district.region:
        return None
    wanted, ranges = make_number(number), service.book.numbers
    for row in _likely(service, _classes_of(service, ward, number), number):
        with service.database.reading() as connection:  # a short one for each: the writer waits for readers
            held = reservations.of_class(connection, service.people, row.id).values()
        numbers = {one.number: one.certificate for one in held}
        if numbers:
            places = [_place(parse_number(one)) for one in numbers]
            ranges[row.id] = (min(places), max(places))
        if wanted in numbers:
            return numbers[wanted]
    return None


def _place(number: CertificateNumber) -> tuple[int, int]:
    return number.year2, number.sequence6


def _likely(service: Service, rows: list[ClassRow], number: CertificateNumber) -> list[ClassRow]:
    """The classes to look into, in the order to try: those known to have numbers around it come first."""
    ranges = service.book.numbers

    def distance(row: ClassRow) -> tuple[int, int]:
        if row.id not in ranges:
            return 1, -row.opened_seq
        low, high = ranges[row.id]
        return (0 if low <= _place(number) <= high else 2), -row.opened_seq

    return sorted(rows, key=distance)


def _classes_of(service: Service, ward: Ward, number: CertificateNumber) -> list[ClassRow]:
    with service.book.lock:
        rows = list(service.book.districts[ward.district.id].classes)
    with service.database.reading() as connection:
        view = TableView(connection)
        codes = {one.id: one.code for one in all_of(connection, Party) if one.role is Role.BODY}
        projects = {standard: _project_of(view, standard) for standard in {row.standard for row in rows}}
    return [
        row
        for row in rows
        if projects[row.standard] == number.project3
        and codes.get(row.body) == f"{number.issuer3:03d}"
        and row.evaluation is not None
    ]


def _project_of(view: TableView, standard: str) -> int | None:
    fact = view.get(StandardFact, standard)
    project = None if fact is None else fact.document.get("project")
    return int(project) if isinstance(project, str) and project.isdigit() else None
