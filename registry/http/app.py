"""The web application of a service. Call `create_app` once a process; nothing happens at import."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from ledger.errors import MalanError
from registry.http import (
    bodies,
    certificates,
    cosignatures,
    health,
    holders,
    log,
    metrics,
    pages,
    scanning,
    sessions,
    statements,
    subsidies,
    supervision,
    unmasking,
)
from registry.http.access import admit, check_routes
from registry.http.gate import Gate
from registry.http.limits import keep_limit
from registry.http.problems import on_http_error, on_invalid_parameter, on_malan_error
from registry.http.quick import Quick
from registry.http.shield import Shield
from registry.published.changes import ChangeFeed
from registry.published.loop import PublishingLoop
from registry.service import Service

_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "code", "detail", "where", "fix"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "description": "stable, upper-case"},
        "detail": {"type": "string"},
        "where": {"type": "string"},
        "fix": {"type": "string"},
    },
}
_PROBLEM_ANSWER = {
    "description": "What is wrong, with a stable code",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def create_app(service: Service, *, publish: bool = False) -> FastAPI:
    """The application; with `publish` a thread publishes the log for as long as it runs.

    Raises TypeError when a route has no row in the table of access.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if not publish:
            yield
            return
        loop = PublishingLoop(service)
        loop.start()
        try:
            yield
        finally:
            loop.stop()

    app = FastAPI(
        title="Malan",
        version=version("malan"),
        summary="Training-quality and certificate registry with a traceability ledger",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    app.state.service = service
    app.state.readiness = health.Readiness()
    app.state.changes = ChangeFeed(service.log, service.database)
    app.router.routes += guarded().routes
    app.add_exception_handler(MalanError, on_malan_error)
    app.add_exception_handler(HTTPException, on_http_error)
    app.add_exception_handler(RequestValidationError, on_invalid_parameter)
    check_routes(app)
    app.add_middleware(Quick)
    app.add_middleware(Gate)
    app.add_middleware(Shield)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]  # FastAPI's own way to extend it
    return app


@cache
def guarded() -> APIRouter:
    """All routes, each behind limit and gate.

    Once a process: nothing in them is of one service, and FastAPI works on them for a tenth of a second.
    """
    whole = APIRouter(dependencies=[Depends(keep_limit), Depends(admit)])
    acts = (statements, certificates, cosignatures, scanning, subsidies, sessions, supervision, unmasking)
    for module in (*acts, holders, log, health, metrics, pages):
        whole.include_router(module.router)
    return whole


def _openapi(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        document = FastAPI.openapi(app)
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas.pop("HTTPValidationError", None)
        schemas.pop("ValidationError", None)
        schemas["Problem"] = _PROBLEM
        for inner in (bodies.StatementItem, bodies.CounterFacts):
            schemas[inner.__name__] = inner.model_json_schema(ref_template="#/components/schemas/{model}")
        for path in document["paths"].values():
            for operation in path.values():
                operation["responses"].pop("422", None)
                operation["responses"]["default"] = _PROBLEM_ANSWER
        app.openapi_schema = document
    return app.openapi_schema
