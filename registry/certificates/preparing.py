"""Door: what a signatory needs before signing certificates: numbers, codes and places, held for 72 hours.

Promises: asking again, with the same batch or another, gives a candidate the same number; only the confirmed
evaluation's passed candidates get one; what was issued or voided is not offered again.
"""

from __future__ import annotations

from datetime import date

import sqlalchemy as sa

from issuers.acts.words import Duty
from issuers.authority.case import officer_in_force, shanghai_date
from issuers.authority.class_facts import ClassFact, Passed, StandardFact
from issuers.authority.party_facts import BodyAppointment, Party
from issuers.evidence import Trainee
from issuers.identifiers.identity import IdNumber, last_four
from issuers.identifiers.numbers import CertificateNumber
from issuers.shape import from_map
from issuers.standard import Standard
from ledger.commitment import decode_opening
from ledger.errors import Malformed, Refused, Unavailable
from registry.callers.requests import Asker, need_scope, spend
from registry.callers.subjects import hex_id
from registry.certificates import reservations
from registry.persons.read_audit import record
from registry.service import Service
from registry.storage.facts import TableView, of_prefix
from registry.storage.tables import candidate as candidate_table


def prepare_class(service: Service, asker: Asker) -> dict[str, object]:
    """The answer to a signatory who asks for the certificates of a class.

    Raises Malformed REQUEST_BODY; Refused REQUEST_USED, CLASS_UNKNOWN, CLASS_OTHER, EVALUATION_MISSING or
    BATCH_OTHER, BODY_…; Unavailable NUMBERS_USED_UP.
    """
    class_id = hex_id(asker.request.claims.sub, "class")
    batch = _batch(asker)
    now_ms = service.clock.now_ms()
    with service.database.transaction() as connection:
        spend(connection, asker, now_ms=now_ms)
        view = TableView(connection)
        known = class_for(view, class_id, asker, now_ms)
        standard = standard_of(view, known)
        waiting = [one for one in passed_of(connection, class_id) if not one.voided and not one.certificate]
        expires_ms = _hold(service, connection, view, known, standard, waiting, batch=batch, now_ms=now_ms)
        trainees = _trainees(service, connection, class_id, waiting)
        held = reservations.of_class(connection, service.people, class_id)
        record(
            connection,
            service.people,
            asker,
            purpose="prepare",
            what=f"class/{class_id.hex()}",
            fields="name,number,code,id_last4",
            now_ms=now_ms,
        )
        told = class_document(service, view, known, standard)
    # Crash here: the numbers are reserved; asking again gives the same ones.
    items = [_item(held[one], trainee) for one, trainee in trainees.items()]
    return {**told, "batch": batch.hex(), "expires_ms": expires_ms, "items": items}


def passed_of(connection: sa.Connection, class_id: bytes) -> list[Passed]:
    """The passed candidates of a class, by id, which is random."""
    return of_prefix(connection, Passed, f"{class_id.hex()}/")


def _trainees(
    service: Service, connection: sa.Connection, class_id: bytes, wanted: list[Passed]
) -> dict[bytes, Trainee]:
    """The opened roster entries of these candidates; somebody who was erased is left out."""
    query = sa.select(candidate_table).where(candidate_table.c.class_id == class_id)
    places = {row.candidate: (row.roster, row.place) for row in connection.execute(query)}
    found = {}
    for one in wanted:
        try:
            raw = service.people.opening(connection, *places[one.candidate])
        except Unavailable as error:
            if error.code != "PERSON_ERASED":
                raise
            continue
        found[one.candidate] = from_map(Trainee, decode_opening(raw).fields, where="roster")
    return found


def _hold(
    service: Service,
    connection: sa.Connection,
    view: TableView,
    known: ClassFact,
    standard: Standard,
    waiting: list[Passed],
    *,
    batch: bytes,
    now_ms: int,
) -> int:
    """Every waiting candidate holds a reservation under this batch; answers when they run out."""
    people = service.people
    used_for = reservations.class_of_batch(connection, batch)
    if used_for not in (None, known.id):
        raise Refused("BATCH_OTHER", "this batch id was used for another class", where="batch")
    held = reservations.of_class(connection, people, known.id)
    terms = {held[one.candidate].expires_ms for one in waiting if one.candidate in held}
    batches = {held[one.candidate].batch for one in waiting if one.candidate in held}
    if all(one.candidate in held for one in waiting) and batches == {batch} and min(terms) > now_ms:
        return min(terms)
    expires_ms = now_ms + reservations.TERM_MS
    old = [one.candidate for one in waiting if one.candidate in held]
    if old:
        reservations.extend(connection, class_id=known.id, candidates=old, batch=batch, expires_ms=expires_ms)
    persons = _persons(connection, known.id)
    form = _number_form(view, known, standard, now_ms)
    for one in waiting:
        if one.candidate not in held:
            reservations.reserve(
                connection,
                people,
                class_id=known.id,
                candidate=one.candidate,
                person=persons[one.candidate],
                form=form,
                batch=batch,
                expires_ms=expires_ms,
            )
    return expires_ms


def _persons(connection: sa.Connection, class_id: bytes) -> dict[bytes, bytes]:
    table = candidate_table
    query = sa.select(table.c.candidate, table.c.person).where(table.c.class_id == class_id)
    return {row.candidate: row.person for row in connection.execute(query)}


def _number_form(view: TableView, known: ClassFact, standard: Standard, now_ms: int) -> CertificateNumber:
    """All of the number but its sequence, which here is the first."""
    district, body = view.get(Party, known.district), view.get(Party, known.body)
    project = standard.project
    if district is None or body is None or body.code is None or not (project.isdigit() and len(project) == 3):
        raise Refused("NUMBER_FORM", "district, body or project has no code for certificate numbers")
    return CertificateNumber(
        kind=standard.kind,
        district=district.region,
        year2=shanghai_date(now_ms).year % 100,
        stage=standard.stage,
        project3=int(project),
        issuer3=int(body.code),
        sequence6=1,
    )


def class_for(view: TableView, class_id: bytes, asker: Asker, now_ms: int) -> ClassFact:
    """The class, as far as the asker's body may issue for it today. Raises as `prepare_class`."""
    known = view.get(ClassFact, class_id.hex())
    if known is None:
        raise Refused("CLASS_UNKNOWN", "no such class was opened")
    if known.body != asker.party.id:
        raise Refused("CLASS_OTHER", "the class is evaluated by another body")
    if known.evaluation is None:
        raise Refused("EVALUATION_MISSING", "the evaluation of the class is not confirmed")
    day = shanghai_date(now_ms)
    need_scope(officer_in_force(view, known.body, asker.staff, Duty.SIGNATORY, day), known)
    _need_body(view, known, day)
    return known


def _need_body(view: TableView, known: ClassFact, day: date) -> None:
    """A body that can neither issue nor void reserves nothing: the numbers could not be accounted for."""
    appointment = view.get(BodyAppointment, known.body)
    if appointment is None or not appointment.first_day <= day <= appointment.last_day:
        raise Refused("BODY_NOT_APPOINTED", "the body's appointment does not cover this day")
    if appointment.suspended_ms is not None:
        raise Refused("BODY_SUSPENDED", "the body's appointment is suspended")
    if known.project not in appointment.projects:
        raise Refused("BODY_SCOPE", "the body is not appointed for this project")


def standard_of(view: TableView, known: ClassFact) -> Standard:
    """The standard the class pins."""
    fact = view.get(StandardFact, known.standard)
    assert fact is not None, "the judge has seen the standard"
    return Standard.from_body(fact.document)


def _batch(asker: Asker) -> bytes:
    body = asker.request.body
    batch = body.get("batch")
    if body.keys() != {"batch"} or type(batch) is not bytes or len(batch) != 16:
        raise Malformed("REQUEST_BODY", "the body is a batch id of 16 bytes", where="batch")
    return batch


def class_document(
    service: Service, view: TableView, known: ClassFact, standard: Standard
) -> dict[str, object]:
    """What every certificate of the class says alike."""
    institution, body = view.get(Party, known.institution), view.get(Party, known.body)
    assert known.evaluation is not None and institution is not None and body is not None
    return {
        "class": known.id.hex(),
        "evaluation": known.evaluation.hex(),
        "host": service.settings.qr_origin,
        "origin": service.origin,
        "standard": standard.id,
        "kind": standard.kind.value,
        "stage": standard.stage,
        "project": known.project,
        "course": standard.title,
        "course_en": standard.title_en,
        "hours": standard.hours,
        "institution_name": institution.name,
        "body_name": body.name,
    }


def _item(reserved: reservations.Reserved, trainee: Trainee) -> dict[str, object]:
    return {
        "candidate": reserved.candidate.hex(),
        "certificate": reserved.certificate.hex(),
        "number": reserved.number,
        "code": reserved.code,
        "status_list": reserved.status_list,
        "status_index": reserved.status_index,
        "name": trainee.name,
        "id_last4": last_four(IdNumber(trainee.id_type, trainee.id_number)),
    }
