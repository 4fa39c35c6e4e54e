"""The table of access, walked: every kind of caller gets of every route what its row says, and no more."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import iter_route_contexts
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from registry.callers.sessions import IDLE_MS
from registry.http import access, health
from registry.http.access import ACCESS, Access, Own, Who, check_routes
from registry.http.app import create_app, guarded
from tests.registry.access_examples import EXAMPLES, path_of
from tests.registry.browser import Browser
from tests.registry.stage import Stage
from tests.world_parts import BODY

# One officer for each duty, two where districts must not see each other's.
PEOPLE = (
    *("root-1", "city-admin", "standards", "supervisor-310104", "supervisor-310101", "reviewer-310104"),
    *("intake-310101", "intake-310104", f"admin-{BODY}", "evaluator-1", "signatory", "registrar"),
    "instructor-1",
)
_UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
BY_SESSION = [row for row in ACCESS if row.who in (Who.SESSION, Who.EITHER)]


def each(rows: Iterable[Access]) -> pytest.MarkDecorator:
    found = list(rows)
    assert found
    return pytest.mark.parametrize("row", found, ids=lambda row: f"{row.method} {row.template}")


def body_of(row: Access) -> dict[str, Any] | None:
    """An empty one where the method brings a body."""
    return {} if row.method in ("POST", "PUT", "PATCH") else None


def outcome(answer: Any) -> tuple[int, str]:
    """Status and code; of a good answer only the status."""
    kind = answer.headers.get("content-type", "")
    return answer.status_code, answer.json()["code"] if kind == "application/problem+json" else ""


def refused_at_the_gate(answer: Any) -> bool:
    status, code = outcome(answer)
    return (status, code) in (
        (401, "SESSION_NONE"),
        (401, "SESSION_ENDED"),
        (403, "CSRF"),
        (403, "ACCESS_DUTY"),
    )


def test_every_route_has_a_row_and_every_row_a_route(stage: Stage) -> None:
    routes = iter_route_contexts(stage.client.app.routes)  # type: ignore[attr-defined]
    served = {(method, route.path) for route in routes for method in route.methods or () if method != "HEAD"}
    assert served == {(row.method, row.template) for row in ACCESS}
    assert len(served) == len(ACCESS)


@each(ACCESS)
def test_a_stranger_gets_what_the_row_says(stage: Stage, row: Access) -> None:
    browser = Browser(stage)
    told = browser.ask(row.method, path_of(row), body_of(row))
    if row.who in (Who.SESSION, Who.EITHER, Who.HOLDER):
        assert outcome(told) == (401, "SESSION_NONE")
    else:
        assert not refused_at_the_gate(told), told.text


@pytest.mark.parametrize("who", PEOPLE)
def test_an_officer_gets_what_the_rows_say(stage: Stage, who: str) -> None:
    for row in BY_SESSION:
        browser = Browser(stage).sign_in(who)
        current = browser.get("/api/sessions/current").json()
        duties, role = set(current["duties"]), current["party"]["role"]
        admitted = (not row.duties or duties & row.duties) and (not row.roles or role in row.roles)
        told = browser.ask(row.method, path_of(row), body_of(row))
        assert refused_at_the_gate(told) is not bool(admitted), (row, who, told.text)
        if not admitted:
            assert outcome(told) == (403, "ACCESS_DUTY")


@each(BY_SESSION)
def test_a_session_that_ended_opens_nothing(stage: Stage, row: Access) -> None:
    browser = Browser(stage).sign_in("intake-310101")
    stage.hands.set(stage.hands.now_ms + IDLE_MS + 1)
    told = browser.ask(row.method, path_of(row), body_of(row))
    assert outcome(told) == (401, "SESSION_ENDED")


FORGERIES = {
    "no token": ({"x-malan-csrf": ""}, ()),
    "another token": ({"x-malan-csrf": "A" * 43}, ()),
    "from another site": ({"sec-fetch-site": "cross-site", "origin": "https://evil.example"}, ()),
    "from a sister site": ({"sec-fetch-site": "same-site"}, ()),
    "typed or from a mail": ({"sec-fetch-site": "none"}, ()),
    "another origin": ({"origin": "https://cert.malan.example.evil.example"}, ()),
    "an origin that hides": ({"origin": "null"}, ("sec-fetch-site",)),
    "no word of where from": ({}, ("sec-fetch-site", "origin")),
}


@pytest.mark.parametrize("forgery", FORGERIES)
@each(row for row in BY_SESSION if row.method in _UNSAFE)
def test_a_forged_request_changes_nothing(stage: Stage, row: Access, forgery: str) -> None:
    browser = Browser(stage).sign_in("intake-310101")
    changed, without = FORGERIES[forgery]
    headers = {**browser.own(), "x-malan-csrf": browser.csrf, **changed}
    kept = {name: value for name, value in headers.items() if name not in without}
    told = browser.client.request(row.method, path_of(row), json=body_of(row), headers=kept)
    assert outcome(told) == (403, "CSRF")
    assert browser.get("/api/sessions/current").status_code == 200


@each(row for row in ACCESS if row.who in (Who.SIGNED, Who.EITHER) and row.duties)
def test_a_signed_body_is_asked_for_its_duty(stage: Stage, row: Access) -> None:
    example = EXAMPLES[row.method, row.template]
    for who in PEOPLE:
        browser = Browser(stage).sign_in(who)
        duties = set(browser.get("/api/sessions/current").json()["duties"])
        told = example.asked(stage, who)
        assert (outcome(told) == (403, "REQUEST_DUTY")) is not bool(duties & row.duties), (who, told.text)


# What is one person's own: `test_holder_attacks`, 11.
@each(row for row in ACCESS if row.own not in (Own.NOBODYS, Own.AS_JUDGED, Own.PERSON))
def test_what_belongs_to_others_is_refused(results: Stage, row: Access) -> None:
    example = EXAMPLES[row.method, row.template]
    assert example.own(results).status_code in (200, 202)
    strange = example.others(results)
    assert strange
    for told in strange:
        assert outcome(told)[0] in (403, 404, 422), told.text
        assert outcome(told)[1] in (
            *("REQUEST_SUBJECT", "CLASS_OTHER", "EVIDENCE_OTHER", "ACCESS_OTHER", "ACCESS_DUTY"),
            *("CLASS_UNKNOWN", "CERTIFICATE_UNKNOWN", "AUDIT_UNKNOWN"),  # as if it did not exist
        )


def test_a_route_without_a_row_keeps_the_application_from_starting(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted = APIRouter()
    planted.add_api_route("/planted", lambda: None, methods=["GET"])
    monkeypatch.setattr(health, "router", planted)
    monkeypatch.setattr("registry.http.app.guarded", guarded.__wrapped__)
    with pytest.raises(TypeError, match="GET /planted has no row"):
        create_app(stage.service)


def test_a_route_the_gate_would_not_see_is_refused_unless_it_is_public(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bare = Route("/planted", PlainTextResponse("x"), methods=["GET"])
    for who, passes in ((Who.SESSION, False), (Who.PUBLIC, True)):
        monkeypatch.setattr(access, "_ROWS", {("GET", "/planted"): Access("GET", "/planted", who)})
        app = FastAPI(openapi_url=None, routes=[bare])
        if passes:
            check_routes(app)
        else:
            with pytest.raises(TypeError, match="passes by the gate"):
                check_routes(app)


def test_a_gate_that_is_left_open_is_noticed(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The walk fails when nobody looks: here `admit` lets everybody pass."""
    row = next(row for row in ACCESS if (row.method, row.template) == ("GET", "/api/sessions/current"))
    monkeypatch.setattr(access, "_admitted", lambda *_: None)
    with pytest.raises(Exception):  # noqa: B017  # the handler meets nobody, or the walk's assert fails
        test_a_stranger_gets_what_the_row_says(stage, row)
