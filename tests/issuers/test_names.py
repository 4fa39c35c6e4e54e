"""Names: nothing hidden, nothing lost, and two spellings of one name meet."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from issuers.identifiers.names import check_name, check_text, fold_name, fold_width, mask_name
from ledger.errors import Malformed


def refusal(text: str) -> Malformed:
    with pytest.raises(Malformed) as caught:
        check_name(text)
    return caught.value


@pytest.mark.parametrize(
    "name",
    ["张", "沈明", "欧阳娜娜", "䶮志强", "𠮷田惠", "买买提·艾合买提", "Anna-Maria O'Neill", "長" * 50],
)
def test_a_real_name_is_shown_as_given(name: str) -> None:
    assert check_name(name).shown == name


@pytest.mark.parametrize("young", ["\U00031350", "\U0002ebf0", "\U000323b0", "\u9fff"])
def test_a_character_younger_than_the_unicode_tables_is_a_name(young: str) -> None:
    assert check_name(f"张{young}").shown == f"张{young}"


@pytest.mark.parametrize(
    ("character", "code"),
    [
        ("\u202e", "NAME_HIDDEN"),
        ("\u2066", "NAME_HIDDEN"),
        ("\u200b", "NAME_HIDDEN"),
        ("\u200d", "NAME_HIDDEN"),
        ("\ufeff", "NAME_HIDDEN"),
        ("\u00ad", "NAME_HIDDEN"),
        ("\u3164", "NAME_HIDDEN"),
        ("\u034f", "NAME_HIDDEN"),
        ("\U000e0041", "NAME_HIDDEN"),
        ("\x00", "NAME_CONTROL"),
        ("\t", "NAME_CONTROL"),
        ("\n", "NAME_CONTROL"),
        ("\x85", "NAME_CONTROL"),
        ("\u2028", "NAME_CONTROL"),
        ("\u2029", "NAME_CONTROL"),
        ("\ue000", "NAME_PRIVATE_USE"),
        ("\U000f0000", "NAME_PRIVATE_USE"),
        ("\ud800", "NAME_SURROGATE"),
        ("\ufffe", "NAME_UNASSIGNED"),
        ("\U0003fffd", "NAME_UNASSIGNED"),
    ],
)
@pytest.mark.parametrize("frame", ["{}张伟", "张{}伟", "张伟{}"])
def test_a_character_that_hides_or_cannot_be_drawn_is_refused_anywhere(
    character: str, code: str, frame: str
) -> None:
    error = refusal(frame.format(character))
    assert error.code == code
    assert "张" not in str(error)


@pytest.mark.parametrize("empty", ["", " ", "\u3000\u00a0 "])
def test_an_empty_name_is_refused(empty: str) -> None:
    assert refusal(empty).code == "NAME_EMPTY"


@pytest.mark.parametrize("text", ["·", "123", "- -", "**"])
def test_a_name_without_a_letter_is_refused(text: str) -> None:
    assert refusal(text).code == "NAME_NO_LETTER"


@pytest.mark.parametrize("length", [51, 61])
def test_a_long_name_is_refused_with_the_limit_named(length: int) -> None:
    error = refusal("长" * length)
    assert error.code == "NAME_TOO_LONG"
    assert "50" in error.what


def test_the_limit_counts_code_points_of_plane_2_once() -> None:
    assert len(check_name("𠮷" * 50).shown) == 50
    assert refusal("𠮷" * 51).code == "NAME_TOO_LONG"


def test_outer_spaces_go_and_do_not_count() -> None:
    assert check_name("\u3000 全角数 \u00a0").shown == "全角数"
    assert check_name(" " * 40 + "张" * 50).shown == "张" * 50


@pytest.mark.parametrize(
    "spelling",
    [
        "阿依古丽•买买提",
        "阿依古丽・买买提",
        "阿依古丽‧买买提",
        "阿依古丽･买买提",
        "阿依古丽．买买提",
        "阿依古丽.买买提",
        "阿依古丽 · 买买提",
        "阿依古丽\u3000.\u3000买买提",
    ],
)
def test_every_separator_folds_to_the_middle_dot_and_stays_as_shown(spelling: str) -> None:
    name = check_name(spelling)
    assert name.folded == "阿依古丽·买买提"
    assert name.shown == spelling


def test_a_dot_between_latin_letters_is_no_separator() -> None:
    assert fold_name("John R. Smith") == "JohnR.Smith"
    assert fold_name("张.Wei") == "张.Wei"


def test_inner_spaces_do_not_make_another_person() -> None:
    assert check_name("张 伟").folded == check_name("张\u3000伟").folded == check_name("张伟").folded
    assert check_name("张 伟").shown == "张 伟"


def test_compatibility_forms_are_shown_as_given_and_meet_in_the_fold() -> None:
    name = check_name("\uf9b8志")  # a compatibility ideograph with a canonical equivalent
    assert name.shown == "\uf9b8志"
    assert name.folded == "\u96b8志"
    assert check_name("ﬁona").folded == "ﬁona"  # a compatibility form only: NFKC is not applied


def test_a_variation_selector_is_kept_and_does_not_part_two_spellings() -> None:
    assert check_name("辻\U000e0100").shown == "辻\U000e0100"
    assert check_name("辻\U000e0100").folded == "辻"


def test_different_names_stay_different() -> None:
    assert check_name("张伟").folded != check_name("张玮").folded
    assert check_name("买买提·艾").folded != check_name("买买提艾").folded


@pytest.mark.parametrize(
    ("name", "mask"), [("欧阳娜娜", "欧**"), ("张", "张**"), ("𠮷田惠", "𠮷**"), (" 李轩", "李**")]
)
def test_the_mask_is_the_first_character_whatever_the_length(name: str, mask: str) -> None:
    assert mask_name(name) == mask


def test_nothing_cannot_be_masked() -> None:
    with pytest.raises(Malformed, match="NAME_EMPTY"):
        mask_name(" ")


def test_a_formula_in_an_organisation_is_only_text() -> None:
    formula = '=HYPERLINK("http://x.example","点我")'
    assert check_text(formula, 100) == formula


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "TEXT_EMPTY"),
        ("公" * 11, "TEXT_TOO_LONG"),
        ("公\u202e", "TEXT_HIDDEN"),
        ("公\n司", "TEXT_CONTROL"),
    ],
)
def test_a_title_keeps_the_rules_of_names(text: str, code: str) -> None:
    with pytest.raises(Malformed, match=code):
        check_text(text, 10)


def test_no_name_is_in_a_repr() -> None:
    assert "沈" not in repr(check_name("沈明"))


def test_width_folding_leaves_everything_but_ascii_forms() -> None:
    assert fold_width("３１Ｘ（ａ）　") == "31X(a) "
    assert fold_width("张·伟ｶ") == "张·伟ｶ"


@given(st.text(max_size=60))
def test_whatever_is_accepted_is_visible_short_and_stable(text: str) -> None:
    try:
        name = check_name(text)
    except Malformed as error:
        assert error.code.startswith("NAME_")
        return
    assert name.shown in text
    assert 1 <= len(name.shown) <= 50
    assert not {unicodedata.category(item) for item in name.shown} & {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    assert fold_name(name.folded) == name.folded
    assert name.shown.encode().decode() == name.shown
