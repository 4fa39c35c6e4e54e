"""Door: effects of issuing and voiding: act, credential, roster and reservation say the same.

Promises: nothing is issued under a number, code, place or name other than the one reserved for that
candidate, and the credential in the holder's hand is the one the log names, by the same key in the same
second.
"""

from __future__ import annotations

import sqlalchemy as sa

from issuers.acts.certificates import CertificateIssued
from issuers.authority.class_facts import ClassFact, StandardFact
from issuers.credential import first_second_after
from issuers.evidence import Trainee
from issuers.identifiers.identity import IdNumber, last_four
from issuers.shape import from_map
from issuers.standard import Standard
from ledger.commitment import decode_opening
from ledger.errors import Refused
from registry.certificates import reservations
from registry.certificates.reservations import Reserved
from registry.storage.tables import candidate as candidate_table
from registry.storage.tables import credential as credential_table
from registry.writing.effects.deed import Deed

_ENTRY = sa.select(candidate_table.c.roster, candidate_table.c.place).where(
    candidate_table.c.class_id == sa.bindparam("of_class"),
    candidate_table.c.candidate == sa.bindparam("of_candidate"),
)


def certificate_issued(deed: Deed) -> None:
    """Raises Refused RESERVATION_MISSING, RESERVATION_EXPIRED, RESERVATION_OTHER or CREDENTIAL_DIFFERS."""
    act: CertificateIssued = deed.act
    reserved = _reserved(deed, act.class_id, act.candidate)
    trainee = trainee_of(deed, act.class_id, act.candidate)
    certificate = deed.statement.subject.removeprefix("certificate/")
    opened = deed.openings[0].fields
    need_same(
        {
            "sub": (certificate, reserved.certificate.hex()),
            "status_list": (act.status_list, reserved.status_list),
            "status_index": (act.status_index, reserved.status_index),
            "openings[0].number": (opened["number"], reserved.number),
            "openings[0].name": (opened["name"], trainee.name),
        },
        "RESERVATION_OTHER",
        "the act differs from what was reserved for this candidate",
    )
    _check_credential(deed, reserved, trainee)
    if deed.time_ms > reserved.expires_ms:
        raise Refused(
            "RESERVATION_EXPIRED", "the reservation has run out", fix="Prepare again: the number stays."
        )
    assert deed.credential is not None, "read_item demands a credential"
    raw = deed.credential.message.raw
    sealed = deed.people.seal(
        deed.connection, reserved.person, raw, table="credential", place=(reserved.certificate,)
    )
    row = {"certificate": reserved.certificate, "person": reserved.person, "sealed": sealed}
    deed.rows.add(credential_table, row)
    deed.keep([reserved.person])


def number_voided(deed: Deed) -> None:
    """Raises Refused RESERVATION_MISSING or RESERVATION_OTHER. An expired reservation can be voided."""
    reserved = _reserved(deed, deed.act.class_id, deed.act.candidate)
    need_same(
        {
            "status_list": (deed.act.status_list, reserved.status_list),
            "status_index": (deed.act.status_index, reserved.status_index),
            "openings[0].number": (deed.openings[0].fields["number"], reserved.number),
        },
        "RESERVATION_OTHER",
        "the act differs from what was reserved for this candidate",
    )
    deed.keep([reserved.person])


def _check_credential(deed: Deed, reserved: Reserved, trainee: Trainee) -> None:
    """Every field of the credential against the act, the reservation, the roster and the standard."""
    assert deed.credential is not None, "read_item demands a credential"
    claims, message = deed.credential.claims, deed.credential.message
    known = deed.need(ClassFact, deed.act.class_id.hex())
    standard = Standard.from_body(deed.need(StandardFact, known.standard).document)
    printed = last_four(IdNumber(trainee.id_type, trainee.id_number))
    need_same(
        {
            "kid": (message.kid, deed.statement.kid),
            "iat": (claims.issued_at, deed.statement.issued_at),
            "exp": (claims.expires_at, first_second_after(deed.act.expires_on)),
            "number": (claims.number, reserved.number),
            "code": (claims.code, reserved.code),
            "name": (claims.name, trainee.name),
            "course": (claims.course, standard.title),
            "hours": (claims.hours, standard.hours),
            "status_list": (claims.status_list, reserved.status_list),
            "status_index": (claims.status_index, reserved.status_index),
            "last_four": (claims.last_four or printed, printed),
        },
        "CREDENTIAL_DIFFERS",
        "the credential says something else than act, roster or standard",
        prefix="credential.",
    )


def need_same(pairs: dict[str, tuple[object, object]], code: str, what: str, *, prefix: str = "") -> None:
    """Raises Refused `code` at the first place where what was said is not what was expected."""
    for where, (said, expected) in pairs.items():
        if said != expected:
            raise Refused(code, what, where=f"{prefix}{where}", fix="Prepare again and sign what it says.")


def _reserved(deed: Deed, class_id: bytes, candidate: bytes) -> Reserved:
    row = deed.foreseen.reservations.get((class_id, candidate))
    if row is not None:
        return reservations.opened(deed.connection, deed.people, row)
    found = reservations.find(deed.connection, deed.people, class_id=class_id, candidate=candidate)
    if found is None:
        raise Refused("RESERVATION_MISSING", "no number is reserved for this candidate", fix="Prepare first.")
    return found


def trainee_of(deed: Deed, class_id: bytes, candidate: bytes) -> Trainee:
    """The opened roster entry. Raises Unavailable PERSON_ERASED, OPENING_MISSING."""
    foreseen = deed.foreseen.entries.get((class_id, candidate))
    at = {"of_class": class_id, "of_candidate": candidate}
    row = deed.connection.execute(_ENTRY, at).one() if foreseen is None else foreseen
    kept = deed.foreseen.openings.get((row.roster, row.place))
    if kept is None:
        raw = deed.people.opening(deed.connection, row.roster, row.place)
    else:
        raw = deed.people.opened(deed.connection, kept)
    return from_map(Trainee, decode_opening(raw).fields, where="roster")
