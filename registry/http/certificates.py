"""POST /api/certificates/prepare and /api/verify, GET /api/certificates/{code}. Nothing is decided here."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from registry.certificates.looking_up import look_up
from registry.certificates.preparing import prepare
from registry.certificates.verifying import verdict_soon
from registry.http.bodies import QrText, SignedRequest, SmallBody, described, read_model, read_signed_request
from registry.http.deps import FOR_ANY_SITE, Running
from registry.http.limits import caller_of

router = APIRouter(tags=["certificates"])


@router.post("/api/certificates/prepare", openapi_extra=described(SignedRequest))
def post_prepare(raw: SmallBody, service: Running) -> JSONResponse:
    """Numbers, codes and status places for the passed candidates of a class, held for 72 hours."""
    return JSONResponse(prepare(service, read_signed_request(raw)))


@router.get("/api/certificates/{code}")
def get_certificate(code: str, request: Request, service: Running) -> JSONResponse:
    """The masked answer to a typed code, with the place in the log and its proof."""
    return JSONResponse(look_up(service, code, caller=caller_of(request)), headers=FOR_ANY_SITE)


@router.post("/api/verify", openapi_extra=described(QrText))
async def post_verify(raw: SmallBody, service: Running) -> JSONResponse:
    """The verdict on a QR text, with its twelve steps. A bad certificate is an answer, not an error."""
    return JSONResponse((await verdict_soon(service, read_model(QrText, raw).qr)).to_document())
