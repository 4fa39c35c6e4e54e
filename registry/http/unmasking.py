"""POST /api/supervision/unmask: one certificate, one purpose. Nothing is decided here."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import Field

from registry.http.access import SignedIn
from registry.http.bodies import SmallBody, Strict, described, read_model
from registry.http.deps import Running
from registry.persons.unmasking import Purpose, unmask

router = APIRouter(tags=["supervision"])


class Unmasking(Strict):
    """Whose name is needed, and for what."""

    certificate: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
    purpose: Literal["inspection", "complaint", "correction", "holder-request", "court-order"]


@router.post("/api/supervision/unmask", openapi_extra=described(Unmasking))
def post_unmask(raw: SmallBody, reader: SignedIn, service: Running) -> JSONResponse:
    """Name and number of a certificate of the own district, in clear; the read is recorded before."""
    asked = read_model(Unmasking, raw)
    return JSONResponse(unmask(service, reader, bytes.fromhex(asked.certificate), Purpose(asked.purpose)))
