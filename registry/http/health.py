"""GET /healthz and /readyz: the process lives; the database can be written. Alarms stand beside."""

from __future__ import annotations

import threading
import time

import sqlalchemy as sa
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from ledger.errors import MalanError
from registry.alarms import at_hand, looked_up
from registry.http.deps import Running
from registry.service import Service
from registry.storage.tables import heartbeat

router = APIRouter(tags=["health"])

KEPT_SECONDS = 1.0  # a stranger who asks all the time must not make the database write all the time


class Readiness:
    """The last answers, for a second."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until = 0.0
        self._error: str | None = None
        self._alarms: list[str] = []

    def error(self, service: Service) -> str | None:
        """The code of what stands against writing, or None."""
        with self._lock:
            self._renew(service)
            return self._error

    def alarms(self, service: Service) -> list[str]:
        """The alarms that database and files show."""
        with self._lock:
            self._renew(service)
            return self._alarms

    def _renew(self, service: Service) -> None:
        if time.monotonic() >= self._until:
            self._error, self._alarms = _try_to_write(service), looked_up(service)
            self._until = time.monotonic() + KEPT_SECONDS


@router.get("/healthz")
def get_health() -> JSONResponse:
    """The process answers."""
    return JSONResponse({"status": "ok"})


@router.get("/readyz")
def get_ready(request: Request, service: Running) -> JSONResponse:
    """The database can be written; 503 otherwise. Alarms do not make it unready."""
    readiness: Readiness = request.app.state.readiness
    error = readiness.error(service)
    alarms = [code for code in at_hand(service) if code != error]
    alarms += [code for code in readiness.alarms(service) if code not in alarms]
    content = {"ready": error is None, "error": error, "alarms": alarms}
    return JSONResponse(content, status_code=200 if error is None else 503)


def _try_to_write(service: Service) -> str | None:
    if service.alarms.read_only is not None:
        return service.alarms.read_only.code
    try:
        now_ms = service.clock.now_ms()
        with service.writing() as connection:
            changed = connection.execute(sa.update(heartbeat).values(time_ms=now_ms))
            if changed.rowcount == 0:
                connection.execute(sa.insert(heartbeat).values(id=1, time_ms=now_ms))
    except MalanError as failure:
        return failure.code
    return None
