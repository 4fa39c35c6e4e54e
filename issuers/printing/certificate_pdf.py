"""The certificate as a PDF, and many of them as one file for the printer. Pure: bytes in, bytes out.

Promises: what the pages say is what the attached credential says, or nothing is made; each certificate
takes one A4 page, and one more where English is wanted; the same arguments give the same bytes. Signing is
`seal`'s.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from issuers.credential import parse_credential
from issuers.printing.folder import CREDENTIAL, PROOF
from issuers.printing.page import PageFields, page_document
from issuers.printing.press import set_pdf
from issuers.printing.templates import Template, document
from issuers.qr import make_text
from ledger.errors import Malformed, Refused

PRINT_MAX: Final = 1_000
"""Certificates in one file: some 20 MB, a few seconds."""

_COUNT: Final = re.compile(rb"/Type\s*/Pages\s*/Count (\d+)")


def make_pdf(
    page: PageFields,
    *,
    host: str,
    credential: bytes,
    proof: bytes | None,
    template: Template,
    english: bool = False,
) -> bytes:
    """PDF/A-3 of one certificate with its credential and, once the log has published it, its proof attached.

    `host` is the origin of the QR text. Dated by the credential's iat. Raises as `page_document` and
    `set_pdf`; Malformed PAGE_OTHER when page and credential differ; Refused TEMPLATE_PAGES.
    """
    claims = parse_credential(credential).claims
    card = page.card
    said = (claims.name, claims.course, claims.hours, claims.number, claims.code)
    if said != (card.name, card.project_zh, card.hours, card.number, card.code):
        raise Malformed("PAGE_OTHER", "the page says something else than the credential")
    qr = make_text(host=host, code=claims.code, credential=credential)
    files = [_file(CREDENTIAL, credential, "application/cose", "The signed credential (COSE_Sign1)")]
    if proof is not None:
        files.append(_file(PROOF, proof, "text/plain", "Proof that the log holds it (C2SP tlog-proof)"))
    told = document(
        template,
        [page_document(page, qr)],
        english=english,
        title=f"{card.kind} {card.number}",
        author=card.body,
        keywords=[f"template sha-256 {template.hash}"],
        files=files,
    )
    return _of_pages(set_pdf(template.text, told, at=claims.issued_at), 1 + english)


def make_print(
    pages: Sequence[tuple[PageFields, str]], *, template: Template, english: bool = False, at: int
) -> bytes:
    """One PDF for the printer, a sheet for each page with its QR text, in this order; nothing is attached.

    `at` dates the file (seconds since 1970). Raises as `make_pdf`; Malformed PRINT_SIZE, PAGE_SERIAL.
    """
    if not 1 <= len(pages) <= PRINT_MAX:
        raise Malformed("PRINT_SIZE", f"one file holds 1 to {PRINT_MAX} certificates")
    if any(page.serial is None for page, _ in pages):
        raise Malformed("PAGE_SERIAL", "a sheet of paper has a serial")
    told = document(
        template,
        [page_document(page, qr) for page, qr in pages],
        english=english,
        title=f"{pages[0][0].card.kind} {pages[0][0].serial} – {pages[-1][0].serial}",
        author=pages[0][0].card.body,
        keywords=[f"template sha-256 {template.hash}"],
    )
    return _of_pages(set_pdf(template.text, told, at=at), len(pages) * (1 + english))


def page_count(pdf: bytes) -> int:
    """How many pages a PDF of the press has; it writes one flat page tree in plain bytes."""
    return max((int(count) for count in _COUNT.findall(pdf)), default=0)


def _of_pages(pdf: bytes, pages: int) -> bytes:
    if page_count(pdf) != pages:
        raise Refused(
            "TEMPLATE_PAGES",
            "a certificate takes more than its page",
            fix="See what malan-sign template check says of the template.",
        )
    return pdf


def _file(name: str, data: bytes, mime: str, about: str) -> dict[str, Any]:
    return {"name": name, "data": list(data), "mime": mime, "about": about, "relation": "data"}
