"""The supervisor's answers over HTTP. Whose district it is, `registry.supervision` decides."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from ledger.errors import Malformed
from registry.http.access import SignedIn
from registry.http.bodies import SmallBody, Strict, described, read_model
from registry.http.deps import Running
from registry.supervision import audits, classes, health, issuing, trace
from registry.supervision.holders import TYPED_MAX

router = APIRouter(tags=["supervision"])

_HEX: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
_REPORT_TYPES: Final = {"json": "application/json", "html": "text/html; charset=utf-8"}
# Kept and opened by whoever asked for it, apart from the pages of this address.
_AS_FILE: Final = {
    "content-security-policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'",
    "cache-control": "no-store",
}

Slug = Annotated[str, Query(max_length=40, pattern=r"^[a-z0-9-]*$")]
Place = Annotated[int | None, Query(ge=0, le=2**53)]


class Typed(Strict):
    """A certificate number or the 16 digits of a code, as read off the certificate."""

    typed: Annotated[str, Field(min_length=1, max_length=TYPED_MAX)]


class AuditAsked(Strict):
    """The classes whose evidence the audit opens; the whole log is audited in any case."""

    classes: Annotated[list[str], Field(default_factory=list, max_length=audits.CLASSES_MAX)]


@router.get("/api/supervision/health")
def get_health(service: Running, reader: SignedIn) -> JSONResponse:
    """Size, checkpoint, cosignatures, alarms, last audit and last fsck."""
    return JSONResponse(health.health(service, reader))


@router.get("/api/supervision/issuing")
def get_issuing(service: Running, reader: SignedIn, unit: Literal["day", "month"] = "day") -> JSONResponse:
    """Certificates issued in the district by day or month and body; pass rates without classes under five."""
    return JSONResponse(issuing.issuing(service, reader, unit))


@router.get("/api/supervision/classes")
def get_classes(
    service: Running,
    reader: SignedIn,
    institution: Slug = "",
    body: Slug = "",
    evaluator: Slug = "",
    before: Place = None,
) -> JSONResponse:
    """A page of the district's classes, the newest first; `evaluator` is a staff id."""
    wanted = classes.Wanted(institution, body, evaluator, before)
    return JSONResponse(classes.classes(service, reader, wanted))


@router.get("/api/supervision/classes/{class_id}")
def get_class(class_id: str, service: Running, reader: SignedIn) -> JSONResponse:
    """The chain of a class, from its result back to accreditation and standard."""
    return JSONResponse(trace.trace_class(service, reader, _id(class_id)))


@router.get("/api/supervision/classes/{class_id}/certificates")
def get_class_certificates(class_id: str, service: Running, reader: SignedIn) -> JSONResponse:
    """The certificates of a class, by place in the log, without names."""
    return JSONResponse(classes.certificates_of_class(service, reader, _id(class_id)))


@router.get("/api/supervision/certificates/{certificate}")
def get_certificate(certificate: str, service: Running, reader: SignedIn) -> JSONResponse:
    """The chain behind a certificate, by its random id; name and number masked. The read is recorded."""
    return JSONResponse(trace.trace_certificate(service, reader, _id(certificate)))


@router.post("/api/supervision/trace", openapi_extra=described(Typed))
def post_trace(raw: SmallBody, service: Running, reader: SignedIn) -> JSONResponse:
    """As above, by number or code, which stands in the body and nowhere else."""
    return JSONResponse(trace.trace_typed(service, reader, read_model(Typed, raw).typed))


@router.get("/api/supervision/audits")
def get_audits(service: Running, reader: SignedIn, before: Place = None) -> JSONResponse:
    """A page of the audits the district ran here, the newest first."""
    return JSONResponse(audits.runs(service, reader, before_ms=before))


@router.post("/api/supervision/audits", openapi_extra=described(AuditAsked))
def post_audit(raw: SmallBody, service: Running, reader: SignedIn) -> JSONResponse:
    """Starts an audit of the published log; 409 while one is running."""
    asked = read_model(AuditAsked, raw)
    told = audits.start(service, reader, [_id(one) for one in asked.classes])
    return JSONResponse(told, status_code=202)


@router.get("/api/supervision/audits/{audit}")
def get_audit(audit: str, service: Running, reader: SignedIn) -> JSONResponse:
    """How far a run is; once it has ended, what it found."""
    return JSONResponse(audits.found(service, reader, _id(audit)))


@router.get("/api/supervision/audits/{audit}/{form}", response_class=Response)
def get_report(audit: str, form: Literal["json", "html"], service: Running, reader: SignedIn) -> Response:
    """The report as it was made, to keep: its SHA-256 stands in the list of runs."""
    data = audits.report_file(service, reader, _id(audit), form)
    name = f"malan-audit-{audit[:8]}.{form}"
    headers = {**_AS_FILE, "content-disposition": f'attachment; filename="{name}"'}
    return Response(data, media_type=_REPORT_TYPES[form], headers=headers)


def _id(text: str) -> bytes:
    if not _HEX.fullmatch(text):
        raise Malformed("SUBJECT_ID", "an id has 32 lower-case hex digits")
    return bytes.fromhex(text)
