"""What a party signs for certificates and claims: from what the service prepared to parcels. Pure.

Promises: a credential is made only for somebody the body's own result passed, under the name the sealed
roster has; the QR text, the credential and the act say the same. Keys, times and randomness come in as
arguments.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date

from issuers.acts.certificates import CertificateIssued, ClaimSubmitted, NumberVoided
from issuers.authority.case import shanghai_date
from issuers.credential import Credential, sign_credential
from issuers.evidence import Evidence, Trainee, open_roster, the_roster
from issuers.identifiers.identity import IdNumber
from issuers.identifiers.numbers import check_code, parse_number
from issuers.identifiers.organisations import OrganisationRole
from issuers.qr import make_text, version_for
from issuers.shape import to_map
from issuers.sign.answers import Prepared, PreparedClaim, PreparedItem
from issuers.sign.drafting import Speaker, commit_people, confirmed_in
from issuers.sign.parcel import Parcel
from ledger.commitment import Opening
from ledger.errors import Refused


@dataclass(frozen=True, slots=True)
class Certified:
    """One certificate ready to be stored and sent."""

    item: PreparedItem
    issued_on: date
    credential: bytes = field(repr=False)
    qr: str = field(repr=False)
    parcel: Parcel


@dataclass(frozen=True, slots=True)
class ClaimFacts:
    """What the applicant's papers say; `uscc` empty when there is none."""

    id: IdNumber
    organisation: str = field(repr=False)
    uscc: str = field(repr=False)
    role: OrganisationRole
    founded_on: date


def check_prepared(prepared: Prepared, evidence: Evidence) -> dict[bytes, Refused]:
    """What the signatory would not sign, by candidate: the service proposes, the sealed roster decides.

    Codes: NOT_PASSED, NAME_OTHER, ID_OTHER, NUMBER_OTHER, NUMBER_TWICE. Raises Refused EVALUATION_UNSEEN
    or CLASS_OTHER about the whole answer, and what opening the roster raises.
    """
    if prepared.class_id != evidence.class_id:
        raise Refused("CLASS_OTHER", "the service answered about another class")
    passed = set(confirmed_in(evidence, prepared.evaluation).passed)
    trainees = open_roster(the_roster(evidence))
    wrong: dict[bytes, Refused] = {}
    seen: set[object] = set()
    expected = (prepared.kind, prepared.stage, prepared.project)
    for item in prepared.items:
        where = f"candidate {item.candidate.hex()}"
        number = parse_number(item.number)
        marks = {item.candidate, item.certificate, item.number, item.code}
        marks_and_place = marks | {(item.status_list, item.status_index)}
        if item.candidate not in passed or item.candidate not in trainees:
            wrong[item.candidate] = Refused(
                "NOT_PASSED", "the confirmed result did not pass them", where=where
            )
        elif trainees[item.candidate].name != item.name:
            wrong[item.candidate] = Refused("NAME_OTHER", "the roster has another name", where=where)
        elif not _is_last_four(item.id_last4, trainees[item.candidate]):
            wrong[item.candidate] = Refused("ID_OTHER", "the roster has another ID number", where=where)
        elif (number.kind, number.stage, f"{number.project3:03d}") != expected:
            what = "the number is for another kind, stage or project"
            wrong[item.candidate] = Refused("NUMBER_OTHER", what, where=where)
        elif seen & marks_and_place:
            wrong[item.candidate] = Refused(
                "NUMBER_TWICE", "an id, number or place is given twice", where=where
            )
        seen |= marks_and_place
        check_code(item.code)
    return wrong


def _is_last_four(told: str | None, trainee: Trainee) -> bool:
    """A card shows the last four of the roster's number, or none."""
    return not told or trainee.id_number.endswith(told)


def certify(
    speaker: Speaker, prepared: Prepared, item: PreparedItem, *, record_key: bytes, now_ms: int, fresh: bytes
) -> Certified:
    """Credential, QR text and act for one person, dated the Shanghai day of `now_ms`.

    Raises Malformed from credential and QR, Refused QR_TOO_LARGE.
    """
    issued_on = shanghai_date(now_ms)
    claims = Credential(
        issued_at=now_ms // 1000,
        number=item.number,
        code=item.code,
        name=item.name,
        course=prepared.course,
        hours=prepared.hours,
        status_list=item.status_list,
        status_index=item.status_index,
        last_four=item.shown_last4,
    )
    credential = sign_credential(claims, speaker.signer)
    qr = make_text(host=prepared.host, code=item.code, credential=credential)
    version_for(qr)
    opening = Opening(record_key, {"name": item.name, "number": item.number})
    entries, openings = commit_people("certificate-issued", [opening])
    act = CertificateIssued(
        class_id=prepared.class_id,
        candidate=item.candidate,
        evaluation=prepared.evaluation,
        standard=prepared.standard,
        kind=prepared.kind,
        credential=hashlib.sha256(credential).digest(),
        status_list=item.status_list,
        status_index=item.status_index,
        issued_on=issued_on,
        entries=entries,
    )
    subject = f"certificate/{item.certificate.hex()}"
    raw = speaker.say("certificate-issued", subject, to_map(act), now_ms=now_ms, fresh=fresh)
    parcel = Parcel(raw, openings, credential, key=number_key(prepared.class_id, item.candidate))
    return Certified(item, issued_on, credential, qr, parcel)


def void_parcel(
    speaker: Speaker,
    class_id: bytes,
    item: PreparedItem,
    reason: str,
    *,
    record_key: bytes,
    now_ms: int,
    fresh: bytes,
) -> Parcel:
    """The act that accounts for a number nobody will get."""
    entries, openings = commit_people("number-voided", [Opening(record_key, {"number": item.number})])
    act = NumberVoided(
        class_id=class_id,
        candidate=item.candidate,
        status_list=item.status_list,
        status_index=item.status_index,
        reason=reason,
        entries=entries,
    )
    subject = f"class/{class_id.hex()}"
    raw = speaker.say("number-voided", subject, to_map(act), now_ms=now_ms, fresh=fresh)
    # The same key as an issued certificate: a number is issued or voided, never both.
    return Parcel(raw, openings, key=number_key(class_id, item.candidate))


def claim_parcel(
    speaker: Speaker,
    prepared: PreparedClaim,
    facts: ClaimFacts,
    *,
    record_key: bytes,
    now_ms: int,
    fresh: bytes,
) -> Parcel:
    """The claim an intake officer submits for a person at the counter."""
    opened = {
        "id_type": facts.id.type.value,
        "id_number": facts.id.number,
        "organisation": facts.organisation,
        "uscc": facts.uscc,
        "role": facts.role.value,
        "founded_on": facts.founded_on.isoformat(),
    }
    entries, openings = commit_people("claim-submitted", [Opening(record_key, opened)])
    act = ClaimSubmitted(
        certificate=prepared.certificate,
        project=prepared.project,
        policy=prepared.policy,
        district=prepared.district,
        project_nullifier=prepared.project_nullifier,
        slot_nullifier=prepared.slot_nullifier,
        entries=entries,
    )
    subject = f"claim/{prepared.claim.hex()}"
    raw = speaker.say("claim-submitted", subject, to_map(act), now_ms=now_ms, fresh=fresh)
    return Parcel(raw, openings, key=subject)


def number_key(class_id: bytes, candidate: bytes) -> str:
    """The key under which one candidate's number is issued or voided once."""
    return f"number/{class_id.hex()}/{candidate.hex()}"
