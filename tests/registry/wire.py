"""The application asked below any client's manners: raw path, raw headers, body in pieces."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from fastapi import FastAPI

from tests.loop import portal


@dataclass(frozen=True)
class Answered:
    """Status, headers (lower-case names) and body of an answer."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes

    def problem(self) -> dict[str, Any]:
        assert self.headers[b"content-type"] == b"application/problem+json", self
        told: dict[str, Any] = json.loads(self.body)
        assert told["status"] == self.status
        return told

    @property
    def code(self) -> str:
        return str(self.problem()["code"])


def ask(
    app: FastAPI,
    method: str,
    path: bytes,
    *,
    query: bytes = b"",
    headers: Sequence[tuple[bytes, bytes]] = (),
    body: Sequence[bytes] = (b"",),
    scheme: str = "http",
    client: str = "127.0.0.1",
) -> Answered:
    """One request as a server hands it on; each part of the body is a message of its own."""
    pieces = list(body)
    answers: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if pieces:
            piece = pieces.pop(0)
            return {"type": "http.request", "body": piece, "more_body": bool(pieces)}
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        answers.append(dict(message))

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": scheme,
        "path": unquote(path.decode("latin-1")),
        "raw_path": path,
        "query_string": query,
        "root_path": "",
        "headers": [(b"host", b"cert.malan.example"), *headers],
        "client": (client, 50_000),
        "server": ("127.0.0.1", 80),
        "state": {},
    }
    portal().call(app, scope, receive, send)
    assert answers[0]["type"] == "http.response.start"
    parts = [bytes(message.get("body", b"")) for message in answers[1:]]
    found = {bytes(name).lower(): bytes(value) for name, value in answers[0]["headers"]}
    return Answered(int(answers[0]["status"]), found, b"".join(parts))
