"""POST /api/statements, /api/staff and /api/classes/evidence. No decision is taken here."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from issuers.base64url import to_b64
from ledger.errors import MalanError, Malformed
from registry import evidence, staff
from registry.http.bodies import (
    LargeBody,
    SignedRequest,
    SmallBody,
    StatementBatch,
    StatementItem,
    described,
    read_signed_request,
    strict_json,
    to_model,
    to_submission,
)
from registry.http.deps import Running
from registry.http.problems import problem
from registry.http.told_places import told_place
from registry.item import Submission
from registry.submit import Registered, submit

router = APIRouter(tags=["acts"])


@router.post("/api/statements", openapi_extra=described(StatementBatch, StatementItem))
def post_statements(raw: LargeBody, service: Running) -> JSONResponse:
    """Registers statements; each item stands or falls alone, and the answers stand in their order."""
    value = strict_json(raw)
    if isinstance(value, dict) and "items" in value:
        items = to_model(StatementBatch, value).items
        return JSONResponse({"results": [_told(answer) for answer in register(service, items)]})
    (answer,) = register(service, [to_model(StatementItem, value)])
    if isinstance(answer, MalanError):
        return problem(answer, act=True)
    return JSONResponse({"results": [_told(answer)]})


@router.post("/api/staff", openapi_extra=described(SignedRequest))
def post_staff(raw: SmallBody, service: Running) -> JSONResponse:
    """The one staff id of a natural person."""
    return JSONResponse({"staff": staff.staff_id(service, read_signed_request(raw)).hex()})


@router.post("/api/classes/evidence", openapi_extra=described(SignedRequest))
def post_evidence(raw: SmallBody, service: Running) -> Response:
    """What stands behind the commitments of a class, as far as the asker's duty goes."""
    document = evidence.export(service, read_signed_request(raw))
    return Response(document, media_type="application/json")


def register(service: Running, items: list[StatementItem]) -> list[Registered | MalanError]:
    """Submits items; one whose base64url is wrong is refused alone, as any other."""
    read: list[Submission | MalanError] = [_read(item) for item in items]
    sound = [one for one in read if isinstance(one, Submission)]
    answers = iter(submit(service, sound) if sound else [])
    return [one if isinstance(one, MalanError) else next(answers) for one in read]


def _read(item: StatementItem) -> Submission | MalanError:
    try:
        return to_submission(item)
    except Malformed as error:
        return error


def _told(answer: Registered | MalanError) -> dict[str, Any]:
    if isinstance(answer, MalanError):
        where = told_place(answer.where)
        told = {"code": answer.code, "what": answer.what, "where": where, "fix": answer.fix}
        return {"status": "refused", **told}
    return told_registered(answer)


def told_registered(answer: Registered) -> dict[str, Any]:
    """An entry in the log, as the API tells it."""
    return {
        "status": "known" if answer.repeated else "appended",
        "seq": answer.seq,
        "time_ms": answer.time_ms,
        "receipt": to_b64(answer.receipt),
    }
