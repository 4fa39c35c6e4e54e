"""What an act does beside its facts: only true openings, known people, readable policies, honest results."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from issuers.acts.classes import EvaluationConfirmed, PolicyPublished, Roster, Sheet
from issuers.acts.parties import OfficerAppointed
from issuers.acts.words import Duty
from issuers.identifiers.identity import IdNumber, IdType
from ledger.commitment import Opening, commit, decode_opening, encode_opening
from registry.storage.tables import candidate, opening, person, staff
from tests.registry.stage import POLICY_ID, Stage, item
from tests.world_parts import BODY, FIRST, LAST, moment
from tests.world_steps import (
    TRAINEES,
    class_subject,
    confirmation,
    said_of_class,
    say_roster,
    say_sheet,
    trainee,
)
from verify.subsidy.policy import POLICY_DEMO

Fields = dict[str, Any]


@pytest.fixture
def taught(stage: Stage) -> Stage:
    """A class whose teaching is over and whose roster is not yet said."""
    stage.world.with_class()
    stage.world.trainees = [trainee(stage.world, *row) for row in TRAINEES]
    stage.tell()
    return stage


def roster_of(stage: Stage, people: list[Fields]) -> tuple[bytes, list[bytes]]:
    """A signed roster of these people, with its openings."""
    entries, openings = stage.world.commit("roster", people)
    raw = stage.world.sign("roster", "registrar", class_subject(stage.world), Roster(entries))
    return raw, [encode_opening(one) for one in openings]


def people_of(stage: Stage) -> list[Fields]:
    return [dict(one.fields) for one in stage.world.trainees]


def refused(stage: Stage, raw: bytes, openings: list[bytes], code: str) -> dict[str, Any]:
    """The bare statement is refused with the code, and nothing of it is stored."""
    tables = (candidate, opening, person)
    before = (stage.size(), *(stage.count(table) for table in tables))
    answer = stage.post(raw, openings)
    assert answer.json()["code"] == code, answer.text
    assert answer.status_code in (400, 422)
    assert (stage.size(), *(stage.count(table) for table in tables)) == before
    problem: dict[str, Any] = answer.json()
    return problem


def test_a_roster_makes_persons_candidates_and_sealed_openings(taught: Stage) -> None:
    known = taught.count(person)
    say_roster(taught.world)
    taught.tell()
    number = len(TRAINEES)
    assert (taught.count(candidate), taught.count(opening)) == (number, number)
    assert taught.count(person) == known + number
    with taught.service.database.reading() as connection:
        kept = taught.service.people.openings(connection, taught.world.said[-1].hash)
    assert [decode_opening(raw) for raw in kept] == taught.world.openings[taught.world.said[-1].hash]


def test_a_person_known_from_elsewhere_is_not_made_again(taught: Stage) -> None:
    raw, openings = roster_of(taught, people_of(taught)[:1])
    with taught.service.database.transaction() as connection:
        document = IdNumber(IdType.RESIDENT_ID, taught.world.trainees[0].fields["id_number"])
        known = taught.service.people.find_or_add(connection, document)
    count = taught.count(person)
    assert taught.post(raw, openings).status_code == 200
    assert taught.count(person) == count
    with taught.service.database.reading() as connection:
        assert connection.execute(sa.select(candidate.c.person)).scalars().all() == [known]


CHANGES: list[tuple[str, Callable[[Fields], Fields]]] = [
    ("VALUE_FORM", lambda one: {**one, "name": f" {one['name']}"}),
    ("NAME_HIDDEN", lambda one: {**one, "name": f"{one['name']}\u200b"}),
    ("VALUE_FORM", lambda one: {**one, "id_number": one["id_number"].replace("0", "０", 1)}),
    ("ID_CHECK_DIGIT", lambda one: {**one, "id_number": one["id_number"][:-1] + _other(one["id_number"])}),
    ("SHAPE_FORM", lambda one: {**one, "id_type": "driving-licence"}),
    ("SHAPE_FORM", lambda one: {**one, "role": "cousin"}),
    ("SHAPE_FORM", lambda one: {**one, "founded_on": "2025-3-4"}),
    ("SHAPE_SIZE", lambda one: {**one, "candidate": b"short"}),
    ("SHAPE_TYPE", lambda one: {**one, "attended": "40"}),
    ("ATTENDED_RANGE", lambda one: {**one, "attended": 41}),
    ("USCC_FORM", lambda one: {**one, "uscc": "12345"}),
]


@pytest.mark.parametrize(("code", "change"), CHANGES)
def test_a_roster_with_an_improper_value_is_refused_whole(
    taught: Stage, code: str, change: Callable[[Fields], Fields]
) -> None:
    people = people_of(taught)
    raw, openings = roster_of(taught, [*people[:2], change(people[2])])
    problem = refused(taught, raw, openings, code)
    told = str(problem)
    assert not any(str(value) in told for one in people for value in one.values() if len(str(value)) > 3)


def test_one_person_twice_in_a_roster_is_refused(taught: Stage) -> None:
    first, second, *_ = people_of(taught)
    twin = {**second, "id_number": first["id_number"]}
    refused(taught, *roster_of(taught, [first, twin]), "PERSON_TWICE")


def test_one_candidate_id_for_two_people_is_refused(taught: Stage) -> None:
    first, second, *_ = people_of(taught)
    twin = {**second, "candidate": first["candidate"]}
    refused(taught, *roster_of(taught, [first, twin]), "CANDIDATE_TWICE")


def test_openings_in_another_order_do_not_open(taught: Stage) -> None:
    raw, openings = roster_of(taught, people_of(taught))
    refused(taught, raw, openings[::-1], "OPENING_MISMATCH")


def test_an_opening_with_one_value_changed_does_not_open(taught: Stage) -> None:
    raw, openings = roster_of(taught, people_of(taught))
    told = decode_opening(openings[3])
    openings[3] = encode_opening(Opening(told.record_key, {**told.fields, "attended": 39}))
    problem = refused(taught, raw, openings, "OPENING_MISMATCH")
    assert problem["where"] == "entries[3].attended"


@pytest.mark.parametrize("count", [0, 5, 7])
def test_openings_are_as_many_as_entries(taught: Stage, count: int) -> None:
    raw, openings = roster_of(taught, people_of(taught))
    refused(taught, raw, (openings * 2)[:count], "OPENINGS_COUNT")


def sheet_of(stage: Stage, rows: list[Fields], who: str = "evaluator-1") -> tuple[bytes, list[bytes]]:
    openings = [Opening(stage.world.draw(32), row) for row in rows]
    pairs = sorted(((commit(one), one) for one in openings), key=lambda pair: pair[0]["candidate"])
    act = Sheet(said_of_class(stage.world, "roster")[0], tuple(entry for entry, _ in pairs))
    raw = stage.world.sign("sheet", who, class_subject(stage.world), act)
    return raw, [encode_opening(one) for _, one in pairs]


@pytest.fixture
def enrolled(taught: Stage) -> Stage:
    """The roster is said; the evaluators come next."""
    say_roster(taught.world)
    taught.world.now = moment(12, 14)
    taught.tell()
    return taught


def marks(stage: Stage) -> list[Fields]:
    return [{"candidate": one.candidate, **one.marks[0]} for one in stage.world.trainees]


def test_a_mark_for_somebody_off_the_roster_is_refused(enrolled: Stage) -> None:
    rows = [*marks(enrolled)[:-1], {**marks(enrolled)[-1], "candidate": b"s" * 16}]
    refused(enrolled, *sheet_of(enrolled, rows), "CANDIDATE_UNKNOWN")


def test_a_candidate_twice_on_a_sheet_is_refused(enrolled: Stage) -> None:
    rows = marks(enrolled)
    rows[1] = {**rows[1], "candidate": rows[0]["candidate"]}
    refused(enrolled, *sheet_of(enrolled, rows), "CANDIDATE_TWICE")


@pytest.mark.parametrize(
    ("mark", "code"), [(1001, "MARK_RANGE"), (-1, "MARK_RANGE"), ("850", "MARK_FORM"), (True, "MARK_FORM")]
)
def test_a_mark_outside_the_standard_is_refused(enrolled: Stage, mark: object, code: str) -> None:
    rows = marks(enrolled)
    rows[2] = {**rows[2], "theory": mark}
    refused(enrolled, *sheet_of(enrolled, rows), code)


def test_a_sheet_that_leaves_out_an_absent_candidate_is_taken(enrolled: Stage) -> None:
    assert enrolled.post(*sheet_of(enrolled, marks(enrolled)[:-1])).status_code == 200


@pytest.fixture
def scored(enrolled: Stage) -> Stage:
    """Two sheets are said; nothing is confirmed."""
    say_sheet(enrolled.world, "evaluator-1", 0)
    say_sheet(enrolled.world, "evaluator-2", 1)
    enrolled.tell()
    return enrolled


def confirm(stage: Stage, act: EvaluationConfirmed) -> Any:
    return stage.post(stage.world.sign("evaluation-confirmed", "signatory", class_subject(stage.world), act))


def test_the_honest_result_is_confirmed(scored: Stage) -> None:
    assert confirm(scored, confirmation(scored.world)).status_code == 200


def test_a_result_that_passes_somebody_who_failed_is_refused(scored: Stage) -> None:
    everybody = tuple(one.candidate for one in scored.world.trainees)
    answer = confirm(scored, replace(confirmation(scored.world), passed=everybody))
    assert (answer.status_code, answer.json()["code"]) == (422, "RESULT_MISMATCH")


def test_a_result_that_drops_somebody_who_passed_is_refused(scored: Stage) -> None:
    honest = confirmation(scored.world)
    assert confirm(scored, replace(honest, passed=honest.passed[1:])).json()["code"] == "RESULT_MISMATCH"


def test_a_result_with_a_stranger_in_the_place_of_a_trainee_is_refused(scored: Stage) -> None:
    honest = confirmation(scored.world)
    act = replace(honest, passed=(*honest.passed[1:], b"s" * 16))
    assert confirm(scored, act).json()["code"] == "RESULT_MISMATCH"


def test_an_officer_without_a_given_staff_id_is_not_appointed(stage: Stage) -> None:
    act = OfficerAppointed((Duty.EVALUATOR,), (), FIRST, LAST)
    raw = stage.world.sign("officer-appointed", f"admin-{BODY}", f"officer/{'ab' * 16}", act)
    assert stage.post(raw).json()["code"] == "STAFF_UNKNOWN"


def test_an_officer_known_to_the_service_is_appointed(stage: Stage) -> None:
    known = stage.world.people["instructor-1"].staff
    with stage.service.database.reading() as connection:
        assert known in connection.execute(sa.select(staff.c.staff)).scalars().all()
    act = OfficerAppointed((Duty.EVALUATOR,), (), FIRST, LAST)
    raw = stage.world.sign("officer-appointed", f"admin-{BODY}", f"officer/{known.hex()}", act)
    assert stage.post(raw).status_code == 200


def test_a_policy_nobody_can_read_is_refused(stage: Stage) -> None:
    raw = stage.world.sign("policy-published", "root-1", "policy/x", PolicyPublished({"amount_fen": 1}))
    assert stage.post(raw).json()["code"] == "POLICY_UNREADABLE"


def test_a_policy_under_another_name_is_refused(stage: Stage) -> None:
    act = PolicyPublished(POLICY_DEMO.to_body())
    raw = stage.world.sign("policy-published", "root-1", "policy/other", act)
    assert POLICY_ID != "other"
    assert stage.post(raw).json()["code"] == "POLICY_NAME"


def test_openings_beside_an_act_that_commits_to_nothing_are_refused(stage: Stage) -> None:
    raw = stage.world.sign("policy-published", "root-1", "policy/x", PolicyPublished({}))
    (answer,) = stage.post_batch([item(raw, [encode_opening(Opening(b"k" * 32, {}))])])
    assert answer["code"] == "OPENINGS_COUNT"


def _other(number: str) -> str:
    return "1" if number[-1] != "1" else "2"
