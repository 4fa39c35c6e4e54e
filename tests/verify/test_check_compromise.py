"""Step 10, the truth table of assurance C.4: a compromised key, and when the log and its witnesses knew."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from issuers.acts.parties import KeyRevoked
from issuers.acts.words import RevocationCause
from ledger.checkpoint import cosign
from ledger.note import parse_note
from ledger.proof import parse_proof
from tests.verify.shown import (
    claims_of,
    issued_world,
    now_of,
    proof_of,
    resigned,
    show,
    show_file,
    smuggle,
    step,
    text_of,
)
from tests.verify.test_check_proof import issuing_act, told
from tests.world import World
from tests.world_parts import BODY
from verify.verdict import State, StepResult, Verdict

COSIGNED = 600  # seconds after issue at which the witnesses of the proof signed
REVOKED = 7_200  # seconds after issue at which the key was revoked


def cosigned_at(world: World, times: Iterable[int]) -> bytes:
    """The first certificate's proof, cosigned by one witness at each of these times (seconds)."""
    proof = parse_proof(proof_of(world, cosigned=0))
    note = parse_note(proof.checkpoint)
    lines = [cosign(note.text, one, time=at) for one, at in zip(world.witnesses, times, strict=False)]
    return type(proof)(proof.index, proof.hashes, note.with_lines(lines).render(), proof.extra).render()


def compromised(since: int, *, times: Iterable[int] | None = None, with_proof: bool = True) -> Verdict:
    """The verdict when the key was revoked as compromised `since` seconds after the leaf."""
    world = issued_world()
    leaf = world.times[world.certificates[0].seq] // 1000
    proof = cosigned_at(world, [leaf + COSIGNED] * 11 if times is None else [leaf + one for one in times])
    _revoke(world, leaf + since, at=(leaf + REVOKED) * 1000)
    return show(world, proof=proof) if with_proof else show(world)


def _revoke(world: World, since: int, *, at: int) -> None:
    kid = world.people["signatory"].signer.public.kid.hex()
    world.now = at
    act = KeyRevoked(RevocationCause.COMPROMISED, since)
    world.say("key-revoked", f"admin-{BODY}", f"key/{kid}", act)


@pytest.mark.parametrize(
    ("since", "trusted"),
    [
        (-1, False),  # compromised before the leaf
        (0, False),  # in the leaf's own second
        (1, False),  # after the leaf, but before any witness saw it
        (COSIGNED - 1, False),
        (COSIGNED, False),  # a cosignature in that very second is not before it
        (COSIGNED + 1, True),
        (REVOKED, True),
    ],
)
def test_only_what_was_witnessed_before_the_compromise_stands(since: int, trusted: bool) -> None:
    verdict = compromised(since)
    assert verdict.state is (State.VALID if trusted else State.COULD_NOT_CHECK)
    assert verdict.exit_code == (0 if trusted else 2)
    expected = (StepResult.PASSED, "") if trusted else (StepResult.COULD_NOT_CHECK, "KEY_COMPROMISED")
    assert step(verdict, 10) == expected


@pytest.mark.parametrize(
    ("early", "late", "trusted"),
    [(11, 0, True), (10, 6, False), (5, 6, False), (11, 5, True), (0, 16, False)],
)
def test_the_quorum_counts_only_cosignatures_before_the_compromise(
    early: int, late: int, trusted: bool
) -> None:
    verdict = compromised(1_000, times=[999] * early + [1_000] * late)
    assert verdict.state is (State.VALID if trusted else State.COULD_NOT_CHECK)
    assert verdict.cosigned == early + late


def test_without_a_proof_a_compromised_key_is_could_not_check_however_late_the_compromise() -> None:
    for since in (-1, REVOKED):
        verdict = compromised(since, with_proof=False)
        assert (verdict.state, verdict.code) == (State.COULD_NOT_CHECK, "KEY_COMPROMISED")


def test_a_proof_that_does_not_hold_helps_no_compromised_key() -> None:
    world = issued_world()
    leaf = world.times[world.certificates[0].seq] // 1000
    other = proof_of(world, 1)
    _revoke(world, leaf + 6_000, at=(leaf + REVOKED) * 1000)
    verdict = show(world, proof=other)
    assert (verdict.state, step(verdict, 10)[1]) == (State.COULD_NOT_CHECK, "KEY_COMPROMISED")


def test_what_a_compromised_key_signed_after_its_revocation_is_out_of_scope() -> None:
    world = issued_world()
    _revoke(world, now_of(world), at=world.now + 600_000)
    late = resigned(world, issued_at=now_of(world) + 1)
    verdict = show_file(world, late, now=now_of(world) + 1)
    assert (verdict.state, verdict.code, verdict.exit_code) == (State.OUT_OF_SCOPE, "KEY_REVOKED", 1)


@pytest.mark.parametrize("cause", [RevocationCause.COMPROMISED, RevocationCause.LEFT])
def test_a_leaf_behind_the_revocation_is_out_of_scope_though_the_credential_claims_to_be_older(
    cause: RevocationCause,
) -> None:
    world = issued_world()
    statement = told(world, issuing_act(world))
    kid = world.people["signatory"].signer.public.kid.hex()
    since = now_of(world) if cause is RevocationCause.COMPROMISED else None
    world.say("key-revoked", f"admin-{BODY}", f"key/{kid}", KeyRevoked(cause, since))
    seq = smuggle(world, statement)
    verdict = show(world, proof=world.proof(seq))
    assert (verdict.state, verdict.code) == (State.OUT_OF_SCOPE, "KEY_REVOKED")


def test_a_back_dated_credential_of_a_compromised_key_is_could_not_check() -> None:
    """The thief writes any time he likes; without a witnessed proof his time counts for nothing."""
    world = issued_world()
    _revoke(world, now_of(world), at=world.now + 600_000)
    stolen = resigned(world, name="冒名者", issued_at=claims_of(world).issued_at - 60)
    for verdict in (show_file(world, stolen), show(world, text=text_of(stolen))):
        assert (verdict.state, verdict.exit_code) == (State.COULD_NOT_CHECK, 2)
