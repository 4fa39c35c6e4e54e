"""The outermost layer: one log line a request, headers for every answer, no fault that gets through.

A log line has method, route template, status and duration: no path, no query, no body, no address. A fault is
logged by its type and the lines it passed, never by its message, which may hold a value.
"""

from __future__ import annotations

import secrets
import time
from itertools import count

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from registry import logs
from registry.callers.sessions import Session
from registry.http.problems import fault
from registry.metrics.counts import UNMATCHED
from registry.service import Service

# For whatever does not say otherwise: an answer is data, is kept nowhere and is framed by nobody. Pages say
# what they may load (`registry.http.pages`); public files may be read by other sites' scripts.
GUARDS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (
        b"content-security-policy",
        b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
)
STRICT_TRANSPORT = (b"strict-transport-security", b"max-age=63072000; includeSubDomains")
_HUNG_UP = 499  # in the log only: there is nobody left to answer

log = structlog.get_logger()


class Shield:
    """ASGI middleware; `app` is everything else."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._process = secrets.token_hex(4)
        self._numbers = count(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, request_id = time.perf_counter(), f"{self._process}{next(self._numbers):08x}"
        status = 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                secure = scope.get("scheme") == "https"
                headers = _with_headers(list(message.get("headers", ())), secure=secure)
                message["headers"] = [*headers, (b"x-request-id", request_id.encode())]
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except ClientDisconnect:
            status = status or _HUNG_UP
        except Exception as error:
            log.error(
                "fault",
                request=request_id,
                error=type(error).__name__,
                passed=logs.passed(error.__traceback__),
            )
            if status == 0:
                await fault()(scope, receive, watched)
        finally:
            _tell(scope, scope["method"], request_id, status, time.perf_counter() - begun)


def _tell(scope: Scope, method: str, request_id: str, status: int, seconds: float) -> None:
    """The line, and the counts. Of whoever is signed in the party; the person stands in the read audit."""
    route = getattr(scope.get("route"), "path", UNMATCHED)
    session = scope.get("state", {}).get("session")
    who = {"party": session.principal.party.id} if isinstance(session, Session) else {}
    took = round(seconds * 1000)
    log.info("request", request=request_id, method=method, route=route, status=status, ms=took, **who)
    service: Service = scope["app"].state.service
    service.metrics.request(route=route, method=method, status=status, seconds=seconds)


def _with_headers(headers: list[tuple[bytes, bytes]], *, secure: bool) -> list[tuple[bytes, bytes]]:
    names = {name.lower() for name, _ in headers}
    added = [guard for guard in GUARDS if guard[0] not in names]
    return [*headers, *added, *((STRICT_TRANSPORT,) if secure else ())]
