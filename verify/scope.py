"""Step 7: was the signer entitled to issue this, then? Pure.

Promises: the answer is that of `issuers.authority`: body admitted and appointed, signatory in office, project
in both scopes, number and course as published, all as they stood when the certificate was issued. Knows no
signature; whether the key is still good is step 10.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from issuers.acts.words import Duty, Role
from issuers.authority.case import officer_in_force
from issuers.authority.class_facts import StandardFact
from issuers.authority.party_facts import BodyAppointment, Key, Officer, Party
from issuers.credential import Credential
from issuers.identifiers.numbers import parse_number
from issuers.standard import Standard
from ledger.errors import Malformed, Refused
from verify.history import Past


@dataclass(frozen=True, slots=True)
class Entitled:
    """Who issued it, and under which published standard."""

    party: Party
    signatory: bytes
    standard: Standard


def entitled(
    past: Past, claims: Credential, *, kid: bytes, day: date, standard: str | None = None
) -> Entitled:
    """The signer's right to issue these claims, by the facts of `past`, on the Shanghai date `day`.

    `standard`: the one the class was evaluated by, where the log says it; course and hours must be its own.

    That the number has the body's own code is so already: `past` knows no other body. Raises Refused
    KEY_LATER, PARTY_NO_BODY, PARTY_WITHDRAWN, SIGNATORY_NONE, SIGNATORY_SCOPE, STANDARD_NONE,
    BODY_NOT_APPOINTED, BODY_SUSPENDED or BODY_SCOPE.
    """
    key = past.get(Key, kid.hex())
    if key is None or key.staff is None:
        raise Refused("KEY_LATER", "the key was enrolled after the certificate was signed")
    party = _body(past, key.party)
    officer = officer_in_force(past, party.id, key.staff, Duty.SIGNATORY, day)
    if officer is None:
        raise Refused("SIGNATORY_NONE", "the signer was no signatory of the body on that day")
    standards = [one for one in _standards(past, claims) if standard in (None, one.id)]
    if not standards:
        raise Refused("STANDARD_NONE", "no published standard has this project, stage, title and hours")
    covered = _appointed(past, party.id, day).projects
    inside = [standard for standard in standards if standard.project in covered]
    if not inside:
        raise Refused("BODY_SCOPE", "the body is not appointed for this project")
    own = [standard for standard in inside if _may(officer, standard.project)]
    if not own:
        raise Refused("SIGNATORY_SCOPE", "the signatory is not appointed for this project")
    return Entitled(party, key.staff, own[0])


def _body(past: Past, name: str) -> Party:
    party = past.get(Party, name)
    if party is None or party.role is not Role.BODY:
        raise Refused("PARTY_NO_BODY", "the signing party is no evaluation body")
    if party.withdrawn_ms is not None:
        raise Refused("PARTY_WITHDRAWN", "the body had been withdrawn")
    return party


def _appointed(past: Past, body: str, day: date) -> BodyAppointment:
    appointment = past.get(BodyAppointment, body)
    if appointment is None or not appointment.first_day <= day <= appointment.last_day:
        raise Refused("BODY_NOT_APPOINTED", "the body was not appointed on that day")
    if appointment.suspended_ms is not None:
        raise Refused("BODY_SUSPENDED", "the body had been suspended")
    return appointment


def _standards(past: Past, claims: Credential) -> list[Standard]:
    """The published standards these claims fit: project, kind and stage of the number, title and hours."""
    number = parse_number(claims.number)
    signed = (f"{number.project3:03d}", number.kind, number.stage, claims.course, claims.hours)
    found = []
    for fact in past.all(StandardFact):
        try:
            standard = Standard.from_body(fact.document)
        except Malformed:
            continue  # one this version cannot read entitles nobody
        code = standard.project
        if (code, standard.kind, standard.stage, standard.title, standard.hours) == signed:
            found.append(standard)
    return found


def _may(officer: Officer, project: str) -> bool:
    return not officer.projects or project in officer.projects
