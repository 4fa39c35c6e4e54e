"""Who may do what over HTTP: one table, deny by default, enforced in one place.

Every method of every route has one row in `ACCESS`; a route without a row keeps the application from
starting. `admit` runs before every handler and lets nobody pass whom the row does not name. Whose objects a
reader may see (`Own`) is decided where the object is known: by `need_own`, or by the judge of a statement.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final

from fastapi import Depends, FastAPI, Request
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.concurrency import run_in_threadpool

from issuers.acts.words import Duty, Role
from ledger.errors import MalanError, Refused
from registry.callers.sessions import Principal, Session, find
from registry.holders import visits
from registry.holders.visits import Visit
from registry.http.cookies import HOLDER, OFFICER
from registry.service import Service

CSRF_HEADER: Final = "x-malan-csrf"
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Who(StrEnum):
    """How a caller shows who they are."""

    PUBLIC = "public"
    SIGNED = "signed"  # the body is a statement or a request, signed by an enrolled key
    SESSION = "session"  # the cookie of a session
    EITHER = "signed-or-session"
    HOLDER = "holder"  # the cookie of a visit, after code and document of a certificate were shown


class Own(StrEnum):
    """Whose objects a caller sees or changes through a route."""

    NOBODYS = "nobody's"  # no object of anybody: public, or the caller's own session
    AS_JUDGED = "as judged"  # the rules of the acts say whose (issuers.authority)
    PARTY = "own party"
    DISTRICT = "own district"
    CLASS = "class of own district, body or institution"
    PERSON = "issued to the very person"


@dataclass(frozen=True, slots=True)
class Access:
    """One row. Empty `roles` or `duties` means any that is in office; they bind who is signed in."""

    method: str
    template: str
    who: Who
    roles: frozenset[Role] = frozenset()
    duties: frozenset[Duty] = frozenset()
    own: Own = Own.NOBODYS

    def admits(self, principal: Principal) -> bool:
        """Whether role and duties are those of the row."""
        role = not self.roles or principal.party.role in self.roles
        return role and (not self.duties or bool(self.duties & principal.duties))


_COUNTER: Final = frozenset({Role.DISTRICT, Role.OPERATOR})
_READERS: Final = frozenset({Duty.SUPERVISOR, Duty.SIGNATORY, Duty.EVALUATOR, Duty.REGISTRAR})
_ADMINS: Final = frozenset({Duty.ADMIN, Duty.ROOT})
_INTAKE: Final = frozenset({Duty.INTAKE})
_SIGNATORY: Final = frozenset({Duty.SIGNATORY})
_BODY: Final = frozenset({Role.BODY})
_DISTRICT: Final = frozenset({Role.DISTRICT})
_SUPERVISOR: Final = frozenset({Duty.SUPERVISOR})
_REVIEWER: Final = frozenset({Duty.REVIEWER})


def _public(*templates: str) -> tuple[Access, ...]:
    return tuple(Access("GET", template, Who.PUBLIC) for template in templates)


ACCESS: Final[tuple[Access, ...]] = (
    *_public("/openapi.json", "/healthz", "/readyz"),
    *_public("/metrics"),  # for whom `registry.http.metrics` lets see it; it holds nothing of anybody
    *_public("/", "/v/{code}", "/service-worker.js", "/supervisor", "/assets/{name}", "/js/{room}/{name}"),
    *_public("/sign-in", "/keys", "/desk", "/holder", "/shared"),
    *_public("/trust.cbor", "/acts.cbor", "/status/{number}", "/log/checkpoint", "/log/vkey", "/log/policy"),
    *_public(
        "/trust/bundle.cbor",
        "/trust/{part}.cbor",
        "/log/checkpoint.full",
        "/log/trust.cbor",
        "/log/acts.cbor",
    ),
    *_public("/log/proof/{seq}", "/log/tile/{path:path}"),
    *_public("/api/certificates/{code}", "/api/subsidy/claims/{claim}", "/api/changes"),
    Access("POST", "/api/verify", Who.PUBLIC),
    Access("POST", "/api/scan", Who.PUBLIC),
    Access("POST", "/api/cosignatures", Who.PUBLIC),
    Access("POST", "/api/statements", Who.SIGNED, own=Own.AS_JUDGED),
    Access("POST", "/api/subsidy/claims", Who.SIGNED, own=Own.AS_JUDGED),
    Access("POST", "/api/staff", Who.SIGNED, duties=_ADMINS, own=Own.PARTY),
    Access("POST", "/api/classes/evidence", Who.SIGNED, duties=_READERS, own=Own.CLASS),
    Access("POST", "/api/certificates/prepare", Who.SIGNED, _BODY, _SIGNATORY, Own.CLASS),
    Access("POST", "/api/subsidy/check", Who.EITHER, _COUNTER, _INTAKE, Own.PARTY),
    Access("POST", "/api/subsidy/claims/prepare", Who.EITHER, _COUNTER, _INTAKE, Own.PARTY),
    Access("GET", "/api/subsidy/open-claims", Who.SESSION, _DISTRICT, _REVIEWER, Own.DISTRICT),
    Access("GET", "/api/subsidy/open-claims/{claim}", Who.SESSION, _DISTRICT, _REVIEWER, Own.DISTRICT),
    Access("POST", "/api/sessions/nonce", Who.PUBLIC),
    Access("POST", "/api/sessions", Who.SIGNED),
    Access("POST", "/api/sessions/ticket", Who.SIGNED),
    Access("GET", "/api/sessions/current", Who.SESSION),
    Access("DELETE", "/api/sessions/current", Who.SESSION),
    Access("POST", "/api/holder/visits", Who.PUBLIC),
    Access("GET", "/api/holder/visits/current", Who.HOLDER),
    Access("DELETE", "/api/holder/visits/current", Who.HOLDER),
    Access("GET", "/api/holder/reads", Who.HOLDER),
    Access("GET", "/api/holder/certificates/{certificate}/{form}", Who.HOLDER, own=Own.PERSON),
    Access("POST", "/api/holder/links", Who.HOLDER, own=Own.PERSON),
    Access("DELETE", "/api/holder/links/{link}", Who.HOLDER, own=Own.PERSON),
    Access("POST", "/api/shared", Who.PUBLIC),
    *(
        Access(method, f"/api/supervision/{rest}", Who.SESSION, _DISTRICT, _SUPERVISOR, Own.DISTRICT)
        for method, rest in (
            *(("GET", "health"), ("GET", "issuing"), ("POST", "trace"), ("GET", "classes")),
            *(("GET", "classes/{class_id}"), ("GET", "classes/{class_id}/certificates")),
            *(("GET", "certificates/{certificate}"), ("GET", "audits"), ("POST", "audits")),
            *(("GET", "audits/{audit}"), ("GET", "audits/{audit}/{form}"), ("POST", "unmask")),
        )
    ),
)
_ROWS: Final = {(row.method, row.template): row for row in ACCESS}


async def admit(request: Request) -> None:
    """Before every handler: only whom the row of the route names. Raises SESSION_…, CSRF, ACCESS_DUTY.

    On a route that takes a signed body as well, a session that is not there is told only when it is needed.
    """
    row = _ROWS[request.method, request.scope["route"].path]
    if row.who in (Who.PUBLIC, Who.SIGNED):
        return
    if row.who is Who.HOLDER:
        request.state.visit = await run_in_threadpool(_visiting, request)
        return
    try:
        request.state.session = await run_in_threadpool(_admitted, request, row)
    except MalanError as error:
        if row.who is Who.SESSION:
            raise
        request.state.session = error


def check_routes(app: FastAPI) -> None:
    """Raises TypeError for a method of a route without a row, or a row that `admit` could not enforce."""
    for route in iter_route_contexts(app.routes):
        methods = (route.methods or {"*"}) - {"HEAD"}  # asked with the eyes of GET
        for method in sorted(methods):
            row = _ROWS.get((method, route.path or ""))
            if row is None:
                raise TypeError(f"{method} {route.path} has no row in registry.http.access.ACCESS")
            if not isinstance(route.original_route, APIRoute) and row.who is not Who.PUBLIC:
                raise TypeError(f"{method} {route.path} passes by the gate; make it a route of a router")


def methods_of(template: str) -> list[str]:
    """The methods a route takes, in order of name; HEAD is answered as GET."""
    found = {row.method for row in ACCESS if row.template == template}
    return sorted(found | ({"HEAD"} if "GET" in found else set()))


def session_of(request: Request) -> Session:
    """The session that came with the request. Raises what stands against it."""
    found: Session | MalanError = request.state.session
    if isinstance(found, MalanError):
        raise found
    return found


async def _principal(request: Request) -> Principal:
    return session_of(request).principal


async def _visit(request: Request) -> Visit:
    visit: Visit = request.state.visit
    return visit


Visiting = Annotated[Visit, Depends(_visit)]
"""The holder, on routes whose row says HOLDER."""

SignedIn = Annotated[Principal, Depends(_principal)]
"""The caller, on routes whose row says SESSION; on EITHER call `session_of` when the body is not signed."""


def need_own(principal: Principal, party: str) -> None:
    """Raises Refused ACCESS_OTHER when the object belongs to another party."""
    if principal.party.id != party:
        raise Refused("ACCESS_OTHER", "that is the business of others")


def standing(request: Request) -> Session | None:
    """The session this browser has already, if it still stands."""
    service: Service = request.app.state.service
    try:
        return find(service, OFFICER.of(request)[1])
    except MalanError:
        return None


def need_same_site(request: Request, host: str | None = None) -> None:
    """Raises Refused CSRF for a request that a browser says comes from elsewhere.

    With a `host`, which is where the session is at home, the browser must have said where it comes from.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    elsewhere = site not in (None, "same-origin") or (host is not None and origin not in (None, host))
    if elsewhere or (host is not None and site is None and origin is None):
        raise _forged()


def _admitted(request: Request, row: Access) -> Session:
    service: Service = request.app.state.service
    name, secret = OFFICER.of(request)
    session = find(service, secret)
    _need_own_page(request, name == OFFICER.name_at(session.host), session.host, session.csrf)
    if not row.admits(session.principal):
        raise Refused("ACCESS_DUTY", "the officer signed in is not appointed for this today")
    return session


def _visiting(request: Request) -> Visit:
    service: Service = request.app.state.service
    name, secret = HOLDER.of(request)
    visit = visits.find(service, secret)
    _need_own_page(request, name == HOLDER.name_at(visit.host), visit.host, visit.csrf)
    return visit


def _need_own_page(request: Request, named: bool, host: str, csrf: str) -> None:
    """Whether the cookie has the name of its host, and a page of ours sent it. Raises Refused."""
    if not named:
        raise Refused("SESSION_NONE", "nobody is signed in", fix="Sign in.")
    if request.headers.get("sec-fetch-site") not in (None, "same-origin", "none"):
        raise _forged()  # also what only reads: it would be recorded in the reader's name
    if request.method not in _SAFE:
        need_same_site(request, host)
        token = request.headers.get(CSRF_HEADER, "").encode()
        if not hmac.compare_digest(token, csrf.encode()):
            raise _forged()


def _forged() -> Refused:
    return Refused(
        "CSRF", "the request does not come from this service's own page", fix="Load the page anew."
    )
