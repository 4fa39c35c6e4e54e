"""For each row that binds callers to their own: how to ask for one's own, and for what is others'.

A row with ownership and no example fails the walk.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import httpx

from registry.http.access import Access
from tests.registry.desk import Desk
from tests.registry.stage import Stage, know_staff, officer_document
from tests.world_parts import BODY

Asked = Callable[[Stage, str], httpx.Response]


@dataclass(frozen=True)
class Example:
    """`asked` asks as an officer for what is their own; `own` gets an answer, each of `others` a refusal."""

    asked: Asked
    own: Callable[[Stage], httpx.Response]
    others: Callable[[Stage], Sequence[httpx.Response]]


def path_of(row: Access) -> str:
    """An address of the row's route; there is nothing behind it."""
    return re.sub(r"\{[^}]*\}", "0", row.template)


def _staff(stage: Stage, who: str, party: str = "") -> httpx.Response:
    number = officer_document("somebody new").number
    body = {"id_type": "resident_id", "id_number": number, "name": "沈明"}
    party = party or stage.world.people[who].party
    return stage.ask("/api/staff", "staff", who, f"party/{party}", body)


def _evidence(stage: Stage, who: str) -> httpx.Response:
    subject = f"class/{stage.world.class_id.hex()}"
    return stage.ask("/api/classes/evidence", "evidence", who, subject, {})


def _prepare(stage: Stage, who: str) -> httpx.Response:
    subject = f"class/{stage.world.class_id.hex()}"
    body = {"batch": os.urandom(16)}
    return stage.ask("/api/certificates/prepare", "certificates", who, subject, body)


def _subsidy(path: str, name: str) -> Example:
    def asked(stage: Stage, who: str) -> httpx.Response:
        return stage.ask(path, name, who, f"party/{stage.world.people[who].party}", {})

    def own(stage: Stage) -> httpx.Response:
        desk = Desk(stage, stage.issue_all())
        stage.publish()
        return stage.ask(path, name, "intake-310101", "party/district-310101", desk.body())

    def others(stage: Stage) -> list[httpx.Response]:
        return [stage.ask(path, name, "intake-310101", "party/district-310104", {})]

    return Example(asked, own, others)


EXAMPLES: dict[tuple[str, str], Example] = {
    ("POST", "/api/staff"): Example(
        _staff,
        lambda stage: _staff(stage, "city-admin"),
        lambda stage: [_staff(stage, "city-admin", BODY), _staff(stage, f"admin-{BODY}", "city")],
    ),
    ("POST", "/api/classes/evidence"): Example(
        _evidence,
        lambda stage: _evidence(stage, "supervisor-310104"),
        lambda stage: [
            _evidence(stage, "supervisor-310101"),
            _evidence(with_rival(stage), "rival-signatory"),
        ],
    ),
    ("POST", "/api/certificates/prepare"): Example(
        _prepare,
        lambda stage: _prepare(stage, "signatory"),
        lambda stage: [_prepare(with_rival(stage), "rival-signatory")],
    ),
    ("POST", "/api/subsidy/check"): _subsidy("/api/subsidy/check", "subsidy-check"),
    ("POST", "/api/subsidy/claims/prepare"): _subsidy("/api/subsidy/claims/prepare", "claim"),
}


def with_rival(stage: Stage) -> Stage:
    """The stage with a second body and its people in office."""
    stage.world.with_rivals()
    know_staff(stage.service, stage.world)
    stage.tell()
    return stage
