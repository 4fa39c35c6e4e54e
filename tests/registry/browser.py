"""A browser that an officer of a stage is signed in with: keeps the cookie, sends what a page would send."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import httpx

from issuers.base64url import from_b64, to_b64
from issuers.session import sign_session
from ledger.cose import Claims
from ledger.statement import uuid7
from registry.http.app import create_app
from tests import loop
from tests.registry.stage import Stage
from tests.world_parts import HOST


class Browser:
    """One browser at the address of the service; `csrf` is the token once signed in."""

    def __init__(self, stage: Stage, host: str = HOST) -> None:
        self.stage, self.host, self.csrf = stage, host, ""
        app: Any = stage.client.app
        if app.state.service is not stage.service:  # a test exchanged it
            app = create_app(stage.service)
        self.client = loop.client(app, host)

    def nonce(self, who: str) -> dict[str, Any]:
        kid = self.stage.world.people[who].signer.public.kid
        answer = self.client.post("/api/sessions/nonce", json={"kid": kid.hex()})
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def statement(self, who: str, *, host: str = "", nonce: str = "", **claimed: Any) -> str:
        """A session statement, signed now."""
        person, now_ms = self.stage.world.people[who], self.stage.hands.now_ms
        claims = {
            "iss": person.party,
            "sub": f"officer/{person.staff.hex()}",
            "aud": self.stage.world.origin,
            "iat": now_ms // 1000,
            "cti": uuid7(time_ms=now_ms, randomness=os.urandom(10)),
            **claimed,
        }
        fresh = from_b64(nonce or self.nonce(who)["nonce"], bytes_max=64, where="nonce")
        return to_b64(
            sign_session(person.signer, claims=Claims(**claims), host=host or self.host, nonce=fresh)
        )

    def send_statement(self, statement: str) -> httpx.Response:
        return self.client.post("/api/sessions", json={"session": statement}, headers=self.own())

    def sign_in(self, who: str) -> Browser:
        answer = self.send_statement(self.statement(who))
        assert answer.status_code == 200, answer.text
        self.csrf = answer.json()["csrf"]
        return self

    def own(self) -> dict[str, str]:
        """What a browser says of a request by a page of this very address."""
        return {"sec-fetch-site": "same-origin", "origin": self.host}

    def get(self, path: str) -> httpx.Response:
        return self.client.get(path, headers={"sec-fetch-site": "same-origin"})

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> httpx.Response:
        return self.ask("POST", path, body)

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> httpx.Response:
        """As the pages ask."""
        headers = {**self.own(), "x-malan-csrf": self.csrf} if method not in ("GET", "HEAD") else self.own()
        return self.client.request(method, path, json=body, headers=headers)
