"""Every byte of a credential matters: no change of one, and no other spelling of the whole, is ever valid."""

from __future__ import annotations

import random

import cbor2
import pytest

from issuers.credential import parse_credential
from issuers.digits import to_digits
from issuers.identifiers.codes import make_code
from ledger.keys import EDDSA, ES256
from tests.verify.shown import (
    issued_world,
    now_of,
    proof_of,
    show,
    show_file,
    text_of,
    trust_of,
)
from tests.world import World
from tests.world_parts import HOST
from verify.trust import Trust
from verify.verdict import State

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
CHANGES_EVERYWHERE = 5
SHOWS_NOTHING = (State.TAMPERED, State.UNREADABLE, State.UNKNOWN_ISSUER)


@pytest.fixture(scope="module")
def world() -> World:
    return issued_world()


@pytest.fixture(scope="module")
def trust(world: World) -> Trust:
    return trust_of(world)


def refused(world: World, trust: Trust, credential: bytes) -> State:
    """Neither alone nor with the honest proof is it valid, and nothing it says comes out."""
    verdict = show_file(world, credential, trust=trust, proof=proof_of(world))
    assert verdict.exit_code != 0
    assert verdict.state in SHOWS_NOTHING
    assert verdict.facts is None
    return verdict.state


def test_the_unchanged_credential_is_valid(world: World, trust: Trust) -> None:
    assert show_file(world, world.credentials[0], trust=trust, proof=proof_of(world)).exit_code == 0


def test_no_single_changed_byte_is_valid(world: World, trust: Trust) -> None:
    """Several values at every place; all 255 at the ends, where header and signature lie."""
    raw, proof = world.credentials[0], proof_of(world)
    chooser, states = random.Random(2026), set()  # a sample, not a secret
    full = {*range(24), *range(len(raw) - 8, len(raw))}
    for place in range(len(raw)):
        others = [value for value in range(256) if value != raw[place]]
        for value in others if place in full else chooser.sample(others, CHANGES_EVERYWHERE):
            changed = raw[:place] + bytes([value]) + raw[place + 1 :]
            verdict = show_file(world, changed, trust=trust, proof=proof)
            assert verdict.exit_code != 0, (place, value)
            assert verdict.facts is None, (place, value)
            states.add(verdict.state)
    assert states == set(SHOWS_NOTHING), "the sample reaches every way to fail"


def test_no_truncated_or_extended_credential_is_valid(world: World, trust: Trust) -> None:
    raw = world.credentials[0]
    for end in range(len(raw)):
        assert refused(world, trust, raw[:end]) is State.UNREADABLE
    for tail in (b"\x00", raw[-1:], raw):
        assert refused(world, trust, raw + tail) is State.UNREADABLE


def test_no_changed_digit_of_the_qr_text_is_valid(world: World, trust: Trust) -> None:
    text = world.qr_texts[0]
    for place in range(text.index("#") + 2, len(text)):
        other = str((int(text[place]) + 1) % 10)
        verdict = show(world, text=text[:place] + other + text[place + 1 :], trust=trust)
        assert verdict.exit_code != 0, place
        assert verdict.facts is None, place


def test_the_path_code_of_another_certificate_is_tampered(world: World, trust: Trust) -> None:
    for code in (world.certificates[1].code, make_code(0), make_code(10**15 - 1)):
        verdict = show(world, text=text_of(world.credentials[0], code=code), trust=trust)
        assert (verdict.state, verdict.code, verdict.facts) == (State.TAMPERED, "CODE_OTHER", None)


def test_the_fragment_of_another_certificate_is_tampered(world: World, trust: Trust) -> None:
    address = world.qr_texts[0].split("#")[0]
    mixed = f"{address}#1{to_digits(world.credentials[1])}"
    assert show(world, text=mixed, trust=trust).state is State.TAMPERED


def test_a_suffix_that_a_chat_program_adds_changes_nothing(world: World, trust: Trust) -> None:
    assert show(world, text=world.qr_texts[0] + "&appinstall=0", trust=trust).state is State.VALID


def _parts(raw: bytes) -> list[object]:
    """Protected, unprotected, payload, signature."""
    return list(cbor2.loads(raw[1:]))


def test_the_high_s_twin_of_a_valid_signature_is_refused(world: World, trust: Trust) -> None:
    raw = world.credentials[0]
    s = int.from_bytes(raw[-32:], "big")
    twin = raw[:-32] + (P256_ORDER - s).to_bytes(32, "big")
    assert refused(world, trust, twin) is State.TAMPERED


@pytest.mark.parametrize("s", [0, P256_ORDER, P256_ORDER - 1, 2**256 - 1])
def test_signature_numbers_out_of_range_are_refused(world: World, trust: Trust, s: int) -> None:
    raw = world.credentials[0]
    assert refused(world, trust, raw[:-32] + s.to_bytes(32, "big")) is State.TAMPERED
    assert refused(world, trust, raw[:-64] + s.to_bytes(32, "big") + raw[-32:]) is State.TAMPERED
    assert refused(world, trust, raw[:-64] + bytes(64)) is State.TAMPERED


def test_another_algorithm_in_the_header_than_the_enrolled_one_is_refused(world: World, trust: Trust) -> None:
    protected, unprotected, payload, signature = _parts(world.credentials[0])
    header = cbor2.loads(protected)  # type: ignore[arg-type]
    assert header[1] == ES256
    for alg in (EDDSA, -9, -19, -35, 5, 0):
        swapped = cbor2.dumps({**header, 1: alg}, canonical=True)
        forged = b"\xd2" + cbor2.dumps([swapped, unprotected, payload, signature])
        assert refused(world, trust, forged) in (State.TAMPERED, State.UNREADABLE)


def test_an_untagged_or_twice_tagged_credential_is_unreadable(world: World, trust: Trust) -> None:
    raw = world.credentials[0]
    untagged = raw[1:]
    for other in (
        untagged,
        b"\xd9\xd9\xf7" + raw,  # 55799, "self-described CBOR", then 18
        b"\xd8\x3d" + raw,  # 61, CWT, then 18
        b"\xd2" + raw,  # 18 twice
        b"\xd8\x12" + untagged,  # 18 in a longer spelling
        b"\xd1" + untagged,  # 17, COSE_Mac0
        b"\xd8\x62" + untagged,  # 98, COSE_Sign
    ):
        assert refused(world, trust, other) is State.UNREADABLE


def test_a_filled_unprotected_header_or_a_detached_payload_is_unreadable(world: World, trust: Trust) -> None:
    protected, _, payload, signature = _parts(world.credentials[0])
    for parts in (
        [protected, {4: b"12345678"}, payload, signature],
        [protected, {}, None, signature],
        [protected, {}, payload, signature, b""],
        [protected, {}, payload, bytes(63)],
    ):
        assert refused(world, trust, b"\xd2" + cbor2.dumps(parts)) is State.UNREADABLE


def test_another_spelling_of_the_same_payload_is_unreadable(world: World, trust: Trust) -> None:
    protected, _, payload, signature = _parts(world.credentials[0])
    claims = cbor2.loads(payload)  # type: ignore[arg-type]
    turned = cbor2.dumps(dict(reversed(claims.items())))
    assert turned != payload
    forged = b"\xd2" + cbor2.dumps([protected, {}, turned, signature])
    assert refused(world, trust, forged) is State.UNREADABLE


def test_the_signature_of_another_credential_is_refused(world: World, trust: Trust) -> None:
    mixed = world.credentials[0][:-64] + world.credentials[1][-64:]
    assert refused(world, trust, mixed) is State.TAMPERED


def test_a_look_alike_host_is_never_read(world: World, trust: Trust) -> None:
    text = world.qr_texts[0]
    for host in (
        HOST.upper(),
        HOST + ".",
        HOST + ":443",
        HOST.replace("malan", "ma1an"),
        HOST.replace("https", "http"),
        HOST.replace("https://", "https://user@"),
        HOST + "@evil.example",
    ):
        verdict = show(world, text=text.replace(HOST, host), trust=trust)
        assert verdict.state is State.UNREADABLE
        assert verdict.facts is None


def test_random_bytes_are_never_valid_and_never_raise(world: World, trust: Trust) -> None:
    chooser = random.Random(7)  # a sample, not a secret
    for _ in range(300):
        raw = chooser.randbytes(chooser.randrange(0, 300))
        assert refused(world, trust, raw) is State.UNREADABLE
        verdict = show_file(world, world.credentials[0], trust=trust, proof=raw, now=now_of(world))
        assert verdict.state is State.COULD_NOT_CHECK


def test_the_parser_and_the_check_agree_on_what_is_readable(world: World, trust: Trust) -> None:
    """The control: what refuses above is the check, not a broken world."""
    for credential in world.credentials:
        assert parse_credential(credential).message.alg == ES256
        assert show_file(world, credential, trust=trust).state is State.VALID
