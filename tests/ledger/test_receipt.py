"""Receipts: a promise that convicts, signed by the receipt key and readable as nothing else."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from ledger import cbor
from ledger.cose import Claims, sign1
from ledger.errors import BadSignature, MalanError, Malformed
from ledger.keys import ES256, SoftwareSigner, from_seed
from ledger.receipt import CONTENT_TYPE, Receipt, open_receipt, sign_receipt

HASH = hashlib.sha256(b"leaf").digest()
RECEIPT = Receipt("log.example/1", 7, HASH, 1_772_413_200_000)


def signer(label: str = "receipt") -> SoftwareSigner:
    return from_seed(ES256, hashlib.shake_256(label.encode()).digest(48))


def carrying(payload: Any, content_type: str = CONTENT_TYPE, claims: Claims | None = None) -> bytes:
    return sign1(signer(), content_type=content_type, payload=cbor.encode(payload), claims=claims)


def test_a_receipt_says_what_was_promised() -> None:
    assert open_receipt(sign_receipt(RECEIPT, signer()), signer().public) == RECEIPT


def test_a_receipt_is_the_same_bytes_when_the_answer_is_repeated() -> None:
    assert sign_receipt(RECEIPT, signer()) == sign_receipt(RECEIPT, signer())


def test_a_receipt_by_another_key_convicts_nobody() -> None:
    with pytest.raises(Malformed) as caught:
        open_receipt(sign_receipt(RECEIPT, signer("other")), signer().public)
    assert caught.value.code == "COSE_KEY"


def test_every_flipped_bit_of_a_receipt_is_refused() -> None:
    raw, key = sign_receipt(RECEIPT, signer()), signer().public
    for bit in range(8 * len(raw)):
        broken = bytearray(raw)
        broken[bit // 8] ^= 1 << bit % 8
        with pytest.raises(MalanError):
            open_receipt(bytes(broken), key)


def test_a_promise_for_another_place_needs_another_signature() -> None:
    raw = sign_receipt(RECEIPT, signer())
    inner = cbor.encode("log.example/1") + cbor.encode(7)
    moved = raw.replace(inner, cbor.encode("log.example/1") + cbor.encode(8))
    assert moved != raw
    with pytest.raises(BadSignature):
        open_receipt(moved, signer().public)


@pytest.mark.parametrize(
    "payload",
    [
        [],
        ["log.example/1", 7, HASH],
        ["log.example/1", 7, HASH, 1, 1],
        ["log.example/1", -1, HASH, 1],
        ["log.example/1", True, HASH, 1],
        ["log.example/1", 7, HASH, False],
        ["log.example/1", 7, HASH[:31], 1],
        ["log.example/1", 7, HASH.hex(), 1],
        [b"log.example/1", 7, HASH, 1],
        ["log.example/1", "7", HASH, 1],
        {"origin": "log.example/1"},
        None,
    ],
)
def test_a_signed_thing_of_another_shape_is_no_receipt(payload: Any) -> None:
    with pytest.raises(Malformed) as caught:
        open_receipt(carrying(payload), signer().public)
    assert caught.value.code == "RECEIPT_SHAPE"


def test_the_key_signs_nothing_else_that_reads_as_a_receipt() -> None:
    payload = [RECEIPT.origin, RECEIPT.seq, RECEIPT.leaf_hash, RECEIPT.time_ms]
    open_receipt(carrying(payload), signer().public)
    claims = Claims("city", "log", "log.example/1", 1, bytes(16))
    for raw in (
        carrying(payload, "application/vnd.malan.receipt.v2+cbor"),
        carrying(payload, "application/vnd.malan.bundle.v1+cbor"),
        carrying(payload, claims=claims),
    ):
        with pytest.raises(Malformed) as caught:
            open_receipt(raw, signer().public)
        assert caught.value.code == "RECEIPT_SHAPE"
