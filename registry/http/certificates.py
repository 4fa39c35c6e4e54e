"""POST /api/certificates/prepare and /api/verify, GET /api/certificates/{code}. Nothing is decided here."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from ledger.errors import MalanError
from registry.certificates.looking_up import look_up
from registry.certificates.renewing import prepare
from registry.certificates.several import Answered, Asked, answer_each
from registry.certificates.verifying import verdict_soon
from registry.http.bodies import (
    QrText,
    SignedRequest,
    SmallBody,
    TypedCode,
    VerifyBatch,
    described,
    read_signed_request,
    strict_json,
    to_model,
)
from registry.http.deps import FOR_ANY_SITE, Running
from registry.http.limits import caller_of
from registry.http.told_places import told_place
from verify.verdict import Verdict

router = APIRouter(tags=["certificates"])


@router.post("/api/certificates/prepare", openapi_extra=described(SignedRequest))
def post_prepare(raw: SmallBody, service: Running) -> JSONResponse:
    """Numbers, codes and status places, held for 72 hours: for the passed candidates of a class, or for the
    next version of a certificate."""
    return JSONResponse(prepare(service, read_signed_request(raw)))


@router.get("/api/certificates/{code}")
def get_certificate(code: str, request: Request, service: Running) -> JSONResponse:
    """The masked answer to a typed code, with the place in the log and its proof."""
    return JSONResponse(look_up(service, code, caller=caller_of(request)), headers=FOR_ANY_SITE)


@router.post("/api/verify", openapi_extra=described(QrText, VerifyBatch))
async def post_verify(raw: SmallBody, service: Running, request: Request) -> JSONResponse:
    """The verdict on a QR text, with its twelve steps; or on up to 100 texts and codes, each for itself.

    A bad certificate is an answer, not an error.
    """
    value = strict_json(raw)
    if not (isinstance(value, dict) and "items" in value):
        return JSONResponse((await verdict_soon(service, to_model(QrText, value).qr)).to_document())
    items = [_read(item) for item in to_model(VerifyBatch, value).items]
    answers = await answer_each(service, items, caller=caller_of(request))
    return JSONResponse({"results": [_told(answer) for answer in answers]})


def _read(item: Any) -> Asked | MalanError:
    """An item without its form is refused alone."""
    try:
        if isinstance(item, dict) and "code" in item:
            return Asked(code=to_model(TypedCode, item).code)
        return Asked(qr=to_model(QrText, item).qr)
    except MalanError as error:
        return error


def _told(answer: Answered) -> dict[str, object]:
    match answer:
        case Verdict():
            return {"status": "checked", "verdict": answer.to_document()}
        case MalanError():
            where = told_place(answer.where)
            told = {"code": answer.code, "what": answer.what, "where": where, "fix": answer.fix}
            return {"status": "refused", **told}
        case found:
            return {"status": "found", "certificate": found}
