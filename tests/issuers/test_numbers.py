"""Numbers the registry assigns: one spelling each, and every slip of a finger noticed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from issuers.acts.words import CertificateKind
from issuers.identifiers.codes import (
    CODES,
    DISTRICTS,
    CertificateNumber,
    check_code,
    group_code,
    make_code,
    make_number,
    pack_number,
    parse_number,
    read_code,
    unpack_number,
)
from ledger.errors import Malformed
from tests.issuers.check_digits import mod_11_10, mod_37_36

SAMPLE = CertificateNumber(
    kind=CertificateKind.QUALIFICATION,
    district="310104",
    year2=25,
    stage=3,
    project3=12,
    issuer3=7,
    sequence6=123,
)
NUMBERS = st.builds(
    CertificateNumber,
    kind=st.sampled_from(CertificateKind),
    district=st.sampled_from([*DISTRICTS, "310000"]),
    year2=st.integers(0, 99),
    stage=st.integers(1, 4),
    project3=st.integers(0, 999),
    issuer3=st.integers(0, 999),
    sequence6=st.integers(1, 999_999),
)


def code_of(call: object, *arguments: object) -> str:
    assert callable(call)
    with pytest.raises(Malformed) as caught:
        call(*arguments)
    return caught.value.code


def test_a_certificate_number_has_23_characters_with_their_check() -> None:
    text = make_number(SAMPLE)
    assert text[:-1] == "C310104253012007000123"
    assert text[-1] == mod_37_36(text[:-1])
    assert parse_number(text) == SAMPLE
    assert pack_number(SAMPLE) == b"C" + (310104253012007000123).to_bytes(9, "big")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("C310104253012007000123A", "NUMBER_CHECK"),
        ("J310104253012007000123N", "NUMBER_CHECK"),
        ("c310104253012007000123N", "NUMBER_FORM"),
        ("C310104253012007000123n", "NUMBER_FORM"),
        ("C310104253012007000123N\n", "NUMBER_FORM"),
        ("C31010425301200700012N", "NUMBER_FORM"),
        ("C３10104253012007000123N", "NUMBER_FORM"),
        ("X310104253012007000123N", "NUMBER_FORM"),
    ],
)
def test_another_spelling_of_a_number_is_refused(text: str, code: str) -> None:
    assert code_of(parse_number, text) == code


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("district", "310102"),
        ("year2", 100),
        ("stage", 0),
        ("stage", 5),
        ("project3", 1000),
        ("issuer3", -1),
        ("sequence6", 0),
        ("sequence6", 1000000),
    ],
)
def test_a_field_out_of_range_makes_no_number(field: str, value: object) -> None:
    good = {name: getattr(SAMPLE, name) for name in SAMPLE.__dataclass_fields__}
    assert code_of(lambda: CertificateNumber(**(good | {field: value}))) == "NUMBER_FIELD"


def test_a_number_with_a_right_check_and_a_wrong_district_is_refused() -> None:
    body = "C310102253012007000123"
    assert code_of(parse_number, body + mod_37_36(body)) == "NUMBER_FIELD"


@given(NUMBERS)
def test_numbers_come_back_from_text_and_from_bytes(number: CertificateNumber) -> None:
    assert parse_number(make_number(number)) == number
    assert unpack_number(pack_number(number)) == number
    assert len(make_number(number)) == 23
    assert len(pack_number(number)) == 10


@given(NUMBERS, st.integers(1, 21), st.integers(1, 9))
def test_one_wrong_digit_in_a_number_is_noticed(number: CertificateNumber, place: int, shift: int) -> None:
    text = make_number(number)
    wrong = str((int(text[place]) + shift) % 10)
    assert code_of(parse_number, f"{text[:place]}{wrong}{text[place + 1 :]}") == "NUMBER_CHECK"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"C",
        pack_number(SAMPLE)[:-1],
        pack_number(SAMPLE) + b"\x00",
        b"c" + pack_number(SAMPLE)[1:],
        b"C" + b"\xff" * 9,
        b"C" + bytes(9),
        b"C" + (10**21).to_bytes(9, "big"),
    ],
)
def test_bytes_that_no_number_packs_to_are_refused(data: bytes) -> None:
    assert code_of(unpack_number, data) == "NUMBER_PACKED"


@given(st.binary(min_size=10, max_size=10))
def test_only_packed_bytes_unpack(data: bytes) -> None:
    try:
        number = unpack_number(data)
    except Malformed:
        return
    assert pack_number(number) == data


def test_the_check_digit_of_a_code_is_that_of_the_standard() -> None:
    assert mod_11_10("0794") == "5"  # the example of ISO 7064
    assert make_code(79462) == "0000000000794623"
    assert check_code("0000000000794623") == check_code(794623) == "0000000000794623"
    assert group_code("0000000000794623") == "0000-0000-0079-4623"


@pytest.mark.parametrize("typed", ["0000-0000-0079-4623", " 0000 0000 0079 4623", "００００0000—00794623"])
def test_a_typed_code_is_read_through_its_groups(typed: str) -> None:
    assert read_code(typed) == "0000000000794623"
    with pytest.raises(Malformed):
        check_code(typed)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("0000000000794624", "CODE_CHECK"),
        ("000000000794623", "CODE_FORM"),
        ("00000000007946230", "CODE_FORM"),
        ("000000000079462３", "CODE_FORM"),
        ("0000000000794623\n", "CODE_FORM"),
        (-794623, "CODE_FORM"),
        (10**16, "CODE_FORM"),
    ],
)
def test_another_spelling_of_a_code_is_refused(code: str | int, error: str) -> None:
    assert code_of(check_code, code) == error


@pytest.mark.parametrize("number", [-1, CODES])
def test_a_code_is_made_from_fifteen_digits_only(number: int) -> None:
    assert code_of(make_code, number) == "CODE_RANGE"


@given(st.integers(0, CODES - 1), st.integers(0, 15), st.integers(1, 9))
def test_codes_come_back_and_one_wrong_digit_is_noticed(number: int, place: int, shift: int) -> None:
    code = make_code(number)
    assert check_code(code) == check_code(int(code)) == read_code(group_code(code)) == code
    assert int(code[:15]) == number
    assert code[15] == mod_11_10(code[:15])
    wrong = str((int(code[place]) + shift) % 10)
    assert code_of(check_code, f"{code[:place]}{wrong}{code[place + 1 :]}") == "CODE_CHECK"
