"""POST /api/scan: the text of a QR code in a picture, for browsers that cannot read one. Nothing is kept.

Promises: a picture is read in memory and forgotten; only so many are read at once, because a picture made to
be hard costs the reader seconds. Knows nothing of what the text means.
"""

from __future__ import annotations

import threading
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from ledger.errors import Malformed, Unavailable
from registry.http import bodies
from verify.scan import scan_image

router = APIRouter(tags=["certificates"])

BYTES_MAX: Final = 8 * 2**20
"""The page makes a photograph smaller than this before it sends it."""

AT_ONCE: Final = 2
_TYPES: Final = ("image/jpeg", "image/png", "image/webp")
_free = threading.BoundedSemaphore(AT_ONCE)

_PICTURE: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in _TYPES},
    }
}


async def read_picture(request: Request) -> bytes:
    """The body, up to the limit. Raises Malformed BODY_TYPE, BODY_SIZE, BODY_SLOW."""
    if request.headers.get("content-type", "") not in _TYPES or "content-encoding" in request.headers:
        raise Malformed("BODY_TYPE", "the body is a picture: image/jpeg, image/png or image/webp")
    return await bodies.read_body(request, BYTES_MAX)


@router.post("/api/scan", openapi_extra=_PICTURE)
def post_scan(raw: Annotated[bytes, Depends(read_picture)]) -> JSONResponse:
    """The text of the QR code in a picture; whether to believe it is for the check to say."""
    if not _free.acquire(blocking=False):
        raise Unavailable("SCAN_BUSY", "too many pictures are being read", fix="Try again in a moment.")
    try:
        return JSONResponse({"qr": scan_image(raw)})
    finally:
        _free.release()
