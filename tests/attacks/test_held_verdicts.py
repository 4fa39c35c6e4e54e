"""Attacks on the verdict that fail, and must go on failing: keys in the wrong hand, genuine parts mixed."""

from __future__ import annotations

import random
from dataclasses import replace
from hashlib import sha256

import pytest

from issuers.acts.parties import BodyAppointed, PartyAdmitted, ServiceKey
from issuers.acts.words import Role
from issuers.bundle import BundledList, open_bundle
from issuers.bundled_acts import BundledAct
from ledger.checkpoint import Checkpoint
from ledger.errors import MalanError
from ledger.leaf import Leaf, encode_leaf, leaf_hash, parse_leaf
from ledger.merkle import root
from ledger.note import sign_note
from ledger.proof import Proof, parse_proof
from ledger.statement import parse_statement
from tests.attacks.lies import all_valid, update
from tests.issuers.authority_worlds import an_issue, unfounded
from tests.verify.shown import (
    CODE,
    bundle_of,
    bundle_with,
    claims_of,
    issued_world,
    now_of,
    proof_of,
    resigned,
    show,
    show_file,
    smuggle,
    text_of,
    trust_of,
)
from tests.world import World
from tests.world_exports import log_signer
from tests.world_parts import BODY, FIRST, PROJECT
from verify.trust import Trust, open_trust
from verify.verdict import State

NEW_CERTIFICATE = f"certificate/{'ce' * 16}"


@pytest.fixture(scope="module")
def world() -> World:
    return issued_world()


@pytest.fixture(scope="module")
def trust(world: World) -> Trust:
    return trust_of(world)


def test_of_all_people_only_the_signatory_signs_a_credential(world: World, trust: Trust) -> None:
    """Genesis holders, admins, evaluators, district officers, alone and with the honest proof."""
    for name in world.people:
        credential, valid = resigned(world, name), name == "signatory"
        assert (show_file(world, credential, trust=trust).exit_code == 0) is valid, name
        with_proof = show_file(world, credential, trust=trust, proof=proof_of(world))
        assert (with_proof.exit_code == 0) is valid, name


def test_only_what_belongs_together_is_valid(world: World, trust: Trust) -> None:
    """Every path code with every credential with every proof of the class."""
    places = range(len(world.certificates))
    proofs = [proof_of(world, place) for place in places]
    for code in places:
        for credential in places:
            for proof in places:
                text = text_of(world.credentials[credential], code=world.certificates[code].code)
                verdict = show(world, text=text, trust=trust, proof=proofs[proof])
                together = code == credential == proof
                assert (verdict.exit_code == 0) is together
                assert verdict.complete is together


def test_no_changed_byte_of_a_proof_shows_anything_else(world: World, trust: Trust) -> None:
    """Whatever still passes says the very same facts; cosignatures may get lost, none is gained."""
    raw, chooser = proof_of(world), random.Random(11)  # a sample, not a secret
    honest = show(world, trust=trust, proof=raw)
    for _ in range(400):
        place = chooser.randrange(len(raw))
        changed = raw[:place] + bytes([raw[place] ^ 1 << chooser.randrange(8)]) + raw[place + 1 :]
        verdict = show(world, trust=trust, proof=changed)
        assert (verdict.exit_code, verdict.complete) in ((2, False), (0, True))
        if verdict.complete:
            assert verdict.facts == honest.facts
            assert verdict.cosigned <= honest.cosigned


def test_a_leaf_that_another_officer_signed_proves_nothing(world: World) -> None:
    """The operator logs whatever it is given: an act by an evaluator about the signatory's credential."""
    own = world.copy()
    credential = resigned(own, name="冒名者", status_index=77)
    act = an_issue(own, credential=sha256(credential).digest())
    for name in ("evaluator-1", "admin-body-shenlan", "root-1", "registrar"):
        lying = own.copy()
        seq = smuggle(lying, lying.sign("certificate-issued", name, NEW_CERTIFICATE, act))
        verdict = show_file(lying, credential, proof=lying.proof(seq))
        assert (verdict.state, verdict.complete) == (State.COULD_NOT_CHECK, False)


def test_a_leaf_at_another_place_than_the_proof_says_proves_nothing(world: World, trust: Trust) -> None:
    """The operator's own tree: the honest statement in a leaf that claims to be older than it is."""
    honest = parse_leaf(world.leaves[world.certificates[0].seq])
    leaf = encode_leaf(Leaf(3, honest.time_ms, honest.prev, honest.statement))
    note = sign_note(Checkpoint(world.origin, 1, root([leaf_hash(leaf)])).body(), [log_signer(world)])
    verdict = show(world, trust=trust, proof=Proof(0, (), note, leaf).render())
    assert (verdict.state, verdict.code) == (State.COULD_NOT_CHECK, "PROOF_PLACE")


def test_the_operators_own_tree_at_the_bundles_size_is_a_fork(world: World, trust: Trust) -> None:
    other = world.copy()
    other.leaves[5] = other.leaves[4]
    verdict = show(world, trust=trust, proof=proof_of(other))
    assert (verdict.state, verdict.code) == (State.COULD_NOT_CHECK, "LOG_FORKED")


def test_a_proof_keeps_neither_another_origin_nor_another_index(world: World, trust: Trust) -> None:
    honest = parse_proof(proof_of(world))
    elsewhere = world.copy()
    elsewhere.origin = "log.malan.example/staging"
    for proof in (
        proof_of(elsewhere),
        replace(honest, index=honest.index ^ 1).render(),
        replace(honest, hashes=honest.hashes[:-1]).render(),
        replace(honest, hashes=(*honest.hashes, bytes(32))).render(),
        replace(honest, extra=world.leaves[world.certificates[1].seq]).render(),
    ):
        assert not show(world, trust=trust, proof=proof).complete


def test_no_other_key_signs_the_bundle(world: World) -> None:
    signers = [one.signer for one in world.people.values()][:12]
    signers += [world.service["receipt"], world.service["checkpoint"], world.new_key("stranger")]
    for signer in signers:
        with pytest.raises(MalanError):
            open_trust(bundle_with(world, signer), pin=None)


def test_one_genesis_key_puts_no_body_into_a_bundle(world: World) -> None:
    """With the status key in the same hand: unapproved, self-approved, approved by an admin or a stranger."""
    subject = "party/body-false"
    admitted = PartyAdmitted(Role.BODY, "假", "False", "310000", code="009")
    first = world.sign("party-admitted", "root-1", subject, admitted, at=world.now)
    place = f"statement/{parse_statement(first).hash.hex()}"
    size, acts = len(world.leaves), bundle_of(world).acts
    stranger = replace(world.person("root-2", "city"), signer=world.new_key("not root-2"))
    for approver in (world.people["root-1"], world.people["city-admin"], stranger):
        yes = world.sign("approve", approver, place, {}, at=world.now)
        told = (*acts, BundledAct(size, world.now, first, "009"), BundledAct(size + 1, world.now, yes, "009"))
        with pytest.raises(MalanError):
            open_bundle(bundle_with(world, acts=told, size=size + 2))
    told = (*acts, BundledAct(size, world.now, first, "009"))
    _, view = open_bundle(bundle_with(world, acts=told, size=size + 1))
    assert "body-false" not in {fact.key for fact in view.facts.values()}


def test_an_act_is_not_told_twice_in_a_bundle(world: World) -> None:
    """A dismissal undone by telling the appointment again: the same bytes, the same id."""
    own = world.copy()
    dismissed = f"officer/{own.people['signatory'].staff.hex()}"
    appointed = next(one for one in own.said if one.subject == dismissed and one.kind == "officer-appointed")
    own.say("officer-dismissed", f"admin-{BODY}", dismissed, {"reason": "left"})
    acts = bundle_of(own).acts
    again = (*acts, BundledAct(acts[-1].seq + 1, own.now, appointed.raw, CODE))
    with pytest.raises(MalanError) as caught:
        open_bundle(bundle_with(own, acts=again, size=acts[-1].seq + 2))
    assert caught.value.code == "BUNDLE_ACTS"


def test_stale_but_genuine_bundles_and_lists_do_not_come_back(world: World) -> None:
    own = world.copy()
    bundle, status = own.bundle(), own.status_list()
    own.say(
        "certificate-revoked", "signatory", f"certificate/{own.certificates[0].id.hex()}", {"reason": "x"}
    )
    known = trust_of(own)
    assert update(known, bundle) == "TRUST_OLDER"
    with pytest.raises(MalanError) as caught:
        known.with_list(status)
    assert caught.value.code == "STATUS_OLDER"
    assert show(own, trust=known).state is State.REVOKED


def test_lists_are_by_the_status_key_and_under_their_own_number(world: World) -> None:
    for signer in (world.service["receipt"], world.people["signatory"].signer, world.new_key("x")):
        forged = BundledList(1, all_valid(world, signer))
        with pytest.raises(MalanError):
            open_trust(bundle_with(world, lists=(forged,)), pin=None)
    honest = bundle_of(world).lists[0]
    for lists in ((replace(honest, number=2),), (honest, honest)):
        with pytest.raises(MalanError):
            open_trust(bundle_with(world, lists=lists), pin=None)
    missing = open_trust(bundle_with(world, lists=()), pin=None)
    assert show(world, trust=missing).state is State.COULD_NOT_CHECK


def test_another_log_shares_nothing_with_this_one(world: World, trust: Trust) -> None:
    """Same origin, same people and keys, same service, another genesis."""
    twin, genesis = unfounded()
    twin.service = world.service
    twin.approve(twin.say("genesis", "root-1", "log", replace(genesis, city_en="Another")), "root-2")
    for purpose, signer in twin.service.items():
        enrolment = twin.enrolment(signer, "city", f"service/{purpose}")
        twin.say_two("service-key", f"service/{purpose}", ServiceKey(enrolment))
    assert update(trust, twin.bundle()) == "TRUST_GENESIS"
    assert show(world, trust=open_trust(twin.bundle(), pin=None)).state is State.UNKNOWN_ISSUER


def test_a_rival_body_in_force_issues_neither_under_our_number_nor_with_our_proof(world: World) -> None:
    own = world.copy().with_rivals()
    rival = resigned(own, "rival-signatory", issued_at=now_of(own))
    assert show_file(own, rival).code == "KEY_UNKNOWN"
    assert not show_file(own, rival, proof=proof_of(own)).complete


def test_an_end_of_office_counts_from_the_leaf_and_not_from_the_signers_clock(world: World) -> None:
    """The body's term ended; act and credential are dated before, the leaf is after."""
    own = world.copy()
    own.say_two("body-appointed", f"party/{BODY}", BodyAppointed((PROJECT,), FIRST, FIRST))
    credential = resigned(own, issued_at=claims_of(own).issued_at, name="冒名者", status_index=77)
    act = an_issue(own, credential=sha256(credential).digest())
    seq = smuggle(own, own.sign("certificate-issued", "signatory", NEW_CERTIFICATE, act))
    verdict = show_file(own, credential, proof=own.proof(seq))
    assert (verdict.state, verdict.code) == (State.OUT_OF_SCOPE, "BODY_NOT_APPOINTED")
