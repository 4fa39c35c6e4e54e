"""Attacks on the judge that fail, and must go on failing."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

from issuers.acts.certificates import ClaimDecided
from issuers.acts.parties import KeyEnrolled, OfficerAppointed
from issuers.acts.words import Duty, Outcome
from issuers.authority.class_facts import Hold
from issuers.authority.judge import admit
from issuers.authority.party_facts import Pending
from issuers.authority.table import TABLE
from issuers.authority.view import MemoryView
from issuers.credential import parse_credential
from ledger.errors import MalanError, Refused
from ledger.statement import parse_statement
from tests.attacks.shapes import mutated, signed_again
from tests.issuers.authority_scenes import SCENES
from tests.issuers.authority_worlds import a_sheet, a_void, an_issue, give, passed_ones, ready
from tests.world import World
from tests.world_parts import BODY, FIRST, INSTITUTION, LAST, moment, seeded
from tests.world_steps import appoint, claim_act, class_subject, confirmation, issue

NEW_CERTIFICATE = f"certificate/{'ce' * 16}"
BY_TWO = sorted(kind for kind, rows in TABLE.items() if rows[0].approval and kind != "genesis")


def officer(world: World, name: str) -> str:
    return f"officer/{world.people[name].staff.hex()}"


def second_key(world: World, name: str) -> None:
    """A further key for somebody of the body; later signatures by `name` use it."""
    fresh = world.new_key(f"second of {name}")
    proof = world.enrolment(fresh, BODY, officer(world, name))
    world.say("key-enrolled", f"admin-{BODY}", officer(world, name), KeyEnrolled(proof))
    world.people[name] = replace(world.people[name], signer=fresh)


@pytest.mark.parametrize("kind", BY_TWO)
def test_one_genesis_key_alone_changes_nothing(kind: str) -> None:
    """Whatever one root says, and says yes to, only waits."""
    world = ready("published")
    if kind == "key-revoked":
        subject, act = f"key/{world.people['signatory'].signer.public.kid.hex()}", {"cause": "lost"}
    else:
        subject, act = SCENES[kind](world, world.people["root-1"])
    before = dict(world.view.facts)
    waiting = world.say(kind, "root-1", subject, act)
    for approver in ("root-1", "city-admin", "supervisor-310104"):
        with pytest.raises(Refused):
            world.approve(waiting, approver)
    after = {key: fact for key, fact in world.view.facts.items() if key not in before}
    assert [type(fact) for fact in after.values()] == [Pending]
    assert {key: world.view.facts[key] for key in before} == before


def test_two_keys_of_one_evaluator_are_one_evaluator() -> None:
    world = ready("rostered")
    world.say("sheet", "evaluator-1", class_subject(world), a_sheet(world))
    second_key(world, "evaluator-1")
    world.refuse("SHEET_EXISTS", "sheet", "evaluator-1", class_subject(world), a_sheet(world))


def test_a_scorer_with_another_key_and_another_duty_confirms_and_issues_nothing() -> None:
    world = ready("scored")
    second_key(world, "evaluator-1")
    give(world, "evaluator-1", Duty.SIGNATORY)
    subject = class_subject(world)
    world.refuse("DUTIES_JOINED", "evaluation-confirmed", "evaluator-1", subject, confirmation(world))
    world.say("evaluation-confirmed", "signatory", subject, confirmation(world))
    world.refuse("DUTIES_JOINED", "certificate-issued", "evaluator-1", NEW_CERTIFICATE, an_issue(world))


def test_one_person_at_two_parties_stays_one_person() -> None:
    """An instructor of the class turns up as signatory of the body, under the same staff id."""
    world = ready("confirmed")
    appoint(world, "instructor-1", BODY, Duty.SIGNATORY)
    world.refuse("DUTIES_JOINED", "certificate-issued", "instructor-1", NEW_CERTIFICATE, an_issue(world))


def test_an_admin_raises_nobody_of_another_party_and_itself_to_nothing() -> None:
    world = ready("founded")
    admin, all_duties = f"admin-{INSTITUTION}", OfficerAppointed((Duty.SIGNATORY,), (), FIRST, LAST)
    world.refuse("DUTIES_JOINED", "officer-appointed", admin, officer(world, admin), all_duties)
    world.refuse("KEY_PARTY", "officer-appointed", admin, officer(world, "evaluator-1"), all_duties, iss=BODY)
    world.say("officer-appointed", admin, officer(world, "registrar"), all_duties)
    act = {"reason": "fraud"}
    world.refuse("ROLE_WRONG", "certificate-revoked", "registrar", NEW_CERTIFICATE, act)


def test_the_order_of_class_acts_cannot_be_turned() -> None:
    """Sheet before roster, result before sheets, certificate before result, sheet and roster after it."""
    world = ready("opened")
    world.now = moment(12, 14)
    subject = class_subject(world)
    made = ready("confirmed")
    sheet, result = a_sheet(made), confirmation(made)
    world.refuse("ROSTER_OTHER", "sheet", "evaluator-1", subject, sheet)
    world.refuse("SHEETS_OTHER", "evaluation-confirmed", "signatory", subject, result)
    world.refuse("EVALUATION_MISSING", "certificate-issued", "signatory", NEW_CERTIFICATE, an_issue(made))
    made.refuse("EVALUATION_CONFIRMED", "sheet", "evaluator-3", subject, sheet)
    made.refuse("EVALUATION_CONFIRMED", "evaluation-confirmed", "signatory", subject, result)
    roster = SCENES["roster"](made, made.people["registrar"])[1]
    made.refuse("ROSTER_EXISTS", "roster", "registrar", subject, roster)


def test_a_closed_claim_frees_no_hold_of_the_claim_after_it() -> None:
    """Rejected, released, claimed anew elsewhere: nothing said of the first touches the second."""
    world = ready("claimed")
    first, second = f"claim/{world.claim_id.hex()}", f"claim/{'d2' * 16}"
    rejected = ClaimDecided(Outcome.REJECTED, ("ROLE_NOT_SHOWN",), 0, release=True)
    world.say("claim-decided", "reviewer-310104", first, rejected)
    act, _ = claim_act(world, world.certificates[0])
    world.say("claim-submitted", "app-intake", second, act)
    for kind, who, body in (
        ("claim-withdrawn", "intake-310101", {"reason": "again"}),
        ("claim-decided", "reviewer-310104", rejected),
    ):
        world.refuse("CLAIM_CLOSED", kind, who, first, body)
    holds = [world.view.get(Hold, one.hex()) for one in (act.project_nullifier, act.slot_nullifier)]
    assert all(hold is not None and not hold.released for hold in holds)
    swapped = replace(act, project_nullifier=act.slot_nullifier, slot_nullifier=seeded("free", 32))
    world.refuse("ALREADY_CLAIMED", "claim-submitted", "intake-310104", f"claim/{'d3' * 16}", swapped)


def test_a_reviewer_of_another_district_neither_pays_nor_frees() -> None:
    world = ready("claimed")
    claim = f"claim/{world.claim_id.hex()}"
    for act in (
        ClaimDecided(Outcome.REJECTED, ("ROLE_NOT_SHOWN",), 0, release=True),
        ClaimDecided(Outcome.APPROVED, (), 180_000, release=False),
    ):
        world.refuse("DISTRICT_OTHER", "claim-decided", "reviewer-310101", claim, act)
    world.refuse("DUTY_MISSING", "claim-withdrawn", "reviewer-310104", claim, {"reason": "left"})


def test_a_place_in_a_status_list_is_not_taken_from_another() -> None:
    """By a void or by a certificate of somebody else: revoking that would switch the other's bit."""
    world = ready("confirmed")
    first, second = passed_ones(world)[:2]
    issued = issue(world, first)
    place = parse_credential(issued.credential).claims.status_index
    void = a_void(world, candidate=second.candidate, status_index=place)
    world.refuse("STATUS_TAKEN", "number-voided", "signatory", class_subject(world), void)
    act = an_issue(world, candidate=second.candidate, status_index=place)
    world.refuse("STATUS_TAKEN", "certificate-issued", "signatory", NEW_CERTIFICATE, act)


def _stages(world: World) -> Iterator[tuple[int, MemoryView]]:
    """The facts before each leaf."""
    view = MemoryView()
    for seq, statement in enumerate(world.said):
        before = MemoryView()
        before.facts = dict(view.facts)
        yield seq, before
        view.put(admit(view, statement, seq=seq, time_ms=world.times[seq]))


def test_no_body_of_an_act_makes_the_judge_raise_anything_else_or_change_its_view() -> None:
    """Genuine acts with one value changed in any depth, signed again by the same person."""
    world, chooser = ready("claimed"), random.Random(5)  # a sample, not a secret
    people = {one.signer.public.kid: one for one in world.people.values()}
    stages = list(_stages(world))
    refused = 0
    for _ in range(1_200):
        seq, view = chooser.choice(stages)
        said = world.said[seq]
        raw = signed_again(said, people[said.kid].signer, mutated(dict(said.body), chooser))
        if raw is None:
            continue
        before = dict(view.facts)
        try:
            admit(view, parse_statement(raw), seq=seq, time_ms=world.times[seq])
        except MalanError:
            refused += 1
        assert view.facts == before
    assert refused > 600
