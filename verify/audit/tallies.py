"""What the log adds up to: certificates by body and day, classes and results, claims by district. Pure.

Counts only what the replay admitted, from facts in clear: parties, dates, states and counts, no person.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from issuers.acts.words import Role
from issuers.authority.class_facts import (
    CertificateFact,
    Claim,
    ClaimState,
    ClassFact,
    Passed,
    State,
)
from issuers.authority.party_facts import Party
from issuers.authority.view import MemoryView


@dataclass(frozen=True, slots=True)
class BodyRow:
    """An evaluation body: classes it confirmed, people in them and passed, certificates by state, voids."""

    id: str
    name: str
    name_en: str
    classes: int
    candidates: int
    passed: int
    certificates: Mapping[State, int]
    voided: int

    @property
    def issued(self) -> int:
        """Certificates of any state."""
        return sum(self.certificates.values())


@dataclass(frozen=True, slots=True)
class DistrictRow:
    """A district: claims by state, and the approved amount in fen."""

    id: str
    name: str
    name_en: str
    claims: Mapping[ClaimState, int]
    approved_fen: int


@dataclass(frozen=True, slots=True)
class Tallies:
    """`days`: certificates by Shanghai date of issue, in order; `parties`: how many of each role."""

    bodies: tuple[BodyRow, ...]
    districts: tuple[DistrictRow, ...]
    days: tuple[tuple[date, int], ...]
    parties: Mapping[Role, int]


def tally(view: MemoryView) -> Tallies:
    """Counts the facts of a replay; bodies and districts with nothing to show are left out."""
    certificates, claims = view.all(CertificateFact), view.all(Claim)
    days = Counter(fact.issued_on for fact in certificates)
    return Tallies(
        bodies=tuple(_bodies(view, certificates)),
        districts=tuple(_districts(view, claims)),
        days=tuple(sorted(days.items())),
        parties=Counter(party.role for party in view.all(Party)),
    )


def _bodies(view: MemoryView, certificates: list[CertificateFact]) -> list[BodyRow]:
    confirmed: defaultdict[str, list[ClassFact]] = defaultdict(list)
    for known in view.all(ClassFact):
        if known.evaluation is not None:
            confirmed[known.body].append(known)
    body_of = {known.id: known.body for classes in confirmed.values() for known in classes}
    numbers = view.all(Passed)
    passed = Counter(body_of.get(one.class_id, "") for one in numbers)
    voided = Counter(body_of.get(one.class_id, "") for one in numbers if one.voided)
    states: defaultdict[str, Counter[State]] = defaultdict(Counter)
    for fact in certificates:
        states[fact.body][fact.state] += 1
    return [
        BodyRow(
            id=party.id,
            name=party.name,
            name_en=party.name_en,
            classes=len(confirmed[party.id]),
            candidates=sum(known.candidates for known in confirmed[party.id]),
            passed=passed[party.id],
            certificates=states[party.id],
            voided=voided[party.id],
        )
        for party in view.all(Party)
        if party.role is Role.BODY and (party.id in states or party.id in confirmed)
    ]


def _districts(view: MemoryView, claims: list[Claim]) -> list[DistrictRow]:
    states: defaultdict[str, Counter[ClaimState]] = defaultdict(Counter)
    approved: Counter[str] = Counter()
    for claim in claims:
        states[claim.district][claim.state] += 1
        if claim.state is ClaimState.APPROVED:
            approved[claim.district] += claim.amount_fen
    return [
        DistrictRow(party.id, party.name, party.name_en, states[party.id], approved[party.id])
        for party in view.all(Party)
        if party.id in states
    ]
