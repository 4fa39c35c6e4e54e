"""What an honest officer would say: subject and body of every kind of act, in the world of its stage.

`Person` is the signer: an admin acts upon a colleague of its own party, named "colleague <role>".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from issuers.acts.classes import Roster
from issuers.acts.parties import AdminAppointed, KeyEnrolled, OfficerAppointed, ServiceKey
from issuers.acts.words import Duty
from tests.issuers.authority_worlds import a_correction, a_sheet, a_version, a_void, an_issue
from tests.world import World
from tests.world_parts import AMOUNT_FEN, BODY, FIRST, INSTITUTION, LAST, PROJECT, STANDARD, Person
from tests.world_stages import witness_set
from tests.world_steps import claim_act, class_subject, confirmation

NEW_CERTIFICATE = f"certificate/{'ce' * 16}"

Scene = Callable[[World, Person], tuple[str, Any]]


def _colleague(world: World, signer: Person) -> Person:
    """Somebody of the signer's own party, whom an admin may act upon."""
    return next(
        one
        for name, one in world.people.items()
        if name.startswith("colleague") and one.party == signer.party
    )


def _officer(world: World, signer: Person) -> str:
    return f"officer/{_colleague(world, signer).staff.hex()}"


def _approve(world: World, _: Person) -> tuple[str, Any]:
    waiting = world.say("party-withdrawn", "root-1", "party/school-beishan", {"reason": "closed"})
    return f"statement/{waiting.hash.hex()}", {}


def _admin(world: World, _: Person) -> tuple[str, Any]:
    who = world.person("newcomer", INSTITUTION)
    return f"party/{INSTITUTION}", AdminAppointed(who.staff, world.enrol(who), FIRST, LAST)


def _service(world: World, _: Person) -> tuple[str, Any]:
    return "service/status", ServiceKey(world.enrolment(world.new_key("status"), "city", "service/status"))


def _enrol(world: World, signer: Person) -> tuple[str, Any]:
    subject = _officer(world, signer)
    return subject, KeyEnrolled(world.enrolment(world.new_key("spare"), signer.party, subject))


def _standard(_: World, __: Person) -> tuple[str, Any]:
    return "standard/second", {"document": {**STANDARD.to_body(), "id": "second"}}


def _class(world: World, _: Person) -> tuple[str, Any]:
    staff = [world.people["instructor-1"].staff]
    days = {"first_day": "2026-03-09", "last_day": "2026-03-11"}
    body = {"project": PROJECT, "standard": STANDARD.id, "body": BODY, "instructors": staff, **days}
    return f"class/{'c1' * 16}", body


def _roster(world: World, _: Person) -> tuple[str, Any]:
    digests = dict.fromkeys(
        (
            "candidate",
            "name",
            "id_type",
            "id_number",
            "organisation",
            "uscc",
            "role",
            "founded_on",
            "attended",
        ),
        b"\1" * 32,
    )
    return class_subject(world), Roster((digests,))


def _claim(world: World, _: Person) -> tuple[str, Any]:
    return f"claim/{'c3' * 16}", claim_act(world, world.certificates[0])[0]


def first_certificate(world: World) -> str:
    """The subject of acts about it."""
    return f"certificate/{world.certificates[0].id.hex()}"


def _certificate(world: World, _: Person) -> tuple[str, Any]:
    return first_certificate(world), {"reason": "under-review"}


TERM = {"first_day": "2026-01-01", "last_day": "2028-12-31"}
PARTY = {"role": "institution", "name": "东岸培训学校", "name_en": "Dong'an School", "region": "310115"}
APPROVED = {"outcome": "approved", "reasons": [], "amount_fen": AMOUNT_FEN, "release": False}

CONTINUED = {"origin": "log.malan.example/2025", "size": 7, "root": b"\1" * 32, "checkpoint": b"\2" * 32}

SCENES: dict[str, Scene] = {
    "approve": _approve,
    "party-admitted": lambda _, __: ("party/school-dongan", PARTY),
    "party-withdrawn": lambda _, __: ("party/school-beishan", {"reason": "closed"}),
    "admin-appointed": _admin,
    "service-key": _service,
    "witness-set": lambda w, _: ("log", witness_set(w)),
    "log-continued": lambda _, __: ("log", CONTINUED),
    "body-appointed": lambda _, __: (f"party/{BODY}", {"projects": [PROJECT], **TERM}),
    "body-suspended": lambda _, __: (f"party/{BODY}", {"reason": "quality"}),
    "erasure-order": lambda _, __: (
        f"erasure/{'e1' * 16}",
        {"reason": "consent-withdrawn", "places": [{"statement": b"\1" * 32, "place": 0}]},
    ),
    "policy-published": lambda _, __: ("policy/second", {"document": {"amount_fen": 1}}),
    "standard-published": _standard,
    "officer-appointed": lambda w, who: (
        _officer(w, who),
        OfficerAppointed((Duty.INTAKE,), (), FIRST, LAST),
    ),
    "officer-dismissed": lambda w, who: (_officer(w, who), {"reason": "left"}),
    "key-enrolled": _enrol,
    "key-revoked": lambda w, who: (
        f"key/{_colleague(w, who).signer.public.kid.hex()}",
        {"cause": "lost"},
    ),
    "institution-accredited": lambda _, __: (f"accreditation/{INSTITUTION}/{PROJECT}", TERM),
    "accreditation-withdrawn": lambda _, __: (
        f"accreditation/{INSTITUTION}/{PROJECT}",
        {"reason": "quality"},
    ),
    "class-opened": _class,
    "roster": _roster,
    "sheet": lambda w, _: (class_subject(w), a_sheet(w)),
    "evaluation-confirmed": lambda w, _: (class_subject(w), confirmation(w)),
    "certificate-issued": lambda w, _: (NEW_CERTIFICATE, an_issue(w)),
    "number-voided": lambda w, _: (class_subject(w), a_void(w)),
    "certificate-suspended": _certificate,
    "certificate-restored": _certificate,
    "certificate-revoked": _certificate,
    "claim-submitted": _claim,
    "claim-decided": lambda w, _: (f"claim/{w.claim_id.hex()}", APPROVED),
    "certificate-cancelled": lambda w, _: (first_certificate(w), {"reason": "duplicate"}),
    "certificate-corrected": lambda w, _: (first_certificate(w), a_correction(w)),
    "certificate-reissued": lambda w, _: (first_certificate(w), a_version(w)),
    "claim-withdrawn": lambda w, _: (f"claim/{w.claim_id.hex()}", {"reason": "by-applicant"}),
}
