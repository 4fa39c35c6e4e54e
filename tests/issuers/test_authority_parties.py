"""Rules for parties and officers, each broken by whoever would gain from it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from issuers.acts.parties import (
    AdminAppointed,
    BodyAppointed,
    BodySuspended,
    OfficerAppointed,
    OfficerDismissed,
    PartyAdmitted,
    PartyWithdrawn,
)
from issuers.acts.words import Duty, Role
from issuers.authority.party_facts import BodyAppointment, Officer, Party, officer_key
from tests.issuers.authority_worlds import ready
from tests.world import World
from tests.world_parts import BODY, FIRST, INSTITUTION, LAST, PROJECT, Person
from tests.world_steps import hire

NEWCOMER = PartyAdmitted(Role.INSTITUTION, "东岸培训学校", "Dong'an School", "310115")
TERM = BodyAppointed((PROJECT,), FIRST, LAST)


def subject_of(person: Person) -> str:
    return f"officer/{person.staff.hex()}"


def named(world: World, name: str) -> str:
    return subject_of(world.people[name])


def duties(*given: Duty, **changed: Any) -> OfficerAppointed:
    return replace(OfficerAppointed(given, (), FIRST, LAST), **changed)


def admin_act(world: World, person: Person, **changed: Any) -> AdminAppointed:
    return replace(AdminAppointed(person.staff, world.enrol(person), FIRST, LAST), **changed)


# Parties.


def test_a_party_is_admitted_once() -> None:
    world = ready("founded")
    world.refuse("PARTY_EXISTS", "party-admitted", "root-1", f"party/{INSTITUTION}", NEWCOMER)


def test_a_withdrawn_party_does_not_come_back_under_its_name() -> None:
    world = ready("founded")
    world.say_two("party-withdrawn", f"party/{INSTITUTION}", PartyWithdrawn("closed"))
    world.refuse("PARTY_EXISTS", "party-admitted", "root-1", f"party/{INSTITUTION}", NEWCOMER)
    world.refuse("PARTY_WITHDRAWN", "party-withdrawn", "root-1", f"party/{INSTITUTION}", PartyWithdrawn("x"))


def test_there_is_no_second_city() -> None:
    world = ready("founded")
    city = replace(NEWCOMER, role=Role.CITY)
    world.refuse("PARTY_ROLE", "party-admitted", "root-1", "party/city-two", city)


def test_the_city_cannot_be_withdrawn() -> None:
    world = ready("founded")
    world.refuse("PARTY_ROLE", "party-withdrawn", "root-1", "party/city", PartyWithdrawn("closed"))


@pytest.mark.parametrize(
    "name", ["School", "school_x", "-school", "school-", "a--b", "学校", "a" * 41, "a/b", "a\n"]
)
def test_a_party_is_named_by_lower_case_words(name: str) -> None:
    world = ready("founded")
    world.refuse("PARTY_ROLE", "party-admitted", "root-1", f"party/{name}", NEWCOMER)


def test_a_subject_of_another_kind_is_refused() -> None:
    world = ready("founded")
    for subject in ("log", "party", "party/", "partys/x", "officer/x"):
        world.refuse("SUBJECT_KIND", "party-admitted", "root-1", subject, NEWCOMER)


def test_a_body_and_only_a_body_has_a_code() -> None:
    world = ready("founded")
    body = replace(NEWCOMER, role=Role.BODY)
    world.refuse("PARTY_CODE", "party-admitted", "root-1", "party/body-x", body)
    world.refuse("PARTY_CODE", "party-admitted", "root-1", "party/x", replace(NEWCOMER, code="009"))
    world.say_two("party-admitted", "party/body-x", replace(body, code="009"))


def test_a_code_is_given_to_one_body_for_ever() -> None:
    """A number names its body by these digits alone, also when the body is gone."""
    world = ready("founded")
    body = replace(NEWCOMER, role=Role.BODY, code="009")
    late = world.say("party-admitted", "root-1", "party/body-late", body)
    world.say_two("party-admitted", "party/body-x", body)
    world.refuse("PARTY_CODE_TAKEN", "approve", "root-2", f"statement/{late.hash.hex()}", {})
    world.refuse("PARTY_CODE_TAKEN", "party-admitted", "root-1", "party/body-y", body)
    world.say_two("party-withdrawn", "party/body-x", PartyWithdrawn("closed"))
    world.refuse("PARTY_CODE_TAKEN", "party-admitted", "root-1", "party/body-y", body)
    world.say_two("party-admitted", "party/body-y", replace(body, code="010"))


@pytest.mark.parametrize(
    "changed",
    [{"region": "320100"}, {"region": "31010"}, {"code": "9"}, {"uscc": "91310101BJ1XG6128I"}, {"name": ""}],
)
def test_a_party_with_a_field_out_of_form_is_refused(changed: dict[str, Any]) -> None:
    world = ready("founded")
    code = "SHAPE_SIZE" if "name" in changed else "SHAPE_FORM"
    world.refuse(code, "party-admitted", "root-1", "party/x", replace(NEWCOMER, **changed))


def test_an_unknown_party_is_neither_withdrawn_nor_given_an_admin() -> None:
    world = ready("founded")
    world.refuse("PARTY_UNKNOWN", "party-withdrawn", "root-1", "party/nobody", PartyWithdrawn("x"))
    who = hire(world, "newcomer", "nobody")
    world.refuse("PARTY_UNKNOWN", "admin-appointed", "root-1", "party/nobody", admin_act(world, who))


# Admins.


def test_an_admin_needs_two_officers_of_the_city() -> None:
    world = ready("founded")
    who = hire(world, "second-admin", INSTITUTION)
    said = world.say("admin-appointed", "root-1", f"party/{INSTITUTION}", admin_act(world, who))
    world.refuse("KEY_UNKNOWN", "officer-appointed", who, named(world, "registrar"), duties(Duty.REGISTRAR))
    world.approve(said, "root-2")
    world.say("officer-appointed", who, named(world, "registrar"), duties(Duty.REGISTRAR))


def test_a_term_does_not_end_before_it_begins() -> None:
    world = ready("founded")
    who = hire(world, "second-admin", INSTITUTION)
    over: dict[str, Any] = {"last_day": FIRST - timedelta(days=1)}
    act = admin_act(world, who, **over)
    world.refuse("TERM_ORDER", "admin-appointed", "root-1", f"party/{INSTITUTION}", act)
    act_of_admin = duties(Duty.REGISTRAR, **over)
    admin = f"admin-{INSTITUTION}"
    world.refuse("TERM_ORDER", "officer-appointed", admin, named(world, "registrar"), act_of_admin)
    world.refuse("TERM_ORDER", "body-appointed", "root-1", f"party/{BODY}", replace(TERM, **over))


def test_a_holder_of_a_genesis_key_becomes_no_admin() -> None:
    world = ready("founded")
    root = world.people["root-3"]
    spare = Person("root-3", "city", root.staff, world.new_key("spare of root-3"))
    world.refuse("DUTIES_JOINED", "admin-appointed", "root-1", "party/city", admin_act(world, spare))


@pytest.mark.parametrize("duty", [Duty.ROOT, Duty.ADMIN])
def test_an_admin_makes_neither_roots_nor_admins(duty: Duty) -> None:
    world = ready("founded")
    for admin in ("city-admin", f"admin-{BODY}"):
        world.refuse("DUTY_NOT_GIVABLE", "officer-appointed", admin, named(world, "signatory"), duties(duty))
        both = duties(Duty.SIGNATORY, duty)
        world.refuse("DUTY_NOT_GIVABLE", "officer-appointed", admin, named(world, "signatory"), both)


def test_an_admin_gives_itself_no_duty_and_no_longer_term() -> None:
    world = ready("founded")
    for admin in ("city-admin", f"admin-{BODY}"):
        for act in (duties(Duty.SIGNATORY), duties(Duty.STANDARDS, last_day=date(2099, 1, 1))):
            world.refuse("DUTIES_JOINED", "officer-appointed", admin, named(world, admin), act)


def test_the_citys_admin_gives_a_root_no_duty_and_dismisses_none() -> None:
    world = ready("founded")
    world.refuse(
        "DUTIES_JOINED", "officer-appointed", "city-admin", named(world, "root-1"), duties(Duty.STANDARDS)
    )
    for held in ("root-1", "city-admin"):
        code = "OFFICER_UNKNOWN"  # neither holds a duty that an admin gives
        world.refuse(code, "officer-dismissed", "city-admin", named(world, held), OfficerDismissed("left"))


def test_the_same_duty_twice_is_refused() -> None:
    world = ready("founded")
    twice = duties(Duty.EVALUATOR, Duty.EVALUATOR)
    world.refuse("DUTY_NOT_GIVABLE", "officer-appointed", f"admin-{BODY}", named(world, "evaluator-1"), twice)


def test_an_admin_does_not_act_for_another_party() -> None:
    """The admin of the rival body reaches for the people of the other."""
    world = ready("founded")
    rival = "admin-body-haiping"
    act, subject = duties(Duty.SIGNATORY), named(world, "signatory")
    world.refuse("KEY_PARTY", "officer-appointed", rival, subject, act, iss=BODY)
    world.refuse("OFFICER_UNKNOWN", "officer-dismissed", rival, subject, OfficerDismissed("left"))
    world.say("officer-appointed", rival, subject, act)
    officer = world.view.get(Officer, officer_key(BODY, world.people["signatory"].staff))
    assert officer is not None
    assert officer.dismissed_ms is None
    appointed = world.view.get(Officer, officer_key("body-haiping", world.people["signatory"].staff))
    assert appointed is not None
    assert appointed.party == "body-haiping"


# Officers.


def test_a_dismissed_officer_says_nothing_and_is_not_dismissed_again() -> None:
    world = ready("founded")
    admin, subject = "admin-district-310104", named(world, "supervisor-310104")
    world.say("officer-dismissed", admin, subject, OfficerDismissed("left"))
    body = {"first_day": "2026-01-01", "last_day": "2026-12-31"}
    where = f"accreditation/{INSTITUTION}/{PROJECT}"
    world.refuse("DUTY_MISSING", "institution-accredited", "supervisor-310104", where, body)
    world.refuse("OFFICER_UNKNOWN", "officer-dismissed", admin, subject, OfficerDismissed("left"))
    world.say("officer-appointed", admin, subject, duties(Duty.SUPERVISOR))
    world.say("institution-accredited", "supervisor-310104", where, body)


def test_a_former_admin_whom_the_city_never_dismissed_gets_no_duty() -> None:
    """Its term is over, but an expired admin is still nobody whom another admin may appoint."""
    world = ready("founded")
    who = hire(world, "short-admin", BODY)
    short = admin_act(world, who, last_day=date(2026, 3, 3))
    world.say_two("admin-appointed", f"party/{BODY}", short)
    world.now += 5 * 86_400_000
    subject = subject_of(who)
    world.refuse(
        "DUTY_MISSING", "officer-appointed", who, named(world, "evaluator-1"), duties(Duty.EVALUATOR)
    )
    world.refuse("DUTIES_JOINED", "officer-appointed", f"admin-{BODY}", subject, duties(Duty.EVALUATOR))


def test_a_new_appointment_replaces_the_old() -> None:
    world = ready("founded")
    who = world.people["evaluator-1"]
    before = world.view.get(Officer, officer_key(BODY, who.staff))
    act = duties(Duty.SIGNATORY, Duty.EVALUATOR, projects=("002",))
    world.say("officer-appointed", f"admin-{BODY}", subject_of(who), act)
    officer = world.view.get(Officer, officer_key(BODY, who.staff))
    assert before is not None
    both = (Duty.EVALUATOR, Duty.SIGNATORY)
    assert officer == Officer(BODY, who.staff, both, ("002",), FIRST, LAST, since_seq=before.since_seq)


@pytest.mark.parametrize("text", ["00", "AB" * 16, "zz" * 16, "00" * 17])
def test_an_officer_is_named_by_32_lower_case_hex_digits(text: str) -> None:
    world = ready("founded")
    act = duties(Duty.EVALUATOR)
    world.refuse("SUBJECT_ID", "officer-appointed", f"admin-{BODY}", f"officer/{text}", act)


# Evaluation bodies.


def test_only_an_evaluation_body_is_appointed() -> None:
    world = ready("founded")
    for party in (INSTITUTION, "district-310104", "city", "city-app"):
        world.refuse("PARTY_ROLE", "body-appointed", "root-1", f"party/{party}", TERM)


def test_a_body_without_appointment_cannot_be_suspended() -> None:
    world = ready("founded")
    world.refuse("BODY_NOT_APPOINTED", "body-suspended", "root-1", f"party/{BODY}", BodySuspended("quality"))


def test_a_suspended_body_works_again_once_appointed_anew() -> None:
    world = ready("published")
    world.say_two("body-suspended", f"party/{BODY}", BodySuspended("quality"))
    suspended = world.view.get(BodyAppointment, BODY)
    assert suspended is not None
    assert suspended.suspended_ms == world.times[-1]
    world.say_two("body-appointed", f"party/{BODY}", TERM)
    assert world.view.get(BodyAppointment, BODY) == BodyAppointment(BODY, (PROJECT,), FIRST, LAST)


def test_a_withdrawn_body_is_not_appointed() -> None:
    world = ready("founded")
    world.say_two("party-withdrawn", f"party/{BODY}", PartyWithdrawn("closed"))
    world.refuse("PARTY_WITHDRAWN", "body-appointed", "root-1", f"party/{BODY}", TERM)
    party = world.view.get(Party, BODY)
    assert party is not None
    assert party.withdrawn_ms == world.times[-1]


def test_who_holds_a_genesis_key_holds_no_office_anywhere_else() -> None:
    world = ready("founded")
    root = hire(world, "root-1", INSTITUTION)
    subject = f"party/{INSTITUTION}"
    world.refuse("DUTIES_JOINED", "admin-appointed", "root-2", subject, admin_act(world, root))
    admin = f"admin-{INSTITUTION}"
    world.refuse("DUTIES_JOINED", "officer-appointed", admin, subject_of(root), duties(Duty.INSTRUCTOR))
