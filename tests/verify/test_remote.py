"""Asking the service: limits, no redirects, and no answer taken for more than it is."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from ledger.errors import MalanError
from verify import remote as module
from verify.remote import Found, Remote

ORIGIN = "https://cert.malan.example"
CODE = "8247097268142357"
PROBLEM = {
    "type": "about:blank",
    "title": "no such certificate",
    "status": 404,
    "code": "CERTIFICATE_UNKNOWN",
}

Answer = Callable[[httpx.Request], httpx.Response]


def remote_of(answer: Answer) -> Remote:
    return Remote(ORIGIN, transport=httpx.MockTransport(answer))


def fixed(status: int, **content: object) -> Answer:
    return lambda _: httpx.Response(status, **content)  # type: ignore[arg-type]


def code_of(ask: Callable[[], object]) -> str:
    with pytest.raises(MalanError) as caught:
        ask()
    return caught.value.code


def test_bundle_list_proof_and_place_come_from_their_paths_alone() -> None:
    asked: list[httpx.URL] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url)
        if "/api/" in request.url.path:
            return httpx.Response(200, json={"seq": 7, "name": "沈**"})
        return httpx.Response(200, content=request.url.path.encode())

    with remote_of(answer) as remote:
        assert remote.trust() == b"/trust.cbor"
        assert remote.status(3) == b"/status/3"
        assert remote.proof(7) == b"/log/proof/7"
        assert remote.find(CODE) == Found(7, ())
    assert {f"{url.scheme}://{url.host}" for url in asked} == {ORIGIN}
    assert [url.path for url in asked][-1] == f"/api/certificates/{CODE}"


def test_a_problem_document_404_means_that_the_log_has_none() -> None:
    assert remote_of(fixed(404, json=PROBLEM)).find(CODE) is None
    told = {"seq": 7, "life": [*range(8, 40)]}
    assert remote_of(fixed(200, json=told)).find(CODE) == Found(7, tuple(range(24, 40)))


@pytest.mark.parametrize(
    "answer",
    [
        fixed(404, text="<html>Not Found</html>"),
        fixed(404, json={"detail": "Not Found"}),
        fixed(404, json=["code"]),
        fixed(429, json={**PROBLEM, "status": 429}),
        fixed(500, json={**PROBLEM, "status": 500}),
        fixed(301, headers={"location": "https://evil.example/"}),
        fixed(200, text="[]"),
        fixed(200, json={"seq": "7"}),
        fixed(200, json={"seq": True}),
        fixed(200, json={"seq": -1}),
        fixed(200, json={}),
    ],
)
def test_no_other_answer_says_that_the_log_has_none(answer: Answer) -> None:
    assert code_of(lambda: remote_of(answer).find(CODE)).startswith("REMOTE_")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_not_followed(status: int) -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(status, headers={"location": "https://evil.example/trust.cbor"})

    assert code_of(remote_of(answer).trust) == "REMOTE_REDIRECT"
    assert asked == [f"{ORIGIN}/trust.cbor"]


def test_an_answer_over_its_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STATUS_BYTES_MAX", 10)
    assert remote_of(fixed(200, content=b"x" * 10)).status(1) == b"x" * 10
    assert code_of(lambda: remote_of(fixed(200, content=b"x" * 11)).status(1)) == "REMOTE_SIZE"


def test_a_service_that_drips_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TOTAL_SECONDS", -1.0)
    assert code_of(remote_of(fixed(200, content=b"x")).trust) == "REMOTE_SLOW"


def test_a_service_that_does_not_answer_is_unavailable() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no", request=request)

    assert code_of(remote_of(answer).trust) == "REMOTE_UNREACHABLE"


@pytest.mark.parametrize(
    "origin",
    ["http://cert.malan.example", "https://user@cert.malan.example", "https://cert.malan.example/x", ""],
)
def test_only_https_or_a_local_address_is_asked(origin: str) -> None:
    assert code_of(lambda: Remote(origin)) == "QR_ORIGIN"


@pytest.mark.parametrize("code", ["", "1", "../../trust.cbor", "١٢٣٤٥٦٧٨٩٠١٢٣٤٥٦", CODE + "0"])
def test_only_a_code_goes_into_the_path(code: str) -> None:
    assert code_of(lambda: remote_of(fixed(200, json={"seq": 1})).find(code)) == "REMOTE_CODE"
