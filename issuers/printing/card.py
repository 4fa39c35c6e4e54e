"""The printable card of a certificate: A5 landscape at 150 dpi, a PNG.

Promises: every field is shown whole and in real glyphs or the card is refused; nothing touches the QR code or
its quiet zone; the same fields give the same bytes.
Knows nothing of signatures and asks no clock: what it prints it is told.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Final, Literal

from PIL import Image, ImageDraw

from issuers.printing.card_paper import (
    ENGLISH_TITLES,
    GOLD,
    HAIR,
    INK,
    LABEL,
    RED,
    centre,
    fresh_paper,
    palette,
)
from issuers.printing.fonts import check_glyphs, face
from issuers.printing.typeset import Block, Colour, Step, draw_block, draw_line, fit
from issuers.qr import authority_of, code_of, matrix
from ledger.errors import Malformed

DPI: Final = 150

# The left column says who, what and by whom; the right one how to check it.
_LEFT: Final = 96
_VALUE: Final = 242
_LEFT_END: Final = 786
_TOP: Final = 208
_END: Final = 800
_QR_LEFT: Final = 838
_QR_BOX: Final = 308
"""4 pixels a module up to version 13, 3 above: 0.5 mm or more in print."""

_BLOCK_GAP: Final = 12
_ROW_GAP_MAX: Final = 44

_NAME: Final[Sequence[Step]] = ((40, 1), (34, 1), (29, 2), (26, 3), (22, 3))
_PROJECT: Final[Sequence[Step]] = ((25, 1), (22, 2), (19, 2), (17, 3))
_TEXT: Final[Sequence[Step]] = ((22, 1), (19, 2), (17, 2), (15, 3))
_ENGLISH: Final[Sequence[Step]] = ((15, 1), (13, 2), (12, 3))
_DOMAIN: Final[Sequence[Step]] = ((21, 1), (18, 1), (15, 1), (13, 2))
_SHORT: Final[Sequence[Step]] = ((22, 1), (18, 1), (16, 2))

_SENTENCE: Final[Sequence[Step]] = ((17, 1),)

# What a qualification says after evaluation, a certificate of completion says of the course.
_WORDS: Final = {
    "合格证书": ("参加下列创业培训，经考核评价合格，特发此证。", "评价结果", "评价发证机构", "评价责任人"),
    "结业证书": ("参加下列创业培训，完成规定课程，准予结业，特发此证。", "培训结果", "发证机构", "责任人"),
}
_RESULTS: Final = frozenset({"合格", "结业"})


@dataclass(frozen=True, slots=True)
class CardFields:
    """What a card prints. Texts are single lines; `repr` shows nothing personal.

    `hours` are lesson hours, 1 to 9,999; `number` the 23 characters of the certificate number; `code` the 16
    digits without spaces; `official_domain` the words that name the official address, with the host of the QR
    text in them; `responsible` those who answer for the result; `expires` the last valid day, if any;
    `project_en` may be empty.
    """

    name: str = field(repr=False)
    project_zh: str
    project_en: str
    stage: str
    hours: int
    result: Literal["合格", "结业"]
    kind: Literal["合格证书", "结业证书"]
    number: str = field(repr=False)
    issued: date
    expires: date | None
    body: str
    institution: str
    responsible: tuple[str, ...] = field(repr=False)
    code: str = field(repr=False)
    official_domain: str
    demo: bool


def draw_card(card: CardFields, qr_text: str) -> bytes:
    """The card as PNG bytes, 1240 x 874 pixels, 150 dpi.

    Raises `Malformed`: CARD_FIELD when a field is empty or has the wrong form, CARD_CODE when code or domain
    are not those of `qr_text`, QR_UNREADABLE. Raises `Refused`: GLYPH_MISSING, CARD_TEXT_TOO_LONG (`where`
    names the field), QR_TOO_LARGE. Raises `Unavailable` FONT_MISSING.
    """
    check_card(card)
    if code_of(qr_text) != card.code or authority_of(qr_text) not in card.official_domain:
        raise Malformed("CARD_CODE", "code or domain differ from the QR code", where="code, official_domain")
    image = fresh_paper(kind=card.kind, demo=card.demo)
    draw = ImageDraw.Draw(image)
    _draw_rows(draw, _rows(card))
    _draw_qr(image, draw, qr_text)
    _draw_check(draw, card)
    out = io.BytesIO()
    flat = image.quantize(palette=palette(), dither=Image.Dither.NONE)
    flat.save(out, "PNG", dpi=(DPI, DPI), compress_level=6)
    return out.getvalue()


def check_card(card: CardFields) -> None:
    """Raise unless every field has its form and every character a glyph; see `draw_card`."""
    texts = [(entry.name, getattr(card, entry.name)) for entry in fields(card)]
    texts += [("responsible", person) for person in card.responsible]
    for where, text in texts:
        if isinstance(text, str):
            if not text.strip() and where != "project_en":
                raise Malformed("CARD_FIELD", "the field is empty", where=where)
            check_glyphs(text, where=where)
    wrong = {
        "number": not re.fullmatch(r"[0-9A-Z]{23}", card.number),
        "code": not re.fullmatch(r"[0-9]{16}", card.code),
        "kind": card.kind not in ENGLISH_TITLES,
        "result": card.result not in _RESULTS,
        "hours": not 1 <= card.hours <= 9_999,
        "expires": card.expires is not None and card.expires < card.issued,
        "responsible": not card.responsible,
    }
    for where, is_wrong in wrong.items():
        if is_wrong:
            raise Malformed("CARD_FIELD", "the field has the wrong form", where=where)


@dataclass(frozen=True, slots=True)
class _Cell:
    """A label in Chinese over English, and beside it one or more blocks one below the other."""

    chinese: str
    english: str
    blocks: tuple[tuple[Block, Colour], ...]
    left: int = _LEFT
    value: int = _VALUE

    @property
    def baseline(self) -> int:
        """Of the first line, from the top: the label stands on it too."""
        return round(self.blocks[0][0].size * 0.88)

    @property
    def height(self) -> int:
        heights = [block.height for block, _ in self.blocks]
        return max(sum(heights) + _BLOCK_GAP * (len(heights) - 1), self.baseline + 19)

    def draw(self, draw: ImageDraw.ImageDraw, *, top: int) -> None:
        baseline = top + self.baseline
        draw_line(draw, self.chinese, face=face(17), x=self.left, baseline=baseline, colour=LABEL)
        draw_line(draw, self.english, face=face(12), x=self.left, baseline=baseline + 17, colour=LABEL)
        for block, colour in self.blocks:
            draw_block(draw, block, x=self.value, top=top, colour=colour)
            top += block.height + _BLOCK_GAP


def _rows(card: CardFields) -> list[list[_Cell]]:
    def set_(
        text: str, where: str, steps: Sequence[Step], start: int = _VALUE, end: int = _LEFT_END
    ) -> Block:
        return fit(text, width=end - start, steps=steps, where=where)

    name = fit(card.name, width=_LEFT_END - _VALUE, steps=_NAME, where="name", bold=True)
    project = [(set_(card.project_zh, "project_zh", _PROJECT), INK)]
    if card.project_en.strip():
        project.append((set_(card.project_en, "project_en", _ENGLISH), LABEL))
    sentence, result_label, body_label, responsible_label = _WORDS[card.kind]
    stage = set_(card.stage, "stage", _SHORT, end=408)
    hours = set_(str(card.hours), "hours", _SHORT, start=486, end=560)
    result = set_(card.result, "result", _SHORT, start=700)
    institution = set_(card.institution, "institution", _TEXT)
    body = set_(card.body, "body", _TEXT)
    responsible = set_("、".join(card.responsible), "responsible", _TEXT)
    issued = set_(_day(card.issued), "issued", _SHORT, end=450)
    until = "长期有效" if card.expires is None else _day(card.expires)
    expires = set_(until, "expires", _SHORT, start=590)
    return [
        [_Cell("姓名", "Name", ((name, INK), (set_(sentence, "kind", _SENTENCE), INK)))],
        [_Cell("培训项目", "Programme", tuple(project))],
        [
            _Cell("培训阶段", "Stage", ((stage, INK),)),
            _Cell("课时", "Hours", ((hours, INK),), left=430, value=486),
            _Cell(result_label, "Result", ((result, RED),), left=604, value=700),
        ],
        [_Cell("培训机构", "Training institution", ((institution, INK),))],
        [_Cell(body_label, "Issuing body", ((body, INK),))],
        [_Cell(responsible_label, "Responsible", ((responsible, INK),))],
        [
            _Cell("颁发日期", "Issued on", ((issued, INK),)),
            _Cell("有效期至", "Valid until", ((expires, INK),), left=486, value=590),
        ],
        [_Cell("证书编号", "Certificate No.", ((set_(card.number, "number", _TEXT), INK),))],
    ]


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _draw_rows(draw: ImageDraw.ImageDraw, rows: list[list[_Cell]]) -> None:
    """Spread the rows evenly over the left column, hairlines between them."""
    heights = [max(cell.height for cell in row) for row in rows]
    gap = min((_END - _TOP - sum(heights)) / (len(rows) - 1), _ROW_GAP_MAX)
    top = float(_TOP)
    for row, height in zip(rows, heights, strict=True):
        if top > _TOP:
            line = round(top - gap / 2)
            draw.line((_LEFT, line, _LEFT_END, line), fill=HAIR)
        for cell in row:
            cell.draw(draw, top=round(top))
        top += height + gap


def _draw_qr(image: Image.Image, draw: ImageDraw.ImageDraw, qr_text: str) -> None:
    """The QR code in the middle of its box, the most whole pixels a module that fit, and a frame outside."""
    modules = matrix(qr_text)
    count = len(modules)
    side = count * (_QR_BOX // count)
    dots = Image.frombytes("L", (count, count), bytes(0 if dark else 255 for row in modules for dark in row))
    x, y = _QR_LEFT + (_QR_BOX - side) // 2, _TOP + (_QR_BOX - side) // 2
    draw.rectangle((x - 3, y - 3, x + side + 2, y + side + 2), outline=GOLD)
    image.paste(dots.resize((side, side), Image.Resampling.NEAREST).convert("RGB"), (x, y))


def _draw_check(draw: ImageDraw.ImageDraw, card: CardFields) -> None:
    """Below the QR code: how to check the card, with a camera and without."""
    grouped = " ".join(card.code[start : start + 4] for start in range(0, 16, 4))
    domain = fit(card.official_domain, width=_QR_BOX, steps=_DOMAIN, where="official_domain")
    lines = [
        ("扫码验证真伪", 21, 553, RED, True),
        ("Scan to verify", 12, 573, LABEL, False),
        ("验证码", 17, 615, LABEL, False),
        ("Verification code", 12, 632, LABEL, False),
        (grouped, 26, 663, INK, False),
        ("官方网址", 17, 703, LABEL, False),
        ("Official address", 12, 720, LABEL, False),
        *((line, domain.size, 748 + domain.leading * n, RED, False) for n, line in enumerate(domain.lines)),
        ("网址不符者，请勿相信", 13, 786, LABEL, False),
        ("Trust no other address", 12, 802, LABEL, False),
    ]
    for text, size, baseline, colour, bold in lines:
        centre(
            draw, text, size=size, baseline=baseline, colour=colour, bold=bold, middle=_QR_LEFT + _QR_BOX // 2
        )
