"""Sign-in and sign-out over HTTP. What makes a session good is `registry.callers.sessions`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import Field

from issuers.base64url import from_b64
from ledger import cbor
from ledger.errors import Refused
from registry.callers import sessions
from registry.http.access import need_same_site, session_of, standing
from registry.http.bodies import SmallBody, Strict, Text, described, read_model, strict_json, to_model
from registry.http.cookies import OFFICER
from registry.http.deps import Running

router = APIRouter(tags=["sessions"])


class KeyName(Strict):
    """The first 8 bytes of SHA-256 of a public key, as hex."""

    kid: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]


class SignedSession(Strict):
    """A session statement (base64url of COSE_Sign1, see `issuers/session.py`)."""

    session: Text


class Ticket(Strict):
    """What POST /api/sessions/ticket answered with."""

    ticket: Annotated[str, Field(min_length=43, max_length=43)]


@router.post("/api/sessions/nonce", openapi_extra=described(KeyName))
def post_nonce(raw: SmallBody, service: Running) -> JSONResponse:
    """What a session statement is made of: a nonce for one use in two minutes, the claims of the key."""
    return JSONResponse(sessions.offer_nonce(service, bytes.fromhex(read_model(KeyName, raw).kid)))


@router.post("/api/sessions", openapi_extra=described(SignedSession, Ticket))
def post_session(raw: SmallBody, request: Request, service: Running) -> JSONResponse:
    """Signs a browser in, by a session statement or by a ticket; the answer sets the cookie."""
    need_same_site(request)
    value = strict_json(raw)
    before = standing(request)
    if isinstance(value, dict) and "ticket" in value:
        if before is not None:
            # Whoever opens a link that somebody sent would work in the sender's name.
            raise Refused("SESSION_STANDS", "somebody is signed in here", fix="Sign out first.")
        handed = sessions.redeem_ticket(service, to_model(Ticket, value).ticket)
    else:
        handed = sessions.sign_in(service, _statement(to_model(SignedSession, value)))
    if before is not None:
        sessions.end(service, OFFICER.of(request)[1])
    response = JSONResponse(_told(sessions.find(service, handed.secret)))
    OFFICER.give(response, handed.host, handed.secret)
    return response


@router.post("/api/sessions/ticket", openapi_extra=described(SignedSession))
def post_ticket(raw: SmallBody, service: Running) -> JSONResponse:
    """A ticket for a browser, good once within a minute: its page is the address with `#` and the ticket."""
    handed = sessions.issue_ticket(service, _statement(read_model(SignedSession, raw)))
    address = f"{handed.host}/sign-in#{handed.secret}"
    return JSONResponse({"ticket": handed.secret, "address": address, "seconds": sessions.TICKET_MS // 1000})


@router.get("/api/sessions/current")
def get_current(request: Request) -> JSONResponse:
    """Who is signed in, what they may do today, and the token that unsafe requests carry in x-malan-csrf."""
    return JSONResponse(_told(session_of(request)))


@router.delete("/api/sessions/current")
def delete_current(request: Request, service: Running) -> JSONResponse:
    """Signs out."""
    sessions.end(service, OFFICER.of(request)[1])
    response = JSONResponse({"signed_in": False})
    OFFICER.drop(response)
    return response


def _statement(body: SignedSession) -> bytes:
    return from_b64(body.session, bytes_max=cbor.BYTES_MAX, where="session")


def _told(session: sessions.Session) -> dict[str, object]:
    principal = session.principal
    party = principal.party
    return {
        "party": {
            "id": party.id,
            "role": party.role.value,
            "zh": party.name,
            "en": party.name_en,
            "region": party.region,
        },
        "staff": principal.staff.hex(),
        "duties": sorted(duty.value for duty in principal.duties),
        "kid": principal.kid.hex(),
        "csrf": session.csrf,
        "expires_ms": session.expires_ms,
    }
