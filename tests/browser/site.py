"""A service that is only what a test lays out: our real pages and scripts, beside them the files of the test.

So a page can be shown any bundle, proof and answer; `asked` keeps what it asked for.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256

import uvicorn
from fastapi import FastAPI, Request, Response

from issuers.bundle import unpack
from ledger.errors import MalanError
from registry.http import pages
from registry.http.problems import on_malan_error

Answer = tuple[int, str, bytes]


def problem(status: int, code: str) -> Answer:
    """A problem document."""
    return status, "application/problem+json", json.dumps({"status": status, "code": code}).encode()


@dataclass
class Site:
    """`answers` by path; a path that is not there is a 404. `change` may alter a script on its way out."""

    address: str = ""
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    change: Callable[[str, bytes], bytes] | None = None

    def lay(self, path: str, data: bytes, kind: str = "application/octet-stream") -> None:
        self.answers[path] = (200, kind, data)

    def lay_trust(self, raw: bytes) -> None:
        """A trust.cbor, whole and piece by piece; the parts of one laid before are gone."""
        signed, parts = unpack(raw)
        for path in [path for path in self.answers if path.startswith("/trust/")]:
            del self.answers[path]
        named = {f"/trust/{sha256(part).hexdigest()}.cbor": part for part in parts}
        for path, data in {"/trust.cbor": raw, "/trust/bundle.cbor": signed, **named}.items():
            self.lay(path, data, "application/cbor")

    def lay_json(self, path: str, value: object, status: int = 200) -> None:
        self.answers[path] = (status, "application/json", json.dumps(value).encode())

    def clear(self) -> None:
        self.answers.clear()
        self.asked.clear()
        self.bodies.clear()
        self.change = None


def site_app(site: Site) -> FastAPI:
    app = FastAPI(openapi_url=None)
    app.add_exception_handler(MalanError, on_malan_error)

    @app.middleware("http")
    async def watch(request: Request, proceed: Callable[[Request], object]) -> Response:
        site.asked.append(f"{request.method} {request.url.path}")
        response = await proceed(request)  # type: ignore[misc]
        if (
            site.change is None
            or response.status_code != 200
            or not request.url.path.startswith(("/js/", "/assets/"))
        ):
            return response
        data = b"".join([chunk async for chunk in response.body_iterator])
        headers = {
            key: value for key, value in response.headers.items() if key not in ("content-length", "etag")
        }
        return Response(site.change(request.url.path, data), headers=headers)

    app.include_router(pages.router)

    @app.api_route("/{path:path}", methods=["GET", "POST"])
    async def laid(path: str, request: Request) -> Response:
        site.bodies.append(await request.body())
        status, kind, data = site.answers.get(f"/{path}", problem(404, "HTTP_404"))
        return Response(data, status_code=status, media_type=kind)

    return app


@contextmanager
def running(site: Site) -> Iterator[Site]:
    """Serves the site on a free loopback port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        site.address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(site_app(site), log_config=None, access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        deadline = time.monotonic() + 20
        while not server.started:
            assert thread.is_alive() and time.monotonic() < deadline
            time.sleep(0.01)
        try:
            yield site
        finally:
            server.should_exit = True
            thread.join(20)
