"""For each row that binds callers to their own: how to ask for one's own, and for what is others'.

A row with ownership and no example fails the walk.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import httpx
import sqlalchemy as sa

from registry.certificates import reservations
from registry.http.access import Access
from registry.storage.tables import audit_report, open_claim
from tests.registry.browser import Browser
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


_OWN_LISTS = tuple(f"/api/supervision/{name}" for name in ("health", "issuing", "classes", "audits"))
_OF_ONE = (
    "/api/supervision/classes/{class_id}",
    "/api/supervision/classes/{class_id}/certificates",
    "/api/supervision/certificates/{certificate}",
)
_OF_AUDIT = ("/api/supervision/audits/{audit}", "/api/supervision/audits/{audit}/{form}")

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


def _supervised(path: str, *, typed: bool = False, audits: bool = False, purpose: str = "") -> Example:
    """An object of a class in 310104: its supervisor sees it, the one of 310101 does not."""

    def asked(stage: Stage, who: str) -> httpx.Response:
        with stage.service.database.reading() as connection:
            held = reservations.of_class(connection, stage.service.people, stage.world.class_id)
            runs = connection.execute(sa.select(audit_report.c.id)).scalars().all()
        one = next(iter(held.values()))
        ids = {"class": stage.world.class_id, "certificate": one.certificate, "audit": next(iter(runs), b"")}
        browser = Browser(stage).sign_in(who)
        if typed:
            return browser.post(path, {"typed": one.code})
        if purpose:
            return browser.post(path, {"certificate": one.certificate.hex(), "purpose": purpose})
        return browser.get(path.format(**{name: value.hex() for name, value in ids.items()}))

    def own(stage: Stage) -> httpx.Response:
        stage.issue_all()
        stage.publish()
        if audits:
            started = Browser(stage).sign_in("supervisor-310104").post("/api/supervision/audits", {})
            assert started.status_code == 202, started.text
            stage.service.audits.wait(60)
        return asked(stage, "supervisor-310104")

    return Example(asked, own, lambda stage: [asked(stage, "supervisor-310101")])


def _own_list(path: str) -> Example:
    """A list of one's own district takes no name of a foreign object: others are those without the duty.

    That another district's list has nothing of ours is shown in `test_supervision`.
    """

    def asked(stage: Stage, who: str) -> httpx.Response:
        return Browser(stage).sign_in(who).get(path)

    others = ("intake-310104", "reviewer-310104", "signatory", "registrar", "city-admin")
    return Example(
        asked,
        lambda stage: asked(stage, "supervisor-310104"),
        lambda stage: [asked(stage, who) for who in others],
    )


def _audit_example() -> Example:
    """With the evidence of a class of 310104."""

    def asked(stage: Stage, who: str) -> httpx.Response:
        body = {"classes": [stage.world.class_id.hex()]}
        answer = Browser(stage).sign_in(who).post("/api/supervision/audits", body)
        stage.service.audits.wait(60)
        return answer

    def own(stage: Stage) -> httpx.Response:
        stage.publish()
        return asked(stage, "supervisor-310104")

    return Example(asked, own, lambda stage: [asked(stage, "supervisor-310101")])


EXAMPLES.update(
    {
        **{("GET", path): _own_list(path) for path in _OWN_LISTS},
        **{("GET", path): _supervised(path.replace("_id}", "}")) for path in _OF_ONE},
        **{("GET", path): _supervised(path.replace("{form}", "json"), audits=True) for path in _OF_AUDIT},
        ("POST", "/api/supervision/trace"): _supervised("/api/supervision/trace", typed=True),
        ("POST", "/api/supervision/audits"): _audit_example(),
        ("POST", "/api/supervision/unmask"): _supervised("/api/supervision/unmask", purpose="complaint"),
    }
)


def _review(one: bool) -> Example:
    """A claim that waits in 310104: its reviewer sees it; without the duty or for another district nobody."""

    def asked(stage: Stage, who: str) -> httpx.Response:
        with stage.service.database.reading() as connection:
            claim = connection.execute(sa.select(open_claim.c.claim)).scalars().first() or b""
        path = "/api/subsidy/open-claims"
        return Browser(stage).sign_in(who).get(f"{path}/{claim.hex()}" if one else path)

    def own(stage: Stage) -> httpx.Response:
        desk = Desk(stage, stage.issue_all())
        stage.publish()
        assert desk.submit(desk.claim(desk.prepared())).status_code == 200
        return asked(stage, "reviewer-310104")

    others = ("reviewer-310101", "supervisor-310104") if one else ("supervisor-310104", "intake-310104")
    return Example(asked, own, lambda stage: [asked(stage, who) for who in others])


EXAMPLES[("GET", "/api/subsidy/open-claims")] = _review(False)
EXAMPLES[("GET", "/api/subsidy/open-claims/{claim}")] = _review(True)


def with_rival(stage: Stage) -> Stage:
    """The stage with a second body and its people in office."""
    stage.world.with_rivals()
    know_staff(stage.service, stage.world)
    stage.tell()
    return stage
