"""A checkpoint key that changes: old proofs stay good if it was rotated, not if it was lost or stolen."""

from __future__ import annotations

import pytest

from issuers.acts.parties import KeyRevoked, ServiceKey
from issuers.acts.words import RevocationCause
from ledger.errors import MalanError
from ledger.keys import EDDSA
from tests.verify.shown import issued_world, now_of, show
from tests.world import World
from verify.trust import open_trust
from verify.verdict import State


def _rotate(world: World, cause: RevocationCause | None) -> tuple[World, bytes]:
    """A new checkpoint key; the old one revoked for `cause`, if any. Gives a proof under the old key too."""
    proof = world.proof(world.certificates[0].seq)
    old = world.service["checkpoint"].public.kid.hex()
    if cause is not None:
        since = now_of(world) if cause is RevocationCause.COMPROMISED else None
        world.say_two("key-revoked", f"key/{old}", KeyRevoked(cause, since))
    fresh = world.new_key("checkpoint 2", EDDSA)
    enrolment = world.enrolment(fresh, "city", "service/checkpoint")
    world.say_two("service-key", "service/checkpoint", ServiceKey(enrolment))
    world.service = {**world.service, "checkpoint": fresh}
    return world, proof


@pytest.mark.parametrize("cause", [None, RevocationCause.ROTATED])
def test_a_proof_under_a_former_log_key_stays_good(cause: RevocationCause | None) -> None:
    world, proof = _rotate(issued_world(), cause)
    verdict = show(world, proof=proof)
    assert verdict.state is State.VALID
    assert verdict.complete


@pytest.mark.parametrize("cause", [RevocationCause.COMPROMISED, RevocationCause.LOST])
def test_a_proof_under_a_lost_or_compromised_log_key_shows_nothing(cause: RevocationCause) -> None:
    world, proof = _rotate(issued_world(), cause)
    verdict = show(world, proof=proof)
    assert verdict.state is State.COULD_NOT_CHECK
    assert verdict.code == "NO_LOG_SIGNATURE"


def test_after_a_rotation_the_old_key_signs_no_bundles_checkpoint() -> None:
    before = issued_world()
    world, _ = _rotate(issued_world(), None)
    world.service = {**world.service, "checkpoint": before.service["checkpoint"]}
    with pytest.raises(MalanError) as caught:
        open_trust(world.bundle(), pin=None)
    assert caught.value.code == "TRUST_LOG_KEY"
