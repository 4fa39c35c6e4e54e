"""Rules for what is published, for accreditation and for opening a class, each broken by who would gain."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from issuers.acts.classes import (
    AccreditationWithdrawn,
    ClassOpened,
    InstitutionAccredited,
    PolicyPublished,
    StandardPublished,
)
from issuers.acts.parties import BodyAppointed, BodySuspended, PartyAdmitted
from issuers.acts.words import Role
from issuers.authority.class_facts import ClassFact, StandardFact
from issuers.authority.party_facts import Accreditation, Party, accreditation_key
from ledger.errors import Malformed
from tests.issuers.authority_worlds import ready
from tests.world import World
from tests.world_parts import (
    BODY,
    CLASS_FIRST,
    CLASS_LAST,
    DISTRICT,
    FIRST,
    INSTITUTION,
    LAST,
    POLICY,
    POLICY_ID,
    PROJECT,
    STANDARD,
    STANDARD_ID,
)

CLASS = f"class/{'c1' * 16}"
PLACE = f"accreditation/{INSTITUTION}/{PROJECT}"
TERM = InstitutionAccredited(FIRST, LAST)


def a_class(world: World, **changed: Any) -> ClassOpened:
    instructors = (world.people["instructor-1"].staff,)
    honest = ClassOpened(PROJECT, STANDARD_ID, BODY, instructors, CLASS_FIRST, CLASS_LAST)
    return replace(honest, **changed)


def publish_standard(world: World, **changed: Any) -> None:
    """Another version beside the first."""
    other = replace(STANDARD, **changed)
    body = StandardPublished(other.to_body())
    world.say("standard-published", "standards", f"standard/{other.id}", body)


# Standard and policy.


def test_a_published_standard_or_policy_is_never_changed() -> None:
    world = ready("published")
    easier = StandardPublished(replace(STANDARD, pass_total_tenths=0).to_body())
    world.refuse("STANDARD_EXISTS", "standard-published", "standards", f"standard/{STANDARD_ID}", easier)
    dearer = PolicyPublished({**POLICY, "amount_fen": 1})
    world.refuse("POLICY_EXISTS", "policy-published", "root-1", f"policy/{POLICY_ID}", dearer)


def test_a_standard_is_published_under_its_own_name() -> None:
    world = ready("published")
    body = StandardPublished(STANDARD.to_body())
    world.refuse("STANDARD_NAME", "standard-published", "standards", "standard/another", body)


@pytest.mark.parametrize(
    "changed",
    [{"evaluators_min": 1}, {"pass_total_tenths": 1001}, {"components": []}, {"id": "UPPER"}, {"x": 1}],
)
def test_a_standard_that_cannot_be_read_is_not_published(changed: dict[str, Any]) -> None:
    world = ready("published")
    body = {"document": {**STANDARD.to_body(), "id": "second", **changed}}
    with pytest.raises(Malformed):
        world.say("standard-published", "standards", "standard/second", body)
    assert world.view.get(StandardFact, "second") is None


def test_a_class_under_a_standard_that_cannot_be_read_is_refused() -> None:
    """Cannot happen through acts; a later version of the program must not fall over its own past."""
    world = ready("published")
    world.view.put([StandardFact(STANDARD_ID, {"of": "another time"})])
    world.refuse("STANDARD_UNREADABLE", "class-opened", "registrar", CLASS, a_class(world))


# Accreditation.


def test_a_district_accredits_the_institutions_of_its_own_region_only() -> None:
    world = ready("founded")
    place = f"accreditation/school-beishan/{PROJECT}"
    world.refuse("DISTRICT_OTHER", "institution-accredited", "supervisor-310104", place, TERM)
    world.say("institution-accredited", "supervisor-310101", place, TERM)


def test_a_district_accredits_institutions_and_nothing_else() -> None:
    world = ready("founded")
    local = PartyAdmitted(Role.BODY, "本地评价中心", "Local Body", "310104", code="010")
    world.say_two("party-admitted", "party/body-local", local)
    for name in ("body-local", DISTRICT):
        place = f"accreditation/{name}/{PROJECT}"
        world.refuse("DISTRICT_OTHER", "institution-accredited", "supervisor-310104", place, TERM)


def test_an_unknown_institution_is_not_accredited() -> None:
    world = ready("founded")
    place = f"accreditation/nobody/{PROJECT}"
    world.refuse("PARTY_UNKNOWN", "institution-accredited", "supervisor-310104", place, TERM)


@pytest.mark.parametrize("rest", [INSTITUTION, f"{INSTITUTION}/{PROJECT}/x"])
def test_an_accreditation_is_of_one_institution_for_one_project(rest: str) -> None:
    world = ready("founded")
    place = f"accreditation/{rest}"
    world.refuse("SUBJECT_ID", "institution-accredited", "supervisor-310104", place, TERM)


def test_an_accreditation_does_not_end_before_it_begins() -> None:
    world = ready("founded")
    over = InstitutionAccredited(FIRST, FIRST - timedelta(days=1))
    world.refuse("TERM_ORDER", "institution-accredited", "supervisor-310104", PLACE, over)


def test_only_the_district_that_accredited_withdraws() -> None:
    world = ready("published")
    withdrawn = AccreditationWithdrawn("quality")
    world.refuse("DISTRICT_OTHER", "accreditation-withdrawn", "supervisor-310101", PLACE, withdrawn)
    other = f"accreditation/{INSTITUTION}/999"
    world.refuse("ACCREDITATION_UNKNOWN", "accreditation-withdrawn", "supervisor-310104", other, withdrawn)
    world.say("accreditation-withdrawn", "supervisor-310104", PLACE, withdrawn)
    fact = world.view.get(Accreditation, accreditation_key(INSTITUTION, PROJECT))
    assert fact is not None
    assert fact.withdrawn_ms == world.times[-1]


# Opening a class.


def test_an_institution_without_accreditation_opens_no_class() -> None:
    """培训机构全覆盖: no class outside an accredited institution, nor for another project than accredited."""
    world = ready("published")
    world.refuse("ACCREDITATION_UNKNOWN", "class-opened", "rival-registrar", CLASS, a_class(world))
    other = a_class(world, project="002")
    world.refuse("ACCREDITATION_UNKNOWN", "class-opened", "registrar", CLASS, other)


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (FIRST - timedelta(days=1), CLASS_LAST),
        (CLASS_FIRST, LAST + timedelta(days=1)),
        (CLASS_LAST, CLASS_FIRST),
    ],
)
def test_the_accreditation_covers_every_day_of_the_class(first: date, last: date) -> None:
    world = ready("published")
    act = a_class(world, first_day=first, last_day=last)
    world.refuse("ACCREDITATION_LAPSED", "class-opened", "registrar", CLASS, act)


def test_after_a_withdrawal_no_new_class_is_opened() -> None:
    world = ready("published")
    world.say("accreditation-withdrawn", "supervisor-310104", PLACE, AccreditationWithdrawn("quality"))
    world.refuse("ACCREDITATION_LAPSED", "class-opened", "registrar", CLASS, a_class(world))


def test_a_class_is_registered_within_31_days_of_its_end() -> None:
    world = ready("published")
    world.now += (date(2026, 4, 11) - date(2026, 3, 2)).days * 86_400_000
    world.say("class-opened", "registrar", CLASS, a_class(world))
    world.now += 86_400_000
    world.refuse("CLASS_LATE", "class-opened", "registrar", f"class/{'c2' * 16}", a_class(world))


def test_a_class_is_opened_once() -> None:
    world = ready("published")
    world.say("class-opened", "registrar", CLASS, a_class(world))
    world.refuse("CLASS_EXISTS", "class-opened", "registrar", CLASS, a_class(world))


def test_a_class_pins_a_published_standard_of_its_own_project() -> None:
    world = ready("published")
    publish_standard(world, id="other-2026", project="002")
    missing = a_class(world, standard="startup-2031")
    world.refuse("STANDARD_UNKNOWN", "class-opened", "registrar", CLASS, missing)
    other = a_class(world, standard="other-2026")
    world.refuse("STANDARD_PROJECT", "class-opened", "registrar", CLASS, other)


def test_who_teaches_does_not_evaluate() -> None:
    """考培分离: the institution itself, or the same organisation under another name."""
    world = ready("published")
    own = a_class(world, body=INSTITUTION)
    world.refuse("BODY_IS_INSTITUTION", "class-opened", "registrar", CLASS, own)
    code = "91310104000000000A"
    for party in (INSTITUTION, BODY):
        fact = world.view.get(Party, party)
        assert fact is not None
        world.view.put([replace(fact, uscc=code)])
    world.refuse("BODY_IS_INSTITUTION", "class-opened", "registrar", CLASS, a_class(world))


def test_the_body_must_exist_and_be_appointed() -> None:
    world = ready("founded")
    publish_standard(world)
    world.say("institution-accredited", "supervisor-310104", PLACE, TERM)
    world.refuse("PARTY_UNKNOWN", "class-opened", "registrar", CLASS, a_class(world, body="body-none"))
    world.refuse("BODY_NOT_APPOINTED", "class-opened", "registrar", CLASS, a_class(world))
    world.refuse("BODY_NOT_APPOINTED", "class-opened", "registrar", CLASS, a_class(world, body="city-app"))


@pytest.mark.parametrize(
    ("appointed", "code"),
    [
        (BodyAppointed(("002",), FIRST, LAST), "BODY_SCOPE"),
        (BodyAppointed((PROJECT,), FIRST, date(2026, 3, 1)), "BODY_NOT_APPOINTED"),
        (BodyAppointed((PROJECT,), date(2026, 3, 3), LAST), "BODY_NOT_APPOINTED"),
    ],
)
def test_the_body_is_appointed_for_the_project_and_the_day(appointed: BodyAppointed, code: str) -> None:
    world = ready("published")
    world.say_two("body-appointed", f"party/{BODY}", appointed)
    world.refuse(code, "class-opened", "registrar", CLASS, a_class(world))


def test_a_suspended_body_gets_no_class() -> None:
    world = ready("published")
    world.say_two("body-suspended", f"party/{BODY}", BodySuspended("quality"))
    world.refuse("BODY_SUSPENDED", "class-opened", "registrar", CLASS, a_class(world))


def test_every_instructor_is_appointed_at_the_institution() -> None:
    """A stranger, the registrar, another school's instructor, and one whose term is over."""
    world = ready("published")
    ours = world.people["instructor-1"].staff
    for name in ("registrar", "rival-instructor", "evaluator-1"):
        act = a_class(world, instructors=(ours, world.people[name].staff))
        world.refuse("INSTRUCTOR_UNKNOWN", "class-opened", "registrar", CLASS, act)
    who = world.people["instructor-1"]
    over = {"duties": ["instructor"], "projects": [], "first_day": "2026-01-01", "last_day": "2026-03-01"}
    world.say("officer-appointed", f"admin-{INSTITUTION}", f"officer/{who.staff.hex()}", over)
    world.refuse("INSTRUCTOR_UNKNOWN", "class-opened", "registrar", CLASS, a_class(world))


def test_the_class_belongs_to_the_district_that_accredited() -> None:
    world = ready("published")
    world.say("class-opened", "registrar", CLASS, a_class(world))
    fact = world.view.get(ClassFact, "c1" * 16)
    assert fact is not None
    assert (fact.institution, fact.district, fact.body) == (INSTITUTION, DISTRICT, BODY)


def test_a_class_with_a_withdrawn_body_is_refused() -> None:
    world = ready("published")
    world.say_two("party-withdrawn", f"party/{BODY}", {"reason": "closed"})
    world.refuse("PARTY_WITHDRAWN", "class-opened", "registrar", CLASS, a_class(world))


def test_a_withdrawn_institution_is_not_accredited() -> None:
    world = ready("founded")
    world.say_two("party-withdrawn", f"party/{INSTITUTION}", {"reason": "closed"})
    world.refuse("PARTY_WITHDRAWN", "institution-accredited", "supervisor-310104", PLACE, TERM)
