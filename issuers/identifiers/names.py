"""Names and titles as people write them: what may stand in one, how it is shown, how two are compared. Pure.

Promises: a checked text has no character that hides, reorders or cannot be drawn, and is otherwise shown
exactly as given; the folded form serves comparison only and is never shown. Knows no person and no file.

Sources: 民委发〔2016〕33号 (separator U+00B7, at least 50 characters); Unicode general categories.
Compatibility normalisation (NFKC) is never applied: it changes genuine names.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Final

from ledger.errors import Malformed

NAME_MAX: Final = 50
"""Code points in a name, not UTF-16 units and not bytes."""

_FORBIDDEN: Final = {
    "Cc": ("CONTROL", "a control character"),
    "Zl": ("CONTROL", "a line separator"),
    "Zp": ("CONTROL", "a paragraph separator"),
    "Cf": ("HIDDEN", "a character that is invisible or changes the direction of the text"),
    "Cs": ("SURROGATE", "half of a character, or a byte that is no text"),
    "Co": ("PRIVATE_USE", "a private-use character, which other machines show differently"),
    "Cn": ("UNASSIGNED", "a code that stands for no character"),
}

# Drawn as nothing although Unicode calls them letters, marks or symbols: a joiner, Hangul and Khmer fillers,
# Mongolian variation selectors and the empty Braille cell.
_BLANK: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")

# CJK extensions H, I and J are younger than the tables of the older Python versions we run on. Without this
# their bearers would be told that their names do not exist.
_YOUNG_IDEOGRAPHS: Final = ((0x2EBF0, 0x2EE5D), (0x31350, 0x323AF), (0x323B0, 0x33479))

_SEPARATORS: Final = dict.fromkeys(map(ord, "\u2022\u30fb\u2027\uff65"), "\u00b7")
_IDEOGRAPHS: Final = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003fffd"
_DOT_BETWEEN_IDEOGRAPHS: Final = re.compile(f"(?<=[{_IDEOGRAPHS}])[.\uff0e](?=[{_IDEOGRAPHS}])")
_VARIATION_SELECTORS: Final = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_FULL_WIDTH: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}


@dataclass(frozen=True, slots=True)
class Name:
    """A checked name: `shown` as given without outer spaces, `folded` to compare; neither is in `repr`."""

    shown: str = field(repr=False)
    folded: str = field(repr=False)


def check_name(text: str) -> Name:
    """The name in `text`; outer spaces, full-width ones too, are dropped.

    Raises Malformed NAME_EMPTY, NAME_TOO_LONG (more than 50 code points), NAME_NO_LETTER, or for a character
    that may not stand in a name NAME_CONTROL, NAME_HIDDEN, NAME_SURROGATE, NAME_PRIVATE_USE,
    NAME_UNASSIGNED.
    """
    shown = _checked(text, limit=NAME_MAX, prefix="NAME", noun="name")
    if not any(_is_letter(character) for character in shown):
        raise Malformed("NAME_NO_LETTER", "a name has at least one letter or Chinese character")
    return Name(shown, fold_name(shown))


def check_text(text: str, limit: int) -> str:
    """An organisation, title or other line of text, outer spaces dropped, at most `limit` code points.

    A text that looks like a spreadsheet formula is only text here; exports disarm it (`office.csv_out`).
    Raises Malformed TEXT_EMPTY, TEXT_TOO_LONG, TEXT_CONTROL, TEXT_HIDDEN, TEXT_SURROGATE, TEXT_PRIVATE_USE,
    TEXT_UNASSIGNED.
    """
    return _checked(text, limit=limit, prefix="TEXT", noun="text")


def fold_name(shown: str) -> str:
    """What two spellings of one name have in common: NFC, no spaces, U+00B7 as the only separator."""
    kept = "".join(character for character in shown if unicodedata.category(character) != "Zs")
    composed = unicodedata.normalize("NFC", _VARIATION_SELECTORS.sub("", kept))
    return _DOT_BETWEEN_IDEOGRAPHS.sub("\u00b7", composed.translate(_SEPARATORS))


def mask_name(shown: str) -> str:
    """The first code point and two asterisks, whatever the length: 欧阳娜娜 gives 欧**. Raises NAME_EMPTY."""
    trimmed = _trim(shown)
    if not trimmed:
        raise Malformed("NAME_EMPTY", "the name is empty")
    return f"{trimmed[0]}**"


def fold_width(text: str) -> str:
    """Full-width forms of the ASCII characters (U+FF01 to U+FF5E) and U+3000 as ASCII; the rest untouched."""
    return text.translate(_FULL_WIDTH)


def _checked(text: str, *, limit: int, prefix: str, noun: str) -> str:
    trimmed = _trim(text)
    if not trimmed:
        raise Malformed(f"{prefix}_EMPTY", f"the {noun} is empty")
    if len(trimmed) > limit:
        raise Malformed(f"{prefix}_TOO_LONG", f"the {noun} is longer than {limit} characters")
    for place, character in enumerate(trimmed, start=1):
        problem = _problem(character)
        if problem is not None:
            kind, what = problem
            raise Malformed(
                f"{prefix}_{kind}",
                f"the {noun} holds {what}",
                where=f"character {place}",
                fix=f"Type the {noun} anew.",
            )
    return trimmed


def _trim(text: str) -> str:
    first, last = 0, len(text)
    while first < last and unicodedata.category(text[first]) == "Zs":
        first += 1
    while last > first and unicodedata.category(text[last - 1]) == "Zs":
        last -= 1
    return text[first:last]


def _problem(character: str) -> tuple[str, str] | None:
    if character in _BLANK:
        return _FORBIDDEN["Cf"]
    if _is_young_ideograph(character):
        return None
    return _FORBIDDEN.get(unicodedata.category(character))


def _is_letter(character: str) -> bool:
    return unicodedata.category(character).startswith("L") or _is_young_ideograph(character)


def _is_young_ideograph(character: str) -> bool:
    return any(first <= ord(character) <= last for first, last in _YOUNG_IDEOGRAPHS)
