"""Rules about the organisation: they rest on checked facts of the right day, or stay open."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from issuers.identifiers.organisations import OrganisationRole
from tests.verify.subsidy_cases import CHECKED, GOOD, ROLE, finding, only
from verify.subsidy.case import Answer, Fact, HeldRole, Rule, Source
from verify.subsidy.policy import POLICY_2023_7, AgeReference
from verify.subsidy.rules import decide

FACT_RULES = (
    ("in_shanghai", Rule.IN_SHANGHAI),
    ("founded_on", Rule.ORGANISATION_AGE),
    ("role", Rule.ROLE),
)


@pytest.mark.parametrize(("name", "rule"), FACT_RULES)
def test_what_only_the_applicant_says_is_never_enough(name: str, rule: Rule) -> None:
    declared = replace(getattr(GOOD, name), source=Source.SELF_DECLARED)
    assert only(replace(GOOD, **{name: declared}), rule) == (Answer.UNKNOWN, "FACT_UNCHECKED")
    invented = replace(getattr(GOOD, name), source="a-new-source")
    assert only(replace(GOOD, **{name: invented}), rule) == (Answer.UNKNOWN, "FACT_UNCHECKED")


@pytest.mark.parametrize(("name", "rule"), FACT_RULES)
def test_a_missing_fact_goes_to_a_person(name: str, rule: Rule) -> None:
    without: dict[str, Any] = {name: None}
    assert only(replace(GOOD, **without), rule) == (Answer.UNKNOWN, "FACT_MISSING")


def test_declared_facts_that_speak_against_the_applicant_do_not_refuse_either() -> None:
    case = replace(GOOD, in_shanghai=Fact(False, Source.SELF_DECLARED, CHECKED))
    assert only(case, Rule.IN_SHANGHAI)[0] is Answer.UNKNOWN


def test_an_organisation_elsewhere_fails_and_an_old_extract_is_a_question() -> None:
    elsewhere = replace(GOOD, in_shanghai=Fact(False, Source.MARKET_REGISTER, CHECKED))
    assert only(elsewhere, Rule.IN_SHANGHAI) == (Answer.FAIL, "ORGANISATION_ELSEWHERE")
    old = replace(GOOD, in_shanghai=Fact(True, Source.MARKET_REGISTER, date(2025, 3, 9)))
    assert only(old, Rule.IN_SHANGHAI) == (Answer.UNKNOWN, "FACT_STALE")


@pytest.mark.parametrize(
    ("founded", "issued", "answer", "code"),
    [
        ("2022-11-30", "2025-11-30", Answer.PASS, "ORGANISATION_YOUNG"),
        ("2022-11-30", "2025-12-01", Answer.FAIL, "ORGANISATION_TOO_OLD"),
        ("2021-02-28", "2024-02-28", Answer.PASS, "ORGANISATION_YOUNG"),
        ("2021-02-28", "2024-02-29", Answer.FAIL, "ORGANISATION_TOO_OLD"),
        ("2025-12-01", "2025-12-01", Answer.PASS, "ORGANISATION_YOUNG"),
        ("2025-12-02", "2025-12-01", Answer.FAIL, "ORGANISATION_NOT_FOUNDED"),
    ],
)
def test_an_organisation_is_within_three_years_to_the_day(
    founded: str, issued: str, answer: Answer, code: str
) -> None:
    issued_on = date.fromisoformat(issued)
    case = replace(
        GOOD,
        issued_on=issued_on,
        submitted_on=issued_on,
        founded_on=Fact(date.fromisoformat(founded), Source.CIVIL_REGISTER, issued_on),
        in_shanghai=Fact(True, Source.CIVIL_REGISTER, issued_on),
        role=Fact(replace(ROLE, first_day=issued_on), Source.CIVIL_REGISTER, issued_on),
    )
    assert only(case, Rule.ORGANISATION_AGE) == (answer, code)


def test_an_organisation_of_the_end_of_the_calendar_is_not_founded_and_no_fault() -> None:
    case = replace(GOOD, founded_on=Fact(date.max, Source.MARKET_REGISTER, CHECKED))
    assert only(case, Rule.ORGANISATION_AGE) == (Answer.FAIL, "ORGANISATION_NOT_FOUNDED")


def test_the_reference_of_the_age_is_a_parameter() -> None:
    case = replace(
        GOOD,
        founded_on=Fact(date(2022, 3, 1), Source.MARKET_REGISTER, CHECKED),
        class_started_on=date(2025, 2, 24),
    )
    answers = {
        reference: finding(
            decide(case, (replace(POLICY_2023_7, org_age_reference=reference),)), Rule.ORGANISATION_AGE
        )
        for reference in AgeReference
    }
    assert answers == {
        AgeReference.ISSUE: (Answer.FAIL, "ORGANISATION_TOO_OLD"),
        AgeReference.APPLICATION: (Answer.FAIL, "ORGANISATION_TOO_OLD"),
        AgeReference.CLASS_START: (Answer.PASS, "ORGANISATION_YOUNG"),
        AgeReference.ALL: (Answer.UNKNOWN, "ORG_AGE_AMBIGUOUS"),
    }
    unknown_start = replace(case, class_started_on=None)
    by_start = replace(POLICY_2023_7, org_age_reference=AgeReference.CLASS_START)
    assert finding(decide(unknown_start, (by_start,)), Rule.ROLE) == (Answer.UNKNOWN, "FACT_MISSING")


@pytest.mark.parametrize(
    ("first", "last", "as_of", "answer", "code"),
    [
        ("2025-03-10", None, "2025-03-10", Answer.PASS, "ROLE_HELD"),
        ("2025-03-11", None, "2025-06-01", Answer.FAIL, "ROLE_NOT_HELD"),
        ("2024-01-01", "2025-03-10", "2025-06-01", Answer.PASS, "ROLE_HELD"),
        ("2024-01-01", "2025-03-09", "2025-06-01", Answer.FAIL, "ROLE_NOT_HELD"),
        ("2024-01-01", None, "2025-03-09", Answer.UNKNOWN, "FACT_STALE"),
        (None, None, "2025-06-01", Answer.UNKNOWN, "FACT_MISSING"),
    ],
)
def test_the_role_is_held_on_the_day_that_counts(
    first: str | None, last: str | None, as_of: str, answer: Answer, code: str
) -> None:
    first_day, last_day = (date.fromisoformat(text) if text else None for text in (first, last))
    held = HeldRole(OrganisationRole.LEGAL_REPRESENTATIVE, first_day, last_day)
    case = replace(GOOD, role=Fact(held, Source.MARKET_REGISTER, date.fromisoformat(as_of)))
    assert only(case, Rule.ROLE) == (answer, code)
