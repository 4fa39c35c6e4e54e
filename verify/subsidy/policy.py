"""A dated version of the subsidy rules, as the city publishes it in an act. Pure.

Promises: every number a decision rests on stands in one frozen value with the dates it holds for, and which
version applies follows from the issue date alone. Knows no case and no person.

Sources: notice 二(二) and its last lines (validity); domain A4, B8, B9. What the notice leaves open is a
parameter here with the default of domain B: reference of the age, rolling of last days, length of 公示.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, Final

from issuers.acts.words import CertificateKind
from issuers.shape import Range, Size, Slug, Title, from_map, to_map
from ledger import cbor
from ledger.errors import Malformed
from verify.subsidy.calendar import add_workdays


class AgeReference(StrEnum):
    """The day on which an organisation must not be too old, and the role must be held.

    `ALL` asks every day that is known to agree about the age and leaves the case to a person where they do
    not; the role is then judged on the issue date.
    """

    ISSUE = "issue"
    APPLICATION = "application"
    CLASS_START = "class-start"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class StageRule:
    """Which certificate a stage of the notice gives, and whether it opens the subsidy."""

    stage: Annotated[int, Range(1, 4)]
    kind: CertificateKind
    subsidised: bool


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of the rules.

    `valid_from` and `valid_to` are inclusive Shanghai dates of certificate issue, `valid_to` None while no
    end is set. `amount_fen` in fen for each grant. `confirmed` is false for rules no published document
    states; they are labelled wherever they show. `honour_open_windows`: who was issued a certificate in time
    may still apply after `valid_to`. Raises Malformed POLICY_TERM, POLICY_STAGES.
    """

    id: Slug
    doc_no: Title
    valid_from: date
    amount_fen: Annotated[int, Range(1, 10_000_000)]
    per_project: Annotated[int, Range(1, 99)]
    per_person: Annotated[int, Range(1, 99)]
    window_months: Annotated[int, Range(1, 120)]
    org_age_months: Annotated[int, Range(1, 600)]
    org_age_reference: AgeReference
    roll_holiday: bool
    notice_workdays: Annotated[int, Range(1, 60)]
    stage_rules: Annotated[tuple[StageRule, ...], Size(1, 8)]
    confirmed: bool
    honour_open_windows: bool
    valid_to: date | None = None

    def __post_init__(self) -> None:
        if self.valid_to is not None and self.valid_to < self.valid_from:
            raise Malformed("POLICY_TERM", "the policy ends before it begins", where="policy")
        if len({(rule.stage, rule.kind) for rule in self.stage_rules}) < len(self.stage_rules):
            raise Malformed("POLICY_STAGES", "two rules for one stage and certificate", where="policy")

    def to_body(self) -> dict[str, cbor.Value]:
        """The map that is published in an act."""
        return to_map(self)

    @classmethod
    def from_body(cls, body: object) -> Policy:
        """The policy in a published map, strictly. Raises Malformed SHAPE_… or POLICY_…"""
        return from_map(cls, body, where="policy")

    def covers(self, issued_on: date) -> bool:
        """Whether a certificate issued that day falls under this version."""
        return self.valid_from <= issued_on and (self.valid_to is None or issued_on <= self.valid_to)

    def notice_last_day(self, start: date) -> date:
        """The last day of a public notice put up on `start`. Raises Unavailable CALENDAR_UNKNOWN."""
        return add_workdays(start, self.notice_workdays)


def policies_on(policies: Iterable[Policy], issued_on: date) -> tuple[Policy, ...]:
    """The versions in force on an issue date: one if the city published well, none or several if not."""
    return tuple(policy for policy in dict.fromkeys(policies) if policy.covers(issued_on))


STAGES_2023: Final = (
    StageRule(1, CertificateKind.COMPLETION, False),
    StageRule(2, CertificateKind.COMPLETION, False),
    StageRule(3, CertificateKind.QUALIFICATION, True),
    StageRule(4, CertificateKind.COMPLETION, False),
)
"""Notice 二: stages 1, 2 and 4 end with a 结业证书, stage 3 with the 合格证书 that opens the subsidy."""

POLICY_2023_7: Final = Policy(
    id="2023-7",
    doc_no="沪人社规〔2023〕7号",
    valid_from=date(2023, 5, 1),
    valid_to=date(2025, 12, 31),
    amount_fen=180_000,
    per_project=1,
    per_person=3,
    window_months=12,
    org_age_months=36,
    org_age_reference=AgeReference.ISSUE,
    roll_holiday=True,
    notice_workdays=5,
    stage_rules=STAGES_2023,
    confirmed=True,
    honour_open_windows=True,
)
"""The notice. It has ended; windows opened under it run to 2026-12-31."""

POLICY_DEMO: Final = Policy(
    id="demo",
    doc_no="DEMO 演示参数（未经确认）",
    valid_from=date(2026, 1, 1),
    amount_fen=180_000,
    per_project=1,
    per_person=3,
    window_months=12,
    org_age_months=36,
    org_age_reference=AgeReference.ISSUE,
    roll_holiday=True,
    notice_workdays=5,
    stage_rules=STAGES_2023,
    confirmed=False,
    honour_open_windows=True,
)
"""What the demo runs on. No published document states it; no payment may rest on it."""
