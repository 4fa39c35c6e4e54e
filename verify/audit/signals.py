"""Signals: patterns that past audits found behind fraud, for a person to look at. Pure.

A signal is no departure and never changes the verdict: true signatures on false facts look sound to every
check of this auditor, and an honest body can show any of these patterns (domain D2, D3; a purely automated
rejection would also be against PIPL 24). Thresholds are parameters and stand in the words of each signal.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from math import sqrt
from typing import Final

from issuers.acts.classes import Sheet
from issuers.authority.case import SHANGHAI, TIME_MAX_MS, shanghai_date
from issuers.authority.class_facts import CertificateFact, ClassFact, Passed
from issuers.authority.party_facts import BodyAppointment, Key
from issuers.authority.view import MemoryView
from ledger.errors import Unavailable
from verify.audit.findings import Findings
from verify.audit.kept import Record, torn
from verify.audit.replay import Heard
from verify.audit.tallies import Tallies
from verify.subsidy.calendar import is_rest

_PERCENT: Final = 100


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Judged, not measured; none is in the notice. Counts are of certificates unless named otherwise."""

    scored_a_day: int = 40  # candidates one evaluator scores on one day (A07)
    odd_hours: int = 10  # issued by one body on one day outside 07 to 22 h, or on a day of rest (A09)
    burst: int = 1_000  # within `burst_days` of a body's appointment (A10)
    burst_days: int = 60
    all_pass_classes: int = 5  # classes with nobody failing (A05)
    funnel_candidates: int = 30  # least number of candidates for a pass rate to be compared (A05)
    funnel_z: float = 3.0
    voids_percent: int = 2  # of all numbers of a body (A16), once there are `voids_numbers`
    voids_numbers: int = 50


class Signals:
    """Takes statement after statement; `close` looks at the whole."""

    def __init__(self, thresholds: Thresholds | None = None) -> None:
        self.findings = Findings()
        self._limits = thresholds or Thresholds()
        self._scored: Counter[tuple[str, date]] = Counter()

    def remember(self) -> Iterator[Record]:
        """What was counted, for `verify.audit.kept`."""
        for (staff, day), count in self._scored.items():
            yield ["scored", staff, day.isoformat(), count]

    def recall(self, records: Iterable[Record]) -> None:
        """Goes on from what was remembered. Raises Malformed KEPT_TORN."""
        for record in records:
            match record:
                case ["scored", str(staff), str(day), int(count)]:
                    self._scored[staff, date.fromisoformat(day)] = count
                case _:
                    raise torn()

    def take(self, heard: Heard, act: object) -> None:
        """Counts what each evaluator scored on each day."""
        if isinstance(act, Sheet) and heard.staff is not None and 0 <= heard.time_ms < TIME_MAX_MS:
            day = shanghai_date(heard.time_ms)
            self._scored[heard.staff.hex(), day] += len(act.entries)

    def close(self, view: MemoryView, tallies: Tallies) -> None:
        """Looks at evaluators, hours of issue, bodies and keys."""
        for (staff, day), count in sorted(self._scored.items()):
            if count > self._limits.scored_a_day:
                where = f"officer/{staff}, {day}"
                self._signal("SIGNAL_A07", where, n=count, limit=self._limits.scored_a_day)
        self._odd_hours(view)
        self._bursts(view)
        self._pass_rates(view)
        self._voids(tallies)
        self._compromised(view)

    def _signal(self, code: str, where: str, **values: int | str) -> None:
        self.findings.note(code, where, **values)

    def _odd_hours(self, view: MemoryView) -> None:
        odd: Counter[tuple[str, date]] = Counter()
        for fact in view.all(CertificateFact):
            time = datetime.fromtimestamp(fact.time_ms / 1000, UTC).astimezone(SHANGHAI)
            if not 7 <= time.hour < 22 or _rests(time.date()):
                odd[fact.body, time.date()] += 1
        for (body, day), count in sorted(odd.items()):
            if count >= self._limits.odd_hours:
                self._signal("SIGNAL_A09", f"{body}, {day}", n=count)

    def _bursts(self, view: MemoryView) -> None:
        span = timedelta(days=self._limits.burst_days)
        for appointment in view.all(BodyAppointment):
            until = appointment.first_day + span
            count = sum(
                1
                for fact in view.all(CertificateFact)
                if fact.body == appointment.party and appointment.first_day <= fact.issued_on < until
            )
            if count > self._limits.burst:
                self._signal("SIGNAL_A10", appointment.party, n=count, days=self._limits.burst_days)

    def _pass_rates(self, view: MemoryView) -> None:
        """A05: everybody passes class after class, or far more pass than elsewhere in the same project."""
        passed = Counter(one.class_id for one in view.all(Passed))
        groups: defaultdict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
        for known in view.all(ClassFact):
            if known.evaluation is not None:
                groups[known.project, known.body].append((passed[known.id], known.candidates))
        for (project, body), classes in sorted(groups.items()):
            where = f"{body}, project {project}"
            if len(classes) >= self._limits.all_pass_classes and all(got == of for got, of in classes):
                self._signal("SIGNAL_A05_ALL", where, n=len(classes))
            others = [
                one
                for (same, other), rows in groups.items()
                for one in rows
                if same == project and other != body
            ]
            z = funnel(classes, others)
            if z > self._limits.funnel_z and sum(of for _, of in classes) >= self._limits.funnel_candidates:
                self._signal("SIGNAL_A05", where, z=f"{z:.1f}", limit=f"{self._limits.funnel_z:.0f}")

    def _voids(self, tallies: Tallies) -> None:
        for row in tallies.bodies:
            numbers = row.issued + row.voided
            many = row.voided * _PERCENT > self._limits.voids_percent * numbers
            if numbers >= self._limits.voids_numbers and many:
                self._signal("SIGNAL_A16", row.id, n=row.voided, of=numbers)

    def _compromised(self, view: MemoryView) -> None:
        """Certificates signed with a key between the moment it was compromised and its revocation."""
        since = {key.kid: key.compromised_since for key in view.all(Key) if key.compromised_since is not None}
        doubtful: Counter[bytes] = Counter()
        for fact in view.all(CertificateFact):
            if fact.signer in since and fact.signed_ms >= (since[fact.signer] or 0) * 1000:
                doubtful[fact.signer] += 1
        for kid, count in sorted(doubtful.items()):
            self._signal("SIGNAL_KEY", f"key/{kid.hex()}", n=count)


def funnel(classes: list[tuple[int, int]], others: list[tuple[int, int]]) -> float:
    """How many standard errors the pass rate lies above that of the others; 0 where nothing compares."""
    count = sum(of for _, of in classes)
    total, passed = sum(of for _, of in others), sum(got for got, _ in others)
    if not count or not total or not 0 < passed < total:
        return 0.0
    rate = passed / total
    return (sum(got for got, _ in classes) / count - rate) / sqrt(rate * (1 - rate) / count)


def _rests(day: date) -> bool:
    try:
        return is_rest(day)
    except Unavailable:
        return day.isoweekday() > 5  # no calendar of that year: weekends only
