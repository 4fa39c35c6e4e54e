"""How long the subsidy waits for a holder: to the last day of the rules; what stands against it is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from issuers.acts.words import CertificateKind
from issuers.authority.class_facts import Claim, ClaimState
from registry.holders.windows import Waits, Window, window_of
from tests.verify.subsidy_cases import GOOD, POLICIES
from verify.subsidy.case import Case, Rule
from verify.subsidy.policy import POLICY_2023_7, POLICY_DEMO
from verify.subsidy.rules import decide

# What the page knows of a case: nothing of the organisation.
KNOWN = replace(GOOD, in_shanghai=None, founded_on=None, role=None)
CLAIM = Claim(
    id=b"c" * 16,
    certificate=b"z" * 16,
    project=GOOD.project,
    policy=POLICY_2023_7.id,
    district="district-310101",
    intake_staff=b"s" * 16,
    project_nullifier=b"p" * 32,
    slot_nullifier=b"n" * 32,
    state=ClaimState.SUBMITTED,
    submitted_ms=0,
)


def window(case: Case = KNOWN, claim: Claim | None = None) -> Window:
    return window_of(case, POLICIES, claim)


def codes(told: Window) -> set[str]:
    return {one.code for one in told.reasons}


def test_the_last_day_is_that_of_the_decision_and_days_are_counted_to_it() -> None:
    last = decide(GOOD, POLICIES).last_day
    assert last == date(2026, 3, 10)
    for before in (365, 100, 1, 0):
        told = window(replace(KNOWN, submitted_on=last - timedelta(days=before)))
        assert (told.waits, told.days_left, told.last_day) == (Waits.OPEN, before, last), before
        assert (told.policy, told.amount_fen, told.unconfirmed, told.at_least) == (
            "2023-7",
            180_000,
            False,
            False,
        )
    over = window(replace(KNOWN, submitted_on=last + timedelta(days=1)))
    assert (over.waits, over.days_left, codes(over)) == (Waits.CLOSED, None, {"WINDOW_OVER"})


def test_a_last_day_of_rest_moves_as_the_rules_move_it() -> None:
    case = replace(KNOWN, issued_on=date(2025, 2, 17), submitted_on=date(2026, 2, 24))
    told = window(case)  # 2026-02-17 is New Year's day; work begins on 02-24
    assert (told.last_day, told.days_left) == (date(2026, 2, 24), 0)


def test_where_the_days_of_rest_are_not_announced_the_day_is_a_least_one() -> None:
    issued = date(2099, 12, 31)
    open_ended = replace(POLICY_DEMO, valid_to=None)
    case = replace(KNOWN, issued_on=issued, submitted_on=issued)
    told = window_of(case, (open_ended,), None)
    assert (told.last_day, told.at_least, told.days_left) == (date(2100, 12, 31), True, 365)
    past = window_of(replace(case, submitted_on=date(2101, 1, 1)), (open_ended,), None)
    assert (past.waits, past.days_left, codes(past)) == (Waits.UNCLEAR, None, {"CALENDAR_UNKNOWN"})


@pytest.mark.parametrize(
    ("changed", "waits", "code"),
    [
        ({"kind": CertificateKind.COMPLETION}, Waits.CLOSED, "STAGE_NOT_SUBSIDISED"),
        ({"verdict_state": "revoked"}, Waits.CLOSED, "CERTIFICATE_INVALID"),
        ({"verdict_state": "suspended"}, Waits.UNCLEAR, "CERTIFICATE_SUSPENDED"),
        ({"verdict_complete": False}, Waits.UNCLEAR, "CERTIFICATE_UNCHECKED"),
        ({"held_projects": ("startup",), "held_count": 1}, Waits.CLOSED, "PROJECT_USED"),
        ({"held_projects": ("a", "b", "c"), "held_count": 3}, Waits.CLOSED, "LIMIT_REACHED"),
        ({"issued_on": date(2020, 1, 1)}, Waits.UNCLEAR, "NO_POLICY"),
    ],
)
def test_what_stands_against_it_is_told(changed: dict[str, object], waits: Waits, code: str) -> None:
    told = window(replace(KNOWN, **changed))  # type: ignore[arg-type]
    assert told.waits is waits
    assert code in codes(told)


def test_while_it_is_suspended_the_time_runs_on() -> None:
    told = window(replace(KNOWN, verdict_state="suspended"))
    assert told.days_left == (date(2026, 3, 10) - KNOWN.submitted_on).days


def test_a_certificate_that_opens_no_subsidy_has_no_days_and_no_amount() -> None:
    told = window(replace(KNOWN, stage=2))
    assert (told.last_day, told.days_left, told.amount_fen) == (None, None, None)


def test_a_claim_that_was_made_is_told_before_any_rule() -> None:
    told = window(replace(KNOWN, held_projects=("startup",), held_count=1), CLAIM)
    assert (told.waits, told.days_left, told.reasons) == (Waits.CLAIMED, None, ())


def test_what_only_a_counter_can_check_is_not_judged_here() -> None:
    told = window()
    assert {one.rule for one in told.reasons} == {
        *(Rule.POLICY, Rule.CERTIFICATE, Rule.STAGE, Rule.WINDOW, Rule.ONCE_PER_PROJECT, Rule.PERSON_LIMIT)
    }
