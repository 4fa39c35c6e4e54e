"""A holder before the service: a browser that shows code and document, and sends what the page would."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from tests import loop
from tests.registry.desk import Desk
from tests.registry.stage import officer_document
from tests.world_parts import HOST

VISITS = "/api/holder/visits"
CURRENT = "/api/holder/visits/current"
LINKS = "/api/holder/links"
SHARED = "/api/shared"


class Holder:
    """The holder of certificate `place` of a desk, at an address; `app` where it is not the stage's."""

    def __init__(self, desk: Desk, place: int = 0, *, app: Any = None, address: str = "192.0.2.1") -> None:
        self.desk, self.place, self.csrf = desk, place, ""
        self.client = loop.client(app or desk.stage.client.app, HOST, address)

    @property
    def certificate(self) -> str:
        return self.desk.certified[self.place].item.certificate.hex()

    @property
    def code(self) -> str:
        return self.desk.certified[self.place].item.code

    def document(self) -> dict[str, str]:
        fields = self.desk.stage.holder(self.desk.certified[self.place])
        return {"id_type": fields["id_type"], "id_number": fields["id_number"]}

    def own(self) -> dict[str, str]:
        """What a browser says of a request by a page of this very address."""
        return {"sec-fetch-site": "same-origin", "origin": HOST}

    def show(self, **changed: str) -> httpx.Response:
        """Code and document, as the page sends them."""
        body = {"code": self.code, **self.document(), **changed}
        answer = self.client.post(VISITS, json=body, headers=self.own())
        if answer.status_code == 200:
            self.csrf = answer.json()["csrf"]
        return answer

    def visit(self) -> Holder:
        answer = self.show()
        assert answer.status_code == 200, answer.text
        return self

    def ask(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, **headers: str
    ) -> httpx.Response:
        token = {"x-malan-csrf": self.csrf} if method not in ("GET", "HEAD") else {}
        sent = {**self.own(), **token, **{name.replace("_", "-"): one for name, one in headers.items()}}
        return self.client.request(method, path, json=body, headers=sent)

    def page(self) -> dict[str, Any]:
        """The page once more."""
        answer = self.ask("GET", CURRENT)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def own_certificate(self) -> dict[str, Any]:
        """The certificate of this place, as the page has it."""
        (one,) = (one for one in self.page()["certificates"] if one["certificate"] == self.certificate)
        told: dict[str, Any] = one
        return told

    def paper(self, form: str = "pdf", certificate: str = "") -> httpx.Response:
        return self.ask("GET", f"/api/holder/certificates/{certificate or self.certificate}/{form}")

    def link(self, days: int = 7, certificate: str = "") -> httpx.Response:
        return self.ask("POST", LINKS, {"certificate": certificate or self.certificate, "days": days})

    def open(self, token: str) -> httpx.Response:
        """What a stranger sees: no cookie, another address."""
        stranger = loop.client(self.client.app, HOST, "198.51.100.7")
        return stranger.post(SHARED, json={"token": token})


def token_of(answer: httpx.Response) -> str:
    """What stands after the # sign of a new link."""
    assert answer.status_code == 201, answer.text
    token: str = answer.json()["address"].partition("#")[2]
    return token


def told(answer: Any) -> tuple[int, bytes]:
    """All that a thief sees but the number of the request."""
    return answer.status_code, answer.content


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def wrong(place: int = 0) -> str:
    """A document that can exist and is nobody's here."""
    return officer_document(f"a thief {place}").number
