"""Subsidy rules: each passes, fails and stays open for its own reason, and nobody learns too much."""

from __future__ import annotations

import ast
import inspect
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from issuers.acts.words import CertificateKind
from issuers.identifiers.organisations import OrganisationRole
from tests.verify.subsidy_cases import GOOD, ISSUED, POLICIES, ROLE, finding, only
from verify.subsidy import rules as subsidy
from verify.subsidy.case import Answer, Case, Fact, HeldRole, Rule, Source
from verify.subsidy.policy import POLICY_2023_7
from verify.subsidy.reasons import REASONS
from verify.subsidy.rules import UNKNOWN_CERTIFICATE, decide
from verify.verdict import State


def test_who_meets_every_rule_gets_1800_yuan() -> None:
    decision = decide(GOOD, POLICIES)
    assert decision.outcome is Answer.PASS
    assert [one.rule for one in decision.findings] == list(Rule)
    assert (decision.amount_fen, decision.policy_id) == (180_000, "2023-7")
    assert (decision.first_day, decision.last_day) == (ISSUED, date(2026, 3, 10))
    assert (decision.confirmed, decision.transition) == (True, False)


@pytest.mark.parametrize(
    ("kind", "stage", "answer"),
    [
        (CertificateKind.QUALIFICATION, 3, Answer.PASS),
        (CertificateKind.COMPLETION, 3, Answer.FAIL),
        (CertificateKind.COMPLETION, 1, Answer.FAIL),
        (CertificateKind.COMPLETION, 2, Answer.FAIL),
        (CertificateKind.COMPLETION, 4, Answer.FAIL),
        (CertificateKind.QUALIFICATION, 4, Answer.FAIL),
    ],
)
def test_only_the_qualification_certificate_of_stage_3_opens_it(
    kind: CertificateKind, stage: int, answer: Answer
) -> None:
    assert only(replace(GOOD, kind=kind, stage=stage), Rule.STAGE)[0] is answer


@pytest.mark.parametrize(
    ("state", "complete", "answer", "code"),
    [
        ("valid", True, Answer.PASS, "CERTIFICATE_VALID"),
        ("VALID", True, Answer.PASS, "CERTIFICATE_VALID"),
        ("valid", False, Answer.UNKNOWN, "CERTIFICATE_UNCHECKED"),
        ("could not check", False, Answer.UNKNOWN, "CERTIFICATE_UNCHECKED"),
        ("unreadable", True, Answer.UNKNOWN, "CERTIFICATE_UNCHECKED"),
        ("a word of next year", True, Answer.UNKNOWN, "CERTIFICATE_UNCHECKED"),
        ("suspended", True, Answer.UNKNOWN, "CERTIFICATE_SUSPENDED"),
        ("superseded", True, Answer.UNKNOWN, "CERTIFICATE_SUPERSEDED"),
        ("revoked", True, Answer.FAIL, "CERTIFICATE_INVALID"),
        ("expired", True, Answer.FAIL, "CERTIFICATE_INVALID"),
        ("tampered", True, Answer.FAIL, "CERTIFICATE_INVALID"),
        ("not logged", True, Answer.FAIL, "CERTIFICATE_INVALID"),
        ("unknown_issuer", True, Answer.FAIL, "CERTIFICATE_INVALID"),
        ("out-of-scope", True, Answer.FAIL, "CERTIFICATE_INVALID"),
        ("not yet valid", True, Answer.FAIL, "CERTIFICATE_INVALID"),
    ],
)
def test_the_certificate_must_stand(state: str, complete: bool, answer: Answer, code: str) -> None:
    case = replace(GOOD, verdict_state=state, verdict_complete=complete)
    assert only(case, Rule.CERTIFICATE) == (answer, code)


def test_no_state_a_verdict_can_have_passes_but_valid_and_none_is_overlooked() -> None:
    codes = {state: only(replace(GOOD, verdict_state=state), Rule.CERTIFICATE) for state in State}
    assert [state for state, (answer, _) in codes.items() if answer is Answer.PASS] == [State.VALID]
    unchecked = {state for state, (_, code) in codes.items() if code == "CERTIFICATE_UNCHECKED"}
    assert unchecked == {State.COULD_NOT_CHECK, State.UNREADABLE}


def test_a_strangers_certificate_is_answered_like_one_that_does_not_exist() -> None:
    unknown = decide(replace(GOOD, verdict_state="not found"), POLICIES)
    assert unknown == UNKNOWN_CERTIFICATE
    for probe in (
        GOOD,
        replace(GOOD, verdict_state="revoked"),
        replace(GOOD, stage=1, kind=CertificateKind.COMPLETION),
        replace(GOOD, held_projects=("startup",) * 3, held_count=3),
        replace(GOOD, issued_on=date(2026, 5, 5)),
    ):
        assert decide(replace(probe, identity_matches=False), POLICIES) == unknown
    assert [one.code for one in unknown.findings] == ["CERTIFICATE_UNKNOWN"]
    assert (unknown.first_day, unknown.last_day, unknown.policy_id) == (None, None, None)
    assert unknown.outcome is Answer.FAIL


def test_an_identity_nobody_could_compare_goes_to_a_person() -> None:
    case = replace(GOOD, identity_matches=None)
    assert only(case, Rule.IDENTITY) == (Answer.UNKNOWN, "IDENTITY_UNCHECKED")


@pytest.mark.parametrize(
    ("issued", "last"),
    [
        ("2024-02-29", "2025-02-28"),
        ("2023-05-01", "2024-05-06"),
        ("2023-08-31", "2024-09-02"),
        ("2024-10-01", "2025-10-09"),
        ("2025-01-31", "2026-02-02"),
        ("2025-02-28", "2026-02-28"),
        ("2025-02-16", "2026-02-24"),
        ("2025-08-30", "2026-08-31"),
        ("2025-12-31", "2026-12-31"),
    ],
)
def test_the_last_day_of_the_window_is_in_and_the_next_is_out(issued: str, last: str) -> None:
    issued_on, final = date.fromisoformat(issued), date.fromisoformat(last)
    case = replace(
        GOOD,
        issued_on=issued_on,
        submitted_on=final,
        class_started_on=None,
        in_shanghai=Fact(True, Source.DATA_PLATFORM, final),
        founded_on=Fact(issued_on, Source.DATA_PLATFORM, final),
        role=Fact(HeldRole(OrganisationRole.PARTNER, issued_on), Source.DATA_PLATFORM, final),
    )
    assert only(case, Rule.WINDOW) == (Answer.PASS, "IN_WINDOW")
    assert decide(case, POLICIES).last_day == final
    late = replace(case, submitted_on=date.fromordinal(final.toordinal() + 1))
    assert only(late, Rule.WINDOW) == (Answer.FAIL, "WINDOW_OVER")


def test_the_day_of_issue_is_in_and_the_day_before_is_a_question() -> None:
    assert only(replace(GOOD, submitted_on=ISSUED), Rule.WINDOW)[0] is Answer.PASS
    before = replace(GOOD, submitted_on=date(2025, 3, 9))
    assert only(before, Rule.WINDOW) == (Answer.UNKNOWN, "BEFORE_ISSUE")


def test_without_the_roll_a_holiday_ends_the_window() -> None:
    strict = replace(POLICY_2023_7, roll_holiday=False)
    case = replace(GOOD, issued_on=date(2025, 1, 31), submitted_on=date(2026, 2, 1))
    assert finding(decide(case, (strict,)), Rule.WINDOW) == (Answer.FAIL, "WINDOW_OVER")
    assert finding(decide(case, (POLICY_2023_7,)), Rule.WINDOW) == (Answer.PASS, "IN_WINDOW")


def test_a_window_beyond_the_calendar_is_open_only_where_days_of_rest_decide() -> None:
    case = replace(
        GOOD,
        issued_on=date(2026, 3, 6),
        submitted_on=date(2027, 3, 6),
        in_shanghai=Fact(True, Source.OFFICER_CHECKED, date(2026, 4, 1)),
        role=Fact(ROLE, Source.OFFICER_CHECKED, date(2026, 4, 1)),
    )
    assert only(case, Rule.WINDOW) == (Answer.PASS, "IN_WINDOW")
    assert decide(case, POLICIES).last_day is None
    late = replace(case, submitted_on=date(2027, 3, 7))
    assert only(late, Rule.WINDOW) == (Answer.UNKNOWN, "CALENDAR_UNKNOWN")


def test_a_project_is_subsidised_once() -> None:
    used = replace(GOOD, held_projects=("startup",), held_count=1)
    assert only(used, Rule.ONCE_PER_PROJECT) == (Answer.FAIL, "PROJECT_USED")
    other = replace(GOOD, held_projects=("marketing", "finance"), held_count=2)
    assert only(other, Rule.ONCE_PER_PROJECT) == (Answer.PASS, "PROJECT_FREE")


@pytest.mark.parametrize(
    ("projects", "count", "answer"),
    [
        ((), 2, Answer.PASS),
        ((), 3, Answer.FAIL),
        (("a", "b"), 2, Answer.PASS),
        (("a", "b", "c"), 3, Answer.FAIL),
        (("a", "b", "c"), 0, Answer.FAIL),
        (("a",), 3, Answer.FAIL),
    ],
)
def test_a_person_is_subsidised_at_most_three_times(
    projects: tuple[str, ...], count: int, answer: Answer
) -> None:
    assert only(replace(GOOD, held_projects=projects, held_count=count), Rule.PERSON_LIMIT)[0] is answer


def test_unknown_earlier_grants_go_to_a_person() -> None:
    assert only(replace(GOOD, held_count=None), Rule.PERSON_LIMIT) == (Answer.UNKNOWN, "HOLDS_UNKNOWN")
    decision = decide(replace(GOOD, held_projects=None), POLICIES)
    assert finding(decision, Rule.ONCE_PER_PROJECT) == (Answer.UNKNOWN, "HOLDS_UNKNOWN")
    assert decision.outcome is Answer.UNKNOWN


def test_a_window_opened_in_time_outlives_the_policy() -> None:
    case = replace(GOOD, submitted_on=date(2026, 1, 5))
    decision = decide(case, POLICIES)
    assert only(case, Rule.POLICY) == (Answer.PASS, "POLICY_TRANSITION")
    assert (decision.transition, decision.policy_id) == (True, "2023-7")
    closed = replace(POLICY_2023_7, honour_open_windows=False)
    assert only(case, Rule.POLICY, (closed,)) == (Answer.FAIL, "POLICY_ENDED")
    assert only(GOOD, Rule.POLICY, (closed,)) == (Answer.PASS, "POLICY_IN_FORCE")
    assert not decide(replace(case, submitted_on=date(2025, 12, 31)), POLICIES).transition


def test_issued_after_the_notice_with_nothing_loaded_is_open_and_never_refused() -> None:
    case = replace(GOOD, issued_on=date(2026, 1, 1), submitted_on=date(2026, 2, 2))
    for policies, code in (((POLICY_2023_7,), "NO_POLICY"), ((), "NO_POLICY")):
        decision = decide(case, policies)
        assert decision.outcome is Answer.UNKNOWN
        assert finding(decision, Rule.POLICY) == (Answer.UNKNOWN, code)
        assert [one.rule for one in decision.findings] == list(Rule)
        assert (decision.policy_id, decision.amount_fen) == (None, 0)
    revoked = decide(replace(case, verdict_state="revoked"), ())
    assert revoked.outcome is Answer.FAIL


def test_two_policies_for_one_day_are_a_question() -> None:
    twin = replace(POLICY_2023_7, id="twin", amount_fen=1)
    decision = decide(GOOD, (POLICY_2023_7, twin))
    assert finding(decision, Rule.POLICY) == (Answer.UNKNOWN, "POLICY_OVERLAP")


def test_the_demo_policy_is_labelled_in_the_decision() -> None:
    case = replace(
        GOOD,
        issued_on=date(2026, 3, 6),
        submitted_on=date(2026, 4, 1),
        in_shanghai=Fact(True, Source.OFFICER_CHECKED, date(2026, 4, 1)),
        role=Fact(ROLE, Source.OFFICER_CHECKED, date(2026, 4, 1)),
    )
    decision = decide(case, POLICIES)
    assert finding(decision, Rule.POLICY) == (Answer.PASS, "POLICY_UNCONFIRMED")
    assert (decision.confirmed, decision.outcome, decision.policy_id) == (False, Answer.PASS, "demo")


def test_one_failure_outweighs_any_number_of_questions() -> None:
    case = replace(GOOD, role=None, founded_on=None, held_projects=("startup",), held_count=1)
    assert decide(case, POLICIES).outcome is Answer.FAIL


def test_every_code_the_rules_use_has_words_in_both_languages_and_none_is_idle() -> None:
    tree = ast.parse(inspect.getsource(subsidy))
    words = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    used = {word for word in words if isinstance(word, str) and word.isupper() and "_" in word}
    assert used == set(REASONS)
    for chinese, english in REASONS.values():
        assert chinese.endswith("。")
        assert english.endswith(".")


CASES = st.builds(
    Case,
    kind=st.sampled_from(CertificateKind),
    stage=st.integers(1, 4),
    project=st.sampled_from(["startup", "marketing"]),
    issued_on=st.dates(date(2023, 1, 1), date(2026, 12, 31)),
    verdict_state=st.sampled_from(["valid", "revoked", "suspended", "not-found", "could-not-check"]),
    verdict_complete=st.booleans(),
    identity_matches=st.sampled_from([True, False, None]),
    submitted_on=st.dates(date(2023, 1, 1), date(2028, 12, 31)),
    in_shanghai=st.none()
    | st.builds(Fact, st.booleans(), st.sampled_from(Source), st.dates(date(2023, 1, 1), date(2027, 1, 1))),
    held_projects=st.none() | st.lists(st.sampled_from(["startup", "x", "y"]), max_size=4).map(tuple),
    held_count=st.none() | st.integers(0, 4),
)


@given(CASES)
def test_money_follows_only_from_passing_every_rule(case: Case) -> None:
    for probe in (case, replace(GOOD, submitted_on=case.submitted_on, held_count=case.held_count)):
        decision = decide(probe, POLICIES)
        answers = {one.answer for one in decision.findings}
        assert (decision.amount_fen > 0) is (answers == {Answer.PASS})
        assert (decision.outcome is Answer.FAIL) is (Answer.FAIL in answers)
        assert decision == decide(probe, reversed(POLICIES))
