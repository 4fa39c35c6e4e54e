"""The service over HTTP: the same bytes again, a fresh request each time, and no answer taken on trust."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from issuers.base64url import from_b64, to_b64
from issuers.sign.client import ANSWER_BYTES_MAX, ATTEMPTS, Client
from issuers.sign.parcel import Answer, Fate, Parcel
from ledger.errors import BadSignature, MalanError, Malformed, Refused, Unavailable
from tests.issuers.fake_service import SERVER
from tests.issuers.test_outbox import parcel

Handler = Callable[[httpx.Request], httpx.Response]
LOGGED = {"status": "appended", "seq": 3, "time_ms": 9, "receipt": to_b64(b"r")}


def client(handler: Handler, waits: list[float] | None = None) -> Client:
    taken: list[float] = [] if waits is None else waits
    return Client(SERVER, sleep=taken.append, transport=httpx.MockTransport(handler))


def answering(*answers: httpx.Response | Exception) -> tuple[Handler, list[httpx.Request]]:
    seen: list[httpx.Request] = []
    left = list(answers)

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return handle, seen


def results(*items: dict[str, Any]) -> httpx.Response:
    return httpx.Response(200, json={"results": list(items)})


def error_of(call: Callable[[], object]) -> MalanError:
    with pytest.raises(MalanError) as caught:
        call()
    return caught.value


def test_a_send_carries_statement_openings_and_attachment() -> None:
    handle, seen = answering(results(LOGGED, {**LOGGED, "status": "known"}))
    first, second = parcel("a", openings=(b"one", b"two")), parcel("b")
    answers = client(handle).send([first, second])
    assert [answer.fate for answer in answers] == [Fate.APPENDED, Fate.KNOWN]
    assert answers[0] == Answer(Fate.APPENDED, 3, 9, b"r")
    items = json.loads(seen[0].content)["items"]
    assert items[0] == {
        "statement": to_b64(first.statement),
        "openings": [to_b64(b"one"), to_b64(b"two")],
        "attachment": to_b64(b"attached"),
    }
    assert items[1] == {"statement": to_b64(second.statement), "openings": []}
    assert seen[0].url.path == "/api/statements" and seen[0].headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "lost",
    [httpx.ReadTimeout("x"), httpx.ConnectError("x"), httpx.RemoteProtocolError("x"), httpx.Response(503)],
)
def test_an_unanswered_send_is_repeated_with_the_same_bytes(lost: httpx.Response | Exception) -> None:
    waits: list[float] = []
    handle, seen = answering(lost, lost, results(LOGGED))
    client(handle, waits).send([parcel("a")])
    assert len(seen) == 3 and len({request.content for request in seen}) == 1
    assert waits == [1.0, 2.0]


def test_a_service_that_never_answers_ends_with_a_code_and_an_advice() -> None:
    handle, seen = answering(*[httpx.ConnectError("x")] * 9)
    error = error_of(lambda: client(handle).send([parcel("a")]))
    assert isinstance(error, Unavailable) and error.code == "SERVICE_UNREACHABLE" and error.fix
    assert len(seen) == ATTEMPTS


def test_a_signed_request_is_signed_anew_for_each_attempt() -> None:
    made: list[bytes] = []

    def sign() -> bytes:
        made.append(f"request {len(made)}".encode())
        return made[-1]

    handle, seen = answering(httpx.ReadTimeout("x"), httpx.Response(200, json={"staff": "ab" * 16}))
    assert client(handle).staff(sign) == b"\xab" * 16
    sent = [from_b64(json.loads(one.content)["request"], bytes_max=99, where="") for one in seen]
    assert sent == made == [b"request 0", b"request 1"]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Malformed),
        (401, BadSignature),
        (403, Refused),
        (409, Refused),
        (422, Refused),
        (500, Unavailable),
    ],
)
def test_a_problem_document_becomes_the_error_it_tells(status: int, kind: type[MalanError]) -> None:
    problem = {"type": "about:blank", "title": "no", "status": status, "code": "CLASS_OTHER"}
    for told in (
        {**problem, "where": "sub", "fix": "Ask."},
        {**problem, "detail": {"where": "sub", "fix": "Ask."}},
    ):
        handle, _ = answering(httpx.Response(status, json=told))
        error = error_of(lambda handle=handle: client(handle).send([parcel("a")]))  # type: ignore[misc]
        assert type(error) is kind
        assert (error.code, error.what, error.where, error.fix) == ("CLASS_OTHER", "no", "sub", "Ask.")


def test_a_problem_cannot_write_to_a_terminal_or_invent_a_code() -> None:
    told = {"title": "a\x1b[2Jb\u202ec" + "x" * 999, "code": "<script>"}
    handle, _ = answering(httpx.Response(422, json=told))
    error = error_of(lambda: client(handle).send([parcel("a")]))
    assert error.code == "HTTP_422"
    assert error.what.startswith("a[2Jbc") and len(error.what) <= 300


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"[]",
        b'{"results":[]}',
        b'{"results":[1]}',
        json.dumps({"results": [{**LOGGED, "seq": -1}]}).encode(),
        json.dumps({"results": [{**LOGGED, "seq": True}]}).encode(),
        json.dumps({"results": [{**LOGGED, "receipt": "=="}]}).encode(),
        json.dumps({"results": [{**LOGGED, "status": "maybe"}]}).encode(),
        json.dumps({"results": [{"status": "refused"}]}).encode(),
        json.dumps({"results": [LOGGED, LOGGED]}).encode(),
    ],
)
def test_an_answer_of_another_form_is_no_answer(body: bytes) -> None:
    handle, seen = answering(httpx.Response(200, content=body))
    error = error_of(lambda: client(handle).send([parcel("a")]))
    assert isinstance(error, Unavailable) and error.code == "ANSWER_SHAPE"
    assert len(seen) == 1


def test_a_refused_item_says_code_place_and_advice() -> None:
    told = {"status": "refused", "code": "DATE_PASSED", "what": "w", "where": "sub", "fix": "f"}
    handle, _ = answering(results(told))
    (answer,) = client(handle).send([parcel("a")])
    assert answer.refused
    error = answer.error()
    assert (error.code, error.what, error.where, error.fix) == ("DATE_PASSED", "w", "sub", "f")


def test_an_answer_without_end_is_cut() -> None:
    def endless() -> Any:
        while True:
            yield b"x" * 65_536

    handle, _ = answering(httpx.Response(200, content=endless()))
    assert error_of(lambda: client(handle).send([parcel("a")])).code == "ANSWER_SIZE"
    assert ANSWER_BYTES_MAX < 2**23


def test_a_redirect_is_not_followed() -> None:
    handle, seen = answering(httpx.Response(307, headers={"location": "https://elsewhere.example/"}))
    assert error_of(lambda: client(handle).send([parcel("a")])).code == "HTTP_307"
    assert len(seen) == 1


@pytest.mark.parametrize(
    "server",
    [
        "http://service.malan.example",
        "https://service.malan.example/",
        "https://user:secret@service.malan.example",
        "ftp://service.malan.example",
        "https://SERVICE.malan.example",
        "",
    ],
)
def test_personal_data_goes_to_https_or_this_machine_only(server: str) -> None:
    error = error_of(lambda: Client(server, sleep=lambda _: None))
    assert error.code == "SERVER_URL" and "secret" not in str(error)
    for good in ("https://service.malan.example", "http://127.0.0.1:8000", "http://localhost:8000"):
        Client(good, sleep=lambda _: None).close()


def test_an_unpublished_proof_is_none_and_a_broken_service_is_not() -> None:
    handle, seen = answering(
        httpx.Response(404, json={"code": "NOT_PUBLISHED", "title": "not yet"}),
        httpx.Response(200, content=b"proof"),
        httpx.Response(400, json={"code": "SEQ_FORM", "title": "no"}),
    )
    one = client(handle)
    assert one.proof(7) is None and one.proof(7) == b"proof"
    assert error_of(lambda: one.proof(7)).code == "SEQ_FORM"
    assert [request.url.path for request in seen] == ["/log/proof/7"] * 3


def test_a_refused_claim_is_an_answer_and_a_lost_page_is_not() -> None:
    told = {"title": "held already", "code": "ALREADY_CLAIMED", "status": 409}
    handle, seen = answering(
        httpx.Response(409, json=told), httpx.Response(404), httpx.Response(200, json=LOGGED)
    )
    one = client(handle)
    claim: Parcel = parcel("c", openings=(b"o",))
    answer = one.submit_claim(claim)
    assert answer.refused and answer.code == "ALREADY_CLAIMED"
    assert error_of(lambda: one.submit_claim(claim)).code == "HTTP_404"
    assert one.submit_claim(claim).seq == 3
    assert {request.url.path for request in seen} == {"/api/subsidy/claims"}
