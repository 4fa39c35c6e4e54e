"""Attacks on the readers that fail, and must go on failing: no other error, no second spelling, no bomb."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa, x448, x25519
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from issuers.bundle import open_bundle, pack, unpack
from issuers.carried import TRUST
from issuers.credential import CONTENT_FORMAT, parse_credential, sign_credential
from issuers.enrolment import open_enrolment
from issuers.evidence import of_kind, open_certificate, open_roster
from issuers.evidence_document import from_json, to_json
from issuers.qr import make_text, parse_text
from issuers.status import open_status_list
from ledger import cbor
from ledger.commitment import decode_opening, encode_opening
from ledger.cose import parse_sign1, sign1
from ledger.errors import MalanError
from ledger.keys import EDDSA, ES256, public_key
from ledger.leaf import encode_leaf, parse_leaf
from ledger.note import parse_note
from ledger.policy import parse_policy
from ledger.proof import parse_proof
from ledger.statement import parse_statement
from tests.attacks.shapes import bitten, mutated
from tests.verify.shown import claims_of, issued_world, proof_of, trust_of
from tests.world import World
from tests.world_parts import HOST
from verify.scan import scan_image
from verify.trust import open_trust

WORLD = issued_world()
STATUS = WORLD.service["status"]
HOSTS = frozenset({HOST})

Reader = Callable[[bytes], object]
READERS: dict[str, Reader] = {
    "statement": parse_statement,
    "leaf": parse_leaf,
    "bundle": open_bundle,
    "list": lambda raw: open_status_list(raw, STATUS.public),
    "credential": parse_credential,
    "proof": parse_proof,
    "note": parse_note,
    "policy": parse_policy,
    "enrolment": open_enrolment,
    "evidence": from_json,
    "opening": decode_opening,
    "spki": lambda raw: public_key(ES256, raw),
}


def genuine(world: World) -> dict[str, bytes]:
    """One honest input for each reader."""
    enrolled = next(one for one in world.said if one.kind == "key-enrolled").body["enrolment"]
    openings = next(iter(world.openings.values()))
    assert isinstance(enrolled, bytes)
    return {
        "statement": world.said[40].raw,
        "leaf": world.leaves[40],
        "bundle": world.bundle(),
        "list": world.status_list(),
        "credential": world.credentials[0],
        "proof": proof_of(world, cosigned=2),
        "note": world.checkpoint(cosigned=2),
        "policy": world.policy(),
        "enrolment": enrolled,
        "evidence": to_json(world.evidence()),
        "opening": encode_opening(openings[0]),
        "spki": STATUS.public.spki,
    }


HONEST = genuine(WORLD)
# What a reader took in has one spelling: written again it is the same bytes.
WRITERS: dict[str, Callable[[Any], bytes]] = {
    "leaf": encode_leaf,
    "proof": lambda proof: proof.render(),
    "note": lambda note: note.render(),
    "opening": encode_opening,
    "statement": lambda one: one.raw,
    "spki": lambda key: key.spki,
}


def quiet(reader: Callable[[Any], object], data: Any) -> object:
    """What the reader says, None where it refuses; any other error than ours is the test's."""
    try:
        return reader(data)
    except MalanError:
        return None


def test_every_honest_input_is_read() -> None:
    """The control."""
    for name, reader in READERS.items():
        reader(HONEST[name])


@given(data=st.binary(max_size=400))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    for reader in READERS.values():
        quiet(reader, data)
        quiet(reader, b"\xd2" + data)


def test_no_bitten_input_raises_anything_else_or_has_two_spellings() -> None:
    for name, reader in READERS.items():
        chooser = random.Random(name)  # a sample, not a secret
        for _ in range(50 if name in ("bundle", "list", "policy") else 400):
            data = bitten(HONEST[name], chooser)
            read = quiet(reader, data)
            if read is not None and name in WRITERS:
                assert WRITERS[name](read) == data, name


LIES = (
    *("9bffffffffffffffff", "9a7fffffff", "5b7fffffffffffffff", "5a7fffffff00", "7b7fffffffffffffff"),
    *("bb7fffffffffffffff", "ba10000000", "c249010000000000000000", "d81c80", "d81d00", "d9010080", "d82000"),
    *("5f4100ff", "9fff", "bfff", "f7", "f818", "f97e00", "fb7ff8000000000000", "1bffffffffffffffff"),
    *("a20100f500", "a201000100", "a1f500", "a1a000", "62c328", "63eda080", "1800", "190001", "a2020001 00"),
)


def test_no_length_tag_or_odd_value_of_cbor_gets_through() -> None:
    """Alone, and nested as deep as an attacker likes; a length that lies is never allocated."""
    for raw in map(bytes.fromhex, LIES):
        for data in (raw, b"\x81" * 7 + raw, b"\x81" * 30_000 + raw, b"\xa1\x00" * 3 + raw):
            with pytest.raises(MalanError):
                cbor.decode(data)


def test_no_signed_credential_has_two_spellings_or_an_odd_claim() -> None:
    """A signatory who signs anything: what is read, is what `sign_credential` writes, to the byte."""
    signer, chooser = WORLD.people["signatory"].signer, random.Random(3)  # a sample, not a secret
    payload = cbor.decode(parse_credential(WORLD.credentials[0]).message.payload)
    taken = 0
    for _ in range(800):
        try:
            changed = cbor.encode(mutated(payload, chooser))
        except MalanError:
            continue
        raw = sign1(signer, content_type=CONTENT_FORMAT, payload=changed)
        read = quiet(parse_credential, raw)
        if read is not None:
            taken += 1
            assert sign_credential(read.claims, signer) == raw  # type: ignore[attr-defined]
    assert taken > 10, "the mutations also reach what is read"


def test_no_header_of_a_statement_has_two_spellings() -> None:
    said, chooser = WORLD.said[40].message, random.Random(4)  # a sample, not a secret
    header = cbor.decode(said.protected)
    for _ in range(600):
        try:
            protected = cbor.encode(mutated(header, chooser))
        except MalanError:
            continue
        raw = b"\xd2" + cbor.encode([protected, {}, said.payload, said.signature])
        read = quiet(parse_statement, raw)
        if read is not None:
            assert read.raw == raw  # type: ignore[attr-defined]
            assert read.message.protected == protected  # type: ignore[attr-defined]


def test_no_bundle_that_the_status_key_signs_makes_the_reader_fall_over() -> None:
    chooser, pin = random.Random(6), trust_of(WORLD).pin  # a sample, not a secret
    signed, parts = unpack(HONEST["bundle"])
    payload = cbor.decode(parse_sign1(signed, bytes_max=2**20).payload, bytes_max=2**20)
    assert isinstance(payload, dict)
    short = {**payload, "acts": payload["acts"][:2]}
    for _ in range(250):
        try:
            changed = cbor.encode(mutated(short, chooser))
        except MalanError:
            continue
        raw = pack(sign1(STATUS, content_type=TRUST.content_type, payload=changed), parts)
        assert quiet(lambda data: open_trust(data, pin=pin), raw) is None


def test_the_codec_takes_other_keys_than_p256_and_ed25519_for_none() -> None:
    private = (
        rsa.generate_private_key(65_537, 1_024),
        dsa.generate_private_key(1_024),
        *(ec.generate_private_key(curve) for curve in (ec.SECP384R1(), ec.SECP256K1(), ec.BrainpoolP256R1())),
        *(kind.generate() for kind in (x25519.X25519PrivateKey, x448.X448PrivateKey, ed448.Ed448PrivateKey)),
    )
    der, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    for spki in [one.public_key().public_bytes(der, form) for one in private]:
        for alg in (ES256, EDDSA):
            with pytest.raises(MalanError):
                public_key(alg, spki)
    point = ec.generate_private_key(ec.SECP256R1()).public_key()
    ed = ed25519.Ed25519PrivateKey.generate().public_key().public_bytes(der, form)
    compressed = point.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)
    head = point.public_bytes(der, form)[:-65]
    short = bytes([0x30, 0x39]) + head[2:-3] + bytes([0x03, 0x22, 0x00]) + compressed
    for alg, spki in (
        (EDDSA, point.public_bytes(der, form)),
        (ES256, ed),
        (ES256, short),
        (ES256, ed + b"\0"),
    ):
        with pytest.raises(MalanError):
            public_key(alg, spki)


def _texts(chooser: random.Random) -> Iterable[str]:
    honest = WORLD.qr_texts[0]
    yield honest
    for _ in range(1_500):
        raw = bitten(honest.encode(), chooser)
        yield raw.decode("utf-8", chooser.choice(("surrogateescape", "replace")))


def test_a_qr_text_that_is_read_is_the_one_we_write_and_a_suffix() -> None:
    read = 0
    for text in _texts(random.Random(8)):  # a sample, not a secret
        found = quiet(lambda one: parse_text(one, hosts=HOSTS), text)
        if found is not None:
            read += 1
            ours = make_text(host=found.host, code=found.code, credential=found.credential)  # type: ignore[attr-defined]
            assert text.startswith(ours)
            assert text[len(ours) :][:1] in ("", "&", "?")
    assert read > 20


@given(tail=st.text(max_size=40), digits=st.text("0123456789٠１", max_size=60))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_no_text_after_the_host_raises_anything_else(tail: str, digits: str) -> None:
    for text in (HOST + tail, f"{HOST}/v/{digits}#1{digits}{tail}", f"{HOST}/v/0000000000000000#{tail}"):
        quiet(lambda one: parse_text(one, hosts=HOSTS), text)


def test_evidence_that_was_tampered_with_opens_to_nothing_and_raises_nothing_else() -> None:
    evidence, chooser = WORLD.evidence(), random.Random(9)  # a sample, not a secret
    for kind, opener in (("roster", open_roster), ("certificate-issued", open_certificate)):
        for item in of_kind(evidence, kind)[:1]:
            opener(item)
            for _ in range(150):
                opening = bitten(item.openings[0], chooser)
                if opening != item.openings[0]:
                    changed = replace(item, openings=(opening, *item.openings[1:]))
                    assert quiet(opener, changed) is None


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow tells of damaged metadata
def test_no_damaged_picture_raises_anything_else() -> None:
    """Sizes are left alone: those are in test_reading_breaks."""
    chooser = random.Random(10)  # a sample, not a secret
    small = Image.effect_noise((60, 60), 90)
    exif = Image.Exif()
    exif[0x112], exif[0x11A] = 3, (72, 1)
    for mode, form, options, start in (
        ("L", "PNG", {"exif": exif, "dpi": (72, 72), "icc_profile": b"x" * 99}, 33),
        ("P", "PNG", {"transparency": 0}, 33),
        ("RGB", "JPEG", {"exif": exif, "comment": b"c"}, 2),
        ("CMYK", "JPEG", {}, 2),
        ("RGB", "MPO", {"save_all": True, "append_images": [small.convert("RGB")]}, 2),
        ("RGBA", "WEBP", {"lossless": True}, 30),
    ):
        target = io.BytesIO()
        small.convert(mode).save(target, form, **options)
        for _ in range(40):
            quiet(scan_image, bitten(target.getvalue(), chooser, start=start))


def test_claims_out_of_range_are_not_signed() -> None:
    """The writer refuses what the reader would: nobody signs a credential that nobody can read."""
    honest, signer = claims_of(WORLD), WORLD.people["signatory"].signer
    for changed in (
        {"issued_at": -1},
        {"issued_at": 2**40},
        {"hours": 0},
        {"hours": True},
        {"status_index": 2**20},
        {"status_list": 10_000},
        {"code": "0000000000000001"},
        {"name": " 沈明"},
        {"name": "沈\u202e明"},
        {"name": "沈\u3164明"},
        {"course": "课程\u200b"},
        {"last_four": "12a4"},
        {"last_four": "１２３４"},
    ):
        with pytest.raises(MalanError):
            sign_credential(replace(honest, **changed), signer)  # type: ignore[arg-type]
    sign_credential(honest, signer)
