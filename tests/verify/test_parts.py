"""The parts of a trust bundle: what a check rests on, what no forger moves, and what is not judged twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from issuers import bundled_acts
from issuers.acts.parties import KeyRevoked
from issuers.acts.words import RevocationCause
from issuers.bundle import Bundle, BundledBody, open_bundle, pack, sign_bundle, unpack
from issuers.bundled_acts import encode_part, read_part
from issuers.carried import TRUST
from issuers.shape import to_map
from ledger import cbor
from ledger.cose import sign1
from ledger.errors import MalanError
from tests.verify.shown import (
    CODE,
    bundle_of,
    issued_world,
    now_of,
    refused,
    resigned,
    show,
    show_file,
    trust_of,
)
from tests.world import World
from verify.trust import Pin, Trust, open_trust
from verify.verdict import State

RIVAL = "008"


def rivals() -> World:
    return issued_world().with_rivals()


def signed(world: World, bundle: Bundle) -> bytes:
    """The bundle alone, as it is given: `sign_bundle` would name its parts itself."""
    payload = cbor.encode(to_map(bundle))
    return sign1(world.service["status"], content_type=TRUST.content_type, payload=payload)


def own_acts(world: World) -> Bundle:
    """The world's bundle with its own acts alone."""
    bundle = bundle_of(world)
    return replace(bundle, acts=tuple(act for act in bundle.acts if act.body is None))


def parts(world: World) -> dict[str, bytes]:
    codes = [one.code for one in own_acts(world).bodies or ()]
    return dict(zip(codes, unpack(world.bundle())[1], strict=True))


def test_each_body_has_a_part_and_no_act_is_lost() -> None:
    world = rivals()
    bundle, told = bundle_of(world), parts(world)
    assert sorted(told) == [CODE, RIVAL]
    acts = [
        *own_acts(world).acts,
        *(act for code in told for act in read_part(told[code], code, bytes_max=2**20)),
    ]
    assert sorted(acts, key=lambda act: act.seq) == list(bundle.acts)
    assert {act.seq for act in acts} == {
        seq for seq, said in enumerate(world.said) if TRUST.carries(world.view, said)
    }


def test_a_check_judges_the_part_of_its_body_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    world = rivals()
    judged = list[int]()
    monkeypatch.setattr(bundled_acts, "judge", watched(judged, bundled_acts.judge))
    monkeypatch.setattr(bundled_acts, "admit", watched(judged, bundled_acts.admit))
    trust = trust_of(world)
    theirs = {act.seq for act in bundle_of(world).acts if act.body == RIVAL}
    judged.clear()
    assert show(world, trust=trust).state is State.VALID
    assert judged and not theirs & set(judged)
    judged.clear()
    assert show(world, 1, trust=trust).state is State.VALID
    assert judged == [], "what was judged once is not judged again"


def watched(judged: list[int], told: Callable[..., Any]) -> Callable[..., Any]:
    def watching(*args: Any, seq: int, **options: Any) -> Any:
        judged.append(seq)
        return told(*args, seq=seq, **options)

    return watching


def test_a_newer_bundle_judges_no_part_again_that_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    world = rivals()
    former = trust_of(world)
    former.of(CODE), former.of(RIVAL)
    kid = world.people["rival-signatory"].signer.public.kid.hex()
    world.say("key-revoked", "admin-body-haiping", f"key/{kid}", KeyRevoked(RevocationCause.LEFT))
    newer = open_trust(world.bundle(), pin=former.pin, former=former)
    names = {one.code: one.acts for one in newer.bundle.bodies or ()}
    assert set(newer.judged) == {(CODE, names[CODE])}
    assert newer.of(CODE).facts.facts == open_trust(world.bundle(), pin=None).of(CODE).facts.facts
    key = newer.of(RIVAL).key(bytes.fromhex(kid))
    assert key is not None and key.revoked_seq is not None, "what changed is judged anew"
    world.say_two("party-withdrawn", "party/district-310101", {"reason": "merged"})
    assert open_trust(world.bundle(), pin=None, former=newer).judged == {}, "other common acts"


def test_a_key_of_another_body_than_the_one_in_the_number_is_unknown() -> None:
    world = rivals()
    forged = resigned(world, "rival-signatory", issued_at=now_of(world))
    assert show_file(world, forged).state is State.UNKNOWN_ISSUER


def test_a_bundle_without_bodies_knows_no_issuer() -> None:
    world = issued_world()
    trust = open_trust(sign_bundle(own_acts(world), world.service["status"]), pin=None)
    assert trust.bundle.bodies is None
    assert show(world, trust=trust).state is State.UNKNOWN_ISSUER


# Forged files. The forger holds the status key.


def test_the_files_parts_are_those_the_bundle_names_in_their_order() -> None:
    world = rivals()
    raw, told = unpack(world.bundle())
    for other in ([], told[:1], told[::-1], [*told, told[0]], [told[0], told[0]], [told[0], told[1] + b"\0"]):
        refused("BUNDLE_PART", pack(raw, other))
        with pytest.raises(MalanError):
            open_bundle(pack(raw, other))
    assert open_trust(pack(raw, told), pin=None).of(RIVAL), "the control"


def test_codes_rise_and_none_stands_twice() -> None:
    world = rivals()
    bundle, told = own_acts(world), list(parts(world).values())
    one, two = (BundledBody(code, sha256(part).digest()) for code, part in parts(world).items())
    refused("BUNDLE_PART", pack(signed(world, replace(bundle, bodies=(two, one))), told[::-1]))
    refused(
        "BUNDLE_PART", pack(signed(world, replace(bundle, bodies=(one, replace(one, acts=two.acts)))), told)
    )
    other = replace(bundle, bodies=(replace(one, code="7"),))
    refused("SHAPE_FORM", pack(signed(world, other), told[:1]))


@pytest.mark.parametrize("kind", ["officer-appointed", "key-enrolled", "admin-appointed", "body-appointed"])
def test_an_act_of_a_body_stands_in_its_part_and_nowhere_else(kind: str) -> None:
    world = rivals()
    acts = bundle_of(world).acts
    act = next(one for one in acts if one.body == RIVAL and world.said[one.seq].kind == kind)

    def moved(code: str | None) -> bytes:
        told = tuple(replace(one, body=code) if one is act else one for one in acts)
        return sign_bundle(replace(bundle_of(world), acts=told), world.service["status"])

    for code in (CODE, None, "009"):
        with pytest.raises(MalanError):
            trust = open_trust(moved(code), pin=None)
            trust.of(CODE), trust.of(RIVAL), trust.of("009")
    assert open_trust(moved(RIVAL), pin=None).of(RIVAL), "the control"


def test_a_common_act_in_a_part_is_refused() -> None:
    """Else a dismissal at the city could be shown to the certificates of one body alone."""
    world = issued_world()
    world.say(
        "officer-dismissed",
        "city-admin",
        f"officer/{world.people['standards'].staff.hex()}",
        {"reason": "left"},
    )
    acts = bundle_of(world).acts
    assert acts[-1].body is None
    told = (*acts[:-1], replace(acts[-1], body=CODE))
    refused("BUNDLE_ACTS", sign_bundle(replace(bundle_of(world), acts=told), world.service["status"]))


@pytest.mark.parametrize(
    "part",
    [
        b"",
        b"\x80",
        b"\xa0",
        cbor.encode([[1, 2]]),
        cbor.encode([[1, True, b""]]),
        cbor.encode([[-1, 2, b""]]),
    ],
)
def test_a_part_that_is_no_list_of_acts_is_refused(part: bytes) -> None:
    world = issued_world()
    bodies = (BundledBody(CODE, sha256(part).digest()),)
    refused("BUNDLE_PART", pack(signed(world, replace(own_acts(world), bodies=bodies)), [part]))


def test_a_part_is_nothing_without_the_bundle_that_names_it() -> None:
    """A dismissal left out, or an act of tomorrow let in: the hash in the signed bundle is another."""
    world = issued_world()
    raw, told = unpack(world.bundle())
    acts = read_part(told[0], CODE, bytes_max=2**20)
    refused("BUNDLE_PART", pack(raw, [encode_part(acts[:-1])]))


# Pins.


def seen(world: World) -> Pin:
    return open_trust(world.bundle(), pin=None).pin


def test_a_part_that_was_seen_may_grow_and_is_never_gone_or_changed() -> None:
    world = rivals()
    pin = seen(world)
    assert pin.bodies is not None and sorted(pin.bodies) == [CODE, RIVAL]
    dismissed = f"officer/{world.people['rival-signatory'].staff.hex()}"
    world.say("officer-dismissed", "admin-body-haiping", dismissed, {"reason": "left"})
    grown: Trust = open_trust(world.bundle(), pin=pin)
    assert grown.pinned and grown.pin.bodies != pin.bodies
    later = grown.pin
    world.say(
        "certificate-revoked", "signatory", f"certificate/{world.certificates[0].id.hex()}", {"reason": "x"}
    )
    acts = bundle_of(world).acts
    for fewer in (
        tuple(act for act in acts if act.seq != max(one.seq for one in acts if one.body == RIVAL)),
        tuple(act for act in acts if act.body != RIVAL),
    ):
        shown = sign_bundle(replace(bundle_of(world), acts=fewer), world.service["status"])
        open_trust(shown, pin=Pin(world.said[0].hash))  # by itself it opens: only who saw more knows
        refused("TRUST_ACTS", shown, later)
    assert open_trust(world.bundle(), pin=later).pinned, "the control"
