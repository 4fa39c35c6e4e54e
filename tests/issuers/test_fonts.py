"""The shipped font: right face, rare characters, and a refusal for what nobody can draw."""

from __future__ import annotations

import csv
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import ImageFont

from issuers.printing import fonts
from issuers.printing.fonts import check_glyphs, face, font_file, missing_glyphs
from ledger.errors import Malformed, Refused, Unavailable

RARE = "𠮷㛃䶮犇龘喆𬱖𨱏"


def test_the_face_is_the_one_with_simplified_shapes() -> None:
    path, index = font_file()
    assert path.is_file()
    assert ImageFont.truetype(path, 20, index=index).getname() == ("Noto Sans CJK SC", "Regular")
    # 骨 is drawn with its inner corner on the other side in the Japanese face of the same file.
    chinese, japanese = (ImageFont.truetype(path, 60, index=i).getmask("骨") for i in (index, 0))
    assert bytes(chinese) != bytes(japanese)


def test_names_as_they_come_can_be_drawn() -> None:
    for name in (
        RARE,
        "买买提·艾合买提",
        "王小芳",
        "O'Neil-Smith",
        "Zoë Müller",
        "（SYB）《》、，。 0123456789",
    ):
        assert missing_glyphs(name) == frozenset()
        check_glyphs(name, where="name")


def test_every_name_of_the_sample_roster_can_be_drawn() -> None:
    shared = Path(os.environ.get("MALAN_SHARED", Path(__file__).parents[2].parent / "shared"))
    roster = shared / "data" / "roster.csv"
    if not roster.is_file():
        pytest.skip("the sample roster is not here (MALAN_SHARED)")
    with roster.open(encoding="utf-8-sig", newline="") as lines:
        names = [row["姓名"] for row in csv.DictReader(lines)]
    assert len(names) > 10
    assert missing_glyphs("".join(names)) == frozenset()


def test_each_rare_character_has_a_shape_of_its_own_not_the_box() -> None:
    shapes = {bytes(face(40).font.getmask(letter)) for letter in RARE}
    box = bytes(face(40).font.getmask("\U000f0000"))
    assert len(shapes) == len(RARE)
    assert box not in shapes


@pytest.mark.parametrize(
    "letter",
    list("\U0002a6d7\ue000\U000f0000\u202e\u200b\u200d\ufeff\x00\n\t\x7f\u00ad\u3164\u1160\uffa0\ufe00")
    + list("\U000e0100\ud800\u2028😀اༀᠠ"),
)
def test_a_character_nobody_can_see_or_draw_is_missing(letter: str) -> None:
    assert missing_glyphs(f"王{letter}芳") == frozenset({ord(letter)})


def test_the_refusal_names_the_place_and_never_the_character() -> None:
    with pytest.raises(Refused) as caught:
        check_glyphs("欧阳😀😀", where="row 5, column 姓名")
    assert caught.value.code == "GLYPH_MISSING"
    assert caught.value.where == "row 5, column 姓名, character 3"
    assert "😀" not in str(caught.value)
    assert "阳" not in str(caught.value)


def test_bold_is_heavier_than_regular() -> None:
    regular, bold = face(40), face(40, bold=True)
    assert regular.stroke == 0
    assert bold.stroke > 0 or bold.font.getname() == ("Noto Sans CJK SC", "Bold")


@pytest.mark.parametrize("size", [0, -3, 401])
def test_a_size_no_card_has_is_refused(size: int) -> None:
    with pytest.raises(Malformed, match="FONT_SIZE"):
        face(size)


def test_a_missing_font_is_said_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "PACKAGE", "no_such_font_package")
    fonts._collections.cache_clear()
    fonts._locate.cache_clear()
    try:
        with pytest.raises(Unavailable, match="FONT_MISSING"):
            font_file()
    finally:
        monkeypatch.undo()
        fonts._collections.cache_clear()
        fonts._locate.cache_clear()
    assert font_file()


def test_threads_draw_the_same_shapes() -> None:
    def shape(letter: str) -> bytes:
        return bytes(face(37).font.getmask(letter))

    letters = "".join(chr(0x4E00 + step * 7) for step in range(300))
    alone = [shape(letter) for letter in letters]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(shape, letters)) == alone
