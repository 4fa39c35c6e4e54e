"""Text in a box: whole, inside, and broken where Chinese may be broken."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from issuers.printing.fonts import face
from issuers.printing.typeset import draw_block, draw_line, fit, line_width
from ledger.errors import Refused

STEPS = ((30, 1), (24, 2), (18, 3))
LETTERS = st.sampled_from("王小芳创办你的企业·，。、（）《》“”：abcXYZ019-/ 𠮷䶮")


def bare(text: str) -> str:
    return "".join(text.split())


@settings(deadline=None)
@given(st.text(LETTERS, min_size=1, max_size=80), st.integers(60, 500))
def test_nothing_is_lost_and_nothing_reaches_over_the_edge(text: str, width: int) -> None:
    try:
        block = fit(text, width=width, steps=STEPS, where="name")
    except Refused as error:
        assert error.code == "CARD_TEXT_TOO_LONG"
        return
    assert bare("".join(block.lines)) == bare(text)
    assert len(block.lines) <= dict(STEPS)[block.size]
    for line in block.lines:
        assert line_width(line, face=block.face) <= width + 0.5


@settings(deadline=None)
@given(st.text(st.sampled_from("王小芳，。、）》"), min_size=2, max_size=60))
def test_no_line_starts_with_a_closing_mark_between_ordinary_letters(text: str) -> None:
    spaced = "创".join(text[start : start + 1] + "业务" for start in range(len(text)))
    block = fit(spaced, width=300, steps=((18, 99),), where="name")
    for line in block.lines[1:]:
        assert line[0] not in "，。、）》"


def test_no_line_ends_with_an_opening_mark() -> None:
    for before in range(1, 20):
        block = fit("创" * before + "（企业）", width=180, steps=((18, 9),), where="name")
        assert all(line[-1] != "（" for line in block.lines)


def test_a_name_breaks_after_its_dot() -> None:
    block = fit("阿卜杜热依木·买买提吐尔逊·艾合买提江", width=300, steps=((24, 3),), where="name")
    assert block.lines == ("阿卜杜热依木·", "买买提吐尔逊·艾合买提江")


def test_a_latin_word_is_not_broken() -> None:
    block = fit("Start and Improve Your Business", width=150, steps=((20, 4),), where="project_en")
    assert " ".join(block.lines) == "Start and Improve Your Business"
    assert len(block.lines) > 1


def test_lines_are_of_about_one_length() -> None:
    block = fit("创" * 22, width=420, steps=((20, 2),), where="project_zh")
    assert sorted(map(len, block.lines)) == [11, 11]


def test_a_longer_text_is_set_smaller_and_then_refused_by_field() -> None:
    sizes = [fit("创" * count, width=300, steps=STEPS, where="body").size for count in (10, 11, 24, 25, 48)]
    assert sizes == [30, 24, 24, 18, 18]
    with pytest.raises(Refused) as caught:
        fit("创" * 49, width=300, steps=STEPS, where="body")
    assert (caught.value.code, caught.value.where) == ("CARD_TEXT_TOO_LONG", "body")
    assert "创" not in str(caught.value)


@pytest.mark.parametrize("bold", [False, True])
def test_what_is_drawn_stays_in_the_box_that_was_promised(bold: bool) -> None:
    block = fit("𠮷田惠·买买提江（马兰花）", width=200, steps=((24, 3),), where="name", bold=bold)
    canvas = Image.new("RGB", (400, 300), (255, 255, 255))
    draw_block(ImageDraw.Draw(canvas), block, x=100, top=100, colour=(0, 0, 0))
    left, top, right, bottom = canvas.convert("L").point(lambda value: 255 - value).getbbox() or (0, 0, 0, 0)
    assert 98 <= left < right <= 302
    assert 97 <= top < bottom <= 103 + block.height


def test_tracking_spreads_a_line_and_its_width_counts_it() -> None:
    chosen = face(20)
    assert line_width("证书", face=chosen, tracking=10) == line_width("证书", face=chosen) + 10
    canvas = Image.new("RGB", (200, 60), (255, 255, 255))
    draw_line(ImageDraw.Draw(canvas), "一一", face=chosen, x=20, baseline=40, colour=(0, 0, 0), tracking=30)
    box = canvas.convert("L").point(lambda value: 255 - value).getbbox()
    assert box is not None
    assert box[2] - box[0] == pytest.approx(20 + 30 + 18, abs=3)
