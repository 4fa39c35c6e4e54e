"""Opened certificate numbers: well formed, of this class and body, each used once. Pure.

A number is personal data and is never shown: findings name the entry or the candidate's random id.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from issuers.authority.case import shanghai_date
from issuers.authority.class_facts import ClassFact
from issuers.authority.party_facts import Party
from issuers.authority.view import MemoryView
from issuers.identifiers.numbers import CertificateNumber, parse_number
from issuers.standard import Standard
from ledger.errors import Malformed
from verify.audit.findings import Findings


@dataclass(slots=True)
class NumberBook:
    """Every number opened in one audit, with the entry that used it; several classes may share a book."""

    used: dict[str, str] = field(default_factory=dict, repr=False)

    def use(self, number: str, where: str, findings: Findings) -> None:
        """Names a number that another entry used already."""
        first = self.used.setdefault(number, where)
        if first != where:
            findings.departure("NUMBER_REPEATED", where, first=first)


@dataclass(frozen=True, slots=True)
class NumberForm:
    """What every number of a class says but for its sequence; the year lies between `years`, both included.

    A number is reserved once the evaluation is confirmed and keeps its year when it is issued in the next.
    """

    district: str
    project: str
    issuer: str
    standard: Standard
    first_year: int

    def check(self, text: str, *, last_year: int) -> None:
        """Raises Malformed NUMBER_FORM, NUMBER_CHECK, or NUMBER_FIELD naming the part that is wrong."""
        number = parse_number(text)
        for name, holds in self._parts(number, last_year).items():
            if not holds:
                raise Malformed("NUMBER_FIELD", "this part of the number is not the class's", where=name)

    def _parts(self, number: CertificateNumber, last_year: int) -> dict[str, bool]:
        years = range(self.first_year, max(self.first_year, last_year) + 1)
        return {
            "kind": number.kind is self.standard.kind,
            "district": number.district == self.district,
            "year": number.year2 in {year % 100 for year in years},
            "stage": number.stage == self.standard.stage,
            "project": f"{number.project3:03d}" == self.project,
            "issuer": f"{number.issuer3:03d}" == self.issuer,
        }


def form_of(view: MemoryView, known: ClassFact, standard: Standard, confirmed_ms: int) -> NumberForm | None:
    """What the log says about the numbers of a class; None where body or district is not in it."""
    body, district = view.get(Party, known.body), view.get(Party, known.district)
    if body is None or body.code is None or district is None:
        return None
    return NumberForm(
        district=district.region,
        project=standard.project,
        issuer=body.code,
        standard=standard,
        first_year=shanghai_date(confirmed_ms).year,
    )
