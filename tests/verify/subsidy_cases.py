"""One case that meets every rule, and the way tests look at a decision."""

from __future__ import annotations

from datetime import date

from issuers.acts.words import CertificateKind
from issuers.identifiers.organisations import OrganisationRole
from verify.subsidy.case import Answer, Case, Decision, Fact, HeldRole, Rule, Source
from verify.subsidy.policy import POLICY_2023_7, POLICY_DEMO, Policy
from verify.subsidy.rules import decide

ISSUED = date(2025, 3, 10)
CHECKED = date(2025, 6, 1)
POLICIES = (POLICY_2023_7, POLICY_DEMO)
ROLE = HeldRole(OrganisationRole.PARTNER, date(2024, 1, 1))
GOOD = Case(
    kind=CertificateKind.QUALIFICATION,
    stage=3,
    project="startup",
    issued_on=ISSUED,
    verdict_state="valid",
    verdict_complete=True,
    final=True,
    identity_matches=True,
    submitted_on=date(2025, 6, 1),
    in_shanghai=Fact(True, Source.MARKET_REGISTER, CHECKED),
    founded_on=Fact(date(2024, 1, 1), Source.MARKET_REGISTER, CHECKED),
    role=Fact(ROLE, Source.MARKET_REGISTER, CHECKED),
    held_projects=(),
    held_count=0,
    class_started_on=date(2025, 2, 24),
)


def finding(decision: Decision, rule: Rule) -> tuple[Answer, str]:
    return next((one.answer, one.code) for one in decision.findings if one.rule is rule)


def only(case: Case, rule: Rule, policies: tuple[Policy, ...] = POLICIES) -> tuple[Answer, str]:
    """The answer of one rule; all the others must pass, so that the outcome is that of this rule."""
    decision = decide(case, policies)
    assert {one.rule for one in decision.findings if one.answer is not Answer.PASS} <= {rule}
    answer, code = finding(decision, rule)
    assert decision.outcome is answer
    assert decision.amount_fen == (180_000 if answer is Answer.PASS else 0)
    return answer, code
