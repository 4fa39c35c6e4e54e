"""Printed certificates before the page's own scanner, at 150 dpi and photographed badly."""

from __future__ import annotations

import base64
import os
import random
from pathlib import Path

from PIL import Image

from tests.browser.conftest import Script
from tests.browser.scanning import need_library, saved
from tests.issuers.crowd import certificate_of, pictures_of, sheet_of
from tests.issuers.paper import drawn, photographed, text_of

SHEETS = int(os.environ.get("MALAN_SHEETS") or (100 if os.environ.get("MALAN_CAMPAIGN") == "full" else 1))
READ = """async (module, one) => module.readPicture(new Blob(
  [Uint8Array.from(atob(one), (character) => character.charCodeAt(0))], { type: "image/jpeg" }))"""


def read_here(script: Script, image: Image.Image) -> object:
    picture = saved(image.convert("RGB"), "JPEG")
    return script("/assets/scan.js", READ, base64.b64encode(picture).decode())


def test_sheets_are_read(script: Script, tmp_path: Path) -> None:
    need_library()
    missed: list[tuple[str, int]] = []
    for number in range(SHEETS):
        for seen, image in pictures_of(number, tmp_path).items():
            found = read_here(script, image)
            if found != text_of(certificate_of(number)[1]):
                assert found is None, "never another text"
                missed.append((seen, number))
    assert not [one for one in missed if one[0] == "150 dpi"], missed
    assert len(missed) <= SHEETS // 100, missed


def test_a_sheet_with_a_quarter_of_its_code_stained_is_not_read(script: Script, tmp_path: Path) -> None:
    """Negative control."""
    need_library()
    image = drawn(sheet_of(0), tmp_path, dpi=300)
    assert read_here(script, photographed(image, random.Random(0), damage=0.25)) is None
