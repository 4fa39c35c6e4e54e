"""What a subsidy decision is made from and made of. Pure.

Promises values only: facts with their source and day, the case, the findings, the decision. Nothing in here
names or identifies a person. The rules are in `verify.subsidy.rules`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final, Generic, TypeVar

from issuers.acts.words import CertificateKind
from issuers.identifiers.organisations import OrganisationRole

T = TypeVar("T")


class Source(StrEnum):
    """Where a fact comes from."""

    SELF_DECLARED = "self-declared"
    MARKET_REGISTER = "market-register"
    CIVIL_REGISTER = "civil-register"
    DATA_PLATFORM = "data-platform"
    OFFICER_CHECKED = "officer-checked"


CHECKED_SOURCES: Final = frozenset(Source) - {Source.SELF_DECLARED}
"""Whose word a rule may rest on; anything else leaves the rule open."""


@dataclass(frozen=True, slots=True)
class Fact(Generic[T]):
    """A value, who says so, and the day it was true by that source."""

    value: T
    source: Source
    as_of: date


@dataclass(frozen=True, slots=True)
class HeldRole:
    """A role with its inclusive days; `last_day` None while it is still held on the fact's day."""

    role: OrganisationRole
    first_day: date | None
    last_day: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One application, without the person.

    `issued_on` is the original issue date, whatever was corrected or reissued since. `verdict_state` is the
    word of the verdict (design 16), `verdict_complete` whether every step was checked. `final`: whether what
    the money rests on stands in the log under a quorum of witnesses, None where nobody witnesses the log.
    `identity_matches`: the applicant's document is the holder's; None where that could not be checked. A fact
    that is missing is None. `held_projects`: the projects this person holds or was granted, this application
    left out; `held_count` at least as many, with grants from before the registry. Dates are Shanghai dates.
    """

    kind: CertificateKind
    stage: int
    project: str
    issued_on: date
    verdict_state: str
    verdict_complete: bool
    final: bool | None
    identity_matches: bool | None
    submitted_on: date
    in_shanghai: Fact[bool] | None = None
    founded_on: Fact[date] | None = None
    role: Fact[HeldRole] | None = None
    held_projects: tuple[str, ...] | None = None
    held_count: int | None = None
    class_started_on: date | None = None


class Answer(StrEnum):
    """UNKNOWN goes to a person; it is never a refusal."""

    PASS = "PASS"  # noqa: S105  # an answer, no password
    FAIL = "FAIL"
    UNKNOWN = "UNKNOWN"


class Rule(StrEnum):
    """The rules of domain B9 that depend on certificate, person and organisation.

    R11 (account in the applicant's own name) and R12 (no supervision hold) belong to payment.
    """

    POLICY = "R1"
    CERTIFICATE = "R2"
    STAGE = "R3"
    WINDOW = "R4"
    IN_SHANGHAI = "R5"
    ORGANISATION_AGE = "R6"
    ROLE = "R7"
    IDENTITY = "R8"
    ONCE_PER_PROJECT = "R9"
    PERSON_LIMIT = "R10"


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule's answer, its reason in both languages, and what it rests on as (name, value) pairs."""

    rule: Rule
    answer: Answer
    code: str
    reason_zh: str
    reason_en: str
    evidence: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """All findings and what follows.

    `outcome` is FAIL if any rule fails, else UNKNOWN if any is open, else PASS; `amount_fen` 0 unless PASS.
    `first_day` and `last_day` bound the window; `last_day` is None while it depends on a calendar not yet
    announced. `confirmed` is false under rules no published document states: show it. `transition`: applied
    for after the policy ended, in a window that it opened.
    """

    findings: tuple[Finding, ...]
    outcome: Answer
    policy_id: str | None
    amount_fen: int
    first_day: date | None
    last_day: date | None
    confirmed: bool
    transition: bool
