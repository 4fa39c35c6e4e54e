"""Errors as RFC 9457 problem documents: one table from codes to statuses. Pure.

A problem carries the stable code and our own sentences; never what was sent.
"""

from __future__ import annotations

from typing import Final

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from ledger.errors import BadSignature, MalanError, Malformed, Unavailable
from registry.callers.limiting import TooMany
from registry.http.access import methods_of
from registry.http.told_places import told_place
from registry.service import Service

_NO_SUCH_METHOD: Final = 405
MEDIA_TYPE: Final = "application/problem+json"

_BY_CODE: Final = {
    "ACCESS_DUTY": 403,
    "ACCESS_OTHER": 403,
    "ALREADY_CLAIMED": 409,
    "SLOT_TAKEN": 409,
    "BODY_SIZE": 413,
    "BODY_SLOW": 408,
    "BODY_TYPE": 415,
    "CERTIFICATE_UNKNOWN": 404,
    "CHECKPOINT_OTHER": 409,
    "NO_WITNESSES": 409,
    "CLAIM_UNKNOWN": 404,
    "AUDIT_RUNNING": 409,
    "AUDIT_UNKNOWN": 404,
    "CLASS_UNKNOWN": 404,
    "CLASS_OTHER": 403,
    "CSRF": 403,
    "EVIDENCE_OTHER": 403,
    "HEADERS_SIZE": 431,
    "HOLDER_ERASED": 410,
    "HOLDER_UNKNOWN": 404,
    "INTERNAL": 500,
    "LINKS_MANY": 409,
    "LINK_UNKNOWN": 404,
    "LIST_UNKNOWN": 404,
    "OFFICER_SCOPE": 403,
    "PART_UNKNOWN": 404,
    "PROOF_NOT_PUBLISHED": 404,
    "REQUEST_AGE": 401,
    "REQUEST_AUDIENCE": 401,
    "REQUEST_DUTY": 403,
    "REQUEST_USED": 409,
    "SIZE_NOT_PUBLISHED": 404,
    "SESSION_AGE": 401,
    "SESSION_AUDIENCE": 401,
    "SESSION_ENDED": 401,
    "SESSION_HOST": 401,
    "SESSION_NONCE": 401,
    "SESSION_NONE": 401,
    "SESSION_STANDS": 409,
    "SESSION_TICKET": 401,
    "PAGE_UNKNOWN": 404,
    "SCAN_NONE": 422,
    "SCAN_SEVERAL": 422,
    "SCAN_TOO_LARGE": 413,
    "TILE_UNKNOWN": 404,
    "TOO_MANY": 429,
    "URL_SIZE": 414,
}

# An act that is refused is a 422 whatever the reason: these codes stand for a request's own object as well.
_OF_AN_ACT: Final = frozenset({"CERTIFICATE_UNKNOWN", "CLAIM_UNKNOWN", "CLASS_UNKNOWN", "CLASS_OTHER"})


def status_of(error: MalanError, *, act: bool = False) -> int:
    """The HTTP status of an error; `act` when a statement was refused."""
    if isinstance(error, TooMany):
        return 429  # whichever limit it is: asked again later, the same bytes may pass
    if error.code in _BY_CODE and not (act and error.code in _OF_AN_ACT | {"OFFICER_SCOPE"}):
        return _BY_CODE[error.code]
    if isinstance(error, Malformed):
        return 400
    if isinstance(error, BadSignature):
        return 401
    if isinstance(error, Unavailable):
        return 503
    return 422


def problem(error: MalanError, *, act: bool = False) -> JSONResponse:
    """The problem document of an error."""
    answer = _document(status_of(error, act=act), error.code, error.what, where=error.where, fix=error.fix)
    if isinstance(error, TooMany):
        answer.headers["retry-after"] = str(error.seconds)
    return answer


def fault() -> JSONResponse:
    """What the world is told of a fault of ours."""
    what = "an unexpected fault of the service"
    return _document(500, "INTERNAL", what, fix="Try again; if it repeats, tell the operator.")


async def on_malan_error(request: Request, error: Exception) -> JSONResponse:
    """The handler of every error we raise on purpose."""
    assert isinstance(error, MalanError)
    service: Service = request.app.state.service
    service.metrics.refused(error.code)
    return problem(error)


async def on_http_error(request: Request, error: Exception) -> JSONResponse:
    """No such path, or a method it does not have."""
    assert isinstance(error, HTTPException)
    what = {404: "there is nothing here", 405: "this address does not take that method"}
    sentence = what.get(error.status_code, "the request cannot be answered")
    answer = _document(error.status_code, f"HTTP_{error.status_code}", sentence)
    if error.status_code == _NO_SUCH_METHOD:
        template = str(getattr(request.scope.get("route"), "path", request.scope["path"]))
        answer.headers["allow"] = ", ".join(methods_of(template))
    return answer


async def on_invalid_parameter(_: Request, error: Exception) -> JSONResponse:
    """A parameter of the address without its form."""
    assert isinstance(error, RequestValidationError)
    return problem(Malformed("PARAMETER_FORM", "a parameter of the address has not its form"))


def _document(status: int, code: str, what: str, *, where: str = "", fix: str = "") -> JSONResponse:
    where = told_place(where)
    detail = " ".join(part for part in (what + (f" ({where})" if where else "") + ".", fix) if part)
    content = {
        "type": f"urn:malan:problem:{code.lower().replace('_', '-')}",
        "title": what,
        "status": status,
        "code": code,
        "detail": detail,
        "where": where,
        "fix": fix,
    }
    headers = {"retry-after": "1"} if status == 503 else None
    return JSONResponse(content, status_code=status, media_type=MEDIA_TYPE, headers=headers)
