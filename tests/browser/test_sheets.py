"""Printed certificates before the page's own scanner: at 150 dpi, photographed badly; more in a campaign."""

from __future__ import annotations

import base64
import os
import random
from pathlib import Path

from issuers.acts.words import CertificateKind
from issuers.printing.certificate_pdf import make_pdf
from issuers.printing.templates import shipped
from tests.browser.conftest import Script
from tests.browser.scanning import need_library, saved
from tests.issuers.paper import HOST, certificate, drawn, photographed, text_of

SHEETS = 100 if os.environ.get("MALAN_CAMPAIGN") == "full" else 1
READ = """async (module, one) => module.readPicture(new Blob(
  [Uint8Array.from(atob(one), (character) => character.charCodeAt(0))], { type: "image/jpeg" }))"""


def read_here(script: Script, picture: bytes) -> object:
    return script("/assets/scan.js", READ, base64.b64encode(picture).decode())


def test_sheets_are_read(script: Script, tmp_path: Path) -> None:
    """Every seventh has the longest name, course and address there may be."""
    need_library()
    missed: list[tuple[str, int]] = []
    for number in range(7, 7 + SHEETS):
        page, credential = certificate(number)
        template = shipped(CertificateKind.QUALIFICATION)
        pdf = make_pdf(page, host=HOST, credential=credential, proof=None, template=template)
        photograph = photographed(drawn(pdf, tmp_path, dpi=300), random.Random(number))
        for name, image in (("150 dpi", drawn(pdf, tmp_path, dpi=150)), ("photograph", photograph)):
            found = read_here(script, saved(image.convert("RGB"), "JPEG"))
            if found != text_of(credential):
                assert found is None, "never another text"
                missed.append((name, number))
    assert not [one for one in missed if one[0] == "150 dpi"], missed
    assert len(missed) <= SHEETS // 100, missed  # a stain may lie on a finder pattern


def test_a_sheet_with_its_code_blotted_out_is_not_read(script: Script, tmp_path: Path) -> None:
    """Negative control."""
    need_library()
    page, credential = certificate(1)
    template = shipped(CertificateKind.QUALIFICATION)
    image = drawn(
        make_pdf(page, host=HOST, credential=credential, proof=None, template=template), tmp_path, dpi=150
    )
    spoilt = photographed(image, random.Random(1), damage=0.4)
    assert read_here(script, saved(spoilt.convert("RGB"), "JPEG")) is None
