"""Statements: the kind in the type, the claims in the header, and names that cannot be forged or reused."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import cbor
from ledger.cose import Claims, sign1
from ledger.errors import BadSignature, Malformed
from ledger.keys import EDDSA, ES256, SoftwareSigner, from_seed
from ledger.statement import (
    check_statement,
    content_type,
    is_uuid7,
    parse_statement,
    sign_statement,
    statement_hash,
    uuid7,
)

CTI = bytes.fromhex("017f22e279b07cc398c4dc0c0c07398f")  # RFC 9562 appendix A.6
CLAIMS = Claims("body-x", "class/00", "log.example/1", 1_772_413_200, CTI)


def signer(alg: int = ES256) -> SoftwareSigner:
    return from_seed(alg, hashlib.shake_256(b"statement").digest(48 if alg == ES256 else 32))


def typed(kind: str | int, payload: bytes = b"\xa0", claims: Claims | None = CLAIMS) -> bytes:
    return sign1(signer(), content_type=kind, payload=payload, claims=claims)


@pytest.mark.parametrize("alg", [ES256, EDDSA])
def test_a_statement_says_who_speaks_of_what_to_which_log(alg: int) -> None:
    raw = sign_statement(signer(alg), kind="class-opened", version=12, claims=CLAIMS, body={"a": 1})
    found = parse_statement(raw)
    assert (found.kind, found.version, found.body) == ("class-opened", 12, {"a": 1})
    assert (found.issuer, found.subject, found.audience) == ("body-x", "class/00", "log.example/1")
    assert (found.issued_at, found.cti, found.alg) == (1_772_413_200, CTI, alg)
    assert found.hash == statement_hash(raw) == hashlib.sha256(raw).digest()
    check_statement(found, signer(alg).public)


def test_signing_twice_gives_the_same_bytes_and_the_same_hash() -> None:
    """A retry must send the same bytes, or the log would hold the act twice."""
    made = [sign_statement(signer(), kind="sheet", version=1, claims=CLAIMS, body={"b": 1}) for _ in "12"]
    assert made[0] == made[1]


@pytest.mark.parametrize(
    "kind",
    ["", "Sheet", "sheet-", "-sheet", "a--b", "a_b", "a b", "sheet1", "页", "a\n", "request.sheet"],
)
def test_a_kind_is_lower_case_words(kind: str) -> None:
    with pytest.raises(Malformed) as caught:
        content_type(kind, 1)
    assert caught.value.code == "STATEMENT_KIND"
    with pytest.raises(Malformed):
        parse_statement(typed(f"application/vnd.malan.{kind}.v1+cbor"))


@pytest.mark.parametrize("version", [0, -1, 1000])
def test_a_version_is_1_to_999(version: int) -> None:
    with pytest.raises(Malformed):
        content_type("sheet", version)
    assert content_type("sheet", 999) == "application/vnd.malan.sheet.v999+cbor"


@pytest.mark.parametrize(
    "kind",
    [
        65010,
        "application/cbor",
        "application/vnd.malan.sheet.v01+cbor",
        "application/vnd.malan.sheet.v+cbor",
        "application/vnd.malan.sheet.v1+json",
        "application/vnd.malan.sheet.v1+cbor\n",
        " application/vnd.malan.sheet.v1+cbor",
        "APPLICATION/vnd.malan.sheet.v1+cbor",
        "application/vnd-malan.sheet.v1+cbor",
        "application/vnd.malan.sheet.v1+cbor; charset=utf-8",
        "application/vnd.malan.request.evidence.v1+cbor",
        "application/vnd.malan.sheet.v\u0661+cbor",
    ],
)
def test_another_content_type_is_no_statement(kind: str | int) -> None:
    with pytest.raises(Malformed) as caught:
        parse_statement(typed(kind))
    assert caught.value.code == "STATEMENT_KIND"


def test_a_statement_without_claims_is_none() -> None:
    with pytest.raises(Malformed) as caught:
        parse_statement(typed("application/vnd.malan.sheet.v1+cbor", claims=None))
    assert caught.value.code == "STATEMENT_CLAIMS"


@pytest.mark.parametrize("place", [6, 8])
def test_an_id_that_is_no_uuid7_is_refused(place: int) -> None:
    """Versions 4 and 8, and the variants before and after the RFC's."""
    for high in range(16):
        cti = bytearray(CTI)
        cti[place] = high << 4 | cti[place] & 0x0F
        claims = Claims("body-x", "class/00", "log.example/1", 1, bytes(cti))
        raw = typed("application/vnd.malan.sheet.v1+cbor", claims=claims)
        if (high == 7) if place == 6 else (high >> 2 == 2):
            assert parse_statement(raw).cti == bytes(cti)
        else:
            with pytest.raises(Malformed) as caught:
                parse_statement(raw)
            assert caught.value.code == "STATEMENT_CLAIMS"


@pytest.mark.parametrize("payload", [b"", b"\x80", b"\xa1\x00\x00", b"\xa0\x00", b"\xbf\xff", b"\xf6"])
def test_a_payload_that_is_no_map_with_text_keys_is_refused(payload: bytes) -> None:
    with pytest.raises(Malformed):
        parse_statement(typed("application/vnd.malan.sheet.v1+cbor", payload))


def test_one_changed_word_breaks_the_signature() -> None:
    raw = sign_statement(signer(), kind="sheet", version=1, claims=CLAIMS, body={"amount": 1800})
    changed = raw.replace(cbor.encode({"amount": 1800}), cbor.encode({"amount": 1801}))
    assert changed != raw
    with pytest.raises(BadSignature):
        check_statement(parse_statement(changed), signer().public)


def test_another_kind_claimed_for_the_same_body_breaks_the_signature() -> None:
    raw = sign_statement(signer(), kind="certificate-revoked", version=1, claims=CLAIMS, body={})
    changed = raw.replace(b"certificate-revoked", b"certificate-revised")
    with pytest.raises(BadSignature):
        check_statement(parse_statement(changed), signer().public)


# UUIDv7.


def test_the_example_of_the_rfc() -> None:
    """RFC 9562 appendix A.6: 2022-02-22 19:22:22 UTC, rand_a CC3, rand_b 18C4DC0C0C07398F."""
    made = uuid7(time_ms=0x017F22E279B0, randomness=bytes.fromhex("0cc318c4dc0c0c07398f"))
    assert made == CTI


@given(st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=12))
def test_every_uuid7_has_its_time_version_and_variant(time_ms: int, randomness: bytes) -> None:
    made = uuid7(time_ms=time_ms, randomness=randomness)
    assert is_uuid7(made)
    assert int.from_bytes(made[:6], "big") == time_ms
    free = (1 << 80) - 1 & ~(0xF << 76 | 0x3 << 62)
    assert int.from_bytes(made, "big") & free == int.from_bytes(randomness[:10], "big") & free


@given(st.integers(0, 2**48 - 2), st.binary(min_size=10, max_size=10), st.binary(min_size=10, max_size=10))
def test_later_ids_sort_later(time_ms: int, one: bytes, two: bytes) -> None:
    assert uuid7(time_ms=time_ms, randomness=one) < uuid7(time_ms=time_ms + 1, randomness=two)


@pytest.mark.parametrize("value", [b"", bytes(15), CTI + b"\0", bytes(16)])
def test_what_is_no_uuid7(value: bytes) -> None:
    assert is_uuid7(CTI)
    assert not is_uuid7(value)
