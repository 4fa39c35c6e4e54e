"""Commitments: each field under its own salt, opened by its own value and no other."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from hypothesis import given
from hypothesis import strategies as st

from ledger import cbor
from ledger.commitment import Opening, check_opening, commit, decode_opening, encode_opening
from ledger.errors import MalanError, Malformed, ProofFailed

KEY = bytes(range(32))
OTHER = bytes(range(1, 33))
FIELDS: dict[str, Any] = {"name": "沈明", "id_number": "31010419880229000X", "attended": 40}
NAMES = st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=12)
VALUES = st.text(max_size=12) | st.binary(max_size=16) | st.integers(-(2**63), 2**63 - 1)


def test_the_digest_is_the_construction_of_the_specification() -> None:
    """HKDF-Expand of another library, CBOR and SHA-256, put together by hand."""
    for name, value in FIELDS.items():
        salt = HKDFExpand(hashes.SHA256(), 32, f"malan/salt/1/{name}".encode()).derive(KEY)
        digest = hashlib.sha256(cbor.encode(["malan/commitment/1", name, salt, value])).digest()
        assert commit(Opening(KEY, FIELDS))[name] == digest


def test_an_opening_opens_its_commitments() -> None:
    opening = Opening(KEY, FIELDS)
    check_opening(opening, commit(opening))


@pytest.mark.parametrize("name", FIELDS)
def test_another_value_opens_nothing_and_the_field_is_named_without_it(name: str) -> None:
    digests = commit(Opening(KEY, FIELDS))
    lie = Opening(KEY, {**FIELDS, name: "崔雅"})
    with pytest.raises(ProofFailed) as caught:
        check_opening(lie, digests)
    assert (caught.value.code, caught.value.where) == ("OPENING_MISMATCH", name)
    assert "崔雅" not in str(caught.value)


def test_two_fields_of_one_value_have_different_digests_and_cannot_be_swapped() -> None:
    opening = Opening(KEY, {"name": "沈明", "organisation": "沈明"})
    digests = commit(opening)
    assert digests["name"] != digests["organisation"]
    with pytest.raises(ProofFailed):
        check_opening(opening, {"name": digests["organisation"], "organisation": digests["name"]})


def test_the_same_value_of_two_people_or_acts_has_different_digests() -> None:
    """Otherwise equal values would show as equal in the log."""
    one, two = commit(Opening(KEY, FIELDS)), commit(Opening(OTHER, FIELDS))
    assert not set(one.values()) & set(two.values())
    with pytest.raises(ProofFailed):
        check_opening(Opening(OTHER, FIELDS), one)


def test_one_field_can_be_shown_without_the_others() -> None:
    """The salt of one field says nothing about the salt of another, though both come from one key."""
    whole = commit(Opening(KEY, FIELDS))
    assert commit(Opening(KEY, {"name": FIELDS["name"]})) == {"name": whole["name"]}


def test_a_value_of_another_type_is_another_value() -> None:
    for one, other in ((40, "40"), ("x", b"x"), (1, True), ("", b""), (0, None), ([], {})):
        digests = commit(Opening(KEY, {"a": one}))
        with pytest.raises(ProofFailed):
            check_opening(Opening(KEY, {"a": other}), digests)


@pytest.mark.parametrize("fields", [{}, {"name": "沈明"}, {**FIELDS, "more": 1}, {"nam": "沈明"}])
def test_an_opening_shows_exactly_the_committed_fields(fields: dict[str, Any]) -> None:
    digests = commit(Opening(KEY, FIELDS))
    with pytest.raises(ProofFailed) as caught:
        check_opening(Opening(KEY, fields), digests)
    assert caught.value.code == "OPENING_FIELDS"


@pytest.mark.parametrize("digest", [b"", bytes(32), None, "text"])
def test_a_commitment_that_is_no_digest_is_not_opened(digest: Any) -> None:
    with pytest.raises(ProofFailed):
        check_opening(Opening(KEY, {"name": "沈明"}), {"name": digest})


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_record_key_has_32_bytes(size: int) -> None:
    with pytest.raises(Malformed) as caught:
        commit(Opening(bytes(size), FIELDS))
    assert caught.value.code == "OPENING_KEY"


@given(st.binary(min_size=32, max_size=32), st.dictionaries(NAMES, VALUES, max_size=9))
def test_an_opening_keeps_in_its_bytes(key: bytes, fields: dict[str, Any]) -> None:
    opening = Opening(key, fields)
    again = decode_opening(encode_opening(opening))
    assert again == opening
    check_opening(again, commit(opening))


@given(
    st.dictionaries(NAMES, VALUES, min_size=1, max_size=4),
    st.dictionaries(NAMES, VALUES, min_size=1, max_size=4),
)
def test_no_two_openings_share_a_digest(one: dict[str, Any], two: dict[str, Any]) -> None:
    same = {name for name in one.keys() & two.keys() if cbor.encode(one[name]) == cbor.encode(two[name])}
    shared = set(commit(Opening(KEY, one)).values()) & set(commit(Opening(KEY, two)).values())
    assert len(shared) == len(same)


@pytest.mark.parametrize(
    "value",
    [
        [],
        [KEY],
        [KEY, {}, 1],
        [KEY[:31], {}],
        [KEY.hex(), {}],
        [KEY, []],
        [KEY, {1: "x"}],
        [KEY, {"a": 1, 2: "x"}],
        {"key": KEY},
        None,
    ],
)
def test_bytes_that_are_no_opening_are_refused(value: Any) -> None:
    with pytest.raises(Malformed) as caught:
        decode_opening(cbor.encode(value))
    assert caught.value.code == "OPENING_SHAPE"


@given(st.binary(max_size=80))
def test_noise_is_no_opening(noise: bytes) -> None:
    with pytest.raises(MalanError):
        decode_opening(noise)
