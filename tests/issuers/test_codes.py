"""Codes: the vectors of the standards, and warnings where genuine codes fail."""

from __future__ import annotations

import pytest

from issuers.identifiers.codes import (
    DISTRICTS,
    Identifier,
    check_account,
    check_district,
    check_identifier,
    check_uscc,
    make_identifier,
    mask_number,
)
from ledger.errors import Malformed
from tests.issuers.check_digits import mod_37_36


def code_of(call: object, *arguments: object) -> str:
    assert callable(call)
    with pytest.raises(Malformed) as caught:
        call(*arguments)
    return caught.value.code


@pytest.mark.parametrize(
    "code",
    [
        "11100000000013338W",
        "11100000MB03271699",
        "11430000006122244L",
        "11330105002500287C",
        "11110000000021135M",
        "91310101BJ1XG6128A",
    ],
)
def test_a_genuine_credit_code_has_no_warning(code: str) -> None:
    assert check_uscc(code).warning is None
    assert check_uscc(code).code == code


@pytest.mark.parametrize(
    ("code", "computed"),
    [("91350100M0001TGQXM", "1"), ("91350211M0000XUF46", "R"), ("91350203M0001FUE2P", "J")],
)
def test_an_early_code_is_taken_with_a_warning(code: str, computed: str) -> None:
    assert check_uscc(code).warning == "USCC_CHECK"
    assert check_uscc(code[:-1] + computed).warning is None


def test_a_credit_code_is_read_through_spaces_width_and_case() -> None:
    assert check_uscc(" ９1310101 bj1xg6128a ").code == "91310101BJ1XG6128A"
    assert check_uscc("310101600000001").warning == "USCC_OLD_NUMBER"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "91310101BJ1XG6128",
        "91310101BJ1XG6128AA",
        "91310101OJ1XG6128A",
        "9131010ABJ1XG6128A",
        "公" * 18,
        "0" + "91310101BJ1XG6128A"[1:],
        "9" * 200,
    ],
)
def test_what_is_no_credit_code_is_refused(text: str) -> None:
    assert code_of(check_uscc, text) == "USCC_FORM"


@pytest.mark.parametrize(
    "text",
    [
        "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U",
        "1.2.156.3005.2.11100000MB03271699022.340100.000000016.001.9",
        "1.2.156.3005.2.11100000000013338W009.11330105002500287C.2025052201.002.0",
    ],
)
def test_the_identifiers_seen_in_public_are_read_and_rebuilt(text: str) -> None:
    assert make_identifier(check_identifier(text)) == text
    assert mod_37_36("".join(text.split(".")[5:9])) == text[-1]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda text: text[:-1] + "V", "IDENTIFIER_CHECK"),
        (lambda text: text.replace(".001.", ".002."), "IDENTIFIER_CHECK"),
        (lambda text: text.replace("20230000403", "20230000404"), "IDENTIFIER_CHECK"),
        (lambda text: text.replace(".001.", ".1."), "IDENTIFIER_FORM"),
        (lambda text: text.replace(".001.", ".000."), "IDENTIFIER_FORM"),
        (lambda text: text.replace("1.2.156", "1.2.157"), "IDENTIFIER_FORM"),
        (lambda text: f"x{text}", "IDENTIFIER_FORM"),
        (lambda text: f"{text}.1", "IDENTIFIER_FORM"),
        (lambda text: text.lower(), "IDENTIFIER_FORM"),
        (lambda text: f"{text}\n", "IDENTIFIER_CHECK"),
    ],
)
def test_a_changed_identifier_is_refused(change: object, code: str) -> None:
    assert callable(change)
    genuine = "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U"
    assert code_of(check_identifier, change(genuine)) == code


def test_an_identifier_of_impossible_parts_is_not_made() -> None:
    parts = Identifier(type_code="X" * 20, issuer="340100", serial="1", version=1)
    assert code_of(make_identifier, parts) == "IDENTIFIER_FORM"


def test_luhn_only_warns() -> None:
    assert check_account("6228480402564890018").warning is None
    assert check_account("6228 4804 0256 4890 018").number == "6228480402564890018"
    assert check_account("6228480402564890019").warning == "ACCOUNT_CHECK"
    assert code_of(check_account, "6228-x") == "ACCOUNT_FORM"
    assert "6228" not in repr(check_account("6228480402564890018"))


@pytest.mark.parametrize(
    ("number", "mask"),
    [("6228480402564890018", "****0018"), ("31010519790707000X", "****000X"), ("1234567", "****")],
)
def test_a_mask_shows_four_characters_and_no_length(number: str, mask: str) -> None:
    assert mask_number(number) == mask


def test_there_are_sixteen_districts_and_the_abolished_are_none() -> None:
    assert len(DISTRICTS) == 16
    assert check_district("310104").name == "徐汇区"
    assert check_district("310151").name_en == "Chongming District"
    for gone in ("310102", "310103", "310108", "310119", "310230", "310000", "110101"):
        assert code_of(check_district, gone) == "DISTRICT_UNKNOWN"
