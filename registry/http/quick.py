"""The addresses a crowd asks, on the short way: the same handlers, without a framework's search for them.

Solving a route's dependencies costs FastAPI more than registering a statement costs us. The routes stay
declared where they are, for the description of the API and the table of access; whatever is not asked exactly
so (another method, another spelling) goes on to them. Only what asks for no session may stand here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from fastapi import Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from ledger.errors import MalanError
from registry.http.access import ACCESS, Who
from registry.http.bodies import LARGE, SMALL, body_reader
from registry.http.certificates import post_verify
from registry.http.limits import keep_limit
from registry.http.problems import on_malan_error
from registry.http.statements import post_statements
from registry.service import Service


@dataclass(frozen=True, slots=True)
class QuickRoute:
    """One method of one fixed address; `path` is what logs and limits call it."""

    method: str
    path: str
    bytes_max: int
    handle: Callable[[bytes, Service, Request], Awaitable[Response]]
    read: Callable[[Request], Awaitable[bytes]] = field(init=False)

    def __post_init__(self) -> None:
        """Raises TypeError for a route that asks who is there: nobody looks here."""
        rows = {(row.method, row.template): row.who for row in ACCESS}
        if rows.get((self.method, self.path)) not in (Who.PUBLIC, Who.SIGNED):
            raise TypeError(f"{self.method} {self.path} asks for a session; it has no short way")
        object.__setattr__(self, "read", body_reader(self.bytes_max))


async def _statements(raw: bytes, service: Service, _: Request) -> Response:
    """Who says a statement is seen by its signature."""
    return await post_statements(raw, service)


ROUTES: Final = (
    QuickRoute("POST", "/api/statements", LARGE, _statements),
    QuickRoute("POST", "/api/verify", SMALL, post_verify),
)


class Quick:
    """ASGI middleware, behind the gate; `app` is everything else."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._routes = {(route.method, route.path): route for route in ROUTES}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = self._routes.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if route is None:
            await self._app(scope, receive, send)
            return
        scope["route"] = route
        request = Request(scope, receive)
        try:
            await keep_limit(request)
            answer = await route.handle(await route.read(request), scope["app"].state.service, request)
        except MalanError as error:
            answer = await on_malan_error(request, error)
        await answer(scope, receive, send)
