"""A founded world for the service to run on, and statements ready to be sent."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from issuers.authority.case import shanghai_date
from issuers.base64url import to_b64
from issuers.sign.answers import Prepared
from issuers.sign.desk.issuing import prepare
from issuers.sign.drafting_certificates import certify
from registry.demo.cast import BODY, INSTITUTION, PROJECTS
from registry.demo.people import invent, roster_csv, sheets_csv
from registry.demo.setup import STANDARD
from registry.service import open_service
from registry.settings import Settings, read_settings
from tests.main_job import URL, Job, main_job

TRAINEES = 150  # a class has at most 160


@dataclass(frozen=True)
class Ready:
    """A home that can be served, statements nobody has sent yet, and prepared classes."""

    home: Path
    statements: list[dict[str, object]]
    prepared: list[Prepared]
    job: Job

    def certificates(self, prepared: Prepared) -> list[dict[str, object]]:
        """Credentials and acts of a prepared class, signed now."""
        speaker = self.job.office.speaker(BODY, "signatory")
        made = (
            certify(
                speaker,
                prepared,
                item,
                record_key=os.urandom(32),
                now_ms=time.time_ns() // 10**6,
                fresh=os.urandom(10),
            ).parcel
            for item in prepared.items
        )
        return [
            {
                "statement": to_b64(one.statement),
                "openings": [to_b64(opening) for opening in one.openings],
                "attachment": to_b64(one.attachment or b""),
            }
            for one in made
        ]


@contextmanager
def ready(home: Path, *, statements: int = 0, classes: int = 0) -> Iterator[Ready]:
    """A world with so many statements signed and so many classes evaluated and prepared."""
    with main_job(home) as job:
        today = shanghai_date(job.service.clock.now_ms())
        prepared = []
        for seed in range(classes):
            people = invent(TRAINEES, today=today, hours=STANDARD.hours, seed=seed)
            class_id = job.open_class()
            job.seal(class_id, roster_csv(people))
            for name, sheet in zip(
                ("evaluator-1", "evaluator-2"), sheets_csv(people, seed=seed), strict=True
            ):
                job.score(class_id, name, sheet)
            job.confirm(class_id)
            prepared.append(prepare(job.office.desk(BODY, "signatory"), class_id))
        job.publish()
        yield Ready(home, [_class_opened(job) for _ in range(statements)], prepared, job)


@dataclass(frozen=True)
class Founded:
    """A world that has ended, and its settings: to be copied."""

    settings: Settings
    job: Job


def founded(settings: Settings) -> Founded:
    """A world that nobody has open."""
    with ready(settings.home) as made:
        return Founded(settings, made.job)


@contextmanager
def again(former: Founded, settings: Settings, *, statements: int) -> Iterator[Ready]:
    """Its copy, with people of the same keys; statements are signed now, for old ones are refused."""
    service = open_service(read_settings(home=settings.home, qr_origin=URL))
    try:
        job = replace(former.job, home=settings.home, service=service)
        yield Ready(settings.home, [_class_opened(job) for _ in range(statements)], [], job)
    finally:
        service.close()


def _class_opened(job: Job) -> dict[str, object]:
    """A statement of the common size: a class is opened."""
    today = shanghai_date(job.service.clock.now_ms())
    body = {
        "project": PROJECTS[0],
        "standard": STANDARD.id,
        "body": BODY,
        "instructors": [job.setup.staff[INSTITUTION, "instructor"]],
        "first_day": (today - timedelta(days=6)).isoformat(),
        "last_day": (today - timedelta(days=1)).isoformat(),
    }
    speaker = job.office.speaker(INSTITUTION, "registrar")
    subject = f"class/{os.urandom(16).hex()}"
    now_ms = time.time_ns() // 10**6
    raw = speaker.say("class-opened", subject, body, now_ms=now_ms, fresh=os.urandom(10))
    return {"statement": to_b64(raw)}
