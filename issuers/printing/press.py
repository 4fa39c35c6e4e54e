"""Door: the press, typst: a template and what it is told, set as a PDF or as pictures.

Promises: no system font and no clock is asked, nothing is fetched, and no file is read but the sheets
beside the shipped templates; so the same template, data and time give the same bytes. What was told reaches
a template as JSON text, never as markup. Knows nothing of certificates: `page` says what is printed,
`templates` which texts may be templates.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import typst

from issuers.printing.fonts import font_file
from ledger.errors import Malformed, Refused

SHEETS: Final = Path(__file__).parent / "paper"
"""The folder a template may import from."""

_STANDARD: Final[list[typst.PDFStandard]] = ["a-3a", "ua-1"]
"""PDF/A-3 with tags (ISO 19005-3, level A) and PDF/UA-1 (ISO 14289-1): kept for decades, and read by a screen
reader."""

_TOO_LONG: Final = re.compile(r"PAGE_TEXT_TOO_LONG (?P<field>[a-z_]+)")


@lru_cache(maxsize=1)
def _fonts() -> typst.Fonts:
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=True, font_paths=[str(font_file()[0].parent)]
    )


@lru_cache(maxsize=1)
def _compiler() -> typst.Compiler:
    """One for the process: what it learnt of font and sheet makes every page after the first ten times
    faster."""
    return typst.Compiler(input=b"", root=str(SHEETS), font_paths=_fonts(), ignore_system_fonts=True)


def set_pdf(template: bytes, told: Mapping[str, Any], *, at: int) -> bytes:
    """PDF/A-3 and PDF/UA-1 of `told` by `template`, dated `at` (seconds since 1970).

    Raises `Refused` PAGE_TEXT_TOO_LONG naming the field, `Malformed` TEMPLATE_BAD, `Unavailable`
    FONT_MISSING.
    """
    try:
        made = _compiler().compile(
            input=template, format="pdf", sys_inputs=_inputs(told), pdf_standards=_STANDARD, timestamp=at
        )
    except typst.TypstError as error:
        raise _refusal(error) from None
    assert isinstance(made, bytes)  # a PDF is one file
    return made


def set_pictures(template: bytes, told: Mapping[str, Any], *, dpi: int) -> list[bytes]:
    """The pages as PNG. Raises as `set_pdf`."""
    try:
        made = _compiler().compile(input=template, format="png", sys_inputs=_inputs(told), ppi=float(dpi))
    except typst.TypstError as error:
        raise _refusal(error) from None
    return made if isinstance(made, list) else [made or b""]


def fields_of(template: bytes, told: Mapping[str, Any]) -> frozenset[str]:
    """The fields the rows of a template name. Raises as `set_pdf`."""
    compiler = typst.Compiler(
        input=template,
        root=str(SHEETS),
        font_paths=_fonts(),
        ignore_system_fonts=True,
        sys_inputs=_inputs(told),
    )
    try:
        found = json.loads(compiler.query("<printed>", field="value"))
    except RuntimeError as error:  # TypstError is one; a query raises the plain kind
        raise _refusal(error) from None
    return frozenset(name for names in found for name in names)


def complaint_of(template: bytes, told: Mapping[str, Any], *, at: int) -> str:
    """What typst says is wrong with a template, with line and column; empty when it can be set.

    Only for invented data: such a message may quote what the template was told.
    """
    try:
        _compiler().compile(
            input=template, format="pdf", sys_inputs=_inputs(told), pdf_standards=_STANDARD, timestamp=at
        )
    except typst.TypstError as error:
        return error.diagnostic.strip() or error.message
    return ""


def _inputs(told: Mapping[str, Any]) -> dict[str, str]:
    return {"data": json.dumps(told, ensure_ascii=False)}


def _refusal(error: RuntimeError) -> Malformed | Refused:
    """Without the words of typst: they may quote a name."""
    long = _TOO_LONG.search(str(error))
    if long is not None:
        return Refused(
            "PAGE_TEXT_TOO_LONG",
            "the text does not fit on the page at a readable size",
            where=long.group("field"),
            fix="Use the official short form, or give the row more space in the template.",
        )
    return Malformed(
        "TEMPLATE_BAD", "the template cannot be set", fix="See what malan-sign template check says of it."
    )
