"""Breaks by bundles: a service key, even a revoked one, undoes what a pinned verifier has already seen."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from issuers.acts.parties import BodySuspended, Genesis, GenesisKey, KeyRevoked, ServiceKey
from issuers.acts.words import RevocationCause
from issuers.bundle import Bundle, BundledAct, BundledList, open_bundle, sign_bundle
from ledger.checkpoint import Checkpoint, Cosigner, cosign
from ledger.errors import MalanError
from ledger.note import parse_note, sign_note
from ledger.policy import Policy, Witness, render_policy
from ledger.statement import Statement, parse_statement
from tests.attacks.lies import ACCEPTED, all_valid, postponed, retold, update, without
from tests.issuers.authority_worlds import unfounded
from tests.verify.shown import (
    bundle_of,
    bundle_with,
    issued_world,
    now_of,
    proof_of,
    resigned,
    show,
    show_file,
    trust_of,
)
from tests.world import World
from tests.world_exports import log_signer
from tests.world_parts import BODY, HOST
from verify.trust import Pin, Trust, open_trust
from verify.verdict import State


def suspended() -> tuple[World, Trust]:
    """The body was suspended, and this verifier holds the bundle that says so."""
    world = issued_world()
    world.now += 3_600_000
    world.say_two("body-suspended", f"party/{BODY}", BodySuspended("fraud"))
    return world, trust_of(world)


def test_an_honest_update_is_taken() -> None:
    """The control."""
    world, known = suspended()
    world.say("certificate-revoked", "signatory", _subject(world), {"reason": "fraud"})
    assert update(known, world.bundle()) == ACCEPTED


def test_an_update_does_not_forget_a_suspension_it_has_told() -> None:
    """verify/trust.py `Trust.against`: the pin holds genesis, size and policy, nothing about the acts."""
    world, known = suspended()
    world.now += 3_600_000
    forged = resigned(world, name="冒名者", issued_at=now_of(world), status_index=5)
    assert show_file(world, forged, trust=known).code == "BODY_SUSPENDED"
    acts = without(bundle_of(world), lambda one: one.kind == "body-suspended")
    assert update(known, retold(world, acts)) != ACCEPTED


def test_an_update_does_not_postpone_an_act_it_has_told() -> None:
    """Place and time of an act in a bundle are the service's word; they may not change afterwards."""
    world, known = suspended()
    acts = postponed(bundle_of(world), last=2, by_ms=20 * 3_600_000)
    assert update(known, retold(world, acts)) != ACCEPTED


def test_a_revoked_status_key_makes_no_bundle_for_whoever_saw_its_revocation() -> None:
    """Rotated, revoked as compromised, seen by the verifier: the thief just leaves both acts out.

    Genuine: all acts but four, the newest checkpoint with eleven cosignatures, and the proof.
    """
    world = issued_world()
    world.now += 3_600_000
    stolen, fresh = world.service["status"], world.new_key("second status")
    world.service["status"] = fresh
    enrolled = ServiceKey(world.enrolment(fresh, "city", "service/status"))
    world.say_two("service-key", "service/status", enrolled)
    revoked = KeyRevoked(RevocationCause.COMPROMISED, now_of(world) - 10)
    world.say_two("key-revoked", f"key/{stolen.public.kid.hex()}", revoked)
    world.say("certificate-revoked", "signatory", _subject(world), {"reason": "fraud"})
    known = trust_of(world)
    assert show(world, trust=known, proof=proof_of(world)).state is State.REVOKED

    def telling(one: Statement) -> bool:
        return one.kind == "key-revoked" or (one.kind == "service-key" and fresh.public.spki in one.raw)

    lists = (BundledList(1, all_valid(world, stolen)),)
    bundle = replace(bundle_of(world), acts=without(bundle_of(world), telling), lists=lists)
    # Today: accepted, and the revoked certificate is valid, complete and final.
    assert update(known, sign_bundle(bundle, stolen)) != ACCEPTED


def test_two_roots_at_one_size_are_refused_across_updates() -> None:
    """verify/trust.py: the fork that `verify.logged` calls LOG_FORKED is not seen between two bundles."""
    world = issued_world()
    one, other = world.copy(), world.copy()
    one.say("certificate-revoked", "signatory", _subject(one), {"reason": "fraud"})
    other.say("certificate-revoked", "signatory", _subject(other, 1), {"reason": "fraud"})
    assert len(one.leaves) == len(other.leaves)
    assert update(trust_of(one), other.bundle()) != ACCEPTED


def test_witnesses_that_only_the_service_names_make_nothing_final() -> None:
    """Design 9: the policy is an act of two genesis keys; a bundle's text alone is believed nothing."""
    world = issued_world()
    own = Cosigner("nobody.example/w", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
    policy = render_policy(Policy((), (Witness("w", own.key),), (), "w")).decode()
    note = parse_note(world.checkpoint(cosigned=0))
    checkpoint = note.with_lines([cosign(note.text, own, time=now_of(world))]).render()
    raw = bundle_with(world, policy=policy, checkpoint=checkpoint)
    try:
        trust = open_trust(raw, pin=Pin(world.said[0].hash))
    except MalanError:
        return
    assert not show(world, trust=trust, proof=proof_of(world, cosigned=0)).final


def test_one_false_bundle_does_not_shut_out_every_later_honest_one() -> None:
    """A size nobody cosigned raises the pin for ever: after it, each honest bundle is TRUST_OLDER."""
    world = issued_world()
    known = trust_of(world)
    note = sign_note(Checkpoint(world.origin, 2**53, bytes(32)).body(), [log_signer(world)])
    raw = bundle_with(world, size=2**53, checkpoint=note, lists=())
    with suppress(MalanError):
        known = open_trust(raw, pin=known.pin)
    assert update(known, world.bundle()) == ACCEPTED


def test_a_status_list_is_not_fresh_for_ever() -> None:
    """issuers/status.py `open_status_list`: `ttl` has no upper bound, so a lie never ends."""
    world = issued_world()
    try:
        trust = trust_of(world).with_list(all_valid(world, world.service["status"], ttl=2**40))
    except MalanError:
        return
    assert show(world, trust=trust, now=now_of(world) + 400 * 86_400).status_fresh is not True


def test_a_bundle_of_strangers_in_the_year_9999_is_refused_and_no_crash() -> None:
    """No key needed: own genesis, own keys. authority/case.py `shanghai_date` raises OverflowError."""
    world, _ = unfounded()
    seconds = 253_402_300_799
    world.now = seconds * 1000
    keys = tuple(GenesisKey(one.staff, world.enrol(one)) for one in world.people.values())
    genesis = world.sign("genesis", "root-1", "log", Genesis(world.origin, "城", "City", keys, 1))
    subject = f"statement/{parse_statement(genesis).hash.hex()}"
    approval = world.sign("approve", "root-2", subject, {})
    acts = (BundledAct(0, world.now, genesis), BundledAct(1, world.now, approval))
    bundle = Bundle(
        world.origin, parse_statement(genesis).hash, 2, 0, "v", "p", (HOST,), acts, lists=(), checkpoint=b""
    )
    with pytest.raises(MalanError):
        open_bundle(sign_bundle(bundle, world.new_key("status")))


def _subject(world: World, place: int = 0) -> str:
    return f"certificate/{world.certificates[place].id.hex()}"
