"""What a certificate costs to draw: QR codes, cards, PDFs plain and sealed, and a sheet of a print."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count

from issuers.acts.words import CertificateKind
from issuers.printing.attached import read_attached
from issuers.printing.card import draw_card
from issuers.printing.certificate_pdf import make_pdf, make_print
from issuers.printing.seal import seal_pdf, self_certificate
from issuers.printing.templates import shipped
from issuers.qr import matrix
from tests.bench.meter import Meter
from tests.issuers.paper import certificate, signer, text_of
from tests.world_parts import HOST

SIGN = "raw ES256 sign"
SHEETS = 25
AT = datetime(2026, 3, 13, tzinfo=UTC)


def paper(meter: Meter) -> None:
    """One after the other in one process; every certificate is another one, so that nothing is remembered."""
    people = map(certificate, count(1))
    template = shipped(CertificateKind.QUALIFICATION)
    chain = (self_certificate(signer(), body="示例"),)

    def plain() -> bytes:
        page, credential = next(people)
        return make_pdf(page, host=HOST, credential=credential, proof=b"p" * 1_500, template=template)

    def sealed() -> bytes:
        return seal_pdf(plain(), signer(), chain=chain, body="示例", at=AT)

    def sheets() -> int:
        some = [next(people) for _ in range(SHEETS)]
        pages = [(dataclasses.replace(page, serial="SH00000001"), text_of(raw)) for page, raw in some]
        make_print(pages, template=template, at=0)
        return SHEETS

    def card() -> object:
        page, credential = next(people)
        return draw_card(page.card, text_of(credential))

    one = sealed()
    meter.figure("QR codes", _each(lambda: matrix(text_of(next(people)[1]))), bound=SIGN)
    meter.figure("cards", _each(card), bound=SIGN)
    meter.figure("PDFs, not sealed", _each(plain), bound=SIGN)
    meter.figure("PDFs, sealed", _each(sealed), bound=SIGN)
    meter.figure("sheets of a print", sheets, bound=SIGN, sheets=SHEETS)
    meter.figure("PDFs read, with their seal", _each(lambda: read_attached(one)), bound=SIGN)


def _each(step: Callable[[], object]) -> Callable[[], int]:
    def run() -> int:
        step()
        return 1

    return run
