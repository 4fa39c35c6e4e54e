"""POST /api/cosignatures: lines of witnesses, from whoever brings them. Nothing is decided here."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from ledger.errors import Malformed
from registry.http import bodies
from registry.http.deps import Running
from registry.published.taking import NOTE_BYTES_MAX, take_note

router = APIRouter(tags=["log"])

_TYPES: Final = ("text/plain", "text/plain; charset=utf-8", "text/plain;charset=utf-8")
_NOTE: Final[dict[str, Any]] = {
    "requestBody": {"required": True, "content": {"text/plain": {"schema": {"type": "string"}}}}
}


async def read_note(request: Request) -> bytes:
    """The body, up to the limit. Raises Malformed BODY_TYPE, BODY_SIZE, BODY_SLOW."""
    kind = request.headers.get("content-type", "").lower()
    if kind not in _TYPES or "content-encoding" in request.headers:
        raise Malformed("BODY_TYPE", "the body is a signed note: text/plain in UTF-8, not compressed")
    return await bodies.read_body(request, NOTE_BYTES_MAX)


@router.post("/api/cosignatures", openapi_extra=_NOTE)
def post_cosignatures(raw: Annotated[bytes, Depends(read_note)], service: Running) -> JSONResponse:
    """A checkpoint of this log with witnesses' lines (C2SP signed-note); only lines that verify are kept."""
    return JSONResponse(asdict(take_note(service, raw)))
