"""How long the subsidy still waits for the holder of a certificate, by the rules that will decide. Pure.

Promises: the last day is that of `verify.subsidy.rules.decide` for an application of today, and whatever a
rule about certificate, stage, time or earlier grants has against it is told with its reason. What only a
counter can check, the applicant's organisation and their role in it, is not judged here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from issuers.authority.class_facts import Claim
from verify.subsidy.case import Answer, Case, Finding, Rule
from verify.subsidy.policy import Policy, policies_on
from verify.subsidy.rules import decide

_HOLDERS: Final = frozenset(
    {
        *(Rule.POLICY, Rule.CERTIFICATE, Rule.STAGE, Rule.WINDOW),
        *(Rule.ONCE_PER_PROJECT, Rule.PERSON_LIMIT),
    }
)


class Waits(StrEnum):
    """`UNCLEAR`: something stands against it that may pass, or that a person decides."""

    OPEN = "open"
    CLAIMED = "claimed"
    UNCLEAR = "unclear"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Window:
    """`days_left` counts from today to `last_day`, 0 on the last one; both None where there is none to count.

    `at_least`: days of rest around that day are not announced yet, so it may come later, never earlier.
    `amount_fen` is the policy's; `unconfirmed` when no published document states that policy. `reasons` say
    what is against it, or, when open, what was found.
    """

    waits: Waits
    days_left: int | None
    last_day: date | None
    at_least: bool
    policy: str | None
    amount_fen: int | None
    unconfirmed: bool
    reasons: tuple[Finding, ...]


def window_of(case: Case, policies: Sequence[Policy], claim: Claim | None) -> Window:
    """The window of a certificate for its holder, on the day of `case.submitted_on`.

    `claim`: the one that rests on the certificate, None where none does or the last one let go.
    """
    decision = decide(case, policies)
    findings = tuple(one for one in decision.findings if one.rule in _HOLDERS)
    waits = _waits(findings) if claim is None else Waits.CLAIMED
    in_force = policies_on(policies, case.issued_on)
    policy = in_force[0] if len(in_force) == 1 else None
    subsidised = _answer(findings, Rule.STAGE) is Answer.PASS
    last, at_least = _last_day(findings, decision.last_day) if subsidised else (None, False)
    counts = last is not None and waits is not Waits.CLAIMED and case.submitted_on <= last
    return Window(
        waits=waits,
        days_left=(last - case.submitted_on).days if counts and last is not None else None,
        last_day=last,
        at_least=at_least,
        policy=decision.policy_id,
        amount_fen=policy.amount_fen if policy is not None and subsidised else None,
        unconfirmed=decision.policy_id is not None and not decision.confirmed,
        reasons=_reasons(waits, findings),
    )


def _waits(findings: Iterable[Finding]) -> Waits:
    answers = {one.answer for one in findings}
    if Answer.FAIL in answers:
        return Waits.CLOSED
    return Waits.UNCLEAR if Answer.UNKNOWN in answers else Waits.OPEN


def _reasons(waits: Waits, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    wanted = {Waits.CLOSED: Answer.FAIL, Waits.UNCLEAR: Answer.UNKNOWN, Waits.OPEN: Answer.PASS}.get(waits)
    return tuple(one for one in findings if one.answer is wanted)


def _last_day(findings: Iterable[Finding], last: date | None) -> tuple[date | None, bool]:
    """Where the days of rest are not loaded, the day before they move it."""
    if last is not None:
        return last, False
    for one in findings:
        if one.rule is Rule.WINDOW:
            told = dict(one.evidence).get("last_day_without_rest_days")
            return (None, False) if told is None else (date.fromisoformat(told), True)
    return None, False


def _answer(findings: Iterable[Finding], rule: Rule) -> Answer | None:
    return next((one.answer for one in findings if one.rule is rule), None)
