"""The gate, with every trap at every route that could fall into it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from fastapi import APIRouter, Request

from issuers.acts.words import Duty
from registry.http import health
from registry.http.access import ACCESS, Access, Who
from registry.http.app import create_app, guarded
from registry.http.gate import HEADERS_MAX, check_address, check_headers
from registry.http.shield import GUARDS, STRICT_TRANSPORT
from tests.ground import on
from tests.registry.access_examples import path_of
from tests.registry.browser import Browser
from tests.registry.desk import Desk
from tests.registry.stage import Stage
from tests.registry.traps import ADDRESSES, BODIES, HEADERS, JSON, MARK, Trap
from tests.registry.wire import Answered, ask

POSTS = sorted((row for row in ACCESS if row.method == "POST"), key=lambda row: row.template)
OFFICERS = {Duty.SUPERVISOR: "supervisor-310104", Duty.INTAKE: "intake-310101"}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW")


@pytest.fixture
def app(stage: Stage) -> Any:
    stage.publish()
    return stage.client.app


def spring(app: Any, path: str, trap: Trap, own: Sequence[tuple[bytes, bytes]] = ()) -> Answered:
    return ask(app, "POST", path.encode(), headers=(*trap.headers, *own), body=trap.body)


def refusal(answer: Answered) -> str:
    """The code of a proper refusal."""
    assert 400 <= answer.status < 500, answer
    assert re.fullmatch(r"[A-Z][A-Z0-9_]+", answer.code)
    for spelling in (MARK, "沈明", "310104198802290004"):
        assert spelling not in answer.body.decode()
    return answer.code


@pytest.mark.parametrize("row", POSTS, ids=lambda row: row.template)
def test_every_trap_at_every_route_with_a_body_is_a_4xx_with_its_code(app: Any, row: Access) -> None:
    for name, trap in BODIES.items():
        answer = spring(app, path_of(row), trap)
        wanted = trap.codes | ({"SESSION_NONE"} if row.who in (Who.SESSION, Who.HOLDER) else set())
        if row.template in ("/api/scan", "/api/cosignatures"):
            # They take pictures or notes: JSON is refused unread, and text is no note.
            wanted = {*trap.codes, "BODY_TYPE", "NOTE_SHAPE"}
        assert refusal(answer) in wanted, (name, answer)


@pytest.mark.parametrize(
    "row", [row for row in POSTS if row.who in (Who.SESSION, Who.EITHER)], ids=lambda row: row.template
)
def test_a_trap_of_somebody_signed_in_is_a_4xx_too(app: Any, stage: Stage, row: Access) -> None:
    browser = Browser(stage).sign_in(next(OFFICERS[duty] for duty in row.duties))
    cookie = f"__Host-malan={browser.client.cookies['__Host-malan']}".encode()
    headers = {**browser.own(), "x-malan-csrf": browser.csrf}
    own = [(name.encode(), value.encode()) for name, value in headers.items()] + [(b"cookie", cookie)]
    for name, trap in BODIES.items():
        if name == "nothing in it" and row.template == "/api/supervision/audits":
            continue  # every member of this body may be left out
        answer = spring(app, path_of(row), trap, own)
        assert refusal(answer) in trap.codes - {"SESSION_NONE"}, (name, answer)


@on("sqlite")  # no database is asked
@pytest.mark.parametrize("name", ADDRESSES)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_an_address_that_means_two_things_is_refused(app: Any, name: str, method: str) -> None:
    path, query, codes = ADDRESSES[name]
    answer = ask(app, method, path, query=query)
    assert refusal(answer) in (codes if method == "GET" else codes | {"HTTP_404", "HTTP_405"}), answer


@on("sqlite")  # no database is asked
@pytest.mark.parametrize("name", HEADERS)
@pytest.mark.parametrize("path", ["/api/verify", "/nowhere"])
def test_headers_that_say_two_things_are_refused(app: Any, name: str, path: str) -> None:
    headers, code = HEADERS[name]
    assert refusal(ask(app, "POST", path.encode(), headers=headers, body=(b"{}",))) == code


def test_a_method_without_a_body_brings_none(app: Any) -> None:
    for method in ("GET", "HEAD", "DELETE", "OPTIONS"):
        answer = ask(app, method, b"/healthz", headers=((b"content-length", b"2"),), body=(b"{}",))
        assert answer.status == 400
    assert ask(app, "GET", b"/healthz", headers=((b"content-length", b"0"),)).status == 200


def _serves(template: str, path: str) -> bool:
    """Whether an address is one of the route's; some are of two routes, by method."""
    return re.fullmatch(re.sub(r"\{[^}]*\}", "[^/]+", template), path) is not None


def routes() -> Iterator[tuple[str, str]]:
    for path in sorted({path_of(row) for row in ACCESS} | {"/nowhere"}):
        yield from ((method, path) for method in METHODS)


def test_every_answer_of_every_route_has_its_guards(app: Any) -> None:
    for method, path in routes():
        for scheme in ("http", "https"):
            answer = ask(app, method, path.encode(), headers=(JSON,), body=(b"",), scheme=scheme)
            assert answer.status < 500, (method, path, answer)
            for name, _ in GUARDS:
                assert answer.headers[name], (method, path, name)
            assert answer.headers[b"x-content-type-options"] == b"nosniff"
            assert b"frame-ancestors 'none'" in answer.headers[b"content-security-policy"]
            assert (STRICT_TRANSPORT[0] in answer.headers) is (scheme == "https")
            assert not {b"server", b"x-powered-by", b"location"} & answer.headers.keys()


def test_a_method_a_route_does_not_take_is_a_405_that_names_those_it_takes(app: Any) -> None:
    for method, path in routes():
        if path == "/nowhere":
            continue
        taken = {row.method for row in ACCESS if _serves(row.template, path)}
        taken |= {"HEAD"} if "GET" in taken else set()
        answer = ask(app, method, path.encode(), headers=(JSON,))
        assert (answer.status == 405) is (method not in taken), (method, path, answer)
        if answer.status == 405 and method != "HEAD":
            assert answer.code == "HTTP_405"
            allowed = answer.headers[b"allow"].decode().split(", ")
            assert allowed == sorted(allowed)
            assert set(allowed) <= taken


def test_head_is_get_without_its_body(app: Any) -> None:
    for path in (b"/healthz", b"/v/0000000000000000", b"/openapi.json", b"/nowhere", b"/v/%00"):
        head, get = ask(app, "HEAD", path), ask(app, "GET", path)
        assert (head.status, head.body) == (get.status, b"")
        assert head.headers[b"content-length"] == str(len(get.body)).encode()


def test_what_is_good_passes(desk: Desk) -> None:
    """The one with a name in the query, a long escape, chunks and 20 headers is nobody's attack."""
    app: Any = desk.stage.client.app
    answer = ask(app, "GET", b"/v/1234567890123456", query=b"lang=%E4%B8%AD%E6%96%87")
    assert answer.status == 200
    body = b'{"qr": "%s"}' % desk.certified[0].qr.encode()
    extra = tuple((b"x-%d" % n, b"1") for n in range(20))
    chunks = tuple(body[start : start + 7] for start in range(0, len(body), 7))
    headers = (JSON, (b"transfer-encoding", b"chunked"), *extra)
    answer = ask(app, "POST", b"/api/verify", headers=headers, body=chunks)
    assert (answer.status, b'"state":"valid"' in answer.body) == (200, True)
    # A character of two halves is a text.
    answer = ask(app, "POST", b"/api/verify", headers=(JSON,), body=(b'{"qr": "\\ud842\\udfb7"}',))
    assert (answer.status, b"unreadable" in answer.body) == (200, True)


def test_limits_are_where_they_are_said(app: Any) -> None:
    check_headers([(b"x-%d" % n, b"1") for n in range(HEADERS_MAX)], bodiless=True)
    check_address(b"/v/" + b"1" * 1_021, b"")
    assert ask(app, "GET", b"/v/" + b"1" * 1_022).code == "URL_SIZE"


def test_a_planted_route_that_faults_or_echoes_is_noticed(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: behind the same gate, with handlers that trust what they get."""
    planted = APIRouter()

    @planted.post("/readyz")
    async def echo(request: Request) -> str:
        return (await request.body()).decode("utf-8", "replace")

    @planted.post("/healthz")
    async def fault(request: Request) -> str:
        return str((await request.json())["qr"])

    monkeypatch.setattr(health, "router", planted)
    monkeypatch.setattr("registry.http.access.check_routes", lambda _: None)
    monkeypatch.setattr("registry.http.app.check_routes", lambda _: None)
    monkeypatch.setattr("registry.http.app.admit", lambda: None)
    monkeypatch.setattr("registry.http.app.guarded", guarded.__wrapped__)
    app = create_app(stage.service)
    for path in ("/readyz", "/healthz"):
        caught = 0
        for trap in BODIES.values():
            try:
                assert refusal(spring(app, path, trap)) in trap.codes
            except AssertionError:
                caught += 1
        assert caught > 20
