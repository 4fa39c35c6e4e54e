"""Rules for roster and score sheets: who may say them, when, and to what they commit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from issuers.acts.classes import Roster, Sheet
from issuers.acts.words import PEOPLE_MAX, Duty
from tests.issuers.authority_worlds import a_roster, a_sheet, give, ready, the_class
from tests.world_parts import BODY, INSTITUTION, PROJECT, STANDARD, moment
from tests.world_steps import TRAINEES as ROWS
from tests.world_steps import appoint, class_subject, said_of_class, say_sheet, trainee

UNKNOWN = f"class/{'ee' * 16}"


def test_a_roster_is_said_by_the_classs_own_institution_once() -> None:
    world = ready("opened")
    act = a_roster(world)
    world.refuse("CLASS_OTHER", "roster", "rival-registrar", class_subject(world), act)
    world.refuse("CLASS_UNKNOWN", "roster", "registrar", UNKNOWN, act)
    said = world.say("roster", "registrar", class_subject(world), act)
    assert (the_class(world).roster, the_class(world).candidates) == (said.hash, len(ROWS))
    world.refuse("ROSTER_EXISTS", "roster", "registrar", class_subject(world), a_roster(world))


def test_a_roster_commits_to_exactly_its_fields() -> None:
    world = ready("opened")
    act = a_roster(world)
    short = [{name: digest for name, digest in entry.items() if name != "role"} for entry in act.entries]
    wide = [{**entry, "birthday": bytes(32)} for entry in act.entries]
    for entries in (short, wide):
        lie = replace(act, entries=tuple(entries))
        world.refuse("ENTRY_FIELDS", "roster", "registrar", class_subject(world), lie)


def test_the_order_of_a_roster_tells_nothing() -> None:
    """Entries stand in order of random digests; one entry twice would be one trainee twice."""
    world = ready("opened")
    act = a_roster(world)
    swapped = (act.entries[1], act.entries[0], *act.entries[2:])
    doubled = (act.entries[0], *act.entries)
    for entries in (swapped, doubled):
        lie = replace(act, entries=entries)
        world.refuse("ENTRY_ORDER", "roster", "registrar", class_subject(world), lie)


@pytest.mark.parametrize("digest", [b"", bytes(31), bytes(33), "text", 7])
def test_a_commitment_has_32_bytes(digest: Any) -> None:
    world = ready("opened")
    first = {**a_roster(world).entries[0], "name": digest}
    code = "SHAPE_SIZE" if isinstance(digest, bytes) else "SHAPE_TYPE"
    world.refuse(code, "roster", "registrar", class_subject(world), {"entries": [first]})


def test_an_empty_roster_or_one_too_many_is_refused() -> None:
    world = ready("opened")
    for entries in ([], [{"name": bytes(32)}] * (PEOPLE_MAX + 1)):
        world.refuse("SHAPE_SIZE", "roster", "registrar", class_subject(world), {"entries": entries})


def test_the_largest_class_the_act_allows_fits_a_statement() -> None:
    world = ready("opened")
    fields = trainee(world, *ROWS[0]).fields
    entries, _ = world.commit("roster", [fields] * PEOPLE_MAX)
    world.say("roster", "registrar", class_subject(world), Roster(entries))


# Sheets.


def test_a_sheet_is_by_an_evaluator_of_the_classs_body() -> None:
    world = ready("rostered")
    world.refuse("CLASS_OTHER", "sheet", "rival-evaluator", class_subject(world), a_sheet(world))
    world.refuse("CLASS_UNKNOWN", "sheet", "evaluator-1", UNKNOWN, a_sheet(world))


def test_scores_before_the_roster_or_for_another_roster_are_refused() -> None:
    world = ready("opened")
    world.trainees = [trainee(world, *row) for row in ROWS]
    entries, _ = world.commit(
        "sheet", [{"candidate": one.candidate, **one.marks[0]} for one in world.trainees]
    )
    early = Sheet(bytes(32), entries)
    world.refuse("ROSTER_OTHER", "sheet", "evaluator-1", class_subject(world), early)
    world = ready("rostered")
    world.refuse(
        "ROSTER_OTHER",
        "sheet",
        "evaluator-1",
        class_subject(world),
        replace(a_sheet(world), roster=bytes(32)),
    )


def test_nobody_scores_before_the_last_day_of_teaching() -> None:
    world = ready("opened")
    world.now = moment(10, 9)
    world.trainees = [trainee(world, *row) for row in ROWS]
    entries, openings = world.commit("roster", [one.fields for one in world.trainees])
    world.say("roster", "registrar", class_subject(world), Roster(entries), openings=openings)
    world.refuse("CLASS_RUNNING", "sheet", "evaluator-1", class_subject(world), a_sheet(world))
    world.refuse(
        "CLASS_RUNNING", "sheet", "evaluator-1", class_subject(world), a_sheet(world), at=moment(11, 0) - 1
    )
    world.say("sheet", "evaluator-1", class_subject(world), a_sheet(world), at=moment(11, 0))


def test_who_works_at_the_institution_does_not_score_its_class() -> None:
    """The registrar, now also an evaluator of the body; once dismissed there, the conflict is gone."""
    world = ready("rostered")
    staff = appoint(world, "registrar", BODY, Duty.EVALUATOR).staff
    act = a_sheet(world)
    world.refuse("EVALUATOR_AT_INSTITUTION", "sheet", "registrar", class_subject(world), act)
    world.say("officer-dismissed", f"admin-{INSTITUTION}", f"officer/{staff.hex()}", {"reason": "left"})
    world.say("sheet", "registrar", class_subject(world), act)


def test_an_instructor_of_the_class_does_not_score_it() -> None:
    """The same person, now also an evaluator of the body: the staff id gives them away."""
    world = ready("rostered")
    appoint(world, "instructor-1", BODY, Duty.EVALUATOR)
    world.refuse("EVALUATOR_TAUGHT", "sheet", "instructor-1", class_subject(world), a_sheet(world))


def test_one_evaluator_signs_one_sheet() -> None:
    world = ready("rostered")
    say_sheet(world, "evaluator-1", 0)
    world.refuse("SHEET_EXISTS", "sheet", "evaluator-1", class_subject(world), a_sheet(world))
    say_sheet(world, "evaluator-2", 1)
    assert [ref.staff for ref in the_class(world).sheets] == [
        world.people["evaluator-1"].staff,
        world.people["evaluator-2"].staff,
    ]


def test_a_second_key_is_no_second_evaluator() -> None:
    world = ready("rostered")
    say_sheet(world, "evaluator-1", 0)
    who, spare = world.people["evaluator-1"], world.new_key("spare")
    subject = f"officer/{who.staff.hex()}"
    world.say("key-enrolled", f"admin-{BODY}", subject, {"enrolment": world.enrolment(spare, BODY, subject)})
    world.refuse("SHEET_EXISTS", "sheet", who, class_subject(world), a_sheet(world), key=spare)


def test_a_sheet_scores_exactly_the_components_of_the_standard() -> None:
    world = ready("rostered")
    key = STANDARD.components[0].key
    act = a_sheet(world)
    without = tuple({name: one for name, one in entry.items() if name != key} for entry in act.entries)
    world.refuse("ENTRY_FIELDS", "sheet", "evaluator-1", class_subject(world), replace(act, entries=without))
    world.refuse("ENTRY_FIELDS", "sheet", "evaluator-1", class_subject(world), a_sheet(world, bonus=100))


def test_a_sheet_scores_no_more_candidates_than_the_roster_has() -> None:
    world = ready("rostered")
    extra = trainee(world, *ROWS[0])
    people = [{"candidate": one.candidate, **one.marks[0]} for one in (*world.trainees, extra)]
    entries, _ = world.commit("sheet", people)
    long = Sheet(said_of_class(world, "roster")[0], entries)
    world.refuse("SHEET_TOO_LONG", "sheet", "evaluator-1", class_subject(world), long)
    world.say("sheet", "evaluator-1", class_subject(world), a_sheet(world, rows=2))
    assert the_class(world).sheets[0].count == 2


def test_an_evaluator_scores_only_the_projects_of_the_appointment() -> None:
    world = ready("rostered")
    give(world, "evaluator-1", Duty.EVALUATOR, projects=("002", "003"))
    world.refuse("OFFICER_SCOPE", "sheet", "evaluator-1", class_subject(world), a_sheet(world))
    give(world, "evaluator-1", Duty.EVALUATOR, projects=("002", PROJECT))
    say_sheet(world, "evaluator-1", 0)
