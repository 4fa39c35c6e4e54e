"""Door: lists of a district's classes, and the certificates of one class, a page at a time; nobody's name.

Promises counts only, of the reader's own district. In a class of fewer than five candidates, how many passed
would tell acquaintances who failed: its numbers are not shown in any list, and enter no rate.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from issuers.authority.class_facts import CertificateFact
from registry.certificates.preparing import passed_of
from registry.persons.read_audit import Reader
from registry.service import Service
from registry.storage.facts import TableView
from registry.supervision.book import ClassRow
from registry.supervision.chain import SMALL
from registry.supervision.spoken import party_shown
from registry.supervision.ward import Ward, own_class, ward_of

PAGE: Final = 50
CATCH_UP_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which classes: empty values ask for all; `before` is the `opened_seq` of the last one shown."""

    institution: str = ""
    body: str = ""
    evaluator: str = ""
    before: int | None = None

    def fits(self, row: ClassRow) -> bool:
        """Whether a class is one of them."""
        return (
            self.institution in ("", row.institution)
            and self.body in ("", row.body)
            and (not self.evaluator or self.evaluator in {one.hex() for one in row.evaluators})
            and (self.before is None or row.opened_seq < self.before)
        )


def classes(service: Service, reader: Reader, wanted: Wanted) -> dict[str, Any]:
    """A page of classes, the newest first, and what could be asked for. Raises Refused ACCESS_DUTY."""
    rows, size, counted, ward = counted_classes(service, reader)
    page: list[ClassRow] = []
    for row in reversed(rows):
        if wanted.fits(row):
            page.append(row)
            if len(page) > PAGE:
                break
    more = page[PAGE - 1].opened_seq if len(page) > PAGE else None
    with service.database.reading() as connection:
        view = TableView(connection)
        told = [_row(view, row) for row in page[:PAGE]]
        asked_for = {
            name: [party_shown(view, one) for one in sorted({getattr(row, name) for row in rows})]
            for name in ("institution", "body")
        }
    evaluators = sorted({one.hex() for row in rows for one in row.evaluators})
    return {
        "district": ward.district.id,
        "size": size,
        "counted_to": counted,
        "classes": told,
        "before": more,
        "institutions": asked_for["institution"],
        "bodies": asked_for["body"],
        "evaluators": evaluators,
    }


def certificates_of_class(service: Service, reader: Reader, class_id: bytes) -> dict[str, Any]:
    """The certificates of a class by place in the log. Raises Refused ACCESS_DUTY, CLASS_UNKNOWN."""
    published = service.log.size()
    with service.database.reading() as connection:
        view = TableView(connection)
        own_class(view, ward_of(service, connection, reader), class_id)
        ids = [one.certificate for one in passed_of(connection, class_id) if one.certificate is not None]
        facts = [view.get(CertificateFact, one.hex()) for one in ids]
    shown = [
        {
            "certificate": fact.id.hex(),
            "seq": fact.seq,
            "issued_on": fact.issued_on.isoformat(),
            "state": fact.state.value,
            "proof": f"/log/proof/{fact.seq}" if fact.seq < published else None,
        }
        for fact in facts
        if fact is not None
    ]
    return {"class": class_id.hex(), "certificates": sorted(shown, key=lambda one: str(one["seq"]).zfill(12))}


def counted_classes(service: Service, reader: Reader) -> tuple[list[ClassRow], int, int, Ward]:
    """The reader's classes by opening, the size of the log, and how far the counts go."""
    with service.database.reading() as connection:
        ward = ward_of(service, connection, reader)
    book = service.book
    with book.lock:
        size = book.carry_on(service.database, service.origin, seconds=CATCH_UP_SECONDS)
        every = book.districts[ward.district.id].classes
        rows = [row for row in every if ward.covers(district=row.district, project=row.project)]
        return rows, size, book.size, ward


def rates(view: TableView, rows: Iterable[ClassRow], by: str) -> list[dict[str, Any]]:
    """Classes, candidates and passed by body or institution; classes under five are counted as such only."""
    sums: dict[str, list[int]] = {}
    for row in rows:
        if row.passed is None:
            continue
        found = sums.setdefault(getattr(row, by), [0, 0, 0, 0])
        if row.candidates < SMALL:
            found[3] += 1
        else:
            found[0] += 1
            found[1] += row.candidates
            found[2] += row.passed
    return [
        {
            **party_shown(view, name),
            "classes": classes,
            "candidates": candidates,
            "passed": passed,
            "small_classes": small,
        }
        for name, (classes, candidates, passed, small) in sorted(sums.items())
    ]


def _row(view: TableView, row: ClassRow) -> dict[str, Any]:
    small = row.candidates < SMALL
    counts = {"candidates": row.candidates, "passed": row.passed, "issued": row.issued}
    return {
        "class": row.id.hex(),
        "institution": party_shown(view, row.institution),
        "body": party_shown(view, row.body),
        "project": row.project,
        "standard": row.standard,
        "first_day": row.first_day.isoformat(),
        "last_day": row.last_day.isoformat(),
        "opened_seq": row.opened_seq,
        "sheets": len(row.evaluators),
        "confirmed": row.evaluation is not None,
        "small": small and row.evaluation is not None,
        **(dict.fromkeys(counts) if small else counts),
    }
