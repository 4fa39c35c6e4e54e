"""The edge: hostile bodies are 400s, problems have codes and never echo, faults stay inside."""

from __future__ import annotations

import json
from typing import Any

import pytest
from structlog.testing import capture_logs

from issuers.identifiers.numbers import make_code
from ledger.errors import MalanError, Malformed, Refused, Unavailable
from registry.http import problems
from registry.http.bodies import LARGE, SMALL
from registry.http.health import Readiness
from tests.ground import on
from tests.insider import insider
from tests.registry.desk import Desk
from tests.registry.stage import Stage, dismissal, item

MARK = "沈明310104198802290004"
POSTS = (
    "/api/statements",
    "/api/staff",
    "/api/classes/evidence",
    "/api/certificates/prepare",
    "/api/verify",
    "/api/subsidy/check",
    "/api/subsidy/claims/prepare",
    "/api/subsidy/claims",
)
SIGNED_OR_SESSION = ("/api/subsidy/check", "/api/subsidy/claims/prepare")
HOSTILE: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "JSON_FORM"),
    "no json": (MARK.encode(), "JSON_FORM"),
    "twice": (b'{"qr": "a", "qr": "b"}', "JSON_REPEATED"),
    "twice inside": (b'{"items": [{"statement": "a", "statement": "b"}]}', "JSON_REPEATED"),
    "NaN": (b'{"qr": NaN}', "JSON_NUMBER"),
    "infinity": (b'{"qr": -Infinity}', "JSON_NUMBER"),
    "huge": (b'{"qr": 1e400}', "JSON_NUMBER"),
    "fraction": (b'{"qr": 1.5}', "JSON_NUMBER"),
    "many digits": (b'{"qr": ' + b"9" * 5000 + b"}", "JSON_NUMBER"),
    "half a character": (b'{"qr": "\\ud800"}', "JSON_TEXT"),
    "half a character as name": (b'{"\\udfff": "x"}', "JSON_TEXT"),
    "deep": (b"[" * 17 + b"]" * 17, "JSON_DEPTH"),
    "very deep": (b"[" * 100_000, "JSON_DEPTH"),
    "UTF-16": ('{"qr": "a"}'.encode("utf-16"), "JSON_FORM"),
    "BOM": (b'\xef\xbb\xbf{"qr": "a"}', "JSON_FORM"),
    "not UTF-8": (b'{"qr": "\xff"}', "JSON_FORM"),
    "GBK": ('{"qr": "沈明"}'.encode("gbk"), "JSON_FORM"),
    "a list": (b"[1]", "BODY_SHAPE"),
    "null": (b"null", "BODY_SHAPE"),
    "wrong type": (b'{"qr": true, "request": 1, "statement": []}', "BODY_SHAPE"),
    "unknown member": (json.dumps({MARK: 1}).encode(), "BODY_SHAPE"),
}


def send(stage: Stage, path: str, content: bytes, **headers: str) -> Any:
    return stage.client.post(path, content=content, headers={"content-type": "application/json", **headers})


@on("sqlite")  # no database is asked
@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_body_is_a_400_with_a_code_and_no_echo(stage: Stage, path: str, name: str) -> None:
    content, code = HOSTILE[name]
    answer = send(stage, path, content)
    if name == "unknown member" and path in SIGNED_OR_SESSION:
        code = "SESSION_NONE"  # it might be an application, if anybody were signed in
    assert answer.status_code == (401 if code == "SESSION_NONE" else 400)
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert told["code"] == code
    assert told.keys() == {"type", "title", "status", "code", "detail", "where", "fix"}
    assert MARK not in answer.text
    assert "沈明" not in answer.text


def test_the_same_client_sends_a_good_body(stage: Stage) -> None:
    body = json.dumps(item(dismissal(stage))).encode()
    assert send(stage, "/api/statements", body).status_code == 200


@pytest.mark.parametrize(("path", "limit"), [("/api/statements", LARGE), ("/api/verify", SMALL)])
def test_a_body_has_a_limit(stage: Stage, path: str, limit: int) -> None:
    answer = send(stage, path, b" " * (limit + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "BODY_SIZE")


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/plain"},
        {"content-type": "application/json; charset=utf-16"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-encoding": "gzip"},
    ],
)
def test_a_body_of_another_type_is_a_415(stage: Stage, headers: dict[str, str]) -> None:
    answer = send(stage, "/api/verify", b"{}", **headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "BODY_TYPE")


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nothing", 404), ("GET", "/api/verify", 405)]
)
def test_an_address_there_is_not_is_a_problem_too(stage: Stage, method: str, path: str, status: int) -> None:
    answer = stage.client.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (status, f"HTTP_{status}")


def test_a_fault_is_a_500_without_its_message(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty(*_: object) -> None:
        raise ValueError(MARK)

    monkeypatch.setattr("registry.http.certificates.verdict_soon", faulty)
    with capture_logs() as logs:
        answer = stage.client.post("/api/verify", json={"qr": MARK})
    assert (answer.status_code, answer.json()["code"]) == (500, "INTERNAL")
    assert MARK not in answer.text
    assert MARK not in str(logs)
    fault = next(one for one in logs if one["event"] == "fault")
    assert fault["error"] == "ValueError"
    assert any(line.startswith("certificates.py:") for line in fault["passed"])
    assert fault["request"] == answer.headers["x-request-id"]


def test_a_log_line_has_the_template_of_the_address_not_the_address(desk: Desk) -> None:
    code = desk.certified[0].item.code
    with capture_logs() as logs:
        desk.stage.client.get(f"/api/certificates/{code}?name={MARK}")
        desk.stage.client.get(f"/somewhere/{MARK}")
    assert [one["route"] for one in logs] == ["/api/certificates/{code}", "unmatched"]
    assert code not in str(logs)
    assert MARK not in str(logs)


def test_every_answer_has_its_guards(stage: Stage) -> None:
    answer = stage.client.get("/healthz")
    assert answer.json() == {"status": "ok"}
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Malformed("ANYTHING", "x"), 400),
        (Refused("ANYTHING", "x"), 422),
        (Unavailable("ANYTHING", "x"), 503),
        (Refused("ALREADY_CLAIMED", "x"), 409),
        (Refused("CERTIFICATE_UNKNOWN", "x"), 404),
    ],
)
def test_an_error_has_its_status(error: MalanError, status: int) -> None:
    assert problems.status_of(error) == status


def test_what_an_act_is_refused_for_is_a_422_although_the_object_is_unknown() -> None:
    assert problems.status_of(Refused("CERTIFICATE_UNKNOWN", "x"), act=True) == 422
    assert problems.status_of(Refused("ALREADY_CLAIMED", "x"), act=True) == 409


def test_openapi_names_every_address_of_the_contract(stage: Stage) -> None:
    document = stage.client.get("/openapi.json").json()
    wanted = {
        *POSTS,
        "/api/certificates/{code}",
        "/api/subsidy/claims/{claim}",
        "/trust.cbor",
        "/status/{number}",
        "/log/checkpoint",
        "/log/tile/{path}",
        "/log/proof/{seq}",
        "/log/vkey",
        "/log/policy",
        "/healthz",
        "/readyz",
    }
    assert wanted <= document["paths"].keys()
    for path in POSTS:
        body = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
        assert body.get("properties") or body["oneOf"]
    for reference in _references(document):
        assert reference.removeprefix("#/components/schemas/") in document["components"]["schemas"]


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [one for inner in value.values() for one in _references(inner)]
    if isinstance(value, list):
        return [one for inner in value for one in _references(inner)]
    return []


@on("sqlite")
def test_readiness_is_that_the_database_can_be_written(stage: Stage) -> None:
    stage.publish()
    assert stage.client.get("/readyz").json() == {"ready": True, "error": None, "alarms": []}
    path = stage.service.settings.home / "malan.db"
    stage.service.database.close()
    kept = path.read_bytes()
    path.write_bytes(b"torn" * 4096)
    stage.client.app.state.readiness = Readiness()
    answer = stage.client.get("/readyz")
    assert (answer.status_code, answer.json()["ready"]) == (503, False)
    stage.service.database.close()
    path.write_bytes(kept)


def test_a_clock_that_was_set_is_an_alarm(stage: Stage) -> None:
    stage.publish()
    stage.hands.now_ms += 60_000
    assert stage.client.get("/readyz").json()["alarms"] == ["CLOCK_JUMPED"]


def test_trouble_with_publishing_is_an_alarm_not_unreadiness(stage: Stage) -> None:
    stage.publish()
    stage.service.alarms.publishing = "LOG_DIRECTORY"
    answer = stage.client.get("/readyz")
    assert (answer.status_code, answer.json()["alarms"]) == (200, ["LOG_DIRECTORY"])


def test_a_verdict_over_http_is_the_verifiers_own(desk: Desk) -> None:
    good = desk.stage.client.post("/api/verify", json={"qr": desk.certified[0].qr}).json()
    assert (good["state"], good["complete"], len(good["steps"])) == ("valid", True, 12)
    broken = desk.certified[0].qr[:-1] + ("0" if desk.certified[0].qr[-1] != "0" else "1")
    assert desk.stage.client.post("/api/verify", json={"qr": broken}).json()["exit"] != 0
    nonsense = desk.stage.client.post("/api/verify", json={"qr": MARK})
    assert (nonsense.status_code, nonsense.json()["state"]) == (200, "unreadable")
    assert MARK not in nonsense.text


def test_a_certificate_not_yet_published_is_valid_but_not_complete(desk: Desk) -> None:
    assert desk.stage.service.log.size() == desk.stage.size()
    (desk.stage.service.settings.log_directory / "checkpoint").unlink()
    told = desk.stage.client.post("/api/verify", json={"qr": desk.certified[0].qr}).json()
    assert (told["state"], told["complete"]) == ("valid", False)


def test_a_typed_code_gets_a_masked_answer_with_its_place_and_proof(desk: Desk) -> None:
    made = desk.certified[0]
    answer = desk.stage.client.get(f"/api/certificates/{made.item.code}")
    told = answer.json()
    holder = desk.stage.holder(made)
    assert told["name"] == f"{holder['name'][0]}**"
    assert holder["name"] not in answer.text
    assert holder["id_number"] not in answer.text
    assert made.item.number not in answer.text
    assert (told["state"], told["certificate"]) == ("valid", made.item.certificate.hex())
    assert told["proof"] is not None


def test_codes_that_show_nothing_are_answered_alike(desk: Desk) -> None:
    prepared = desk.stage.prepared(b"2" * 16)
    assert prepared.items == ()
    erased = desk.certified[1]
    with insider(desk.stage.service.settings) as raw:
        raw.run(
            "DELETE FROM person_key WHERE person = (SELECT person FROM reservation WHERE certificate = :it)",
            it=erased.item.certificate,
        )
    unknown = desk.stage.client.get(f"/api/certificates/{make_code(1)}")
    hidden = desk.stage.client.get(f"/api/certificates/{erased.item.code}")
    assert unknown.status_code == hidden.status_code == 404
    assert unknown.json() == hidden.json()
    assert desk.stage.client.get("/api/certificates/1234").status_code == 400
