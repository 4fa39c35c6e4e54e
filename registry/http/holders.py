"""The holder's page over HTTP, and what a link shows. Who is who, `registry.holders` decides."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from ledger.errors import Malformed
from registry.holders import links, papers, visits
from registry.holders.overview import looked_again, older_reads, overview
from registry.http.access import Visiting, need_same_site
from registry.http.bodies import SmallBody, Strict, described, read_model
from registry.http.cookies import HOLDER
from registry.http.deps import Running
from registry.http.limits import caller_of

router = APIRouter(tags=["holders"])

_HEX: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
_NO_ROBOTS: Final = {"x-robots-tag": "noindex, nofollow, noarchive"}

Older = Annotated[str, Query(min_length=1, max_length=64)]
Typed = Annotated[str, Field(min_length=1, max_length=64)]


class CodeAndDocument(Strict):
    """The 16 digits on a certificate, and the document of whoever it was issued to."""

    code: Typed
    id_type: Annotated[str, Field(min_length=1, max_length=40)]
    id_number: Typed


class LinkWanted(Strict):
    """Which certificate a link is for, and how many days it is good: 1, 7 or 30."""

    certificate: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    days: int


class LinkToken(Strict):
    """What stands after the # sign of a link."""

    token: Annotated[str, Field(min_length=1, max_length=64)]


@router.post("/api/holder/visits", openapi_extra=described(CodeAndDocument))
def post_visit(raw: SmallBody, request: Request, service: Running) -> JSONResponse:
    """Everything of the holder's own, if code and document belong together; the answer sets a cookie that is
    good for a quarter of an hour. A document that is not the holder's is answered like an unknown code."""
    need_same_site(request)
    told = read_model(CodeAndDocument, raw)
    host = request.headers.get("origin", service.settings.qr_origin)
    shown = visits.Showing(told.code, told.id_type, told.id_number)
    secret = visits.begin(service, shown, host=host, caller=caller_of(request))
    response = JSONResponse(overview(service, visits.find(service, secret)))
    HOLDER.give(response, host, secret)
    return response


@router.get("/api/holder/visits/current")
def get_visit(visit: Visiting, request: Request, service: Running) -> JSONResponse:
    """The same once more, within the visit; recorded anew."""
    return JSONResponse(looked_again(service, visit, caller=caller_of(request)))


@router.get("/api/holder/reads")
def get_reads(older: Older, visit: Visiting, request: Request, service: Running) -> JSONResponse:
    """The next page of who looked, from the place the last one named; recorded."""
    return JSONResponse(older_reads(service, visit, older, caller=caller_of(request)))


@router.delete("/api/holder/visits/current")
def delete_visit(visit: Visiting, request: Request, service: Running) -> JSONResponse:
    """Ends the visit."""
    visits.end(service, HOLDER.of(request)[1])
    response = JSONResponse({"visiting": False})
    HOLDER.drop(response)
    return response


@router.get("/api/holder/certificates/{certificate}/{form}", response_class=Response)
def get_paper(
    certificate: str, form: Literal["pdf", "card"], visit: Visiting, request: Request, service: Running
) -> Response:
    """The certificate as PDF, with credential and proof attached, or as a picture; recorded before."""
    wanted = papers.Form(form)
    data = papers.paper(service, visit, _id(certificate), wanted, caller=caller_of(request))
    headers = {"content-disposition": f'attachment; filename="{papers.FILES[wanted]}"', **_NO_ROBOTS}
    return Response(data, media_type=papers.MEDIA_TYPES[wanted], headers=headers)


@router.post("/api/holder/links", openapi_extra=described(LinkWanted))
def post_link(raw: SmallBody, visit: Visiting, request: Request, service: Running) -> JSONResponse:
    """A link that shows name and verdict until it is over; its address is told this once."""
    wanted = read_model(LinkWanted, raw)
    made = links.make_link(
        service, visit, bytes.fromhex(wanted.certificate), days=wanted.days, caller=caller_of(request)
    )
    return JSONResponse(made, status_code=201)


@router.delete("/api/holder/links/{link}")
def delete_link(link: str, visit: Visiting, request: Request, service: Running) -> JSONResponse:
    """Withdraws a link at once."""
    links.withdraw_link(service, visit, _id(link), caller=caller_of(request))
    return JSONResponse({"link": link, "withdrawn": True})


@router.post("/api/shared", openapi_extra=described(LinkToken))
def post_shared(raw: SmallBody, request: Request, service: Running) -> JSONResponse:
    """What a link shows; one that is over, withdrawn or was never made is answered alike."""
    shown = links.open_link(service, read_model(LinkToken, raw).token, caller=caller_of(request))
    return JSONResponse(shown, headers=_NO_ROBOTS)


def _id(text: str) -> bytes:
    if not _HEX.fullmatch(text):
        raise Malformed("SUBJECT_ID", "an id has 32 lower-case hex digits")
    return bytes.fromhex(text)
