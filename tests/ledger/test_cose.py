"""COSE_Sign1 in the one shape we sign: every other shape, and every flipped bit, is refused."""

from __future__ import annotations

import hashlib
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from issuers.request import parse_request
from ledger import cbor
from ledger.cose import STATUS_LIST_TYPE, Claims, check_sign1, parse_sign1, sign1
from ledger.errors import BadSignature, MalanError, Malformed
from ledger.keys import EDDSA, ES256, SoftwareSigner, from_seed
from tests.ledger.signed_things import READERS, examples, world

CLAIMS = Claims("body-x", "class/00", "log.example/1", 1_772_413_200, bytes(16))
TYPE = "application/vnd.malan.test.v1+cbor"
KEPT: dict[int, Any] = {1: "body-x", 2: "class/00", 3: "log.example/1", 6: 1_772_413_200, 7: bytes(16)}


def signer(alg: int = ES256, label: str = "one") -> SoftwareSigner:
    return from_seed(alg, hashlib.shake_256(label.encode()).digest(48 if alg == ES256 else 32))


def signed(alg: int = ES256) -> bytes:
    return sign1(signer(alg), content_type=TYPE, payload=b"\xa0", claims=CLAIMS)


def dressed(
    header: Any, *, payload: Any = b"\xa0", unprotected: Any = None, tail: tuple[Any, ...] = ()
) -> bytes:
    """A truly signed message of another shape, by a writer that does not know our rules."""
    protected = header if isinstance(header, bytes) else cbor2.dumps(header, canonical=True)
    to_sign = cbor2.dumps(["Signature1", protected, b"", payload])
    parts = [protected, {} if unprotected is None else unprotected, payload, signer().sign(to_sign), *tail]
    return b"\xd2" + cbor2.dumps(parts)


def header(**changed: Any) -> dict[Any, Any]:
    return {1: ES256, 3: TYPE, 4: signer().public.kid} | {
        int(key[1:]): value for key, value in changed.items()
    }


def test_what_is_signed_reads_back_and_verifies() -> None:
    for alg in (ES256, EDDSA):
        message = parse_sign1(signed(alg))
        assert (message.alg, message.content_type, message.claims) == (alg, TYPE, CLAIMS)
        assert (message.kid, message.payload, message.raw) == (signer(alg).public.kid, b"\xa0", signed(alg))
        check_sign1(message, signer(alg).public)


def test_the_signed_bytes_are_the_sig_structure_of_the_rfc() -> None:
    """RFC 9052 section 4.4, written out by another encoder."""
    message = parse_sign1(signed())
    structure = cbor2.dumps(["Signature1", message.protected, b"", message.payload])
    signer().public.verify(structure, message.signature)
    assert cbor2.loads(message.protected) == header() | {15: KEPT}


def test_the_helper_that_dresses_other_shapes_dresses_ours_too() -> None:
    """Negative control: with the honest header the same helper makes a message that is taken."""
    message = parse_sign1(dressed(header()))
    check_sign1(message, signer().public)
    assert parse_sign1(dressed(header(_15=KEPT))).claims == CLAIMS


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xd2",
        signed()[1:],
        b"\xd8\x12" + signed()[1:],
        b"\xd1" + signed()[1:],
        b"\xd8\x3d" + signed(),
        b"\xd9\xd9\xf7" + signed(),
    ],
    ids=["nothing", "tag", "untagged", "long tag", "tag 17", "tag 61 around it", "self-described"],
)
def test_tag_18_stands_there_always_and_once(raw: bytes) -> None:
    with pytest.raises(Malformed):
        parse_sign1(raw)


def test_a_second_tag_18_is_refused() -> None:
    with pytest.raises(Malformed):
        parse_sign1(b"\xd2" + signed())


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (dressed(header(), unprotected={5: b"iv"}), "COSE_SHAPE"),
        (dressed(header(), unprotected={4: b"other kid"}), "COSE_SHAPE"),
        (dressed(header(), unprotected=[]), "COSE_SHAPE"),
        (dressed(header(), payload=None), "COSE_SHAPE"),
        (dressed(header(), payload="text"), "COSE_SHAPE"),
        (dressed(header(), tail=(b"more",)), "COSE_SHAPE"),
        (b"\xd2" + cbor2.dumps([b"\xa0", {}, b"", bytes(63)]), "COSE_SHAPE"),
        (b"\xd2" + cbor2.dumps([b"\xa0", {}, b"", bytes(65)]), "COSE_SHAPE"),
        (b"\xd2" + cbor2.dumps([b"\xa0", {}, b""]), "COSE_SHAPE"),
        (b"\xd2" + cbor2.dumps({}), "COSE_SHAPE"),
        (signed() + b"\x00", "CBOR_NOT_CANONICAL"),
    ],
)
def test_another_shape_than_four_parts_with_nothing_unsigned_is_refused(raw: bytes, code: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse_sign1(raw)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "protected",
    [
        b"",
        {},
        [],
        {1: ES256},
        {1: ES256, 3: TYPE},
        {3: TYPE, 4: bytes(8)},
        {1: ES256, 4: bytes(8)},
        header(_4=bytes(7)),
        header(_4=bytes(9)),
        header(_4="kid"),
        header(_1=-9),
        header(_1=-35),
        header(_1="ES256"),
        header(_1=True),
        header(_3=True),
        header(_3=b"type"),
        header(_3=None),
        header(_2=[15]),
        header(_5=bytes(12)),
        header(_33=b"certificate"),
        header(_3=STATUS_LIST_TYPE),
        header(_16=STATUS_LIST_TYPE),
        {1: ES256, 16: TYPE, 4: bytes(8)},
        {1: ES256, 16: 65010, 4: bytes(8)},
        header() | {"x": 1},
        header() | {-1: 1},
    ],
)
def test_a_header_without_or_beyond_ours_is_refused(protected: Any) -> None:
    with pytest.raises(Malformed):
        parse_sign1(dressed(protected))


@pytest.mark.parametrize(
    "claims",
    [
        None,
        {},
        [],
        *({key: value for key, value in KEPT.items() if key != gone} for gone in KEPT),
        KEPT | {4: 1},
        KEPT | {"jti": "x"},
        KEPT | {1: ""},
        KEPT | {1: "a" * 65},
        KEPT | {2: "a" * 129},
        KEPT | {3: "a" * 129},
        KEPT | {1: b"bytes"},
        KEPT | {6: -1},
        KEPT | {6: 2**40},
        KEPT | {6: True},
        KEPT | {6: 1.5},
        KEPT | {7: bytes(15)},
        KEPT | {7: bytes(17)},
        KEPT | {7: "text"},
    ],
)
def test_claims_are_five_of_the_right_kind_and_no_others(claims: Any) -> None:
    with pytest.raises(Malformed):
        parse_sign1(dressed(header(_15=claims)))


def test_a_message_for_another_key_or_algorithm_is_not_verified_at_all() -> None:
    """CO27: the algorithm comes from the enrolled key, never from the message."""
    message = parse_sign1(signed())
    for other in (signer(label="two").public, signer(EDDSA).public):
        with pytest.raises(Malformed) as caught:
            check_sign1(message, other)
        assert caught.value.code == "COSE_KEY"
    claimed = parse_sign1(dressed(header(_1=EDDSA)))
    with pytest.raises(Malformed) as caught:
        check_sign1(claimed, signer().public)
    assert caught.value.code == "COSE_KEY"


def test_header_payload_and_signature_of_two_messages_do_not_mix() -> None:
    one = parse_sign1(signed())
    two = parse_sign1(sign1(signer(), content_type=TYPE, payload=b"\xa1\x61\x61\x00"))
    for protected, payload in ((two.protected, one.payload), (one.protected, two.payload)):
        mixed = b"\xd2" + cbor.encode([protected, {}, payload, one.signature])
        with pytest.raises(BadSignature):
            check_sign1(parse_sign1(mixed), signer().public)


def test_every_flipped_bit_of_a_message_is_refused() -> None:
    raw, key = signed(), signer().public
    for bit in range(8 * len(raw)):
        broken = bytearray(raw)
        broken[bit // 8] ^= 1 << bit % 8
        with pytest.raises(MalanError):
            check_sign1(parse_sign1(bytes(broken)), key)


@given(st.binary(max_size=200))
def test_any_payload_is_carried_unchanged(payload: bytes) -> None:
    raw = sign1(signer(), content_type=65010, payload=payload)
    message = parse_sign1(raw)
    assert (message.payload, message.content_type, message.claims) == (payload, 65010, None)
    assert b"\xd2" + cbor.encode([message.protected, {}, message.payload, message.signature]) == raw


@given(st.binary(max_size=100))
def test_noise_is_refused_as_malformed(noise: bytes) -> None:
    for raw in (noise, b"\xd2" + noise, b"\xd2\x84" + noise):
        with pytest.raises(Malformed):
            parse_sign1(raw)


# What is signed as one thing passes for no other.


@pytest.mark.parametrize("kind", READERS)
def test_each_reader_takes_its_own_kind(kind: str) -> None:
    """Negative control of the crossing below."""
    READERS[kind](examples()[kind])


CROSSINGS = [(one, other) for one in READERS for other in READERS if one != other]
CROSSINGS.remove(("enrolment", "statement"))  # stopped one step later, see the next test


@pytest.mark.parametrize(("kind", "other"), CROSSINGS)
def test_nothing_signed_passes_for_another_thing(kind: str, other: str) -> None:
    with pytest.raises(Malformed):
        READERS[other](examples()[kind])


def test_an_enrolment_is_no_act() -> None:
    """Its content type has the form of a statement, with a kind that is kept for it."""
    with pytest.raises(Malformed) as caught:
        world().copy().hear(examples()["enrolment"])
    assert caught.value.code == "STATEMENT_KIND"


def test_a_request_of_one_name_is_none_of_another() -> None:
    for name in ("staff", "certificates", "evidence-x", "evidenc", "EVIDENCE"):
        with pytest.raises(Malformed) as caught:
            parse_request(examples()["request"], name=name)
        assert caught.value.code == "REQUEST_KIND"


@pytest.mark.parametrize("kind", ["receipt", "status list", "bundle"])
def test_what_the_service_signs_is_signed_with_the_key_of_its_purpose(kind: str) -> None:
    made = world()
    wrong = made.copy()
    swap = {"receipt": "status", "status list": "receipt", "bundle": "receipt"}[kind]
    purpose = "receipt" if kind == "receipt" else "status"
    wrong.service = {**made.service, purpose: made.service[swap]}
    raw = {"receipt": lambda: wrong.receipt(3), "status list": wrong.status_list, "bundle": wrong.bundle}[
        kind
    ]()
    with pytest.raises(MalanError):
        READERS[kind](raw)
