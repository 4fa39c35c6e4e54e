"""The ready-made stages of a world: who is appointed, what is taught, scored, confirmed, issued and claimed.

Every stage speaks through `World.say`, so each is admitted by the judge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from issuers.acts.classes import ClassOpened, InstitutionAccredited, PolicyPublished, StandardPublished
from issuers.acts.parties import BodyAppointed, Genesis, GenesisKey, NamedWitness, ServiceKey, WitnessSet
from issuers.acts.words import Duty, Role
from issuers.authority.case import shanghai_date
from issuers.identifiers.districts import CITY_CODE, DISTRICTS
from ledger.checkpoint import cosign
from ledger.note import Note, parse_note
from ledger.statement import Statement
from tests.world_parts import (
    BODY,
    CLASS_FIRST,
    CLASS_LAST,
    FIRST,
    INSTITUTION,
    LAST,
    OPERATOR,
    POLICY,
    POLICY_ID,
    PROJECT,
    STANDARD,
    STANDARD_ID,
    moment,
)
from tests.world_steps import (
    TRAINEES,
    admit_party,
    appoint,
    appoint_admin,
    claim_act,
    class_subject,
    confirmation,
    hire,
    issue,
    say_roster,
    say_sheet,
    trainee,
)

if TYPE_CHECKING:
    from tests.world import World


_APART = 1_000_000


def founded(world: World) -> World:
    """Everybody in office; see `World.founded`."""
    roots = [hire(world, f"root-{number}", "city") for number in (1, 2, 3)]
    keys = tuple(GenesisKey(root.staff, world.enrol(root)) for root in roots)
    act = Genesis(world.origin, "上海市就业促进中心(示例)", "Shanghai Employment Centre (example)", keys, 1)
    world.approve(world.say("genesis", "root-1", "log", act), "root-2")
    for purpose, signer in world.service.items():
        enrolment = world.enrolment(signer, "city", f"service/{purpose}")
        world.say_two("service-key", f"service/{purpose}", ServiceKey(enrolment))
    appoint_admin(world, "city-admin", "city")
    appoint(world, "standards", "city", Duty.STANDARDS)
    for code, district in DISTRICTS.items():
        party = f"district-{code}"
        admit_party(world, party, Role.DISTRICT, f"{district.name}就业促进中心", district.name_en, code)
        appoint(world, f"supervisor-{code}", party, Duty.SUPERVISOR)
    for code in ("310101", "310104"):
        appoint(world, f"reviewer-{code}", f"district-{code}", Duty.REVIEWER)
        appoint(world, f"intake-{code}", f"district-{code}", Duty.INTAKE)
    admit_party(world, BODY, Role.BODY, "申蓝评价管理服务中心", "Shenlan Evaluation", CITY_CODE, code="007")
    for name in ("evaluator-1", "evaluator-2", "evaluator-3"):
        appoint(world, name, BODY, Duty.EVALUATOR)
    appoint(world, "signatory", BODY, Duty.SIGNATORY)
    admit_party(world, INSTITUTION, Role.INSTITUTION, "青木创业培训学校", "Qingmu School", "310104")
    appoint(world, "registrar", INSTITUTION, Duty.REGISTRAR)
    for name in ("instructor-1", "instructor-2"):
        appoint(world, name, INSTITUTION, Duty.INSTRUCTOR)
    return world


def rivals(world: World) -> World:
    """Parties of the same kinds with no business in the class; see `World.with_rivals`."""
    admit_party(world, "body-haiping", Role.BODY, "海平评价中心", "Haiping Evaluation", CITY_CODE, code="008")
    for name, duty in (("rival-evaluator", Duty.EVALUATOR), ("rival-signatory", Duty.SIGNATORY)):
        appoint(world, name, "body-haiping", duty)
    world.say_two("body-appointed", "party/body-haiping", BodyAppointed((PROJECT,), FIRST, LAST))
    admit_party(world, "school-beishan", Role.INSTITUTION, "北山培训学校", "Beishan School", "310101")
    appoint(world, "rival-registrar", "school-beishan", Duty.REGISTRAR)
    appoint(world, "rival-instructor", "school-beishan", Duty.INSTRUCTOR)
    admit_party(world, OPERATOR, Role.OPERATOR, "城市应用运营中心", "City App Operator", CITY_CODE)
    appoint(world, "app-intake", OPERATOR, Duty.INTAKE)
    return world


def city_of(world: World, bodies: int) -> World:
    """So many bodies in all: each has admin, signatory, three evaluators, and is appointed like the first."""
    for code in range(100, 99 + bodies):
        party = f"body-{code}"
        admit_party(
            world, party, Role.BODY, f"申城第{code}评价中心", f"Evaluation {code}", CITY_CODE, code=str(code)
        )
        appoint(world, f"signatory-{code}", party, Duty.SIGNATORY)
        for number in range(3):
            appoint(world, f"evaluator-{code}-{number}", party, Duty.EVALUATOR)
        world.say_two("body-appointed", f"party/{party}", BodyAppointed((PROJECT,), FIRST, LAST))
    return world


def say_witnesses(world: World, *, first: int = 0, count: int = 16, quorum: int = 11) -> Statement:
    """`count` districts from the `first` on cosign from today on, so many of them at least."""
    return world.say_two("witness-set", "log", witness_set(world, first=first, count=count, quorum=quorum))


def witness_set(world: World, *, first: int = 0, count: int = 16, quorum: int = 11) -> WitnessSet:
    """The act; each witness cosigned the log as it stands."""
    note = parse_note(world.checkpoint(cosigned=0))
    named = tuple(
        NamedWitness(
            f"district-{code}",
            one.key.vkey,
            Note(note.text, (cosign(note.text, one, time=world.now // 1000),)).render().decode(),
        )
        for code, one in list(zip(DISTRICTS, world.witnesses, strict=True))[first : first + count]
    )
    return WitnessSet(named, quorum, shanghai_date(world.now))


def standard(world: World, *, witnessed: bool = True) -> World:
    """What must be published, appointed and accredited before a class; see `World.with_standard`."""
    if witnessed:
        # Apart from the world's other randomness, so that what comes after is the same with and without.
        world.drawn, drawn = _APART, world.drawn
        say_witnesses(world)
        world.drawn = drawn
    document = STANDARD.to_body()
    world.say("standard-published", "standards", f"standard/{STANDARD_ID}", StandardPublished(document))
    world.say_two("policy-published", f"policy/{POLICY_ID}", PolicyPublished(POLICY))
    world.say_two("body-appointed", f"party/{BODY}", BodyAppointed((PROJECT,), FIRST, LAST))
    subject = f"accreditation/{INSTITUTION}/{PROJECT}"
    world.say("institution-accredited", "supervisor-310104", subject, InstitutionAccredited(FIRST, LAST))
    return world


def class_opened(world: World) -> World:
    """Opened on the morning of the first day; afterwards the teaching is over."""
    world.class_id = world.draw(16)
    instructors = tuple(world.people[name].staff for name in ("instructor-1", "instructor-2"))
    act = ClassOpened(PROJECT, STANDARD_ID, BODY, instructors, CLASS_FIRST, CLASS_LAST)
    world.say("class-opened", "registrar", class_subject(world), act, at=moment(9, 8))
    world.now = moment(11, 17)
    return world


def results(world: World) -> World:
    """Roster on the last day, sheets and the confirmation on the day after."""
    world.trainees = [trainee(world, *row) for row in TRAINEES]
    say_roster(world)
    world.now = moment(12, 14)
    for number, name in enumerate(("evaluator-1", "evaluator-2")):
        say_sheet(world, name, number)
    world.say(
        "evaluation-confirmed", "signatory", class_subject(world), confirmation(world), at=moment(12, 16)
    )
    return world


def certificates(world: World) -> World:
    """Issued on the day after the confirmation, one for each who passed."""
    world.now = max(world.now, moment(13, 10))
    for one in world.trainees:
        if one.passes:
            issue(world, one)
    return world


def claim(world: World) -> World:
    """Taken in at the counter of another district than the institution's."""
    world.now = max(world.now, moment(16, 10))
    world.claim_id = world.draw(16)
    act, openings = claim_act(world, world.certificates[0])
    subject = f"claim/{world.claim_id.hex()}"
    world.say("claim-submitted", "intake-310101", subject, act, openings=openings)
    return world
