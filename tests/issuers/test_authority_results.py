"""Rules for the confirmed result: who may sign for it, and what it must rest on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from issuers.acts.classes import EvaluationConfirmed, Roster
from issuers.acts.parties import BodyAppointed, BodySuspended
from issuers.acts.words import Duty
from issuers.authority.class_facts import Passed, SheetRef, passed_key
from issuers.standard import Standard
from tests.issuers.authority_worlds import a_sheet, give, ready, the_class
from tests.world import World
from tests.world_parts import BODY, FIRST, LAST, PROJECT, STANDARD
from tests.world_steps import TRAINEES as ROWS
from tests.world_steps import appoint, class_subject, confirmation, said_of_class, say_sheet, trainee

UNKNOWN = f"class/{'ee' * 16}"


@pytest.mark.parametrize("stage", ["rostered", "scored", "confirmed"])
def test_a_suspended_body_neither_scores_nor_confirms_nor_issues(stage: str) -> None:
    world = ready(stage)
    world.say_two("body-suspended", f"party/{BODY}", BodySuspended("quality"))
    if stage == "rostered":
        world.refuse("BODY_SUSPENDED", "sheet", "evaluator-1", class_subject(world), a_sheet(world))
    elif stage == "scored":
        kind = "evaluation-confirmed"
        world.refuse("BODY_SUSPENDED", kind, "signatory", class_subject(world), confirmation(world))
    else:
        body: dict[str, Any] = {"class_id": world.class_id, "candidate": world.trainees[0].candidate}
        rest = {"status_list": 1, "status_index": 5, "reason": "unused"}
        entries, _ = world.commit("number-voided", [{"number": "x" * 23}])
        body |= {**rest, "entries": list(entries)}
        world.refuse("BODY_SUSPENDED", "number-voided", "signatory", class_subject(world), body)


def test_a_body_whose_scope_shrank_does_not_confirm() -> None:
    world = ready("scored")
    world.say_two("body-appointed", f"party/{BODY}", BodyAppointed(("002",), FIRST, LAST))
    honest = confirmation(world)
    world.refuse("BODY_SCOPE", "evaluation-confirmed", "signatory", class_subject(world), honest)


# The confirmed result.


def confirm(world: World, code: str, signer: str = "signatory", **changed: Any) -> None:
    act = replace(confirmation(world), **changed)
    world.refuse(code, "evaluation-confirmed", signer, class_subject(world), act)


def test_the_result_is_confirmed_by_the_classs_own_body_once() -> None:
    world = ready("scored")
    confirm(world, "CLASS_OTHER", "rival-signatory")
    world.refuse("CLASS_UNKNOWN", "evaluation-confirmed", "signatory", UNKNOWN, confirmation(world))
    said = world.say("evaluation-confirmed", "signatory", class_subject(world), confirmation(world))
    assert the_class(world).evaluation == said.hash
    confirm(world, "EVALUATION_CONFIRMED")


def test_no_sheet_is_added_to_a_confirmed_result() -> None:
    world = ready("confirmed")
    world.refuse("EVALUATION_CONFIRMED", "sheet", "evaluator-3", class_subject(world), a_sheet(world))


def test_who_scored_or_taught_does_not_sign_for_the_result() -> None:
    world = ready("scored")
    give(world, "evaluator-1", Duty.EVALUATOR, Duty.SIGNATORY)
    confirm(world, "DUTIES_JOINED", "evaluator-1")
    appoint(world, "instructor-2", BODY, Duty.SIGNATORY)
    confirm(world, "DUTIES_JOINED", "instructor-2")


def test_an_evaluator_who_did_not_score_this_class_may_sign() -> None:
    world = ready("scored")
    give(world, "evaluator-3", Duty.EVALUATOR, Duty.SIGNATORY)
    world.say("evaluation-confirmed", "evaluator-3", class_subject(world), confirmation(world))


def test_no_sheet_is_left_out_invented_or_moved() -> None:
    world = ready("scored")
    say_sheet(world, "evaluator-3", 0)
    one, two, three = said_of_class(world, "sheet")
    for sheets in ((one, two), (two, one, three), (one, two, three, three), (one, two, bytes(32))):
        confirm(world, "SHEETS_OTHER", sheets=sheets)


def test_the_result_rests_on_the_sealed_roster_and_the_pinned_standard() -> None:
    world = ready("scored")
    confirm(world, "SHEETS_OTHER", roster=bytes(32))
    confirm(world, "STANDARD_OTHER", standard="easier-2026")


def test_a_result_without_roster_is_refused() -> None:
    world = ready("opened")
    act = EvaluationConfirmed(bytes(32), (bytes(32), bytes(31) + b"\1"), "startup-2026", 1, ())
    world.refuse("SHEETS_OTHER", "evaluation-confirmed", "signatory", class_subject(world), act)


def test_fewer_evaluators_than_the_standard_demands_are_too_few() -> None:
    world = ready("published")
    strict = replace(STANDARD, id="strict-2026", evaluators_min=3)
    world.say("standard-published", "standards", "standard/strict-2026", {"document": strict.to_body()})
    rescore(world, strict)
    confirm(world, "SHEETS_TOO_FEW", standard=strict.id)
    say_sheet(world, "evaluator-3", 0)
    act = replace(confirmation(world), standard=strict.id)
    world.say("evaluation-confirmed", "signatory", class_subject(world), act)


def rescore(world: World, standard: Standard) -> None:
    """The class again under another standard, up to two sheets."""
    world.class_id = world.draw(16)
    staff = [world.people["instructor-1"].staff]
    days = {"first_day": "2026-03-02", "last_day": "2026-03-02"}
    body = {"project": PROJECT, "standard": standard.id, "body": BODY, "instructors": staff, **days}
    world.say("class-opened", "registrar", class_subject(world), body)
    world.trainees = [trainee(world, *row) for row in ROWS]
    entries, _ = world.commit("roster", [one.fields for one in world.trainees])
    world.say("roster", "registrar", class_subject(world), Roster(entries))
    say_sheet(world, "evaluator-1", 0)
    say_sheet(world, "evaluator-2", 1)


def test_nobody_passes_whom_no_sheet_can_have_scored() -> None:
    """Two sheets of one entry each carry one who passed, not all."""
    world = ready("rostered")
    for name in ("evaluator-1", "evaluator-2"):
        world.say("sheet", name, class_subject(world), a_sheet(world, rows=1))
    confirm(world, "SHEETS_TOO_SHORT")


def test_the_counts_agree_with_the_roster() -> None:
    world = ready("scored")
    confirm(world, "COUNTS_WRONG", candidates=len(ROWS) + 1)
    confirm(world, "COUNTS_WRONG", candidates=len(ROWS) - 1)
    many = tuple(world.draw(16) for _ in range(len(ROWS) + 1))
    confirm(world, "COUNTS_WRONG", passed=many)


def test_nobody_passes_twice() -> None:
    world = ready("scored")
    one = world.trainees[0].candidate
    confirm(world, "PASSED_TWICE", passed=(one, one))


def test_a_signatory_confirms_only_the_projects_of_the_appointment() -> None:
    world = ready("scored")
    give(world, "signatory", Duty.SIGNATORY, projects=("002",))
    confirm(world, "OFFICER_SCOPE")


def test_the_result_names_who_passed_and_nobody_else() -> None:
    world = ready("confirmed")
    fact = the_class(world)
    assert all(isinstance(ref, SheetRef) and ref.count == len(ROWS) for ref in fact.sheets)
    for one in world.trainees:
        found = world.view.get(Passed, passed_key(world.class_id, one.candidate))
        assert (found is not None) == one.passes
