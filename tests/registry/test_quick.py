"""The short way answers as the long one does, for what is right and for what is wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest
from starlette.testclient import TestClient

from issuers.base64url import to_b64
from registry.callers.limiting import Limit
from registry.http import limits, quick
from registry.http.app import create_app
from registry.http.bodies import SMALL
from registry.http.certificates import post_verify
from tests.registry.stage import Stage, dismissal

JSON: Final = {"content-type": "application/json"}
ASKED: Final[dict[str, dict[str, Any]]] = {
    "no body": {},
    "another type": {"content": b"{}", "headers": {"content-type": "text/plain"}},
    "compressed": {"content": b"{}", "headers": {**JSON, "content-encoding": "gzip"}},
    "not JSON": {"content": b"{", "headers": JSON},
    "named twice": {"content": b'{"qr": "a", "qr": "b"}', "headers": JSON},
    "a member nobody knows": {"json": {"qr": "a", "statement": "a", "x": 1}},
    "no certificate": {"json": {"qr": "https://elsewhere.example/v/1#1"}},
    "no base64url": {"json": {"statement": "*"}},
    "no statement": {"json": {"statement": to_b64(b"\xd2\x84")}},
    "a batch of wrong ones": {"json": {"items": [{"statement": "*"}, {"statement": to_b64(b"\xa0")}]}},
    "too much": {"content": b'{"qr": "' + b"a" * SMALL + b'"}', "headers": JSON},
}


@pytest.fixture
def long_way(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    monkeypatch.setattr(quick, "ROUTES", ())
    return TestClient(create_app(stage.service), base_url=str(stage.client.base_url))


@pytest.mark.parametrize("path", [route.path for route in quick.ROUTES])
@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
def test_both_ways_answer_alike(stage: Stage, long_way: TestClient, path: str, asked: dict[str, Any]) -> None:
    short, long = (client.post(path, **asked) for client in (stage.client, long_way))
    told = [
        (answer.status_code, answer.content, {**answer.headers, "x-request-id": ""})
        for answer in (short, long)
    ]
    assert told[0] == told[1]


@pytest.mark.parametrize("path", [route.path for route in quick.ROUTES])
def test_another_method_is_told_what_the_address_takes(stage: Stage, path: str) -> None:
    answer = stage.client.put(path, json={})
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_a_statement_is_registered_once_whichever_way(stage: Stage, long_way: TestClient) -> None:
    body = {"statement": to_b64(dismissal(stage))}
    first = stage.client.post("/api/statements", json=body).json()["results"][0]
    again = long_way.post("/api/statements", json=body).json()["results"][0]
    assert (first["status"], again["status"]) == ("appended", "known")
    assert {**first, "status": ""} == {**again, "status": ""}, "the very same receipt"


def test_the_short_way_counts(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(limits.LIMITS, ("POST", "/api/verify"), Limit("verify", "2/minute"))
    settings = stage.service.settings.model_copy(update={"limit_factor": 1})
    client = TestClient(create_app(replace(stage.service, settings=settings)))
    statuses = [client.post("/api/verify", json={"qr": "x"}).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]


def test_what_asks_for_a_session_has_no_short_way() -> None:
    with pytest.raises(TypeError, match="session"):
        quick.QuickRoute("POST", "/api/supervision/trace", SMALL, post_verify)
    with pytest.raises(TypeError, match="session"):
        quick.QuickRoute("POST", "/api/nobody/knows", SMALL, post_verify)
