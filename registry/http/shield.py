"""The outermost layer: one log line a request, headers for every answer, no fault that gets through.

A log line has method, route template, status and duration: no path, no query, no body, no address. A fault is
logged by its type and the lines it passed, never by its message, which may hold a value.
"""

from __future__ import annotations

import secrets
import time
import traceback
from pathlib import Path

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from registry.http.problems import fault

_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
_HUNG_UP = 499  # in the log only: there is nobody left to answer
_NO_STORE = (b"cache-control", b"no-store")

log = structlog.get_logger()


class Shield:
    """ASGI middleware; `app` is everything else."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, request_id = time.perf_counter(), secrets.token_hex(8)
        status = 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = _with_headers(list(message.get("headers", ())), request_id)
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except ClientDisconnect:
            status = status or _HUNG_UP
        except Exception as error:
            log.error("fault", request=request_id, error=type(error).__name__, passed=_passed(error))
            if status == 0:
                await fault()(scope, receive, watched)
        finally:
            route = getattr(scope.get("route"), "path", "unmatched")
            took = round((time.perf_counter() - begun) * 1000)
            log.info(
                "request", request=request_id, method=scope["method"], route=route, status=status, ms=took
            )


def _with_headers(headers: list[tuple[bytes, bytes]], request_id: str) -> list[tuple[bytes, bytes]]:
    names = {name.lower() for name, _ in headers}
    added = [*_HEADERS, (b"x-request-id", request_id.encode())]
    if b"cache-control" not in names:
        added.append(_NO_STORE)
    return [*headers, *added]


def _passed(error: Exception) -> list[str]:
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames[-12:]]
