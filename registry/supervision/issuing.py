"""Door: certificates issued in a district, by day or month and by body: numbers only, equal to a recount.

Promises the counts of the facts at `counted_to`. What is counted is issued certificates, which stand one by
one in the published log: no number here says how many failed. Pass rates leave out classes under five whole,
so that none can be taken out of a sum again.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any, Final, Literal

from issuers.authority.case import shanghai_date
from issuers.authority.class_facts import State
from registry.persons.read_audit import Reader
from registry.service import Service
from registry.storage.facts import TableView
from registry.supervision.classes import counted_classes, rates
from registry.supervision.spoken import party_shown

DAYS: Final = 62
MONTHS: Final = 24

Unit = Literal["day", "month"]


def issuing(service: Service, reader: Reader, unit: Unit) -> dict[str, Any]:
    """The series that end today, and the standing of all certificates. Raises Refused ACCESS_DUTY."""
    rows, size, counted, ward = counted_classes(service, reader)
    today = shanghai_date(service.clock.now_ms())
    book = service.book
    with book.lock:
        district = book.districts[ward.district.id]
        days = {
            day: Counter({body: n for (body, project), n in found.items() if _own(ward.projects, project)})
            for day, found in district.days.items()
        }
        standing = Counter[State]()
        for (project, state), count in district.states.items():
            if _own(ward.projects, project):
                standing[state] += count
    # A body may be counted twice for two projects of a day; the sums by body take both.
    labels = _labels(today, unit)
    table = {label: Counter[str]() for label in labels}
    bodies = Counter[str]()
    for day, by_body in days.items():
        label = day.isoformat() if unit == "day" else f"{day:%Y-%m}"
        bodies.update(by_body)
        if label in table:
            table[label].update(by_body)
    with service.database.reading() as connection:
        view = TableView(connection)
        order = [body for body, _ in sorted(bodies.items(), key=lambda item: (-item[1], item[0]))]
        told = [{**party_shown(view, body), "issued": bodies[body]} for body in order]
        return {
            "district": ward.district.id,
            "size": size,
            "counted_to": counted,
            "unit": unit,
            "bodies": told,
            "rows": [
                {"label": label, "total": table[label].total(), "bodies": dict(table[label])}
                for label in labels
            ],
            "total": bodies.total(),
            "standing": {state.value: standing[state] for state in State},
            "classes": len(rows),
            "rates_by_body": rates(view, rows, "body"),
            "rates_by_institution": rates(view, rows, "institution"),
        }


def _own(projects: tuple[str, ...], project: str) -> bool:
    return not projects or project in projects


def _labels(today: date, unit: Unit) -> list[str]:
    if unit == "day":
        return [(today - timedelta(days=back)).isoformat() for back in reversed(range(DAYS))]
    last = today.year * 12 + today.month - 1
    return [f"{month // 12:04d}-{month % 12 + 1:02d}" for month in range(last - MONTHS + 1, last + 1)]
