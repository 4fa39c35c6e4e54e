"""The small world behind cases.json: a body, three witnesses, a class, and certificates in every state.

Promises: the same bytes from the same seeds, by the stages of `tests.world`; nothing enters but through the
judge, so whatever is forged in a case is forged by the case. All people are invented.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from typing import Any, Final

from issuers.acts.classes import ClassOpened, InstitutionAccredited, StandardPublished
from issuers.acts.parties import (
    BodyAppointed,
    BodySuspended,
    Genesis,
    GenesisKey,
    KeyRevoked,
    OfficerAppointed,
    PartyAdmitted,
    ServiceKey,
)
from issuers.acts.reasons import CorrectionReason, ReissueReason
from issuers.acts.words import Duty, RevocationCause, Role
from issuers.authority.case import shanghai_date
from issuers.identifiers.districts import CITY_CODE
from ledger.keys import EDDSA, ES256, from_seed
from tests.world import World
from tests.world_life import Version, move, renew
from tests.world_parts import (
    BODY,
    CLASS_FIRST,
    CLASS_LAST,
    FIRST,
    INSTITUTION,
    LAST,
    PROJECT,
    STANDARD,
    STANDARD_ID,
    Certificate,
    moment,
    seeded,
)
from tests.world_stages import say_witnesses
from tests.world_steps import (
    admit_party,
    appoint,
    appoint_admin,
    class_subject,
    confirmation,
    hire,
    issue,
    say_roster,
    say_sheet,
    trainee,
)

QUORUM: Final = 2
OTHER_BODY: Final = "body-yunqiao"
NAMES: Final = {
    "valid": "沈明",
    "revoked": "陆𫖮",
    "suspended": "崔雅",
    "restored": "欧阳娜娜",
    "cancelled": "何其",
    "corrected": "章华",
    "reissued": "程远",
    "expiring": "Jørn Müller-Østergård",
    "long": "买买提江·阿布都热合曼·吐尔逊尼亚孜·艾合买提",
    "differs": "白露",
    "late": "江舟",
}
"""Certificates of the class, in the order of issue."""


@dataclass(frozen=True)
class Scene:
    """The world at several times. `certificates` and `versions` by name in `NAMES`; `seqs` of later acts.

    `early`: all issued, nothing has happened yet; `base`: every state; `later`: the right of body and
    signatory came and went (`windows`: seconds); `stolen`: the key was compromised since `since` (seconds);
    `two`: `early` with a second body.
    """

    early: World
    base: World
    later: World
    stolen: World
    two: World
    certificates: dict[str, Certificate]
    versions: dict[str, Version]
    seqs: dict[str, int]
    windows: dict[str, int]
    since: int


def _founded() -> World:
    world = World()
    for purpose, alg in (("checkpoint", EDDSA), ("receipt", ES256), ("status", ES256)):
        world.service[purpose] = from_seed(alg, seeded(f"service {purpose}", 48 if alg == ES256 else 32))
    roots = [hire(world, f"root-{number}", "city") for number in (1, 2, 3)]
    keys = tuple(GenesisKey(root.staff, world.enrol(root)) for root in roots)
    act = Genesis(world.origin, "上海市就业促进中心(示例)", "Shanghai Employment Centre (example)", keys, 1)
    world.approve(world.say("genesis", "root-1", "log", act), "root-2")
    for purpose in ("checkpoint", "status"):
        enrolment = world.enrolment(world.service[purpose], "city", f"service/{purpose}")
        world.say_two("service-key", f"service/{purpose}", ServiceKey(enrolment))
    appoint_admin(world, "city-admin", "city")
    appoint(world, "standards", "city", Duty.STANDARDS)
    admit_party(world, "district-310104", Role.DISTRICT, "徐汇区就业促进中心", "Xuhui", "310104")
    appoint(world, "supervisor", "district-310104", Duty.SUPERVISOR)
    for code, name, name_en in (("310101", "黄浦区", "Huangpu"), ("310105", "长宁区", "Changning")):
        district = PartyAdmitted(Role.DISTRICT, f"{name}就业促进中心", name_en, code)
        world.say_two("party-admitted", f"party/district-{code}", district)
    admit_party(world, BODY, Role.BODY, "申蓝评价管理服务中心", "Shenlan Evaluation", CITY_CODE, code="007")
    for name in ("evaluator-1", "evaluator-2"):
        appoint(world, name, BODY, Duty.EVALUATOR)
    appoint(world, "signatory", BODY, Duty.SIGNATORY)
    admit_party(world, INSTITUTION, Role.INSTITUTION, "青木创业培训学校", "Qingmu School", "310104")
    appoint(world, "registrar", INSTITUTION, Duty.REGISTRAR)
    appoint(world, "instructor-1", INSTITUTION, Duty.INSTRUCTOR)
    say_witnesses(world, count=3, quorum=QUORUM)
    return world


def _taught(world: World) -> World:
    published = StandardPublished(STANDARD.to_body())
    world.say("standard-published", "standards", f"standard/{STANDARD_ID}", published)
    world.say_two("body-appointed", f"party/{BODY}", BodyAppointed((PROJECT,), FIRST, LAST))
    subject = f"accreditation/{INSTITUTION}/{PROJECT}"
    world.say("institution-accredited", "supervisor", subject, InstitutionAccredited(FIRST, LAST))
    world.class_id = world.draw(16)
    opened = ClassOpened(
        PROJECT, STANDARD_ID, BODY, (world.people["instructor-1"].staff,), CLASS_FIRST, CLASS_LAST
    )
    world.say("class-opened", "registrar", class_subject(world), opened, at=moment(9, 8))
    world.now = moment(11, 17)
    marks = ((850, 860, 850), (780, 840, 780))
    world.trainees = [
        trainee(world, name, f"19880{1 + place % 9}{10 + place}", "申城青禾信息", "2025-03-04", 40, *marks)
        for place, name in enumerate(NAMES.values())
    ]
    say_roster(world)
    world.now = moment(12, 14)
    for number, name in enumerate(("evaluator-1", "evaluator-2")):
        say_sheet(world, name, number)
    act = confirmation(world)
    world.say("evaluation-confirmed", "signatory", class_subject(world), act, at=moment(12, 16))
    return world


def _issued(world: World) -> dict[str, Certificate]:
    world.now = moment(13, 10)
    expires_on = shanghai_date(world.now) + timedelta(days=2)
    found = {}
    for label, holder in zip(NAMES, world.trainees, strict=True):
        claims: dict[str, Any] = {}
        act: dict[str, Any] = {}
        if label == "expiring":
            # The first second after the last day: 24:00 of the 15th in Shanghai.
            claims, act = {"expires_at": moment(16, 0) // 1000}, {"expires_on": expires_on}
        if label == "differs":
            act = {"status_index": 77}  # the act names another place in the list than the credential
        if label == "late":
            world.now = moment(13, 15)
        found[label] = issue(world, holder, claims=claims, **act)
    return found


def _lived(world: World) -> tuple[dict[str, Version], dict[str, int]]:
    place = {label: number for number, label in enumerate(NAMES)}
    world.now = moment(14, 9)
    seqs = {
        "revoked": move(world, "revoked", "fraud", place["revoked"]),
        "suspended": move(world, "suspended", "investigation", place["suspended"]),
        "hung": move(world, "suspended", "complaint", place["restored"]),
        "restored": move(world, "restored", "cleared", place["restored"]),
        "cancelled": move(world, "cancelled", "issued-in-error", place["cancelled"]),
    }
    name = CorrectionReason.NAME
    versions = {
        "corrected": renew(world, place["corrected"], reason=name, name="章桦"),
        "reissued": renew(world, place["reissued"], reason=ReissueReason.LOST),
    }
    return versions, seqs | {label: one.seq for label, one in versions.items()}


def _appointed(world: World, projects: tuple[str, ...]) -> None:
    act = OfficerAppointed((Duty.SIGNATORY,), projects, FIRST, LAST)
    subject = f"officer/{world.people['signatory'].staff.hex()}"
    world.say("officer-appointed", f"admin-{BODY}", subject, act)


def _came_and_went(world: World) -> dict[str, int]:
    """An hour each: narrowed to another project, whole again, suspended, appointed anew, key rotated."""
    windows = {}

    def hour(label: str, says: Callable[[], object]) -> None:
        windows[label] = world.now // 1000 + 1800
        says()
        world.now += 3_600_000

    kid = world.people["signatory"].signer.public.kid.hex()
    world.now = moment(16, 9)
    hour("narrowed", lambda: _appointed(world, ("002",)))
    hour("whole", lambda: _appointed(world, ()))
    hour("suspended", lambda: world.say_two("body-suspended", f"party/{BODY}", BodySuspended("inspection")))
    again = BodyAppointed((PROJECT,), FIRST, LAST)
    hour("appointed", lambda: world.say_two("body-appointed", f"party/{BODY}", again))
    rotated = KeyRevoked(RevocationCause.ROTATED)
    hour("rotated", lambda: world.say("key-revoked", f"admin-{BODY}", f"key/{kid}", rotated))
    return windows


def _with_another_body(world: World) -> World:
    admit_party(world, OTHER_BODY, Role.BODY, "云桥评价中心", "Yunqiao Evaluation", CITY_CODE, code="008")
    appoint(world, "other-signatory", OTHER_BODY, Duty.SIGNATORY)
    return world


@lru_cache(maxsize=1)
def scene() -> Scene:
    """Everything the cases rest on; whoever needs to add a leaf takes a copy."""
    world = _taught(_founded())
    certificates = _issued(world)
    world.now = moment(13, 16)
    early = world.copy()
    two = _with_another_body(early.copy())
    versions, seqs = _lived(world)
    base = world.copy()
    windows = _came_and_went(world)
    stolen, since = base.copy(), moment(13, 12) // 1000
    stolen.now = moment(14, 12)
    kid = stolen.people["signatory"].signer.public.kid.hex()
    act = KeyRevoked(RevocationCause.COMPROMISED, since)
    stolen.say("key-revoked", f"admin-{BODY}", f"key/{kid}", act)
    return Scene(early, base, world, stolen, two, certificates, versions, seqs, windows, since)
