"""Policies: strict bodies, exact dates, and the notice as it was published."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from issuers.acts.words import CertificateKind
from ledger import cbor
from ledger.errors import Malformed
from verify.subsidy.policy import POLICY_2023_7, POLICY_DEMO, AgeReference, Policy, StageRule, policies_on


@pytest.mark.parametrize("policy", [POLICY_2023_7, POLICY_DEMO])
def test_a_policy_comes_back_through_the_codec_of_acts(policy: Policy) -> None:
    assert Policy.from_body(cbor.decode(cbor.encode(policy.to_body()))) == policy


def test_the_notice_is_as_published() -> None:
    assert POLICY_2023_7.doc_no == "沪人社规〔2023〕7号"
    assert (POLICY_2023_7.valid_from, POLICY_2023_7.valid_to) == (date(2023, 5, 1), date(2025, 12, 31))
    assert POLICY_2023_7.amount_fen == 1800 * 100
    assert (POLICY_2023_7.per_project, POLICY_2023_7.per_person) == (1, 3)
    assert (POLICY_2023_7.window_months, POLICY_2023_7.org_age_months) == (12, 36)
    subsidised = [rule for rule in POLICY_2023_7.stage_rules if rule.subsidised]
    assert subsidised == [StageRule(3, CertificateKind.QUALIFICATION, True)]
    assert POLICY_2023_7.confirmed


def test_the_demo_policy_says_that_it_is_unconfirmed() -> None:
    assert not POLICY_DEMO.confirmed
    assert "DEMO" in POLICY_DEMO.doc_no
    assert POLICY_DEMO.valid_to is None
    assert "valid_to" not in POLICY_DEMO.to_body()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"amount_fen": 180000.0}, "SHAPE_TYPE"),
        ({"amount_fen": 0}, "SHAPE_RANGE"),
        ({"confirmed": 1}, "SHAPE_TYPE"),
        ({"valid_from": "2023-5-1"}, "SHAPE_FORM"),
        ({"org_age_reference": "birthday"}, "SHAPE_FORM"),
        ({"stage_rules": []}, "SHAPE_SIZE"),
        ({"id": "DEMO"}, "SHAPE_FORM"),
        ({"surprise": 1}, "SHAPE_UNKNOWN"),
        ({"valid_to": "2023-04-30"}, "POLICY_TERM"),
    ],
)
def test_a_body_of_another_shape_is_refused(change: dict[str, object], code: str) -> None:
    with pytest.raises(Malformed) as caught:
        Policy.from_body({**POLICY_2023_7.to_body(), **change})
    assert caught.value.code == code


def test_a_stage_cannot_be_both_subsidised_and_not() -> None:
    rule = StageRule(3, CertificateKind.QUALIFICATION, False)
    with pytest.raises(Malformed, match="POLICY_STAGES"):
        replace(POLICY_2023_7, stage_rules=(*POLICY_2023_7.stage_rules, rule))


def test_the_version_follows_from_the_issue_date() -> None:
    both = (POLICY_2023_7, POLICY_DEMO, POLICY_2023_7)
    last = date(2025, 12, 31)
    assert policies_on(both, last) == (POLICY_2023_7,)
    assert policies_on(both, last + timedelta(days=1)) == (POLICY_DEMO,)
    assert policies_on(both, date(2023, 5, 1)) == (POLICY_2023_7,)
    assert policies_on(both, date(2023, 4, 30)) == ()


def test_the_public_notice_has_five_workdays() -> None:
    assert POLICY_2023_7.notice_last_day(date(2025, 9, 26)) == date(2025, 10, 10)


def test_the_age_reference_is_the_issue_date() -> None:
    assert POLICY_2023_7.org_age_reference is POLICY_DEMO.org_age_reference is AgeReference.ISSUE
