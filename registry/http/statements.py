"""POST /api/statements, /api/staff and /api/classes/evidence. No decision is taken here."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from issuers.base64url import to_b64
from ledger.errors import MalanError, Malformed
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
from registry.persons import evidence, staff
from registry.writing.item import Submission
from registry.writing.submit import Registered, submit, submit_soon

router = APIRouter(tags=["acts"])

_QUICK_BYTES_MAX = 16 * 1024  # a statement with a few openings; more of them belong on a thread


@router.post("/api/statements", openapi_extra=described(StatementBatch, StatementItem))
async def post_statements(raw: LargeBody, service: Running) -> JSONResponse:
    """Registers statements; each item stands or falls alone, and the answers stand in their order."""
    if len(raw) > _QUICK_BYTES_MAX:
        return await run_in_threadpool(_register_body, service, raw)
    items, bare = _items_of(raw)
    read = [_read(item) for item in items]
    sound = [one for one in read if isinstance(one, Submission)]
    return _answer(_merged(read, await submit_soon(service, sound) if sound else []), bare=bare)


def _register_body(service: Running, raw: bytes) -> JSONResponse:
    items, bare = _items_of(raw)
    return _answer(register(service, items), bare=bare)


def _items_of(raw: bytes) -> tuple[list[StatementItem], bool]:
    """The items of a body, and whether it was a bare one. Raises as `read_model`."""
    value = strict_json(raw)
    if isinstance(value, dict) and "items" in value:
        return to_model(StatementBatch, value).items, False
    return [to_model(StatementItem, value)], True


def _answer(answers: list[Registered | MalanError], *, bare: bool) -> JSONResponse:
    if bare and isinstance(answers[0], MalanError):
        return problem(answers[0], act=True)
    return JSONResponse({"results": [_told(answer) for answer in answers]})


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
    return _merged(read, submit(service, sound) if sound else [])


def _merged(
    read: list[Submission | MalanError], answered: list[Registered | MalanError]
) -> list[Registered | MalanError]:
    """In the order of the items: what was wrong already, and the answers of the others."""
    answers = iter(answered)
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
