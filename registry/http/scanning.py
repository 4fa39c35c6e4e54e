"""POST /api/scan: the text of a QR code in a picture or PDF, for browsers that cannot read it; kept nowhere.

Promises: a file is read in memory and forgotten; only so many are read at once, because one made to be hard
costs the reader seconds. Knows nothing of what the text means.
"""

from __future__ import annotations

import threading
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from ledger.errors import Malformed, Unavailable
from registry.certificates.handed_in import text_in_pdf
from registry.http import bodies
from registry.http.deps import Running
from verify.scan import scan_image

router = APIRouter(tags=["certificates"])

BYTES_MAX: Final = 8 * 2**20
"""The page makes a photograph smaller than this before it sends it."""

AT_ONCE: Final = 2
PDF: Final = "application/pdf"
_TYPES: Final = ("image/jpeg", "image/png", "image/webp", PDF)
_free = threading.BoundedSemaphore(AT_ONCE)

_PICTURE: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in _TYPES},
    }
}


async def read_file(request: Request) -> tuple[str, bytes]:
    """Type and body, up to the limit. Raises Malformed BODY_TYPE, BODY_SIZE, BODY_SLOW."""
    kind = request.headers.get("content-type", "")
    if kind not in _TYPES or "content-encoding" in request.headers:
        raise Malformed("BODY_TYPE", f"the body is a file: {', '.join(_TYPES)}")
    return kind, await bodies.read_body(request, BYTES_MAX)


@router.post("/api/scan", openapi_extra=_PICTURE)
def post_scan(file: Annotated[tuple[str, bytes], Depends(read_file)], service: Running) -> JSONResponse:
    """The text of the QR code in a picture or PDF; whether to believe it is for the check to say."""
    kind, raw = file
    if not _free.acquire(blocking=False):
        raise Unavailable("SCAN_BUSY", "too many pictures are being read", fix="Try again in a moment.")
    try:
        if kind == PDF:
            return JSONResponse(text_in_pdf(raw, host=service.settings.qr_origin))
        return JSONResponse({"qr": scan_image(raw)})
    finally:
        _free.release()
