"""The single steps of a world, for its stages and for tests that need one in another order.

All people are invented; their ID numbers use the sequence 000, which is never issued.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from stdnum.cn import ric

from issuers.acts.certificates import CertificateIssued, ClaimSubmitted
from issuers.acts.classes import EvaluationConfirmed, Roster, Sheet
from issuers.acts.parties import AdminAppointed, KeyEnrolled, OfficerAppointed, PartyAdmitted
from issuers.acts.words import COMMITTED, CertificateKind, Duty, Role
from issuers.authority.case import shanghai_date
from issuers.credential import Credential, sign_credential
from issuers.identifiers.codes import CertificateNumber, make_code, make_number
from issuers.qr import make_text
from issuers.standard import evaluate
from ledger.commitment import Opening
from tests.world_parts import (
    DISTRICT,
    FIRST,
    HOST,
    LAST,
    POLICY_ID,
    PROJECT,
    STANDARD,
    STANDARD_ID,
    Certificate,
    Person,
    Trainee,
    seeded,
)

if TYPE_CHECKING:
    from tests.world import World

EMPTY: Mapping[str, Any] = MappingProxyType({})

# Name, birth date, organisation, founded on, hours attended, marks of each evaluator (theory, plan, defence).
TRAINEES = (
    ("沈明", "19880229", "申城青禾信息科技有限公司", "2025-03-04", 40, (850, 860, 850), (780, 840, 780)),
    ("买买提·艾合买提", "19860313", "浦江鹿鸣商贸", "2024-11-03", 38, (730, 790, 740), (800, 660, 760)),
    ("欧阳娜娜", "19750904", "申城木棉设计咨询有限公司", "2024-03-05", 36, (790, 730, 810), (830, 800, 750)),
    ("陆𫖮", "19910717", "浦江听潮文化传播有限公司", "2025-06-01", 40, (605, 600, 600), (600, 605, 610)),
    ("Jørn Müller-Østergård", "19691007", "申城北窗", "2023-09-09", 32, (910, 880, 955), (900, 905, 940)),
    ("崔雅", "19810218", "申城青禾文化传播有限公司", "2024-10-23", 40, (500, 700, 700), (520, 690, 710)),
)


def hire(world: World, name: str, party: str) -> Person:
    """A person with a key, still without any appointment."""
    world.people[name] = world.person(name, party)
    return world.people[name]


def admit_party(
    world: World, party: str, role: Role, name: str, name_en: str, region: str, *, code: str | None = None
) -> None:
    """The party and its admin (`admin-<party>`)."""
    act = PartyAdmitted(role, name, name_en, region, code=code)
    world.say_two("party-admitted", f"party/{party}", act)
    appoint_admin(world, f"admin-{party}", party)


def appoint_admin(world: World, name: str, party: str) -> None:
    """By the city."""
    who = hire(world, name, party)
    act = AdminAppointed(who.staff, world.enrol(who), FIRST, LAST)
    world.say_two("admin-appointed", f"party/{party}", act)


def appoint(world: World, name: str, party: str, *duties: Duty, projects: tuple[str, ...] = ()) -> Person:
    """By the party's admin: the appointment, then the key."""
    admin = "city-admin" if party == "city" else f"admin-{party}"
    who = hire(world, name, party)
    subject = f"officer/{who.staff.hex()}"
    world.say("officer-appointed", admin, subject, OfficerAppointed(duties, projects, FIRST, LAST))
    world.say("key-enrolled", admin, subject, KeyEnrolled(world.enrol(who)))
    return who


def class_subject(world: World) -> str:
    """Of acts about the class."""
    return f"class/{world.class_id.hex()}"


def said_of_class(world: World, kind: str) -> list[bytes]:
    """Hashes of what was said of the class, in log order."""
    subject = class_subject(world)
    return [item.hash for item in world.said if item.kind == kind and item.subject == subject]


def say_roster(world: World) -> None:
    """By the registrar, for all trainees."""
    entries, openings = world.commit("roster", [trainee.fields for trainee in world.trainees])
    world.say("roster", "registrar", class_subject(world), Roster(entries), openings=openings)


def say_sheet(world: World, evaluator: str, number: int) -> None:
    """One evaluator's marks, the `number`th of each trainee."""
    rows = [{"candidate": one.candidate, **one.marks[number]} for one in world.trainees]
    entries, openings = world.commit("sheet", rows)
    act = Sheet(said_of_class(world, "roster")[0], entries)
    world.say("sheet", evaluator, class_subject(world), act, openings=openings)


def confirmation(world: World) -> EvaluationConfirmed:
    """The honest result of all sheets so far."""
    return EvaluationConfirmed(
        roster=said_of_class(world, "roster")[0],
        sheets=tuple(said_of_class(world, "sheet")),
        standard=STANDARD_ID,
        candidates=len(world.trainees),
        passed=tuple(one.candidate for one in world.trainees if one.passes),
    )


def issue(world: World, holder: Trainee, *, claims: Mapping[str, Any] = EMPTY, **changed: Any) -> Certificate:
    """Credential, act, record; `claims` replace fields of the credential, `changed` of the act."""
    certificate, status_index = world.draw(16), int.from_bytes(world.draw(8), "big") % 2**20
    number = _number(world, len(world.certificates) + 1)
    credential = Credential(
        issued_at=world.now // 1000,
        number=number,
        code=make_code(int.from_bytes(world.draw(8), "big") % 10**15),
        name=holder.fields["name"],
        course=STANDARD.title,
        hours=STANDARD.hours,
        status_list=1,
        status_index=status_index,
        last_four=holder.fields["id_number"][-4:],
    )
    credential = replace(credential, **claims)
    raw = sign_credential(credential, world.people["signatory"].signer)
    entries, openings = world.commit(
        "certificate-issued", [{"name": holder.fields["name"], "number": number}]
    )
    act = CertificateIssued(
        class_id=world.class_id,
        candidate=holder.candidate,
        evaluation=said_of_class(world, "evaluation-confirmed")[0],
        standard=STANDARD_ID,
        kind=CertificateKind.QUALIFICATION,
        credential=sha256(raw).digest(),
        status_list=1,
        status_index=status_index,
        issued_on=shanghai_date(world.now),
        entries=entries,
    )
    subject, act = f"certificate/{certificate.hex()}", replace(act, **changed)
    said = world.say("certificate-issued", "signatory", subject, act, openings=openings)
    qr = make_text(host=HOST, code=credential.code, credential=raw)
    issued = Certificate(
        certificate, holder, number, credential.code, raw, qr, said.hash, len(world.leaves) - 1
    )
    world.certificates.append(issued)
    return issued


def claim_act(
    world: World, certificate: Certificate, *, slot: int = 1, project: str = PROJECT
) -> tuple[ClaimSubmitted, list[Opening]]:
    """An honest claim for a holder, with the nullifiers of a person, a project and a slot."""
    person = certificate.holder.fields["id_number"]
    fields = {name: certificate.holder.fields[name] for name in COMMITTED["claim-submitted"]}
    entries, openings = world.commit("claim-submitted", [fields])
    act = ClaimSubmitted(
        certificate=certificate.id,
        project=project,
        policy=POLICY_ID,
        district=DISTRICT,
        project_nullifier=seeded(f"project {project} {person}", 32),
        slot_nullifier=seeded(f"slot {slot} {person}", 32),
        entries=entries,
    )
    return act, openings


def _number(world: World, sequence: int) -> str:
    return make_number(
        CertificateNumber(
            kind=CertificateKind.QUALIFICATION,
            district="310104",
            year2=shanghai_date(world.now).year % 100,
            stage=STANDARD.stage,
            project3=int(PROJECT),
            issuer3=7,
            sequence6=sequence,
        )
    )


def id_number(region: str, born: str) -> str:
    """An 18-digit number with the sequence that is never issued."""
    body = f"{region}{born}000"
    return body + ric.calc_check_digit(f"{body}0")


def trainee(
    world: World,
    name: str,
    born: str,
    organisation: str,
    founded_on: str,
    attended: int,
    *marks: tuple[int, int, int],
) -> Trainee:
    candidate = world.draw(16)
    keys = [part.key for part in STANDARD.components]
    rows = tuple(dict(zip(keys, row, strict=True)) for row in marks)
    sheets = {place: {candidate: row} for place, row in enumerate(rows)}
    passes = evaluate(STANDARD, sheets, {candidate: attended})[candidate].passed
    fields = {
        "candidate": candidate,
        "name": name,
        "id_type": "resident_id",
        "id_number": id_number("310104", born),
        "organisation": organisation,
        "uscc": "",
        "role": "legal-representative",
        "founded_on": founded_on,
        "attended": attended,
    }
    return Trainee(candidate, fields, rows, passes)
