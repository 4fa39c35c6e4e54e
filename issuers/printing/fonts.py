"""Door: reads the one Chinese font we ship with, Noto Sans CJK, from the package `noto-cjk-sans-otc`.

Promises: the same glyphs on every machine, because no system font is ever asked; and an answer, before
anything is issued, to whether every character of a text has a glyph, rare characters of plane 2 included.
Knows nothing of certificates. Files are opened once a process; sizes and the character map are kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from fontTools.ttLib import TTFont
from PIL import ImageFont

from ledger.errors import Malformed, Refused, Unavailable

PACKAGE: Final = "noto_cjk_sans_otc"
FAMILY: Final = "Noto Sans CJK SC"
"""Simplified Chinese shapes: the same code point is drawn otherwise in the Japanese or Hong Kong face."""

SIZE_PX_MAX: Final = 400
_FACES_MAX: Final = 64

_INVISIBLE: Final = frozenset({0x00AD, 0x115F, 0x1160, 0x3164, 0xFFA0})
"""Soft hyphen and Hangul fillers: the font maps them, but to nothing a reader could see."""

_BOLD_STROKE: Final = 0.022
"""Outline, as a share of the size, that stands in for a bold face."""


@dataclass(frozen=True, slots=True)
class Face:
    """A font at one size, and the stroke in pixels to draw it with (more than 0 only for a bold stand-in)."""

    font: ImageFont.FreeTypeFont
    stroke: float


@lru_cache(maxsize=1)
def _collections() -> tuple[Path, ...]:
    try:
        folder = Path(str(files(PACKAGE)))
    except ModuleNotFoundError:
        return ()
    return tuple(sorted(folder.glob("NotoSansCJK*.ttc")))


@lru_cache(maxsize=2)
def _locate(style: str) -> tuple[Path, int] | None:
    """File and face index of a style ("Regular", "Bold") of the family, or None when it is not shipped."""
    for path in _collections():
        for index in range(64):
            try:
                name = ImageFont.truetype(path, 10, index=index).getname()
            except OSError:
                break
            if name == (FAMILY, style):
                return path, index
    return None


def font_file() -> tuple[Path, int]:
    """The file of the regular face and the index of the face in it. Raises `Unavailable` FONT_MISSING."""
    place = _locate("Regular")
    if place is None:
        raise Unavailable(
            "FONT_MISSING",
            f"the font {FAMILY} is not installed",
            fix="Install the package noto-cjk-sans-otc.",
        )
    return place


@lru_cache(maxsize=_FACES_MAX)
def face(size: int, *, bold: bool = False) -> Face:
    """The face at `size` pixels to the em, 1 to 400; where no bold is shipped, the regular face and a stroke.

    Raises `Malformed` FONT_SIZE, `Unavailable` FONT_MISSING.
    """
    if not 1 <= size <= SIZE_PX_MAX:
        raise Malformed("FONT_SIZE", f"a font size is 1 to {SIZE_PX_MAX} pixels")
    heavy = _locate("Bold") if bold else None
    path, index = heavy or font_file()
    # The basic layout suffices: Chinese and Latin need no shaping, and scripts that do have no glyphs here.
    font = ImageFont.truetype(path, size, index=index, layout_engine=ImageFont.Layout.BASIC)
    return Face(font=font, stroke=size * _BOLD_STROKE if bold and heavy is None else 0.0)


@lru_cache(maxsize=1)
def _drawable() -> frozenset[int]:
    path, index = font_file()
    with TTFont(path, fontNumber=index, lazy=True) as font:
        return frozenset(font.getBestCmap() or ()) - _INVISIBLE


def missing_glyphs(text: str) -> frozenset[int]:
    """Code points of `text` that the font cannot show; empty when the whole text can be drawn.

    Control, format and private-use characters are missing by nature. Raises `Unavailable` FONT_MISSING.
    """
    return frozenset(map(ord, text)) - _drawable()


def check_glyphs(text: str, *, where: str) -> None:
    """Raise `Refused` GLYPH_MISSING unless every character can be drawn; `where` names the field.

    The message gives the place of the first such character, never the character: names are personal data.
    """
    missing = missing_glyphs(text)
    if missing:
        place = next(number for number, letter in enumerate(text, start=1) if ord(letter) in missing)
        raise Refused(
            "GLYPH_MISSING",
            "a character cannot be printed, so the certificate would show a box",
            where=f"{where}, character {place}",
            fix="Check the spelling with the identity document.",
        )
