"""What an audit finds, one sentence each in Chinese and in English. Pure.

Promises a stable code, a place, and no content: a finding names an entry, a file, a line or a random id,
never a person or a value. Every finding counts; only the first `LISTED_MAX` of a stage are listed one by one.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ledger.errors import MalanError
from verify.audit.refusals import REFUSALS
from verify.audit.words import WORDS

LISTED_MAX: Final = 500
WHERE_MAX: Final = 200


class Severity(StrEnum):
    """What a finding means for the verdict: unsound, not known, or merely worth knowing."""

    DEPARTURE = "departure"
    COULD_NOT_CHECK = "could_not_check"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Departure:
    """One finding: `where` names the entry (`seq 17`), file, line or id; `zh` and `en` say what is wrong."""

    code: str
    where: str
    zh: str
    en: str
    severity: Severity


class Findings:
    """The findings of one stage, in the order they were met."""

    def __init__(self) -> None:
        self.listed: list[Departure] = []
        self.counts: Counter[Severity] = Counter()

    def departure(self, code: str, where: str, **values: int | str) -> None:
        """The log, or something said about it, is not as it must be."""
        self._add(code, where, Severity.DEPARTURE, values)

    def could_not_check(self, code: str, where: str, **values: int | str) -> None:
        """A check could not be made; nothing is said about the truth."""
        self._add(code, where, Severity.COULD_NOT_CHECK, values)

    def note(self, code: str, where: str, **values: int | str) -> None:
        """No fault, but the reader should know."""
        self._add(code, where, Severity.NOTE, values)

    def refused(self, error: MalanError, where: str, *, inner: bool = True) -> None:
        """A departure that a check of ledger or issuers raised; its code and English words are kept.

        `inner` adds the place the error itself names, such as the field of an act.
        """
        zh = REFUSALS.get(error.code, "不符合规则（详见英文说明）。")
        place = f"{where}, {error.where}" if inner and error.where else where
        self._keep(Departure(error.code, printable(place), zh, sentence(error.what), Severity.DEPARTURE))

    def extend(self, other: Findings) -> None:
        """Adds what another stage found."""
        self.listed += other.listed
        self.counts += other.counts

    def _add(self, code: str, where: str, severity: Severity, values: dict[str, int | str]) -> None:
        zh, en = WORDS[code]
        words = zh.format(**values), en.format(**values)
        self._keep(Departure(code, printable(where), *words, severity))

    def _keep(self, finding: Departure) -> None:
        self.counts[finding.severity] += 1
        if sum(self.counts.values()) <= LISTED_MAX:
            self.listed.append(finding)


def printable(where: str) -> str:
    """A place whose name somebody else chose (a file, a field): nothing in it can move a cursor or a line."""
    if where.isprintable() and len(where) <= WHERE_MAX:
        return where
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in where[:WHERE_MAX])


def sentence(what: str) -> str:
    """`what` of an error with a capital letter and a full stop."""
    text = what[:1].upper() + what[1:]
    return text if text.endswith((".", "。")) else f"{text}."
