"""The auditor's books on results and numbers, with no judge asked: sheets, confirmations, the 72 hours."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.verify.books import HOUR_MS, signed, told
from tests.verify.logs import codes, forge, look, names, said_in, whole_world
from tests.world import World
from tests.world_parts import moment
from tests.world_steps import class_subject, confirmation, issue
from verify.audit import rules
from verify.audit.findings import Severity


def scored_world() -> World:
    """Up to the sheets; the confirmation is for the test to make."""
    world = World.founded().with_standard().with_class().with_results()
    return forge(world, said_in(world)[:-1])


def confirmed(world: World, signer: str = "signatory", **changed: Any) -> bytes:
    act = replace(confirmation(world), **changed)
    return signed(world, "evaluation-confirmed", act, signer=signer, subject=class_subject(world))


def test_the_honest_confirmation_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    world = scored_world()
    assert told(world, monkeypatch, confirmed(world), at=world.now + HOUR_MS) == []


def test_a_result_on_one_persons_two_sheets_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    world = scored_world()
    said = said_in(world)
    sheet = world.said[-1]
    again = world.sign("sheet", "evaluator-1", sheet.subject, sheet.body)
    world = forge(world, [*said[:-1], (world.now, again)])
    found = told(world, monkeypatch, confirmed(world), at=world.now + HOUR_MS)
    assert found == ["EVALUATORS_TOO_FEW"]


def test_a_result_on_a_sheet_the_log_does_not_hold_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    world = scored_world()
    sheets = (*confirmation(world).sheets, b"\7" * 32)
    found = told(world, monkeypatch, confirmed(world, sheets=sheets), at=world.now + HOUR_MS)
    assert found == ["SHEET_NOT_LOGGED"]


def test_a_result_that_leaves_a_sheet_aside_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    world = scored_world()
    sheet = world.said[-1]
    third = world.sign("sheet", "evaluator-3", sheet.subject, sheet.body)
    raw = confirmed(world)
    found = told(world, monkeypatch, third, raw, at=world.now + HOUR_MS)
    assert found == ["SHEET_LEFT_ASIDE"]


def test_a_signatory_who_scored_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    world = scored_world()
    found = told(world, monkeypatch, confirmed(world, signer="evaluator-1"), at=world.now + HOUR_MS)
    assert found == ["EVALUATOR_ANSWERS"]


def test_a_second_result_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    world = whole_world()
    act = confirmation(world)
    raw = signed(world, "evaluation-confirmed", act, subject=class_subject(world))
    assert told(world, monkeypatch, raw) == ["EVALUATION_TWICE"]


CONFIRMED_MS = moment(12, 16)


@pytest.mark.parametrize(
    ("hours", "expected"),
    [(71, []), (72, []), (72.01, ["NUMBER_OUTSTANDING"] * 5), (2_000, ["NUMBER_OUTSTANDING"] * 5)],
)
def test_a_number_neither_issued_nor_voided_is_open_after_72_hours(hours: float, expected: list[str]) -> None:
    world = World.founded().with_standard().with_class().with_results()
    report = look(world, at_ms=CONFIRMED_MS + int(hours * HOUR_MS))
    assert codes(report) == expected
    pending = [one.en for one in report.of(Severity.NOTE) if one.code == "NUMBERS_PENDING"]
    assert pending == (
        [] if expected else ["5 numbers are neither issued nor voided yet, within their 72 hours."]
    )


def test_an_open_number_names_the_candidate_by_its_random_id(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World.founded().with_standard().with_class().with_results()
    world.now = moment(13, 10)
    for trainee in [one for one in world.trainees if one.passes][1:]:
        issue(world, trainee)
    open_one = next(one for one in world.trainees if one.passes)
    at = CONFIRMED_MS + 100 * HOUR_MS
    report = look(world, at_ms=at)
    assert names(report) == [
        ("NUMBER_OUTSTANDING", f"{class_subject(world)}, candidate {open_one.candidate.hex()}")
    ]
    monkeypatch.setattr(rules.Rules, "close", lambda *_, **__: None)  # negative control
    assert names(look(world, at_ms=at)) == []


def test_numbers_used_late_are_noted() -> None:
    late = World.founded().with_standard().with_class().with_results()
    late.now = moment(16, 10)
    late = late.with_certificates()
    report = look(late)
    assert report.exit_code == 0
    assert "NUMBERS_LATE" in codes(report, Severity.NOTE)
    assert "NUMBERS_LATE" not in codes(look(whole_world()), Severity.NOTE)
