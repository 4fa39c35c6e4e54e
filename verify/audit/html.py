"""Door: reads its own template; renders a report as one HTML page a supervisor can read, print and file.

Promises: Chinese first, English beside it; everything that comes from the log is escaped; no script, no font
and no picture from elsewhere; the verdict is told by word and icon, not by colour alone. The same report
gives the same bytes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib import resources
from typing import Final

from jinja2 import Environment, StrictUndefined

from verify.audit.findings import Severity
from verify.audit.labels import ACTS, CHECK_STATES, ICONS
from verify.audit.report import LIMITS, AuditReport, CheckState, fingerprint, instant

_WIDTH, _HEIGHT, _BASE, _LEFT = 360, 132, 112, 30  # of a plot, in its own units; legible on a phone
_DAYS_MAX: Final = 62  # more days than that are drawn as months
_BAR_MAX: Final = 22


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a plot and what it says when pointed at."""

    x: float
    y: float
    width: float
    height: float
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class Plot:
    """Bars over time; `top` is the largest count, `first` and `last` are the ends of the axis."""

    bars: tuple[Bar, ...]
    top: int
    first: str
    last: str
    by_month: bool


def render(report: AuditReport) -> str:
    """The page."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["moment"] = moment
    environment.filters["yuan"] = yuan
    environment.filters["fingerprint"] = fingerprint
    template = resources.files("verify.audit").joinpath("report.html").read_text("utf-8")
    page = environment.from_string(template).render(
        report=report,
        state=report.state.value,
        icon=ICONS[report.state],
        departures=report.of(Severity.DEPARTURE),
        doubts=report.of(Severity.COULD_NOT_CHECK),
        notes=report.of(Severity.NOTE),
        check_states=CHECK_STATES,
        not_asked=CheckState.NOT_ASKED,
        acts=[(kind, ACTS.get(kind, ""), count) for kind, count in sorted(report.kinds.items())],
        limits=LIMITS,
        plot=plot(report.tallies.days),
        most_issued=max((row.issued for row in report.tallies.bodies), default=0),
        size=(_WIDTH, _HEIGHT, _BASE, _LEFT),
    )
    return page + "\n"


def plot(days: Sequence[tuple[date, int]]) -> Plot | None:
    """Certificates by day over the whole span, days without any included; by month for a longer span."""
    if not days:
        return None
    first, last = days[0][0], days[-1][0]
    by_month = (last - first).days >= _DAYS_MAX
    if by_month:
        start, end = _month(first), _month(last)
        labels = [f"{month // 12}-{month % 12 + 1:02d}" for month in range(start, end + 1)]
        counts: Counter[str] = Counter()
        for day, count in days:
            counts[f"{day:%Y-%m}"] += count
    else:
        span = range(first.toordinal(), last.toordinal() + 1)
        labels = [date.fromordinal(day).isoformat() for day in span]
        counts = Counter({day.isoformat(): count for day, count in days})
    top = max(counts.values())
    step = (_WIDTH - _LEFT) / len(labels)
    width = min(_BAR_MAX, max(step * 0.8, 0.6))
    bars = []
    for place, label in enumerate(labels):
        height = counts[label] / top * (_BASE - 16)
        x = _LEFT + place * step + (step - width) / 2
        bars.append(
            Bar(
                x=round(x, 2),
                y=round(_BASE - height, 2),
                width=round(width, 2),
                height=round(height, 2),
                label=label,
                count=counts[label],
            )
        )
    return Plot(tuple(bars), top, labels[0], labels[-1], by_month)


def moment(time_ms: int) -> str:
    """Date and time of day in Shanghai, as people read it."""
    return instant(time_ms).removesuffix("+08:00").replace("T", " ")


def yuan(fen: int) -> str:
    """An amount as people write it: 1,800.00."""
    return f"{fen // 100:,}.{fen % 100:02d}"


def _month(day: date) -> int:
    return day.year * 12 + day.month - 1
