"""The subsidy desk over HTTP: check, prepare, the acts of a claim, its state. No decision is taken here."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from ledger.errors import MalanError, Refused
from ledger.statement import parse_statement
from registry.callers.subjects import hex_id
from registry.http.access import SignedIn, session_of
from registry.http.bodies import (
    CounterApplication,
    SignedRequest,
    SmallBody,
    StatementItem,
    described,
    read_model,
    strict_json,
    to_model,
    to_signed_request,
    to_submission,
)
from registry.http.deps import Running
from registry.http.problems import problem
from registry.http.statements import told_registered
from registry.subsidy import desk as subsidies
from registry.subsidy import reviewing
from registry.writing.submit import submit

router = APIRouter(tags=["subsidy"])


@router.post("/api/subsidy/check", openapi_extra=described(SignedRequest, CounterApplication))
def post_check(raw: SmallBody, request: Request, service: Running) -> JSONResponse:
    """The decision on a case, rule by rule, with reasons; nothing is held."""
    question = _question(raw, request, service, name="subsidy-check")
    return JSONResponse(subsidies.check_application(service, question))


@router.post("/api/subsidy/claims/prepare", openapi_extra=described(SignedRequest, CounterApplication))
def post_prepare(raw: SmallBody, request: Request, service: Running) -> JSONResponse:
    """The decision, and what the claim act will say."""
    return JSONResponse(subsidies.prepare_claim(service, _question(raw, request, service, name="claim")))


@router.post("/api/subsidy/claims", openapi_extra=described(StatementItem))
def post_claim(raw: SmallBody, service: Running) -> JSONResponse:
    """Registers an act of a claim together with its hold; 409 when the person holds it already."""
    submission = to_submission(read_model(StatementItem, raw))
    statement = parse_statement(submission.statement)
    if not statement.kind.startswith("claim-"):
        raise Refused("CLAIM_KIND", "only the acts of a claim come here", fix="Use /api/statements.")
    (answer,) = submit(service, [submission])
    if isinstance(answer, MalanError):
        return problem(answer, act=True)
    state = subsidies.claim_state(service, hex_id(statement.subject, "claim"))
    return JSONResponse({**told_registered(answer), "claim": state["claim"], "state": state["state"]})


@router.get("/api/subsidy/claims/{claim}")
def get_claim(claim: str, service: Running) -> JSONResponse:
    """The state of a claim, as the log has it."""
    return JSONResponse(subsidies.claim_state(service, hex_id(f"claim/{claim}", "claim")))


@router.get("/api/subsidy/open-claims")
def get_open_claims(principal: SignedIn, service: Running) -> JSONResponse:
    """The claims that wait for a decision of the reviewer's district, oldest first; nothing personal."""
    return JSONResponse(reviewing.open_claims(service, principal))


@router.get("/api/subsidy/open-claims/{claim}")
def get_open_claim(claim: str, principal: SignedIn, service: Running) -> JSONResponse:
    """What a reviewer decides on: the rules of today, the applicant masked; the read is recorded."""
    return JSONResponse(reviewing.review(service, principal, hex_id(f"claim/{claim}", "claim")))


def _question(raw: bytes, request: Request, service: Running, *, name: str) -> subsidies.Question:
    """A signed request, or the application of an officer who is signed in."""
    value = strict_json(raw)
    if not isinstance(value, dict) or "request" in value:
        return subsidies.signed_question(service, to_signed_request(value), name=name)
    principal = session_of(request).principal
    told = to_model(CounterApplication, value).model_dump(exclude_none=True)
    return subsidies.counter_question(principal, told)
