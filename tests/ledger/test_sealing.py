"""Sealing: only this key, only this place, only these bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import Malformed
from ledger.sealing import seal, unseal

KEY, OTHER = bytes(range(32)), bytes(32)
NONCE = bytes(range(12))
CONTEXT = b"opening/seq 7/entry 0"


def sealed(plaintext: bytes = b"secret") -> bytes:
    return seal(plaintext, key=KEY, nonce=NONCE, context=CONTEXT)


@given(st.binary(max_size=200), st.binary(max_size=40))
def test_what_is_sealed_opens_with_its_key_and_context(plaintext: bytes, context: bytes) -> None:
    box = seal(plaintext, key=KEY, nonce=NONCE, context=context)
    assert unseal(box, key=KEY, context=context) == plaintext
    assert len(box) == 12 + len(plaintext) + 16
    assert box[:12] == NONCE


def test_the_example_of_the_gcm_specification() -> None:
    """Test case 13 and 14 of McGrew and Viega: AES-256, key and nonce zero, nothing and sixteen zeros."""
    zero = {"key": bytes(32), "nonce": bytes(12), "context": b""}
    assert seal(b"", **zero)[12:].hex() == "530f8afbc74536b9a963b4f1c4cb738b"
    expected = "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"
    assert seal(bytes(16), **zero)[12:].hex() == expected


@pytest.mark.parametrize("context", [b"", b"opening/seq 7/entry 1", b"opening/seq 8/entry 0"])
def test_a_value_moved_to_another_row_or_person_does_not_open(context: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        unseal(sealed(), key=KEY, context=context)
    assert caught.value.code == "SEAL_BROKEN"


def test_a_value_does_not_open_with_another_key() -> None:
    """Destroying the key destroys the value."""
    with pytest.raises(Malformed) as caught:
        unseal(sealed(), key=OTHER, context=CONTEXT)
    assert caught.value.code == "SEAL_BROKEN"


def test_every_flipped_bit_is_noticed() -> None:
    box = sealed()
    for bit in range(8 * len(box)):
        broken = bytearray(box)
        broken[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Malformed):
            unseal(bytes(broken), key=KEY, context=CONTEXT)


def test_every_cut_and_every_addition_is_noticed() -> None:
    box = sealed()
    for size in range(len(box)):
        with pytest.raises(Malformed) as caught:
            unseal(box[:size], key=KEY, context=CONTEXT)
        assert caught.value.code == "SEAL_BROKEN"
    with pytest.raises(Malformed):
        unseal(box + b"\0", key=KEY, context=CONTEXT)


@pytest.mark.parametrize(("key", "nonce"), [(31, 12), (33, 12), (0, 12), (32, 11), (32, 13), (32, 0)])
def test_sealing_takes_a_key_and_nonce_of_the_right_size_only(key: int, nonce: int) -> None:
    with pytest.raises(Malformed) as caught:
        seal(b"secret", key=bytes(key), nonce=bytes(nonce), context=CONTEXT)
    assert caught.value.code == "SEAL_KEY"


@pytest.mark.parametrize("size", [0, 15, 16, 24, 31, 33])
def test_a_key_of_another_size_opens_nothing(size: int) -> None:
    with pytest.raises(Malformed) as caught:
        unseal(sealed(), key=bytes(size), context=CONTEXT)
    assert caught.value.code == "SEAL_BROKEN"
