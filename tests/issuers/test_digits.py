"""The digit code: one text for each bytes, one bytes for each text, nothing else taken."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from issuers.digits import BYTES_MAX, DIGITS_MAX, from_digits, to_digits
from ledger.errors import Malformed


def code_of(text: str) -> str:
    with pytest.raises(Malformed) as caught:
        from_digits(text)
    return caught.value.code


def test_the_vector_of_the_fido_code_holds() -> None:
    assert to_digits(b"hello world") == "335311851610699281684828783"
    assert from_digits("335311851610699281684828783") == b"hello world"


@pytest.mark.parametrize("filler", [b"\x00", b"\xff", None])
def test_every_length_from_0_to_400_bytes_comes_back(filler: bytes | None) -> None:
    source = random.Random(17)
    lengths = {0: 0, 1: 3, 2: 5, 3: 8, 4: 10, 5: 13, 6: 15}
    for size in range(401):
        data = source.randbytes(size) if filler is None else filler * size
        text = to_digits(data)
        assert len(text) == 17 * (size // 7) + lengths[size % 7]
        assert from_digits(text) == data


@given(st.binary(max_size=BYTES_MAX))
def test_any_bytes_come_back(data: bytes) -> None:
    assert from_digits(to_digits(data)) == data


@given(st.text(alphabet="0123456789", max_size=60))
def test_a_digit_text_is_refused_or_is_the_only_text_of_its_bytes(text: str) -> None:
    try:
        data = from_digits(text)
    except Malformed:
        return
    assert to_digits(data) == text


@pytest.mark.parametrize(("size", "digits"), [(1, 3), (2, 5), (3, 8), (4, 10), (5, 13), (6, 15), (7, 17)])
def test_the_first_number_that_does_not_fit_its_bytes_is_refused(size: int, digits: int) -> None:
    largest = 256**size - 1
    assert from_digits(f"{largest:0{digits}d}") == b"\xff" * size
    assert code_of(f"{largest + 1:0{digits}d}") == "DIGITS_OVERFLOW"
    assert code_of("9" * digits) == "DIGITS_OVERFLOW"
    assert code_of("0" * 17 + "9" * digits) == "DIGITS_OVERFLOW"


def test_lengths_that_no_bytes_have_are_refused() -> None:
    legal = {to_digits(bytes(size)) for size in range(60)}
    legal_lengths = {len(text) for text in legal}
    for length in range(1, 17 * 8):
        if length in legal_lengths:
            assert from_digits("0" * length) == bytes(sum(1 for n in legal_lengths if n < length))
        else:
            assert code_of("0" * length) == "DIGITS_LENGTH"


@pytest.mark.parametrize(
    "text",
    ["12a", " 12", "12 ", "+12", "-12", "1_2", "12\n", "١٢٣", "１２３", "²³¹", "1.2", "0x1", "12\x00", "൧൨൩"],
)
def test_characters_other_than_ascii_digits_are_refused(text: str) -> None:
    assert code_of(text) == "DIGITS_NOT_DIGITS"


def test_the_longest_text_is_1200_digits_both_ways() -> None:
    text = to_digits(b"\xff" * BYTES_MAX)
    assert len(text) == DIGITS_MAX
    assert from_digits(text) == b"\xff" * BYTES_MAX
    assert code_of("0" * 1_201) == "DIGITS_TOO_LONG"
    assert code_of("0" * 17 * 10_000) == "DIGITS_TOO_LONG"
    with pytest.raises(Malformed, match="DIGITS_TOO_LONG"):
        to_digits(bytes(BYTES_MAX + 1))


def test_an_error_never_repeats_the_digits() -> None:
    with pytest.raises(Malformed) as caught:
        from_digits("98765432198765432")
    assert "98765" not in str(caught.value)
