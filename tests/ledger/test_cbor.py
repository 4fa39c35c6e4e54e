"""One value, one spelling: all that is not the deterministic encoding of an allowed value is refused."""

from __future__ import annotations

from typing import Any

import cbor2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ledger import cbor
from ledger.errors import MalanError, Malformed

# RFC 8949 appendix A, what of it the subset allows.
RFC_8949 = [
    (0, "00"),
    (10, "0a"),
    (23, "17"),
    (24, "1818"),
    (100, "1864"),
    (1000, "1903e8"),
    (1000000, "1a000f4240"),
    (1000000000000, "1b000000e8d4a51000"),
    (-1, "20"),
    (-10, "29"),
    (-100, "3863"),
    (-1000, "3903e7"),
    (False, "f4"),
    (True, "f5"),
    (None, "f6"),
    (b"", "40"),
    (b"\x01\x02\x03\x04", "4401020304"),
    ("", "60"),
    ("a", "6161"),
    ("IETF", "6449455446"),
    ('"\\', "62225c"),
    ("\u00fc", "62c3bc"),
    ("\u6c34", "63e6b0b4"),
    ("\U00010151", "64f0908591"),
    ([], "80"),
    ([1, 2, 3], "83010203"),
    ([1, [2, 3], [4, 5]], "8301820203820405"),
    (list(range(1, 26)), "98190102030405060708090a0b0c0d0e0f101112131415161718181819"),
    ({}, "a0"),
    ({1: 2, 3: 4}, "a201020304"),
    ({"a": 1, "b": [2, 3]}, "a26161016162820203"),
    (["a", {"b": "c"}], "826161a161626163"),
]

EDGES = [2**63 - 1, -(2**63), 2**32, 2**32 - 1, 255, 256, 65535, 65536]

REFUSED = {
    "nothing": ("", "CBOR_INVALID"),
    "bytes after the value": ("0000", "CBOR_NOT_CANONICAL"),
    "23 in two bytes": ("1817", "CBOR_NOT_CANONICAL"),
    "23 in three bytes": ("190017", "CBOR_NOT_CANONICAL"),
    "23 in five bytes": ("1a00000017", "CBOR_NOT_CANONICAL"),
    "23 in nine bytes": ("1b0000000000000017", "CBOR_NOT_CANONICAL"),
    "-1 in two bytes": ("3800", "CBOR_NOT_CANONICAL"),
    "a long length of text": ("780161", "CBOR_NOT_CANONICAL"),
    "a long length of bytes": ("580161", "CBOR_NOT_CANONICAL"),
    "a long length of an array": ("980100", "CBOR_NOT_CANONICAL"),
    "a long length of a map": ("b8010000", "CBOR_NOT_CANONICAL"),
    "keys out of order": ("a202000100", "CBOR_NOT_CANONICAL"),
    "text keys by alphabet, not by length": ("a262616100616200", "CBOR_NOT_CANONICAL"),
    "a key twice": ("a201000101", "CBOR_INVALID"),
    "a text key twice": ("a2616100616101", "CBOR_INVALID"),
    "a key twice in two spellings": ("a20100180101", "CBOR_INVALID"),
    "indefinite array": ("9f00ff", "CBOR_INVALID"),
    "indefinite map": ("bf0000ff", "CBOR_INVALID"),
    "indefinite bytes": ("5f4100ff", "CBOR_INVALID"),
    "indefinite text": ("7f6161ff", "CBOR_INVALID"),
    "a lone break": ("ff", "CBOR_INVALID"),
    "a reserved length": ("1c", "CBOR_INVALID"),
    "half float": ("f93c00", "CBOR_TYPE"),
    "single float": ("fa3f800000", "CBOR_TYPE"),
    "double float": ("fb3ff0000000000000", "CBOR_TYPE"),
    "not a number": ("f97e00", "CBOR_TYPE"),
    "infinity": ("f97c00", "CBOR_TYPE"),
    "undefined": ("f7", "CBOR_TYPE"),
    "simple value": ("e0", "CBOR_TYPE"),
    "simple value in two bytes": ("f8ff", "CBOR_TYPE"),
    "true in two bytes": ("f815", "CBOR_INVALID"),
    "bytes longer than memory": ("5bffffffffffffffff", "CBOR_INVALID"),
    "bytes longer than the input": ("5b7fffffffffffffff", "CBOR_INVALID"),
    "text longer than the input": ("7a7fffffff", "CBOR_INVALID"),
    "array longer than memory": ("9bffffffffffffffff", "CBOR_INVALID"),
    "array longer than the input": ("9a7fffffff00", "CBOR_INVALID"),
    "map longer than the input": ("bb7fffffffffffffff0000", "CBOR_INVALID"),
    "2^63": ("1b8000000000000000", "CBOR_RANGE"),
    "-2^63 - 1": ("3b8000000000000000", "CBOR_RANGE"),
    "broken UTF-8": ("62c328", "CBOR_INVALID"),
    "overlong UTF-8": ("62c080", "CBOR_INVALID"),
    "half of a surrogate pair": ("63eda080", "CBOR_INVALID"),
    "UTF-8 beyond Unicode": ("64f4908080", "CBOR_INVALID"),
    "bytes as a key": ("a1410000", "CBOR_KEYS"),
    "true as a key": ("a1f500", "CBOR_KEYS"),
    "null as a key": ("a1f600", "CBOR_KEYS"),
    "an array as a key": ("a18000", "CBOR_KEYS"),
    "a map as a key": ("a1a000", "CBOR_KEYS"),
    "a float as a key": ("a1f93c0000", "CBOR_KEYS"),
    "nine arrays in one another": ("81" * 9 + "00", "CBOR_DEPTH"),
    "sixty thousand arrays in one another": ("81" * 60_000 + "00", "CBOR_INVALID"),
}

# Tags for which the library knows a meaning (dates, big numbers, regular expressions, shared references, …).
KNOWN_TAGS = (
    *range(6),
    16,
    18,
    21,
    22,
    23,
    24,
    25,
    28,
    29,
    30,
    32,
    33,
    34,
    35,
    36,
    37,
    52,
    54,
    61,
    96,
    98,
    100,
)
TAGS = (*KNOWN_TAGS, 256, 258, 260, 261, 1004, 43000, 55799, 2**32, 2**64 - 1)
TAGGED = ["00", "6161", "4101", "80", "8100", "820102", "a0", "a10000", "f6", "c100", "d81d00"]


@pytest.mark.parametrize(("value", "text"), RFC_8949)
def test_the_examples_of_the_rfc(value: Any, text: str) -> None:
    assert cbor.encode(value).hex() == text
    decoded = cbor.decode(bytes.fromhex(text))
    assert decoded == value
    assert type(decoded) is type(value)


@pytest.mark.parametrize("value", EDGES)
def test_the_edges_of_integers(value: int) -> None:
    assert cbor.decode(cbor.encode(value)) == value


def test_keys_stand_in_the_order_of_their_encoded_bytes() -> None:
    """RFC 8949 section 4.2.1; the older order of RFC 7049 would put -1 before 100."""
    value: Any = {"aa": 0, -1: 0, "z": 0, 100: 0, 10: 0, -100: 0}
    assert list(cbor.decode(cbor.encode(value))) == [10, 100, -1, -100, "z", "aa"]  # type: ignore[arg-type]
    assert cbor.encode(value) != cbor2.dumps(value, canonical=True)


@pytest.mark.parametrize("name", REFUSED)
def test_what_no_honest_writer_produces_is_refused(name: str) -> None:
    text, code = REFUSED[name]
    with pytest.raises(Malformed) as caught:
        cbor.decode(bytes.fromhex(text))
    assert caught.value.code == code


@pytest.mark.parametrize("inner", TAGGED)
@pytest.mark.parametrize("tag", TAGS)
def test_no_tag_is_read_whatever_its_meaning(tag: int, inner: str) -> None:
    """35 would compile a regular expression, 28 and 29 would share objects, 2 make numbers without limit."""
    head = cbor2.dumps(tag)
    tagged = bytes([head[0] | 0xC0]) + head[1:] + bytes.fromhex(inner)
    for data in (tagged, b"\x81" + tagged, b"\xa1\x00" + tagged, b"\xa1" + tagged + b"\x00"):
        with pytest.raises(Malformed):
            cbor.decode(data)


def test_a_self_referring_array_is_refused() -> None:
    with pytest.raises(Malformed):
        cbor.decode(bytes.fromhex("d81c82d81d00d81d00"))


def test_size_is_judged_before_anything_is_read() -> None:
    with pytest.raises(Malformed) as caught:
        cbor.decode(b"\x59\xff\xfd" + bytes(0xFFFD))
    assert caught.value.code == "CBOR_SIZE"
    assert len(cbor.decode(b"\x59\xff\xfc" + bytes(0xFFFC))) == 0xFFFC  # type: ignore[arg-type]
    with pytest.raises(Malformed):
        cbor.decode(b"\x82\x00\x00", bytes_max=2)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (1.0, "CBOR_TYPE"),
        ({1, 2}, "CBOR_TYPE"),
        (bytearray(b"x"), "CBOR_TYPE"),
        (cbor2.undefined, "CBOR_TYPE"),
        (cbor2.CBORSimpleValue(5), "CBOR_TYPE"),
        (cbor2.CBORTag(18, []), "CBOR_TYPE"),
        (object(), "CBOR_TYPE"),
        (2**63, "CBOR_RANGE"),
        (-(2**63) - 1, "CBOR_RANGE"),
        ({True: 1}, "CBOR_KEYS"),
        ({None: 1}, "CBOR_KEYS"),
        ({b"x": 1}, "CBOR_KEYS"),
        ({1.0: 1}, "CBOR_KEYS"),
        ("\ud800", "CBOR_TEXT"),
        (["\udfff"], "CBOR_TEXT"),
        ([[[[[[[[[0]]]]]]]]], "CBOR_DEPTH"),
        ({"\ud800": 1}, "CBOR_TEXT"),
    ],
)
def test_what_the_subset_excludes_is_not_written(value: Any, code: str) -> None:
    with pytest.raises(Malformed) as caught:
        cbor.encode(value)
    assert caught.value.code == code


def test_eight_levels_are_read_and_written_and_nine_are_not() -> None:
    eight: Any = 0
    for _ in range(8):
        eight = [eight]
    assert cbor.decode(cbor.encode(eight)) == eight
    for nine in ([eight], {"a": eight}):
        with pytest.raises(Malformed):
            cbor.encode(nine)


def test_a_map_of_an_act_has_text_keys_only() -> None:
    assert cbor.decode_map(b"\xa1\x61\x61\x00", where="here") == {"a": 0}
    for text in ("80", "a10000", "a20000616100", "6161", "f6"):
        with pytest.raises(Malformed) as caught:
            cbor.decode_map(bytes.fromhex(text), where="here")
        assert caught.value.code == "CBOR_NOT_A_MAP"
        assert caught.value.where == "here"


# Properties.

INTEGERS = st.integers(-(2**63), 2**63 - 1)
SCALARS = st.none() | st.booleans() | INTEGERS | st.binary(max_size=40) | st.text(max_size=20)
KEYS = INTEGERS | st.text(max_size=8)
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
).filter(lambda value: depth(value) <= cbor.DEPTH_MAX)


def depth(value: Any) -> int:
    """How many arrays and maps lie in one another."""
    if isinstance(value, dict):
        return 1 + max((depth(item) for item in value.values()), default=0)
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


@given(VALUES)
def test_what_is_written_reads_back_as_it_was(value: Any) -> None:
    data = cbor.encode(value)
    assert cbor.decode(data) == value
    assert cbor.encode(cbor.decode(data)) == data
    assert cbor2.loads(data) == value  # another reader agrees


@given(VALUES, st.data())
def test_a_changed_byte_is_refused_or_is_another_value_with_that_one_spelling(value: Any, data: Any) -> None:
    written = cbor.encode(value)
    place = data.draw(st.integers(0, len(written) - 1))
    changed = bytearray(written)
    changed[place] ^= data.draw(st.integers(1, 255))
    try:
        read = cbor.decode(bytes(changed))
    except Malformed:
        return
    assert cbor.encode(read) == bytes(changed)
    assert repr(read) != repr(value)


@given(st.binary(max_size=64))
@example(b"\xc4\x82\x20\x19\xff\xff")
@example(b"\xd8\x1e\x82\x01\x00")
def test_any_bytes_are_refused_or_are_the_one_spelling_of_what_they_say(data: bytes) -> None:
    try:
        value = cbor.decode(data)
    except MalanError:
        return
    assert cbor.encode(value) == data


@given(st.dictionaries(KEYS, SCALARS, min_size=2, max_size=5))
def test_the_order_in_which_a_map_was_built_does_not_show(value: dict[Any, Any]) -> None:
    backwards = dict(reversed(list(value.items())))
    assert cbor.encode(value) == cbor.encode(backwards)
    assert cbor.encode((1, 2)) == cbor.encode([1, 2])


@pytest.mark.parametrize("size", [0, 1, 23, 24, 255, 256, 65_535, 65_536])
def test_a_byte_string_by_hand_is_the_codecs(size: int) -> None:
    assert cbor.byte_string(b"\x07" * size) == cbor.encode(b"\x07" * size)
