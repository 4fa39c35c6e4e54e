"""Breaks of the judge: acts it takes from somebody who may not say them, and acts that make it fall over."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from issuers.acts.classes import ClassOpened, InstitutionAccredited
from issuers.acts.parties import (
    AdminAppointed,
    BodyAppointed,
    BodySuspended,
    KeyEnrolled,
    KeyRevoked,
    OfficerAppointed,
)
from issuers.acts.words import Duty, RevocationCause
from issuers.authority.judge import judge
from issuers.authority.party_facts import BodyAppointment
from ledger.errors import MalanError, Refused
from ledger.statement import parse_statement
from tests.issuers.authority_worlds import a_sheet, an_issue, give, ready, step
from tests.world import World
from tests.world_parts import (
    AMOUNT_FEN,
    BODY,
    CLASS_FIRST,
    FIRST,
    INSTITUTION,
    LAST,
    PROJECT,
    STANDARD_ID,
    seeded,
)
from tests.world_steps import appoint, claim_act, class_subject, confirmation, hire

APPROVED = {"outcome": "approved", "reasons": [], "amount_fen": AMOUNT_FEN, "release": False}
NEW_CERTIFICATE = f"certificate/{'ce' * 16}"


def officer(world: World, name: str) -> str:
    return f"officer/{world.people[name].staff.hex()}"


def first_certificate(world: World) -> str:
    return f"certificate/{world.certificates[0].id.hex()}"


# Money.


def test_one_certificate_is_not_claimed_twice_under_invented_nullifiers() -> None:
    """certificate_rules.py `claim_submitted`: the same certificate is the same person and project."""
    world = ready("claimed")
    world.say("claim-decided", "reviewer-310104", f"claim/{world.claim_id.hex()}", APPROVED)
    honest, _ = claim_act(world, world.certificates[0])
    invented = replace(honest, project_nullifier=seeded("p", 32), slot_nullifier=seeded("s", 32))
    with pytest.raises(Refused):
        world.say("claim-submitted", "app-intake", f"claim/{'d1' * 16}", invented)


def test_who_signed_the_certificate_does_not_decide_the_claim() -> None:
    """Domain B10.9 (district reviewer is not the issuer); the staff id gives them away."""
    world = ready("claimed")
    appoint(world, "signatory", "district-310104", Duty.REVIEWER)
    with pytest.raises(Refused):
        world.say("claim-decided", "signatory", f"claim/{world.claim_id.hex()}", APPROVED)


# Results and certificates.


def test_nobody_passes_whom_no_sheet_can_have_scored() -> None:
    """class_rules.py `evaluation_confirmed`: two sheets of one entry each carry no five who passed.

    Everyone who passed needs `evaluators_min` marks, so the entries of all sheets are at least that many.
    """
    world = ready("rostered")
    for name in ("evaluator-1", "evaluator-2"):
        world.say("sheet", name, class_subject(world), a_sheet(world, rows=1))
    with pytest.raises(Refused):
        world.say("evaluation-confirmed", "signatory", class_subject(world), confirmation(world))


@pytest.mark.parametrize(
    ("name", "duties", "projects"),
    [("evaluator-3", (Duty.SIGNATORY,), ("999",)), ("evaluator-1", (Duty.EVALUATOR, Duty.SIGNATORY), ())],
    ids=["for other projects", "who scored the class"],
)
def test_a_certificate_is_not_restored_by_a_signatory(
    name: str, duties: tuple[Duty, ...], projects: tuple[str, ...]
) -> None:
    """certificate_rules.py `_moved` asks for the body alone; the design wants a signatory as for issuing."""
    world = ready("issued")
    world.say("certificate-suspended", "signatory", first_certificate(world), {"reason": "under-review"})
    give(world, name, *duties, projects=projects)
    with pytest.raises(Refused):
        world.say("certificate-restored", name, first_certificate(world), {"reason": "cleared"})


def test_a_suspended_body_restores_no_certificate() -> None:
    """It may still suspend and revoke; making valid again is issuing."""
    world = ready("issued")
    world.say("certificate-suspended", "signatory", first_certificate(world), {"reason": "under-review"})
    world.say_two("body-suspended", f"party/{BODY}", BodySuspended("fraud"))
    with pytest.raises(Refused):
        world.say("certificate-restored", "signatory", first_certificate(world), {"reason": "cleared"})


# Parties, people, keys.


def test_the_city_can_date_a_compromise_further_back_than_the_party_admitted() -> None:
    """party_rules.py `key_revoked`: a party that reports first, a second ago, fixes the date for ever."""
    world = ready("issued")
    subject = f"key/{world.people['signatory'].signer.public.kid.hex()}"
    now = world.now // 1000
    world.say("key-revoked", f"admin-{BODY}", subject, KeyRevoked(RevocationCause.COMPROMISED, now - 1))
    world.say_two("key-revoked", subject, KeyRevoked(RevocationCause.COMPROMISED, now - 40 * 86_400))


def test_an_appointment_that_waited_does_not_end_a_later_suspension() -> None:
    """judge.py `_approve`: one root and a forgotten signature undo what two roots decided meanwhile."""
    world = ready("confirmed")
    renewal = BodyAppointed((PROJECT,), FIRST, LAST)
    waiting = world.say("body-appointed", "root-1", f"party/{BODY}", renewal)
    suspension = world.say("body-suspended", "root-1", f"party/{BODY}", BodySuspended("fraud"))
    world.approve(suspension, "root-3")
    with pytest.raises(Refused):
        world.approve(waiting, "root-2")
    known = world.view.get(BodyAppointment, BODY)
    assert known is not None
    assert known.suspended_ms is not None


def test_an_act_in_force_does_not_wait_again() -> None:
    """judge.py `judge`: said again, its bytes overwrite the Pending that was done, and one root is enough."""
    world = ready("published")
    renewal = world.say("body-appointed", "root-1", f"party/{BODY}", BodyAppointed((PROJECT,), FIRST, LAST))
    world.approve(renewal, "root-2")
    world.say_two("body-suspended", f"party/{BODY}", BodySuspended("fraud"))
    with pytest.raises(Refused):
        world.hear(renewal.raw)


def test_an_institution_cannot_rule_out_an_evaluator_by_appointing_them() -> None:
    """class_rules.py `_works_at`: staff ids stand in the log, and an appointment asks nobody's consent."""
    world = ready("rostered")
    stolen = OfficerAppointed((Duty.INSTRUCTOR,), (), date(1990, 1, 1), date(1990, 1, 1))
    try:
        world.say("officer-appointed", f"admin-{INSTITUTION}", officer(world, "evaluator-1"), stolen)
    except Refused:
        return
    world.say("sheet", "evaluator-1", class_subject(world), a_sheet(world))


def test_an_institution_cannot_stop_the_certificates_of_its_class_by_appointing_the_signatory() -> None:
    """As above, after the result is known."""
    world = ready("confirmed")
    stolen = OfficerAppointed((Duty.INSTRUCTOR,), (), FIRST, LAST)
    try:
        world.say("officer-appointed", f"admin-{INSTITUTION}", officer(world, "signatory"), stolen)
    except Refused:
        return
    world.say("certificate-issued", "signatory", NEW_CERTIFICATE, an_issue(world))


def test_an_institution_cannot_rule_out_an_evaluator_with_a_key_it_made_itself() -> None:
    """The enrolment is by the new key alone, so `Officer.keyed` shows no consent of the person."""
    world = ready("rostered")
    admin, subject = f"admin-{INSTITUTION}", officer(world, "evaluator-1")
    stolen = OfficerAppointed((Duty.INSTRUCTOR,), (), FIRST, LAST)
    own = KeyEnrolled(world.enrolment(world.new_key("the admin's"), INSTITUTION, subject))
    try:
        world.say("officer-appointed", admin, subject, stolen)
        world.say("key-enrolled", admin, subject, own)
    except Refused:
        return
    world.say("sheet", "evaluator-1", class_subject(world), a_sheet(world))


def test_an_instructor_without_a_key_is_still_an_instructor() -> None:
    """Domain B10.3; teaching needs no key. In office since before the class was opened: no later veto."""
    world = ready("published")
    taught = OfficerAppointed((Duty.INSTRUCTOR,), (), FIRST, LAST)
    world.say("officer-appointed", f"admin-{INSTITUTION}", officer(world, "evaluator-1"), taught)
    for stage in ("opened", "rostered"):
        step(world, stage)
    with pytest.raises(Refused):
        world.say("sheet", "evaluator-1", class_subject(world), a_sheet(world))


def test_two_acts_about_one_party_may_wait_together() -> None:
    """A new admin and a renewal, both signed by one root, then both approved by another: honest."""
    world = ready("published")
    who = hire(world, "second admin", BODY)
    admin = AdminAppointed(who.staff, world.enrol(who), FIRST, LAST)
    first = world.say("admin-appointed", "root-1", f"party/{BODY}", admin)
    second = world.say("body-appointed", "root-1", f"party/{BODY}", BodyAppointed((PROJECT,), FIRST, LAST))
    world.approve(first, "root-2")
    world.approve(second, "root-2")


@pytest.mark.parametrize("project", ["", "创业", "001\n", " ", "\u202e100"])
def test_an_accreditation_names_a_project_by_its_slug(project: str) -> None:
    """class_rules.py `_accreditation_subject` takes whatever follows the second slash."""
    world = ready("founded")
    subject = f"accreditation/{INSTITUTION}/{project}"
    with pytest.raises(MalanError):
        world.say("institution-accredited", "supervisor-310104", subject, InstitutionAccredited(FIRST, LAST))


# Acts that make the judge fall over. Only MalanError may come out of it.


def test_a_class_at_the_end_of_the_calendar_is_judged() -> None:
    """class_rules.py `class_opened`: `last_day + 31 days` raises OverflowError; compare `day - 31 days`."""
    world = ready("published")
    subject = f"accreditation/{INSTITUTION}/{PROJECT}"
    for_ever = InstitutionAccredited(FIRST, date(9999, 12, 31))
    world.say("institution-accredited", "supervisor-310104", subject, for_ever)
    teaches = (world.people["instructor-1"].staff,)
    act = ClassOpened(PROJECT, STANDARD_ID, BODY, teaches, CLASS_FIRST, date(9999, 12, 20))
    try:
        world.say("class-opened", "registrar", f"class/{'c1' * 16}", act)
    except MalanError:
        return


@pytest.mark.parametrize("seconds", [253_402_272_000, 253_402_300_800, 2**40 - 1])
def test_a_statement_and_leaf_beyond_the_year_9999_are_refused(seconds: int) -> None:
    """case.py `shanghai_date` raises OverflowError or ValueError; an auditor may meet such a leaf."""
    world = ready("founded")
    raw = world.sign(
        "officer-dismissed", f"admin-{BODY}", officer(world, "signatory"), {"reason": "left"}, iat=seconds
    )
    with pytest.raises(MalanError):
        judge(world.view, parse_statement(raw), seq=len(world.leaves), time_ms=seconds * 1000)
