"""What a page of a certificate says, in Chinese and in English. Pure.

Promises: every text is checked for form and glyphs before anything is set; what a page prints is what the
card prints (`card.CardFields`), and beside it what only paper has room for. Knows no template and no
typography.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from issuers.printing.card import CardFields, check_card
from issuers.printing.fonts import check_glyphs
from issuers.qr import authority_of, code_of, png, version_for
from ledger.errors import Malformed

_STAGES_EN: Final = {
    "创业意识激发期": "Awareness",
    "创业准备期": "Preparation",
    "创业初创期": "Start-up",
    "创业发展期": "Growth",
}
_RESULTS_EN: Final = {"合格": "Qualified", "结业": "Completed"}
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_QR_SCALE: Final = 8
"""Pixels a module in the file: a viewer that smooths pictures still leaves every module its colour."""

_QR_BOX_DOTS: Final = 262
"""At 150 dpi, 44 mm: 4 whole dots a module up to version 10, 3 up to version 15."""


@dataclass(frozen=True, slots=True)
class PageFields:
    """`card` is what the card prints; `last_four` of the ID number, or None for none; `trained` the first
    and last day of the class; `remark` a line such as 补发; `serial` the paper's own number, on paper
    only."""

    card: CardFields
    last_four: str | None = field(default=None, repr=False)
    trained: tuple[date, date] | None = None
    remark: str = field(default="", repr=False)
    serial: str | None = None


def page_document(page: PageFields, qr_text: str) -> dict[str, Any]:
    """What a template is told of one certificate.

    Raises as `check_card`; `Malformed` CARD_CODE when code or domain are not those of `qr_text`, PAGE_FIELD
    when a field of the page has the wrong form; `Refused` GLYPH_MISSING, QR_TOO_LARGE.
    """
    card = page.card
    check_card(card)
    if code_of(qr_text) != card.code or authority_of(qr_text) not in card.official_domain:
        raise Malformed("CARD_CODE", "code or domain differ from the QR code", where="code, official_domain")
    _check_page(page)
    modules = 17 + 4 * version_for(qr_text) + 8
    return {
        "fields": _fields(page),
        "qr": list(png(qr_text, scale=_QR_SCALE)),
        "qr-dots": modules * (_QR_BOX_DOTS // modules),
        "code": " ".join(card.code[start : start + 4] for start in range(0, 16, 4)),
        "domain": card.official_domain,
        "serial": page.serial,
        "demo": card.demo,
    }


def _check_page(page: PageFields) -> None:
    texts = {"remark": page.remark, "serial": page.serial or ""}
    for where, text in texts.items():
        check_glyphs(text, where=where)
    if page.last_four is not None and not (len(page.last_four) == 4 and page.last_four.isascii()):
        raise Malformed("PAGE_FIELD", "the field has the wrong form", where="last_four")
    if page.trained is not None and not page.trained[0] <= page.trained[1]:
        raise Malformed("PAGE_FIELD", "the field has the wrong form", where="trained")


def _fields(page: PageFields) -> Mapping[str, Mapping[str, str]]:
    card = page.card
    fields: dict[str, Mapping[str, str]] = {
        "name": _same(card.name),
        "project": {
            "zh": card.project_zh,
            "en": card.project_en.strip() or card.project_zh,
            "below": card.project_en.strip(),
        },
        "stage": {"zh": card.stage, "en": _STAGES_EN.get(card.stage, card.stage)},
        "hours": _same(str(card.hours)),
        "result": {"zh": card.result, "en": _RESULTS_EN[card.result]},
        "institution": _same(card.institution),
        "body": _same(card.body),
        "responsible": {"zh": "、".join(card.responsible), "en": ", ".join(card.responsible)},
        "issued": {"zh": _day_zh(card.issued), "en": _day_en(card.issued)},
        "number": _same(card.number),
    }
    if card.expires is None:
        fields["expires"] = {"zh": "长期有效", "en": "No expiry"}
    else:
        fields["expires"] = {"zh": _day_zh(card.expires), "en": _day_en(card.expires)}
    if page.last_four is not None:
        fields["last_four"] = _same(page.last_four)
    if page.trained is not None:
        first, last = page.trained
        fields["trained"] = {
            "zh": f"{_day_zh(first)}至{_day_zh(last)}",
            "en": f"{_day_en(first)} to {_day_en(last)}",
        }
    if page.remark:
        fields["remark"] = _same(page.remark)
    return fields


def _same(text: str) -> Mapping[str, str]:
    """Names are not translated: they must be compared with the identity document."""
    return {"zh": text, "en": text}


def _day_zh(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _day_en(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"
