"""A real service and its people around one class of CSV files, for the tests of the main job.

The same parts as `malan demo`, with a third evaluator for marks that diverge.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

from issuers.acts.words import Duty
from issuers.authority.case import shanghai_date
from issuers.office.roster import Roster
from issuers.sign.desk.classes import (
    confirm_class,
    lay_sheet,
    read_class_roster,
    review_class,
    seal_roster,
    sign_sheet,
)
from issuers.sign.desk.issuing import IssueReport, issue
from issuers.sign.desk.parties import act
from registry import logs
from registry.clock import Clock
from registry.demo.cast import BODY, INSTITUTION, PROJECTS, Cast, Member, cast, staff_id_number
from registry.demo.office import Office
from registry.demo.running import Running
from registry.demo.setup import STANDARD, Setup, genesis
from registry.initialise import initialise
from registry.published.publishing import Publisher
from registry.service import Service
from registry.settings import read_settings

URL = "http://127.0.0.1:8000"
ORIGIN = "log.malan.example/test"


@dataclass
class Job:
    """A running service with its office; `people` of a class come as CSV bytes."""

    home: Path
    service: Service
    office: Office
    setup: Setup

    def publish(self) -> None:
        Publisher(self.service).run_once()

    def open_class(self) -> bytes:
        """A class that ended yesterday; its id."""
        class_id = os.urandom(16)
        today = shanghai_date(self.service.clock.now_ms())
        body = {
            "project": PROJECTS[0],
            "standard": STANDARD.id,
            "body": BODY,
            "instructors": [self.setup.staff[INSTITUTION, "instructor"]],
            "first_day": (today - timedelta(days=6)).isoformat(),
            "last_day": (today - timedelta(days=1)).isoformat(),
        }
        act(self.office.desk(INSTITUTION, "registrar"), "class-opened", f"class/{class_id.hex()}", body)
        return class_id

    def seal(self, class_id: bytes, roster: bytes) -> Roster:
        """The roster file read and sealed; the refused rows are in the answer."""
        desk = self.office.desk(INSTITUTION, "registrar")
        read = read_class_roster(desk, class_id, roster)
        seal_roster(desk, class_id, read.entries)
        return read

    def score(self, class_id: bytes, name: str, sheet: bytes) -> None:
        desk = self.office.desk(BODY, name)
        laid = lay_sheet(desk, class_id, sheet)
        assert not laid.errors
        sign_sheet(desk, class_id, laid)

    def confirm(self, class_id: bytes) -> None:
        desk = self.office.desk(BODY, "signatory")
        confirm_class(desk, review_class(desk, class_id))

    def issue(self, class_id: bytes) -> IssueReport:
        """Certificates with cards, published, proofs fetched."""
        desk = self.office.desk(BODY, "signatory")
        issue(desk, class_id)
        self.publish()
        return issue(desk, class_id)


@contextmanager
def main_job(home: Path) -> Iterator[Job]:
    """The founded world under `home`, served over HTTP until the end; settings that lie there count."""
    clock = Clock()
    office = Office(home, ORIGIN, clock)
    settings = read_settings(home=home, qr_origin=URL)
    made = initialise(settings, genesis(office, clock), clock=clock)
    try:
        with logs.quiet(), Running(made.service) as server:
            office.open_desks(server, later=URL)
            setup = Setup(office, _with_third_evaluator(), shanghai_date(clock.now_ms()))
            setup.run(made.enrolments)
            job = Job(home, made.service, office, setup)
            job.publish()
            yield job
    finally:
        office.close()
        made.service.close()


def passing(roster: bytes, *sheets: bytes) -> set[str]:
    """Who passes, by ID number: the default norm of domain C9 said once more, naively, as a judge.

    Theory 40, plan 40, defence 20; each part and the total at least 60; 80 % attendance; averages and total
    to a tenth, half up.
    """
    people = _rows(roster)
    tables = [{row["证件号码"]: row for row in _rows(sheet)} for sheet in sheets]
    passed = set()
    for person in people:
        number = person["证件号码"]
        rows = [table[number] for table in tables if number in table]
        averages = [
            _tenth(Fraction(sum(Fraction(row[part]) for row in rows), len(rows)))
            for part in ("理论成绩", "创业计划书", "答辩")
        ]
        total = _tenth(averages[0] * Fraction(2, 5) + averages[1] * Fraction(2, 5) + averages[2] / 5)
        enough = Fraction(person["出勤课时"]) >= Fraction(4, 5) * STANDARD.hours
        if enough and total >= 60 and min(averages) >= 60:
            passed.add(number)
    return passed


def _tenth(value: Fraction) -> Fraction:
    return Fraction(int(value * 10 + Fraction(1, 2)), 10)


def _rows(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))


def _with_third_evaluator() -> tuple[Cast, ...]:
    third = Member("evaluator-3", (Duty.EVALUATOR,), "云心怡", staff_id_number(900))
    return tuple(
        replace(party, members=(*party.members, third)) if party.party == BODY else party for party in cast()
    )
