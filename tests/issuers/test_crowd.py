"""A thousand certificates before two readers: from a sheet at 150 dpi and from a bad photograph of it."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from issuers.qr import VERSION_MAX, version_for
from tests.issuers.crowd import PEOPLE, certificate_of, pictures_of, sheet_of
from tests.issuers.paper import (
    certificate,
    drawn,
    photographed,
    place_of,
    read_by_zbar,
    read_by_zxing,
    text_of,
)

SHEETS = PEOPLE if os.environ.get("MALAN_CAMPAIGN") == "full" else 12
READERS: dict[str, Callable[[Image.Image], list[str]]] = {"zxing": read_by_zxing, "zbar": read_by_zbar}
SMALL = 12
"""The version of a code that every phone reads from 33 mm."""


def test_nineteen_codes_in_twenty_have_version_12_at_most() -> None:
    versions = Counter(version_for(text_of(certificate_of(number)[1])) for number in range(PEOPLE))
    small = sum(count for version, count in versions.items() if version <= SMALL)
    assert small >= 0.95 * PEOPLE, sorted(versions.items())
    assert max(versions) <= VERSION_MAX
    # Negative control: the longest name and course there may be need more.
    assert version_for(text_of(certificate(28)[1])) > SMALL


@pytest.mark.slow
def test_both_readers_read_the_sheet_and_its_bad_photograph(tmp_path: Path) -> None:
    missed: dict[tuple[str, str], list[int]] = {}
    for number in range(SHEETS):
        text = text_of(certificate_of(number)[1])
        for seen, image in pictures_of(number, tmp_path).items():
            for reader, read in READERS.items():
                found = set(read(image))
                assert found <= {text}, f"{reader} read another text on sheet {number}"
                if not found:
                    missed.setdefault((seen, reader), []).append(number)
    assert not [key for key in missed if key[0] == "150 dpi"], missed
    assert len(missed.get(("photograph", "zxing"), ())) <= SHEETS // 100, missed
    # zbar follows the alignment marks less well: a stain on one of them is too much now and then.
    assert len(missed.get(("photograph", "zbar"), ())) <= 3 * SHEETS // 100, missed


def test_a_quarter_of_the_code_stained_is_too_much(tmp_path: Path) -> None:
    """Negative control: level M mends 15 % at most."""
    image = drawn(sheet_of(0), tmp_path, dpi=300)
    for read in READERS.values():
        assert read(photographed(image, random.Random(0))) != []
        assert read(photographed(image, random.Random(0), damage=0.25)) == []


def test_a_code_without_its_quiet_zone_is_not_read(tmp_path: Path) -> None:
    """Negative control: black up to the code, as in a box drawn too tight."""
    image = drawn(sheet_of(0), tmp_path, dpi=150)
    left, top, side = place_of(image)
    wide = side // 8
    box = (left - wide, top - wide, left + side + wide, top + side + wide)
    ImageDraw.Draw(image).rectangle(box, outline=0, width=wide)
    for read in READERS.values():
        assert read(image) == []
