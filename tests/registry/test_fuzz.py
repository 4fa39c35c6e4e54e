"""Made-up requests as each kind of caller: 0 faults, 0 echoes in 1,000 (MALAN_CAMPAIGN=full: 20,000)."""

from __future__ import annotations

import os
import secrets
from itertools import count
from typing import Any

import pytest
from fastapi import APIRouter, Request

from registry.http import access, health
from registry.http.access import Access, Who
from registry.http.app import create_app, guarded
from registry.http.bodies import QrText, described
from tests.registry.access_examples import path_of
from tests.registry.desk import Desk
from tests.registry.fuzz import Caller, Report, judge, run
from tests.registry.stage import officer_document
from tests.registry.traps import ADDRESSES, BODIES, HEADERS
from tests.registry.wire import ask
from tests.world_parts import BODY

LONG = os.environ.get("MALAN_CAMPAIGN") == "full"
CASES = 20_000 if LONG else 1_000
CALLERS = (
    *("", "intake-310101", "reviewer-310104", "supervisor-310104", "signatory", "evaluator-1"),
    *("registrar", f"admin-{BODY}"),
)


def callers(desk: Desk) -> list[Caller]:
    staff = {"id_type": "resident_id", "id_number": officer_document("new").number, "name": "沈明"}
    true = {
        "/api/subsidy/check": desk.body(),
        "/api/subsidy/claims/prepare": desk.body(),
        "/api/staff": staff,
        "/api/certificates/prepare": {"batch": b"b" * 16},
    }
    return [Caller(desk.stage, who, true) for who in CALLERS]


def trapped(desk: Desk, every: list[Caller], report: Report) -> None:
    """The corpus, too, as each caller at each route; PostgreSQL, in the short setting, by callers in turn."""
    app: Any = desk.stage.client.app
    for place, caller in enumerate(every):
        caller.enter()
        turn = count(place)
        for row in access.ACCESS:
            for name, trap in BODIES.items():
                if row.method != "POST" or (name == "nothing in it" and row.template.endswith("/audits")):
                    continue
                if _shares_the_doors(desk) and next(turn) % len(every):
                    continue
                headers = (*trap.headers, *caller.headers)
                answer = ask(app, "POST", path_of(row).encode(), headers=headers, body=trap.body)
                judge(report, f"{name} at {row.template}", answer, ["310104198802290004", "沈明31010419"], "")
        for name, (path, query, _) in ADDRESSES.items():
            judge(report, name, ask(app, "GET", path, query=query, headers=caller.headers), [], "")
        for name, (headers, _) in HEADERS.items():
            judge(report, name, ask(app, "POST", b"/api/verify", headers=headers), [], "")


def _shares_the_doors(desk: Desk) -> bool:
    """What lies before the database was asked on SQLite: PostgreSQL is asked a third of it."""
    return desk.stage.service.database.writer.dialect.name == "postgresql" and not LONG


@pytest.mark.slow
def test_no_request_makes_a_fault_or_an_echo(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    every, number = callers(desk), secrets.randbits(32)
    app: Any = desk.stage.client.app
    report = run(app, every, cases=CASES // (3 if _shares_the_doors(desk) else 1), seed_=number)
    made = str(report)
    trapped(desk, every, report)
    with capsys.disabled():
        print(f"\nfuzz, seed {number}: {made}\n  with traps: {report}")
    assert report.faults == []
    assert report.echoes == []
    assert report.shapeless == []
    assert report.cases >= CASES
    assert {200, 400, 401, 403, 404, 422} <= report.statuses.keys(), "it gets past the doors"


def test_a_planted_fault_and_a_planted_echo_are_found(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    planted = APIRouter()

    @planted.post("/planted/echo", openapi_extra=described(QrText))
    async def echo(request: Request) -> str:
        return (await request.body()).decode()

    @planted.post("/planted/fault", openapi_extra=described(QrText))
    async def fault(request: Request) -> int:
        return len((await request.json())["qr"].encode("ascii"))

    rows = {("POST", path): Access("POST", path, Who.PUBLIC) for path in ("/planted/echo", "/planted/fault")}
    monkeypatch.setattr(access, "_ROWS", {**access._ROWS, **rows})
    monkeypatch.setattr(health, "router", planted)
    monkeypatch.setattr("registry.http.app.guarded", guarded.__wrapped__)
    app = create_app(desk.stage.service)
    report = run(app, [Caller(desk.stage)], cases=300, seed_=1, only="/planted")
    assert [one for one in report.faults if "/planted/fault" in one]
    assert [one for one in report.echoes if "/planted/echo" in one]
    clean = run(app, [Caller(desk.stage)], cases=100, seed_=1, only="/api/verify")
    assert (clean.faults, clean.echoes) == ([], [])
