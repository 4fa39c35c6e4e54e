"""Which witnesses a bundle may name: those that acts appoint, and new ones only under the old quorum."""

from __future__ import annotations

from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from issuers.authority.case import shanghai_date
from issuers.authority.party_facts import WitnessSetFact
from issuers.witnesses import policy_of, with_log
from ledger.checkpoint import Cosigner, cosign
from ledger.note import parse_note
from ledger.policy import Policy, Witness, parse_policy, render_policy
from tests import world_stages
from tests.verify.shown import (
    bundle_with,
    issued_world,
    now_of,
    proof_of,
    refused,
    show,
    trust_of,
)
from tests.world import World
from tests.world_exports import log_signer
from tests.world_stages import say_witnesses, witness_set
from verify.trust import open_trust


def test_witnesses_that_no_act_appoints_are_refused() -> None:
    """The bundle's text says what the acts say, or nothing is believed; each word of it is compared."""
    world = issued_world()
    text = world.policy().decode()
    for policy in (
        text.replace("districts 11", "districts 10"),
        text.replace("district-310101 ", "district-310199 "),
        "".join(line for line in text.splitlines(keepends=True) if line.startswith("log ")) + "quorum none\n",
        render_policy(_policy_of(world, "anybody.example")).decode(),
    ):
        assert policy != text
        refused("TRUST_POLICY", bundle_with(world, policy=policy))
    unwitnessed = world_stages.standard(World.founded(), witnessed=False)
    refused("TRUST_POLICY", unwitnessed.bundle(policy=text))
    assert open_trust(world.bundle(), pin=None).policy.needed == 11


def _policy_of(world: World, name: str) -> Policy:
    key = Cosigner(name, Ed25519PrivateKey.from_private_bytes(bytes(32))).key
    return Policy(parse_policy(world.policy()).logs, (Witness(name, key),), (), name)


def _changed() -> World:
    """A log whose sixteen witnesses are to be replaced by three."""
    world = issued_world()
    say_witnesses(world, count=3, quorum=2)
    world.now += 60_000
    return world


def _handed_over(world: World, *notes: bytes) -> bytes:
    """The bundle that says the new set is in force, with these handovers; its own checkpoint bears none."""
    policy = with_log(policy_of(world.view.all(WitnessSetFact)[-1]), log_signer(world).key)
    text, bare = render_policy(policy).decode(), world.checkpoint(cosigned=0)
    return bundle_with(world, policy=text, handovers=notes or None, checkpoint=bare)


def test_new_witnesses_take_force_under_a_checkpoint_of_the_old_quorum_and_not_before() -> None:
    world = _changed()
    pin = trust_of(issued_world()).pin
    for notes in ((), (world.checkpoint(cosigned=10),), (issued_world().checkpoint(cosigned=16),)):
        refused("TRUST_POLICY", _handed_over(world, *notes), pin)
    handover = world.checkpoint(cosigned=11)
    trust = open_trust(_handed_over(world, handover), pin=pin)
    assert (trust.policy.witness_count, trust.policy.needed) == (3, 2)
    # The checkpoint of the handover is still the old quorum's; those after it are the new one's.
    assert trust.policy_at(trust.size).needed == 11
    for cosigned, final in ((11, True), (10, False)):
        assert show(world, trust=trust, proof=proof_of(world, cosigned=cosigned)).final is final
    old = proof_of(world, cosigned=11)
    subject = f"certificate/{world.certificates[1].id.hex()}"
    world.say("certificate-suspended", "signatory", subject, {"reason": "under-review"})
    later = open_trust(_handed_over(world, handover), pin=trust.pin)
    for cosigned, final in ((2, True), (1, False)):
        verdict = show(world, trust=later, proof=proof_of(world, cosigned=cosigned))
        assert (verdict.final, verdict.cosigned, verdict.witnesses) == (final, cosigned, 3)
    assert show(world, trust=later, proof=old).final  # what an old quorum made final stays so


def test_cosignatures_from_before_its_first_day_bring_no_set_into_force() -> None:
    world = issued_world()
    later = replace(witness_set(world, count=3, quorum=2), first_day=shanghai_date(world.now + 86_400_000))
    world.say_two("witness-set", "log", later)
    early = world.checkpoint(cosigned=16)
    refused("TRUST_POLICY", _handed_over(world, early))
    world.now += 86_400_000
    assert open_trust(_handed_over(world, early, world.checkpoint()), pin=None).policy.needed == 2


def test_until_the_handover_the_old_witnesses_go_on() -> None:
    world = _changed()
    trust = open_trust(world.bundle(), pin=trust_of(issued_world()).pin)
    assert (trust.policy.witness_count, trust.policy.needed) == (16, 11)


def test_whoever_saw_the_new_witnesses_is_not_led_back_to_the_old() -> None:
    world = _changed()
    seen = open_trust(_handed_over(world, world.checkpoint()), pin=None).pin
    refused("TRUST_POLICY_CHANGED", bundle_with(world, checkpoint=world.checkpoint(cosigned=1)), seen)


def test_a_handover_with_a_line_that_does_not_verify_is_refused() -> None:
    world = _changed()
    note = parse_note(world.checkpoint(cosigned=0))
    good = [cosign(note.text, one, time=now_of(world)) for one in world.witnesses]
    bad = replace(good[15], signature=good[15].signature[:-1] + b"\x00")
    refused("SIGNATURE", _handed_over(world, note.with_lines([*good[:11], bad]).render()))
    assert open_trust(_handed_over(world, note.with_lines(good[:11]).render()), pin=None).policy.needed == 2
