"""The card: everything on it, whole and readable, and a QR code that two readers agree on."""

from __future__ import annotations

import dataclasses
import io
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
import zxingcpp
from PIL import Image, ImageChops, ImageDraw

from issuers.printing.card import CardFields, draw_card
from issuers.printing.card_paper import HAIR, HEIGHT, INK, LABEL, RED, WIDTH
from issuers.qr import make_text, matrix, version_for
from ledger.errors import MalanError

CODE = "4821903317650028"
# The modules of one card in 260 also look like a short Codabar or ITF.
QR_ONLY = zxingcpp.BarcodeFormat.QRCode
CREDENTIAL_BYTES = {10: 160, 11: 200, 12: 235, 13: 280, 14: 310, 15: 360}

PLAIN = CardFields(
    name="王小芳",
    project_zh="创办你的企业（SYB）",
    project_en="Start Your Business (SYB)",
    stage="创业初创期",
    hours=40,
    result="合格",
    kind="合格证书",
    number="C310104253012007000123K",
    issued=date(2025, 3, 4),
    expires=None,
    body="上海市示例创业培训评价中心",
    institution="上海市徐汇区示例职业技能培训学校",
    responsible=("陈思远", "李若兰"),
    code=CODE,
    official_domain="cert.example.cn",
    demo=False,
)
LONG_NAME = "阿卜杜热依木江·阿卜杜克热木阿吉·麦麦提依明江·买买提吐尔逊阿洪·艾合买提托合提尼亚孜·吾买尔江阿洪"
FULLEST = dataclasses.replace(
    PLAIN,
    name=LONG_NAME,
    project_zh="面向战略性新兴产业与区域特色资源的初创企业经营管理与数字化转型能力提升专题培训班",
    project_en="Operating and managing a young enterprise in strategic emerging industries, with regional "
    "resources, digital tools and a plan for growth (Ma Lan Hua premium course)",
    stage="创业意识激发期",
    hours=9_999,
    expires=date(2028, 12, 31),
    body="中国（上海）自由贸易试验区临港新片区创业培训评价管理服务有限责任公司第一分公司",
    institution="上海市浦东新区临港新片区海洋创新创业职业技能培训学校有限责任公司（滴水湖校区）",
    responsible=("阿卜杜热依木·买买提江", "欧阳思远", "司马若兰", "上官云飞", "诸葛明亮", "尉迟敬德"),
)


def changed(field: str, value: Any) -> CardFields:
    return dataclasses.replace(PLAIN, **{field: value})


def qr_text(size: int = 165, host: str = "https://cert.example.cn", code: str = CODE) -> str:
    return make_text(host=host, code=code, credential=random.Random(size).randbytes(size))


def opened(card: CardFields, text: str) -> Image.Image:
    return Image.open(io.BytesIO(draw_card(card, text)))


def read_by_zxing(image: Image.Image) -> list[str]:
    return [code.text for code in zxingcpp.read_barcodes(image.convert("L"), formats=QR_ONLY)]


def read_by_zbar(image: Image.Image) -> list[str]:
    try:
        from pyzbar import pyzbar
    except ImportError:
        pytest.skip("the system library libzbar is not installed")
    found = pyzbar.decode(image.convert("L"), symbols=[pyzbar.ZBarSymbol.QRCODE])  # type: ignore[no-untyped-call]
    return [code.data.decode() for code in found]


READERS = pytest.mark.parametrize("read", [read_by_zxing, read_by_zbar])


@READERS
@pytest.mark.parametrize("version", CREDENTIAL_BYTES)
def test_the_code_is_read_from_the_card_at_150_dpi(
    version: int, read: Callable[[Image.Image], list[str]]
) -> None:
    text = qr_text(CREDENTIAL_BYTES[version])
    assert version_for(text) == version
    for demo in (False, True):
        assert read(opened(dataclasses.replace(PLAIN, demo=demo), text)) == [text]


@READERS
def test_a_damaged_code_is_not_read(read: Callable[[Image.Image], list[str]]) -> None:
    text = qr_text()
    image = opened(PLAIN, text).convert("L")
    assert read(image) == [text]
    left, top, side, _ = place_of_code(image, text)
    ImageDraw.Draw(image).rectangle(
        (left + side // 4, top + side // 4, left + side * 3 // 4, top + side * 3 // 4), fill=255
    )
    assert read(image) == []


def place_of_code(image: Image.Image, text: str) -> tuple[int, int, int, int]:
    """Left and top of the quiet zone, its side, and pixels a module."""
    (code,) = zxingcpp.read_barcodes(image.convert("L"), formats=QR_ONLY)
    count = len(matrix(text))
    corner, other = code.position.top_left, code.position.top_right
    scale = round((other.x - corner.x) / (count - 8))
    return corner.x - 4 * scale, corner.y - 4 * scale, count * scale, scale


@pytest.mark.parametrize("version", CREDENTIAL_BYTES)
@pytest.mark.parametrize(
    "card", [PLAIN, dataclasses.replace(FULLEST, demo=True)], ids=["plain", "fullest demo"]
)
def test_every_pixel_of_the_code_and_its_quiet_zone_is_the_codes_own(card: CardFields, version: int) -> None:
    text = qr_text(CREDENTIAL_BYTES[version])
    image = opened(card, text).convert("RGB")
    left, top, side, scale = place_of_code(image, text)
    assert scale >= 3
    assert left + side < WIDTH - 60
    drawn = image.crop((left, top, left + side, top + side))
    colours = {True: (0, 0, 0), False: (255, 255, 255)}
    modules = matrix(text)
    wanted = Image.new("RGB", (len(modules),) * 2)
    wanted.putdata([colours[dark] for row in modules for dark in row])
    assert drawn.tobytes() == wanted.resize((side, side), Image.Resampling.NEAREST).tobytes()


def test_the_picture_is_a5_landscape_at_150_dpi_and_small() -> None:
    data = draw_card(PLAIN, qr_text())
    image = Image.open(io.BytesIO(data))
    assert (image.format, image.size) == ("PNG", (1_240, 874))
    assert b"pHYs" + (5_906).to_bytes(4, "big") * 2 + b"\x01" in data
    assert set(image.info) == {"dpi"}
    assert len(data) < 120_000


def test_the_same_fields_give_the_same_bytes_in_any_thread() -> None:
    cards = [PLAIN, FULLEST, dataclasses.replace(PLAIN, name="𠮷㛃䶮", demo=True)] * 2
    alone = [draw_card(card, qr_text()) for card in cards]
    assert alone[:3] == alone[3:]
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(lambda card: draw_card(card, qr_text()), cards)) == alone


def ink(image: Image.Image, box: tuple[int, int, int, int]) -> int:
    """Pixels in `box` that are darker than paper, hairline or the light mark of a demonstration."""
    return sum(image.convert("L").crop(box).histogram()[:200])


@pytest.mark.parametrize("card", [PLAIN, FULLEST, dataclasses.replace(FULLEST, demo=True)])
def test_nothing_runs_out_of_its_column_or_into_the_next_row(card: CardFields) -> None:
    image = opened(card, qr_text(360)).convert("RGB")
    assert ink(image, (76, 190, 95, 798)) == 0
    assert ink(image, (788, 190, 834, 820)) == 0
    assert ink(image, (90, 808, 1_150, 826)) == 0
    assert ink(image, (96, 208, 786, 800)) > 5_000
    lines = [y for y in range(190, 820) if all(image.getpixel((x, y)) == HAIR for x in (97, 130, 780))]
    assert len(lines) == 7
    for y in lines:
        for x in range(96, 786):
            for near in (y - 2, y - 1, y, y + 1, y + 2):
                assert image.getpixel((x, near)) not in (INK, LABEL, RED)


@pytest.mark.parametrize("card", [PLAIN, FULLEST, dataclasses.replace(FULLEST, kind="结业证书")])
def test_every_field_is_drawn_whole(card: CardFields, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []
    plain_text = ImageDraw.ImageDraw.text

    def record(self: ImageDraw.ImageDraw, xy: tuple[float, float], text: str, **options: Any) -> None:
        drawn.append(text)
        plain_text(self, xy, text, **options)

    monkeypatch.setattr(ImageDraw.ImageDraw, "text", record)
    draw_card(card, qr_text())
    assert (len(LONG_NAME), len(FULLEST.project_zh)) == (50, 40)
    shown = "".join("".join(drawn).split())
    expires = "2028年12月31日" if card.expires else "长期有效"
    words = [card.name, card.project_zh, card.project_en, card.stage, str(card.hours), card.result]
    words += [card.number, card.body, card.institution, "、".join(card.responsible), card.official_domain]
    for field in (*words, "2025年3月4日", expires):
        assert "".join(field.split()) in shown
    assert "4821 9033 1765 0028" in drawn


def test_a_demonstration_is_marked_and_a_real_card_is_not() -> None:
    text = qr_text()
    plain, demo = (
        opened(dataclasses.replace(PLAIN, demo=flag), text).convert("RGB") for flag in (False, True)
    )
    sign = (1_000, 80, 1_150, 142)
    assert ink(plain, sign) == 0
    assert ink(demo, sign) > 1_000
    difference = ImageChops.difference(plain, demo).convert("L")
    assert sum(difference.histogram()[1:]) > 10_000


@pytest.mark.parametrize(
    "field",
    ["name", "project_zh", "project_en", "stage", "body", "institution", "responsible", "official_domain"],
)
@pytest.mark.parametrize("letter", ["😀", "\u202e", "\ue000", "\n"])
def test_a_field_with_a_character_nobody_can_draw_is_refused(field: str, letter: str) -> None:
    before = getattr(PLAIN, field)
    value: Any = (*before, f"李{letter}") if isinstance(before, tuple) else f"{before}{letter}"
    with pytest.raises(MalanError) as caught:
        draw_card(changed(field, value), qr_text())
    assert caught.value.code == "GLYPH_MISSING"
    assert caught.value.where.startswith(field)
    assert letter not in str(caught.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("name", value) for value in ("", " \u3000")),
        *(("number", value) for value in (PLAIN.number[1:], PLAIN.number + "1", PLAIN.number.lower())),
        *(("code", value) for value in ("4821 9033 1765 0028", CODE[1:])),
        *(("hours", value) for value in (0, 10_000)),
        *(("responsible", value) for value in ((), ("",))),
        *(("kind", "证书"), ("result", "不合格"), ("expires", date(2025, 3, 3)), ("body", ""), ("stage", "")),
    ],
)
def test_a_field_of_the_wrong_form_is_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(MalanError) as caught:
        draw_card(changed(field, value), qr_text())
    assert (caught.value.code, caught.value.where) == ("CARD_FIELD", field)


@pytest.mark.parametrize("field", ["name", "project_zh", "body", "institution", "official_domain"])
def test_a_text_that_cannot_be_shown_whole_is_refused(field: str) -> None:
    with pytest.raises(MalanError) as caught:
        draw_card(changed(field, "cert.example.cn" + "长" * 200), qr_text())
    assert (caught.value.code, caught.value.where) == ("CARD_TEXT_TOO_LONG", field)


@pytest.mark.parametrize("text", [qr_text(code="1" * 16), qr_text(host="https://cert.example.org")])
def test_a_code_or_address_that_differs_from_the_qr_code_is_refused(text: str) -> None:
    with pytest.raises(MalanError, match="CARD_CODE"):
        draw_card(PLAIN, text)


def test_a_credential_too_large_for_paper_is_refused() -> None:
    with pytest.raises(MalanError, match="QR_TOO_LARGE"):
        draw_card(PLAIN, qr_text(380))


def test_an_english_title_is_not_demanded() -> None:
    assert read_by_zxing(opened(dataclasses.replace(PLAIN, project_en=""), qr_text())) == [qr_text()]


def test_personal_data_stay_out_of_repr() -> None:
    shown = repr(PLAIN)
    for value in (PLAIN.name, PLAIN.number, PLAIN.code, PLAIN.responsible[0]):
        assert value not in shown


def test_the_picture_has_the_measures_of_a5() -> None:
    for pixels, millimetres in ((WIDTH, 210), (HEIGHT, 148)):
        assert pixels / 150 * 25.4 == pytest.approx(millimetres, abs=0.1)
