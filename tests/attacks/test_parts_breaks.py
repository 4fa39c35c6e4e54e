"""Breaks by the parts of a bundle: what is judged for one body is shown for another, or as it never was."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from issuers.acts.parties import PartyAdmitted
from issuers.acts.words import Role
from issuers.bundle import BundledAct, BundledBody, open_bundle, pack, sign_bundle, unpack
from issuers.bundled_acts import encode_part
from issuers.identifiers.districts import CITY_CODE
from issuers.identifiers.numbers import make_number, parse_number
from ledger import cbor
from ledger.errors import MalanError
from tests.attacks.lies import ACCEPTED, retold, update
from tests.verify.logs import codes, look, whole_world
from tests.verify.shown import CODE, bundle_of, claims_of, issued_world, refused, resigned, show, show_file
from tests.verify.test_parts import RIVAL, own_acts, parts, rivals, signed
from tests.world import World
from verify.trust import Pin, Trust, open_trust
from verify.verdict import State


def numbered(world: World, issuer: int) -> bytes:
    """By the signatory of body 007, with the code of another body in the number."""
    number = replace(parse_number(claims_of(world).number), issuer3=issuer)
    return resigned(world, number=make_number(number))


def claimed(world: World, *claims: str) -> bytes:
    """A file by whoever holds the status key: the part of body 007 under these codes."""
    part = parts(world)[CODE]
    bodies = tuple(BundledBody(code, sha256(part).digest()) for code in claims)
    return pack(signed(world, replace(own_acts(world), bodies=bodies)), [part] * len(claims))


def test_a_part_judged_for_one_body_is_not_believed_under_the_code_of_another() -> None:
    """Status key and one signatory: with a memory by hash alone, 007 issued under the code of 008."""
    world = rivals()
    trust = open_trust(claimed(world, CODE, RIVAL), pin=Pin(world.said[0].hash))
    assert show(world, trust=trust).state is State.VALID, "the control, and 007 is judged from here on"
    assert show_file(world, numbered(world, 8), trust=trust).code == "BUNDLE_ACTS"


def test_what_a_former_bundle_judged_does_not_move_to_another_code() -> None:
    world = rivals()
    pin, former = Pin(world.said[0].hash), open_trust(world.bundle(), pin=None)
    assert show(world, trust=former).state is State.VALID
    moved = open_trust(claimed(world, RIVAL), pin=pin, former=former)
    assert show_file(world, numbered(world, 8), trust=moved).code == "BUNDLE_ACTS"
    assert open_trust(world.bundle(), pin=pin, former=former).judged, "the control"


def test_what_a_longer_log_judged_is_not_believed_of_a_shorter_one() -> None:
    """The same acts beside a size below the last of them: nobody may have it both ways."""
    world = rivals()
    former = open_trust(world.bundle(), pin=None)
    former.of(RIVAL)
    own, told = own_acts(world), parts(world)
    size = next(one.seq for one in reversed(bundle_of(world).acts) if one.body == RIVAL)
    for above, code in ((1, ""), (0, "BUNDLE_ACTS")):
        checkpoint = world.checkpoint(size=size + above)
        shown = replace(own, size=size + above, checkpoint=checkpoint, lists=())
        assert judging(open_trust(pack(signed(world, shown), told.values()), pin=None, former=former)) == code


def judging(trust: Trust) -> str:
    """Why the rival's part is refused, or nothing."""
    try:
        trust.of(RIVAL)
    except MalanError as error:
        return error.code
    return ""


class Busy(dict[Any, Any]):
    """Another thread judges one more part whenever this one looks away."""

    def items(self) -> Any:
        for pair in super().items():
            self[RIVAL, len(self).to_bytes(32)] = pair[1]
            yield pair


def test_a_newer_bundle_is_opened_while_others_judge_by_the_former_one() -> None:
    """The service does; it would answer "dictionary changed size during iteration" now and then."""
    world = rivals()
    former = open_trust(world.bundle(), pin=None)
    former.of(CODE), former.of(RIVAL)
    busy = replace(former, judged=Busy(former.judged))
    assert len(open_trust(world.bundle(), pin=None, former=busy).judged) == 2


# Pins.


def admission(world: World, code: str) -> tuple[World, BundledAct]:
    """One root signs that a body is to be admitted; said in the past, at a place where the log has another
    act that no bundle carries."""
    act = PartyAdmitted(Role.BODY, "新澜评价中心", "Xinlan Evaluation", CITY_CODE, None, code)
    taken = {one.seq for one in bundle_of(world).acts}
    seq = max(seq for seq in range(len(world.leaves)) if seq not in taken)
    raw = world.sign("party-admitted", "root-1", "party/body-xinlan", act, at=world.times[seq])
    return world, BundledAct(seq, world.times[seq], raw, code)


def test_a_part_that_was_not_there_does_not_speak_of_the_time_before() -> None:
    """Two roots and the status key could admit, appoint and staff a body in what a reader has seen already,
    so that certificates of long ago, without proof, would be valid."""
    world, early = admission(issued_world(), "009")
    known = open_trust(world.bundle(), pin=Pin(world.said[0].hash))
    acts = sorted([*bundle_of(world).acts, early], key=lambda act: act.seq)
    raw = retold(world, tuple(acts))
    open_trust(raw, pin=Pin(world.said[0].hash)).of("009")  # by itself it opens: only who saw more knows
    assert update(known, raw) == "TRUST_ACTS"
    act = PartyAdmitted(Role.BODY, "新澜评价中心", "Xinlan Evaluation", CITY_CODE, None, "009")
    world.say("party-admitted", "root-1", "party/body-xinlan", act)
    assert update(known, world.bundle()) == ACCEPTED, "the control"
    seen = open_trust(world.bundle(), pin=known.pin)
    assert update(seen, retold(world, tuple(one for one in bundle_of(world).acts if one.body != "009"))) == (
        "TRUST_ACTS"
    )


def test_a_bundle_without_bodies_takes_back_no_part() -> None:
    world = issued_world()
    known = open_trust(world.bundle(), pin=None)
    alone = sign_bundle(own_acts(world), world.service["status"])
    assert update(known, alone) == "TRUST_ACTS"
    assert update(open_trust(alone, pin=None), world.bundle()) == "TRUST_ACTS", "what came too late, as well"


# Who opens all of it at once: audit and fsck.


def told(world: World, acts: tuple[BundledAct, ...]) -> bytes:
    return sign_bundle(replace(bundle_of(world), acts=acts), world.service["status"])


def test_the_audit_names_every_forged_file() -> None:
    world = whole_world()
    acts = bundle_of(world).acts
    own = [one for one in acts if one.body == CODE]
    _, early = admission(world, "009")
    forged = {
        "left out": told(world, tuple(one for one in acts if one is not own[-1])),
        "a part left out": told(world, tuple(one for one in acts if one.body != CODE)),
        "invented": told(world, tuple(sorted([*acts, early], key=lambda act: act.seq))),
        "in another part": told(world, tuple(replace(a, body="009") if a is own[-1] else a for a in acts)),
        "in none": told(world, tuple(replace(a, body=None) if a is own[-1] else a for a in acts)),
        "all in another": told(world, tuple(replace(a, body="009") if a.body else a for a in acts)),
        "under two codes": claimed(world, CODE, RIVAL),
        "a body not named": pack(signed(world, own_acts(world)), [encode_part(own)]),
        "a part not given": pack(unpack(world.bundle())[0], []),
    }
    for what, raw in forged.items():
        report = look(world, trust=raw)
        assert report.exit_code == 1 and codes(report), what
    assert codes(look(world, trust=world.bundle())) == [], "the control"


@pytest.mark.parametrize("code", [CODE, RIVAL])
def test_acts_of_a_body_stand_once_in_all_parts(code: str) -> None:
    """In a part that is not theirs they are refused by it alone, whether or not they stand in their own."""
    world = rivals()
    acts = bundle_of(world).acts
    moved = next(one for one in acts if one.body == RIVAL and world.said[one.seq].kind == "approve")
    given = {
        CODE: encode_part([one for one in acts if one.body == CODE or one is moved]),
        RIVAL: encode_part([one for one in acts if one.body == RIVAL and one is not moved]),
    }
    bodies = tuple(BundledBody(name, sha256(part).digest()) for name, part in given.items())
    raw = pack(signed(world, replace(own_acts(world), bodies=bodies)), given.values())
    with pytest.raises(MalanError):
        open_trust(raw, pin=None).of(code)
    with pytest.raises(MalanError):
        open_bundle(raw)


def test_a_file_of_more_pieces_than_there_are_codes_is_no_trust_bundle() -> None:
    signed_bundle = unpack(issued_world().bundle())[0]
    refused("BUNDLE_KIND", cbor.encode([signed_bundle, *[b""] * 1001]))
    refused("BUNDLE_PART", cbor.encode([signed_bundle, *[b""] * 1000]))
