"""Identity documents: one normal form each, impossible ones refused, genuine ones never."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from issuers.identifiers.identity import (
    ID_LABELS,
    IdNumber,
    IdType,
    birth_date,
    last_four,
    normalise,
    parse_id_type,
    untyped_number,
)
from ledger.errors import Malformed

TODAY = date(2026, 11, 23)
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def with_check(seventeen: str) -> str:
    """GB 11643 as printed in the standard, apart from the library the code uses."""
    return seventeen + "10X98765432"[sum(int(d) * w for d, w in zip(seventeen, WEIGHTS, strict=True)) % 11]


def refusal(id_type: IdType, text: str, today: date = TODAY) -> Malformed:
    with pytest.raises(Malformed) as caught:
        normalise(id_type, text, today=today)
    return caught.value


@pytest.mark.parametrize(
    ("id_type", "number"),
    [
        (IdType.RESIDENT_ID, "11010519491231002X"),
        (IdType.RESIDENT_ID, "440524188001010014"),
        (IdType.RESIDENT_ID, "310108198104090000"),  # Zhabei, abolished in 2015
        (IdType.RESIDENT_ID, "310230200008170003"),  # Chongming county, abolished in 2016
        (IdType.HMT_RESIDENCE, "810000199408230021"),
        (IdType.HMT_RESIDENCE, "830000199201300022"),
        (IdType.FOREIGN_PERMANENT, "911124198108030024"),
        (IdType.FOREIGN_PERMANENT, "CAN110081080310"),
        (IdType.HMT_PASS, "H00000000"),
        (IdType.HMT_PASS, "M00000000"),
        (IdType.TAIWAN_PASS, "00000000"),
        (IdType.PASSPORT, "E00000017"),
    ],
)
def test_every_known_form_is_taken_as_it_is(id_type: IdType, number: str) -> None:
    assert normalise(id_type, number, today=TODAY) == IdNumber(id_type, number)
    assert untyped_number(number) == number


@pytest.mark.parametrize(
    ("region", "birth"), [("440301", "19550301"), ("440106", "19700401"), ("460400", "19900501")]
)
def test_a_county_code_younger_than_its_bearer_is_no_reason_to_refuse(region: str, birth: str) -> None:
    number = with_check(f"{region}{birth}000")
    assert normalise(IdType.RESIDENT_ID, number, today=TODAY).number == number


def test_full_width_digits_spaces_and_a_small_x_become_the_normal_form() -> None:
    expected = "31010519790707000X"
    for text in (
        "３１０１０５１９７９０７０７０００Ｘ",
        " 310105 19790707 000x ",
        "\t310105\u300019790707000ｘ",
    ):
        assert normalise(IdType.RESIDENT_ID, text, today=TODAY).number == expected
        assert untyped_number(text) == expected


def test_fifteen_digits_become_the_eighteen_of_the_same_person() -> None:
    assert normalise(IdType.RESIDENT_ID, "610104620927690", today=TODAY).number == "610104196209276908"
    assert untyped_number("610104620927690") == "610104196209276908"


@pytest.mark.parametrize(
    ("number", "code"),
    [
        ("310104199005170001", "ID_CHECK_DIGIT"),
        ("310104199002300002", "ID_BIRTH_IMPOSSIBLE"),
        (with_check("31010419000229000"), "ID_BIRTH_IMPOSSIBLE"),  # 1900 was no leap year
        (with_check("31010418490101000"), "ID_BIRTH_IMPOSSIBLE"),
        (with_check("31010400000101000"), "ID_BIRTH_IMPOSSIBLE"),
        ("310115203101010009", "ID_BIRTH_FUTURE"),
        ("310104991332000", "ID_BIRTH_IMPOSSIBLE"),
        (with_check("01010419900101000"), "ID_FORM"),
        ("31010419880229000", "ID_FORM"),
        ("3101041988022900040", "ID_FORM"),
        ("3101041988022900O4", "ID_FORM"),
        ("310104１９８８02290004張", "ID_FORM"),
        ("31010419880229000٤", "ID_FORM"),  # an Arabic digit four
        ("ı10104198802290004", "ID_FORM"),
        ("", "ID_EMPTY"),
        ("\u3000", "ID_EMPTY"),
        ("1" * 65, "ID_FORM"),
        ("810000199408230021", "ID_TYPE_MISMATCH"),
        ("911124198108030024", "ID_TYPE_MISMATCH"),
    ],
)
def test_a_resident_number_that_cannot_be_is_refused_with_its_code(number: str, code: str) -> None:
    error = refusal(IdType.RESIDENT_ID, number)
    assert error.code == code
    assert not number or number not in str(error)


def test_who_is_born_today_exists_and_who_is_born_tomorrow_does_not() -> None:
    number = with_check("31010420261123000")
    assert normalise(IdType.RESIDENT_ID, number, today=TODAY).number == number
    assert refusal(IdType.RESIDENT_ID, number, date(2026, 11, 22)).code == "ID_BIRTH_FUTURE"


@pytest.mark.parametrize(
    ("id_type", "number", "code"),
    [
        (IdType.HMT_RESIDENCE, "310104198802290004", "ID_TYPE_MISMATCH"),
        (IdType.HMT_RESIDENCE, "810000199408230022", "ID_CHECK_DIGIT"),
        (IdType.HMT_RESIDENCE, "H00000000", "ID_FORM"),
        (IdType.FOREIGN_PERMANENT, "310104198802290004", "ID_TYPE_MISMATCH"),
        (IdType.FOREIGN_PERMANENT, "911124198108030025", "ID_CHECK_DIGIT"),
        (IdType.FOREIGN_PERMANENT, "CAN110081080311", "ID_CHECK_DIGIT"),
        (IdType.FOREIGN_PERMANENT, "CAN110081134010", "ID_CHECK_DIGIT"),
        (IdType.FOREIGN_PERMANENT, "CA1110081080310", "ID_FORM"),
        (IdType.HMT_PASS, "A00000000", "ID_FORM"),
        (IdType.HMT_PASS, "H0000000", "ID_FORM"),
        (IdType.HMT_PASS, "H000000000", "ID_FORM"),
        (IdType.TAIWAN_PASS, "0000000", "ID_FORM"),
        (IdType.PASSPORT, "E000", "ID_FORM"),
        (IdType.PASSPORT, "E" * 21, "ID_FORM"),
        (IdType.PASSPORT, "E0000-001", "ID_FORM"),
        (IdType.PASSPORT, "\u0131000001", "ID_FORM"),  # a dotless i, whose upper case is ASCII
    ],
)
def test_every_other_kind_keeps_its_own_form(id_type: IdType, number: str, code: str) -> None:
    assert refusal(id_type, number).code == code


def test_an_old_foreign_card_with_an_impossible_birth_is_refused() -> None:
    weighted = sum(int(c, 36) * (7, 3, 1)[i % 3] for i, c in enumerate("CAN11008113401"))
    assert refusal(IdType.FOREIGN_PERMANENT, f"CAN11008113401{weighted % 10}").code == "ID_BIRTH_IMPOSSIBLE"


def test_an_old_foreign_card_has_the_latest_century_that_is_possible() -> None:
    """29 February of year 00 was in 2000 only."""
    weighted = sum(int(c, 36) * (7, 3, 1)[i % 3] for i, c in enumerate("CAN11000002290"))
    number = f"CAN11000002290{weighted % 10}"
    assert normalise(IdType.FOREIGN_PERMANENT, number, today=date(2000, 2, 29)).number == number
    assert refusal(IdType.FOREIGN_PERMANENT, number, date(2000, 2, 28)).code == "ID_BIRTH_FUTURE"


@pytest.mark.parametrize("number", ["310104198802290004", "310104880229000", "H0000000001"])
def test_the_number_of_another_document_cannot_be_a_second_person_as_a_passport(number: str) -> None:
    assert refusal(IdType.PASSPORT, number).code == "ID_TYPE_MISMATCH"


def test_the_issues_of_one_travel_permit_are_one_document() -> None:
    for text in ("M0000000001", "m0000000012", "M00000000"):
        assert normalise(IdType.HMT_PASS, text, today=TODAY) == IdNumber(IdType.HMT_PASS, "M00000000")
        assert untyped_number(text) == "M00000000"
    assert normalise(IdType.HMT_PASS, "M0000000101", today=TODAY).number == "M00000001"


@pytest.mark.parametrize("text", ["310104199005170001", "", "E00", "一二三四五六"])
def test_an_untyped_number_is_checked_as_far_as_it_can_be(text: str) -> None:
    with pytest.raises(Malformed, match="ID_"):
        untyped_number(text)


@pytest.mark.parametrize("kind", list(IdType))
def test_a_kind_is_known_by_its_label_and_by_its_word(kind: IdType) -> None:
    assert parse_id_type(ID_LABELS[kind]) is kind
    assert parse_id_type(f" {kind.value} ") is kind


def test_common_short_labels_are_known_and_others_refused() -> None:
    assert parse_id_type("身份证") is IdType.RESIDENT_ID
    assert parse_id_type("通行证") is IdType.HMT_PASS
    assert parse_id_type("台胞证") is IdType.TAIWAN_PASS
    with pytest.raises(Malformed, match="ID_TYPE"):
        parse_id_type("驾驶证")


def test_last_four_birth_and_repr_give_no_more_than_they_say() -> None:
    number = normalise(IdType.RESIDENT_ID, "31010519790707000x", today=TODAY)
    assert last_four(number) == "000X"
    assert birth_date(number) == date(1979, 7, 7)
    assert "1979" not in repr(number)
    assert birth_date(IdNumber(IdType.FOREIGN_PERMANENT, "911124198108030024")) == date(1981, 8, 3)
    assert birth_date(IdNumber(IdType.FOREIGN_PERMANENT, "CAN110081080310")) is None
    assert birth_date(IdNumber(IdType.PASSPORT, "E00000017")) is None


@given(
    st.from_regex(r"[1-7][0-9]{5}", fullmatch=True),
    st.dates(min_value=date(1850, 1, 1), max_value=TODAY),
)
def test_any_region_and_any_birth_with_its_check_digit_is_taken(region: str, born: date) -> None:
    number = with_check(f"{region}{born:%Y%m%d}000")
    taken = normalise(IdType.RESIDENT_ID, number, today=TODAY)
    assert taken.number == number
    assert birth_date(taken) == born
    assert normalise(IdType.RESIDENT_ID, taken.number, today=TODAY) == taken


@given(st.integers(0, 17), st.integers(1, 9))
def test_one_changed_digit_is_always_noticed(place: int, shift: int) -> None:
    genuine = "310104198802290004"
    wrong = str((int(genuine[place]) + shift) % 10)
    changed = f"{genuine[:place]}{wrong}{genuine[place + 1 :]}"
    with pytest.raises(Malformed):
        normalise(IdType.RESIDENT_ID, changed, today=TODAY)
