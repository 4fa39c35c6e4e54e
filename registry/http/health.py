"""GET /healthz and /readyz: the process lives; the database can be written. Alarms stand beside."""

from __future__ import annotations

import threading
import time

import sqlalchemy as sa
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from ledger.errors import MalanError
from registry.http.deps import Running
from registry.service import Service
from registry.tables import heartbeat

router = APIRouter(tags=["health"])

KEPT_SECONDS = 1.0  # a stranger who asks all the time must not make the database write all the time


class Readiness:
    """The last answer, for a second."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until = 0.0
        self._error: str | None = None

    def error(self, service: Service) -> str | None:
        """The code of what stands against writing, or None."""
        with self._lock:
            if time.monotonic() >= self._until:
                self._error = _try_to_write(service)
                self._until = time.monotonic() + KEPT_SECONDS
            return self._error


@router.get("/healthz")
def get_health() -> JSONResponse:
    """The process answers."""
    return JSONResponse({"status": "ok"})


@router.get("/readyz")
def get_ready(request: Request, service: Running) -> JSONResponse:
    """The database can be written; 503 otherwise. Alarms about publishing do not make it unready."""
    readiness: Readiness = request.app.state.readiness
    error = readiness.error(service)
    alarms = [code for code in (service.alarms.publishing, _clock_alarm(service)) if code is not None]
    content = {"ready": error is None, "error": error, "alarms": alarms}
    return JSONResponse(content, status_code=200 if error is None else 503)


def _clock_alarm(service: Service) -> str | None:
    try:
        service.clock.check_steady()
    except MalanError as error:
        return error.code
    return None


def _try_to_write(service: Service) -> str | None:
    if service.alarms.read_only is not None:
        return service.alarms.read_only.code
    try:
        now_ms = service.clock.now_ms()
        with service.database.transaction() as connection:
            changed = connection.execute(sa.update(heartbeat).values(time_ms=now_ms))
            if changed.rowcount == 0:
                connection.execute(sa.insert(heartbeat).values(id=1, time_ms=now_ms))
    except MalanError as failure:
        return failure.code
    return None
