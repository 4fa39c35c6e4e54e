"""Who is entitled to the subsidy, and why: pure rules over a verdict, facts and dated policies.

Promises: the same case and policies give the same decision for ever; each rule answers PASS, FAIL or UNKNOWN
with a reason; what only the applicant says is never PASS; a document that is not the holder's is answered
exactly like a certificate that does not exist. Knows no person, no clock and no database.

Sources: notice 二(二); domain A4, B8, B9 (rules R1 to R10); 民法典 201-203 for the window.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final, TypeVar

from ledger.errors import Unavailable
from verify.subsidy.calendar import add_months, last_day
from verify.subsidy.case import (
    CHECKED_SOURCES,
    Answer,
    Case,
    Decision,
    Fact,
    Finding,
    Rule,
)
from verify.subsidy.policy import AgeReference, Policy, policies_on
from verify.subsidy.reasons import REASONS

T = TypeVar("T")

_NOT_FOUND: Final = "not-found"
_STATES: Final = {
    "suspended": (Answer.UNKNOWN, "CERTIFICATE_SUSPENDED"),
    "superseded": (Answer.UNKNOWN, "CERTIFICATE_SUPERSEDED"),
    **dict.fromkeys(
        (
            *("revoked", "cancelled", "expired", "tampered", "not-logged"),
            *("unknown-issuer", "out-of-scope", "not-yet-valid"),
        ),
        (Answer.FAIL, "CERTIFICATE_INVALID"),
    ),
}
_NEED_POLICY: Final = (
    *(Rule.POLICY, Rule.STAGE, Rule.WINDOW, Rule.IN_SHANGHAI, Rule.ORGANISATION_AGE),
    *(Rule.ROLE, Rule.ONCE_PER_PROJECT, Rule.PERSON_LIMIT),
)


def decide(case: Case, policies: Iterable[Policy]) -> Decision:
    """The decision on a case under the policy in force on the issue date.

    Without exactly one such policy every rule that needs it is UNKNOWN. A decision is advice with reasons:
    the refusal or the grant is an officer's act.
    """
    if case.identity_matches is False or _state(case) == _NOT_FOUND:
        return UNKNOWN_CERTIFICATE
    in_force = policies_on(policies, case.issued_on)
    checked = (_certificate(case), _identity(case))
    if len(in_force) != 1:
        code = "POLICY_OVERLAP" if in_force else "NO_POLICY"
        return _without_policy((*checked, *(_finding(rule, Answer.UNKNOWN, code) for rule in _NEED_POLICY)))
    policy = in_force[0]
    transition = policy.valid_to is not None and case.submitted_on > policy.valid_to
    findings = (
        _policy(policy, transition=transition),
        *checked,
        _stage(case, policy),
        _window(case, policy),
        _in_shanghai(case, policy),
        _organisation_age(case, policy),
        _role(case, policy),
        _once_per_project(case, policy),
        _person_limit(case, policy),
    )
    outcome = _outcome(findings)
    return Decision(
        findings=_in_order(findings),
        outcome=outcome,
        policy_id=policy.id,
        amount_fen=policy.amount_fen if outcome is Answer.PASS else 0,
        first_day=case.issued_on,
        last_day=_last_day(case, policy),
        confirmed=policy.confirmed,
        transition=transition,
    )


def _without_policy(findings: tuple[Finding, ...]) -> Decision:
    return Decision(
        findings=_in_order(findings),
        outcome=_outcome(findings),
        policy_id=None,
        amount_fen=0,
        first_day=None,
        last_day=None,
        confirmed=False,
        transition=False,
    )


def _outcome(findings: tuple[Finding, ...]) -> Answer:
    answers = {finding.answer for finding in findings}
    return next((one for one in (Answer.FAIL, Answer.UNKNOWN) if one in answers), Answer.PASS)


def _in_order(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda finding: list(Rule).index(finding.rule)))


def _policy(policy: Policy, *, transition: bool) -> Finding:
    evidence = (("policy", policy.id), ("document", policy.doc_no))
    if transition and not policy.honour_open_windows:
        return _finding(Rule.POLICY, Answer.FAIL, "POLICY_ENDED", *evidence)
    if not policy.confirmed:
        return _finding(Rule.POLICY, Answer.PASS, "POLICY_UNCONFIRMED", *evidence)
    code = "POLICY_TRANSITION" if transition else "POLICY_IN_FORCE"
    return _finding(Rule.POLICY, Answer.PASS, code, *evidence)


def _certificate(case: Case) -> Finding:
    state = _state(case)
    if state == "valid":
        answer, code = Answer.PASS, "CERTIFICATE_VALID" if case.final else "CERTIFICATE_UNWITNESSED"
        if not case.verdict_complete:
            answer, code = Answer.UNKNOWN, "CERTIFICATE_UNCHECKED"
        elif case.final is False:
            answer, code = Answer.UNKNOWN, "NOT_FINAL"
    else:
        answer, code = _STATES.get(state, (Answer.UNKNOWN, "CERTIFICATE_UNCHECKED"))
    return _finding(Rule.CERTIFICATE, answer, code, ("state", state))


def _identity(case: Case) -> Finding:
    if case.identity_matches is None:
        return _finding(Rule.IDENTITY, Answer.UNKNOWN, "IDENTITY_UNCHECKED")
    return _finding(Rule.IDENTITY, Answer.PASS, "IDENTITY_MATCHES")


def _stage(case: Case, policy: Policy) -> Finding:
    subsidised = any(
        rule.subsidised and rule.stage == case.stage and rule.kind == case.kind for rule in policy.stage_rules
    )
    evidence = (("stage", str(case.stage)), ("kind", case.kind.value))
    if subsidised:
        return _finding(Rule.STAGE, Answer.PASS, "STAGE_SUBSIDISED", *evidence)
    return _finding(Rule.STAGE, Answer.FAIL, "STAGE_NOT_SUBSIDISED", *evidence)


def _window(case: Case, policy: Policy) -> Finding:
    """Days of rest can only lengthen a window: up to the unrolled last day no calendar is needed."""
    unrolled = add_months(case.issued_on, policy.window_months)
    final = _last_day(case, policy)
    evidence = (
        ("issued_on", case.issued_on.isoformat()),
        ("submitted_on", case.submitted_on.isoformat()),
        ("last_day_without_rest_days", unrolled.isoformat()),
    )
    if case.submitted_on < case.issued_on:
        return _finding(Rule.WINDOW, Answer.UNKNOWN, "BEFORE_ISSUE", *evidence)
    if case.submitted_on <= (final or unrolled):
        return _finding(Rule.WINDOW, Answer.PASS, "IN_WINDOW", *evidence)
    if final is None:
        return _finding(Rule.WINDOW, Answer.UNKNOWN, "CALENDAR_UNKNOWN", *evidence)
    return _finding(Rule.WINDOW, Answer.FAIL, "WINDOW_OVER", *evidence)


def _in_shanghai(case: Case, policy: Policy) -> Finding:
    """The register decides, not the region digits of the credit code: those never change (domain B9.3)."""
    fact = _usable(case.in_shanghai)
    reference = _reference(case, policy)
    if isinstance(fact, str) or reference is None:
        return _finding(Rule.IN_SHANGHAI, Answer.UNKNOWN, fact if isinstance(fact, str) else "FACT_MISSING")
    if fact.as_of < reference:
        return _finding(Rule.IN_SHANGHAI, Answer.UNKNOWN, "FACT_STALE", *_origin(fact))
    if fact.value:
        return _finding(Rule.IN_SHANGHAI, Answer.PASS, "ORGANISATION_IN_SHANGHAI", *_origin(fact))
    return _finding(Rule.IN_SHANGHAI, Answer.FAIL, "ORGANISATION_ELSEWHERE", *_origin(fact))


def _organisation_age(case: Case, policy: Policy) -> Finding:
    """Age is a state, not a deadline: its last day does not roll over days of rest (domain B8)."""
    fact = _usable(case.founded_on)
    reference = _reference(case, policy)
    if isinstance(fact, str) or reference is None:
        code = fact if isinstance(fact, str) else "FACT_MISSING"
        return _finding(Rule.ORGANISATION_AGE, Answer.UNKNOWN, code)
    young_until = add_months(fact.value, policy.org_age_months)
    days = [reference]
    if policy.org_age_reference is AgeReference.ALL:
        days = [day for day in (case.class_started_on, case.issued_on, case.submitted_on) if day is not None]
    codes = {_age_code(day, founded_on=fact.value, young_until=young_until) for day in days}
    code = codes.pop() if len(codes) == 1 else "ORG_AGE_AMBIGUOUS"
    answer = {"ORGANISATION_YOUNG": Answer.PASS, "ORG_AGE_AMBIGUOUS": Answer.UNKNOWN}.get(code, Answer.FAIL)
    evidence = (
        ("founded_on", fact.value.isoformat()),
        ("young_until", young_until.isoformat()),
        ("judged_on", " ".join(day.isoformat() for day in days)),
    )
    return _finding(Rule.ORGANISATION_AGE, answer, code, *evidence, *_origin(fact))


def _age_code(day: date, *, founded_on: date, young_until: date) -> str:
    if day < founded_on:
        return "ORGANISATION_NOT_FOUNDED"
    return "ORGANISATION_YOUNG" if day <= young_until else "ORGANISATION_TOO_OLD"


def _role(case: Case, policy: Policy) -> Finding:
    """A role that has not ended is proven up to the day of the fact and no further."""
    fact = _usable(case.role)
    reference = _reference(case, policy)
    if isinstance(fact, str) or reference is None:
        return _finding(Rule.ROLE, Answer.UNKNOWN, fact if isinstance(fact, str) else "FACT_MISSING")
    held = fact.value
    evidence = (("role", held.role.value), ("judged_on", reference.isoformat()), *_origin(fact))
    if held.first_day is None:
        return _finding(Rule.ROLE, Answer.UNKNOWN, "FACT_MISSING", *evidence)
    if reference < held.first_day or (held.last_day is not None and reference > held.last_day):
        return _finding(Rule.ROLE, Answer.FAIL, "ROLE_NOT_HELD", *evidence)
    if held.last_day is None and fact.as_of < reference:
        return _finding(Rule.ROLE, Answer.UNKNOWN, "FACT_STALE", *evidence)
    return _finding(Rule.ROLE, Answer.PASS, "ROLE_HELD", *evidence)


def _once_per_project(case: Case, policy: Policy) -> Finding:
    if case.held_projects is None:
        return _finding(Rule.ONCE_PER_PROJECT, Answer.UNKNOWN, "HOLDS_UNKNOWN")
    used = case.held_projects.count(case.project)
    evidence = (("used", str(used)), ("limit", str(policy.per_project)))
    if used >= policy.per_project:
        return _finding(Rule.ONCE_PER_PROJECT, Answer.FAIL, "PROJECT_USED", *evidence)
    return _finding(Rule.ONCE_PER_PROJECT, Answer.PASS, "PROJECT_FREE", *evidence)


def _person_limit(case: Case, policy: Policy) -> Finding:
    if case.held_projects is None or case.held_count is None:
        return _finding(Rule.PERSON_LIMIT, Answer.UNKNOWN, "HOLDS_UNKNOWN")
    used = max(case.held_count, len(case.held_projects))
    evidence = (("used", str(used)), ("limit", str(policy.per_person)))
    if used >= policy.per_person:
        return _finding(Rule.PERSON_LIMIT, Answer.FAIL, "LIMIT_REACHED", *evidence)
    return _finding(Rule.PERSON_LIMIT, Answer.PASS, "BELOW_LIMIT", *evidence)


def _usable(fact: Fact[T] | None) -> Fact[T] | str:
    """The fact, or the code of the reason why nothing may rest on it."""
    if fact is None:
        return "FACT_MISSING"
    return fact if fact.source in CHECKED_SOURCES else "FACT_UNCHECKED"


def _reference(case: Case, policy: Policy) -> date | None:
    """The day that counts for the organisation and the role."""
    return {
        AgeReference.ISSUE: case.issued_on,
        AgeReference.ALL: case.issued_on,
        AgeReference.APPLICATION: case.submitted_on,
        AgeReference.CLASS_START: case.class_started_on,
    }[policy.org_age_reference]


def _last_day(case: Case, policy: Policy) -> date | None:
    try:
        return last_day(case.issued_on, policy.window_months, roll_holiday=policy.roll_holiday)
    except Unavailable:
        return None


def _state(case: Case) -> str:
    return case.verdict_state.strip().lower().replace("_", "-").replace(" ", "-")


def _origin(fact: Fact[T]) -> tuple[tuple[str, str], tuple[str, str]]:
    return ("source", str(fact.source)), ("as_of", fact.as_of.isoformat())


def _finding(rule: Rule, answer: Answer, code: str, *evidence: tuple[str, str]) -> Finding:
    reason_zh, reason_en = REASONS[code]
    return Finding(rule, answer, code, reason_zh, reason_en, evidence)


UNKNOWN_CERTIFICATE: Final = _without_policy(
    (_finding(Rule.CERTIFICATE, Answer.FAIL, "CERTIFICATE_UNKNOWN"),)
)
"""The one answer to a certificate that does not exist and to one that belongs to somebody else."""
