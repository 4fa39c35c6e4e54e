"""POST /api/verify with many items: each answered as it would be alone, none failing the others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from issuers.identifiers.numbers import make_code
from registry.callers.limiting import Limit
from registry.certificates import several
from registry.http.app import create_app
from tests.ground import on
from tests.registry.desk import Desk
from tests.registry.test_publishing import revoke


def ask(desk: Desk, items: list[Any]) -> list[dict[str, Any]]:
    answer = desk.stage.client.post("/api/verify", json={"items": items})
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json()["results"]
    assert len(results) == len(items)
    return results


def test_each_item_is_answered_as_it_would_be_alone(desk: Desk) -> None:
    client, (first, second, third) = desk.stage.client, desk.certified[:3]
    revoke(desk.stage, second.item.certificate)
    desk.stage.publish()
    broken = first.qr[:-2] + "00"
    texts = [first.qr, second.qr, broken, "nonsense", "https://elsewhere.example/v/1#1"]
    results = ask(desk, [{"qr": text} for text in texts] + [{"code": third.item.code}])
    for text, told in zip(texts, results, strict=False):
        alone = client.post("/api/verify", json={"qr": text}).json()
        verdict = {**told["verdict"], "checked_at": alone["checked_at"]}
        assert (told["status"], verdict) == ("checked", alone)
    states = [told["verdict"]["state"] for told in results[:5]]
    assert states[:2] == ["valid", "revoked"] and "valid" not in states[1:]
    assert results[5] == {
        "status": "found",
        "certificate": client.get(f"/api/certificates/{third.item.code}").json(),
    }


@on("sqlite")
def test_an_item_that_is_wrong_fails_alone(desk: Desk) -> None:
    code = desk.certified[0].item.code
    wrong = code[:-1] + str((int(code[-1]) + 1) % 10)
    items: list[Any] = [
        {"code": wrong},
        {"code": "1234"},
        {},
        {"qr": "x", "code": code},
        7,
        {"qr": 1},
        {"qr": "x" * 5_000},
        None,
        {"qr": desk.certified[0].qr},
    ]
    results = ask(desk, items)
    assert [told.get("code") for told in results[:2]] == ["CODE_CHECK", "CODE_FORM"]
    assert {told.get("code") for told in results[2:8]} == {"BODY_SHAPE"}
    assert results[8]["verdict"]["state"] == "valid"


@on("sqlite")
def test_a_batch_has_one_to_a_hundred_items(desk: Desk) -> None:
    for items, status in ((100, 200), (101, 400), (0, 400)):
        body = {"items": [{"qr": desk.certified[0].qr}] * items}
        assert desk.stage.client.post("/api/verify", json=body).status_code == status


def test_together_is_no_way_around_a_limit(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts count one by one; codes are look-ups and misses as if asked alone."""
    monkeypatch.setattr(several, "VERIFY", Limit("verify", "4/minute"))
    monkeypatch.setattr("registry.certificates.looking_up.MISS", Limit("miss", "2/minute", shared=True))
    settings = desk.stage.service.settings.model_copy(update={"limit_factor": 1})
    client = TestClient(create_app(replace(desk.stage.service, settings=settings)))
    one = {"qr": desk.certified[0].qr}
    statuses = [client.post("/api/verify", json={"items": [one] * 3}).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    codes = [{"code": make_code(77_000_000 + place)} for place in range(4)]
    told = client.post("/api/verify", json={"items": codes}).json()["results"]
    assert [one["code"] for one in told] == ["CERTIFICATE_UNKNOWN"] * 2 + ["TOO_MANY"] * 2


@on("sqlite")
def test_nothing_of_a_batch_is_logged(desk: Desk) -> None:
    made = desk.certified[0]
    with capture_logs() as logs:
        ask(desk, [{"qr": made.qr}, {"code": made.item.code}])
    assert made.qr[-40:] not in str(logs) and made.item.code not in str(logs)
