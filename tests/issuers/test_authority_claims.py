"""Rules for claims: nobody is paid twice, and who takes a claim in does not decide it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from issuers.acts.certificates import ClaimDecided, ClaimWithdrawn
from issuers.acts.words import Duty, Outcome
from issuers.authority.class_facts import Claim, ClaimState, ClassFact, Hold, PolicyFact
from tests.issuers.authority_worlds import ready
from tests.world import World
from tests.world_parts import AMOUNT_FEN, POLICY_ID, seeded
from tests.world_steps import appoint, claim_act

NEW = f"claim/{'c3' * 16}"
APPROVED = ClaimDecided(Outcome.APPROVED, (), AMOUNT_FEN, release=False)
REJECTED = ClaimDecided(Outcome.REJECTED, ("ROLE_NOT_SHOWN",), 0, release=True)


def claim_subject(world: World) -> str:
    return f"claim/{world.claim_id.hex()}"


def the_claim(world: World) -> Claim:
    fact = world.view.get(Claim, world.claim_id.hex())
    assert fact is not None
    return fact


def holds(world: World) -> list[bool]:
    """Whether project and slot of the claim are held."""
    claim = the_claim(world)
    facts = [world.view.get(Hold, item.hex()) for item in (claim.project_nullifier, claim.slot_nullifier)]
    return [fact is not None and not fact.released for fact in facts]


def refuse_claim(
    world: World, code: str, holder: int = 1, *, signer: str = "intake-310104", **changed: Any
) -> None:
    act, _ = claim_act(world, world.certificates[holder])
    world.refuse(code, "claim-submitted", signer, NEW, replace(act, **changed))


def decide(world: World, code: str, act: ClaimDecided, *, signer: str = "reviewer-310104") -> None:
    world.refuse(code, "claim-decided", signer, claim_subject(world), act)


# Submitting.


def test_a_claim_holds_project_and_slot() -> None:
    world = ready("claimed")
    assert holds(world) == [True, True]
    assert the_claim(world).state is ClaimState.SUBMITTED
    assert the_claim(world).intake_staff == world.people["intake-310101"].staff


def test_the_same_person_claims_a_project_once() -> None:
    """At another counter, under another claim id, with another slot."""
    world = ready("claimed")
    act, _ = claim_act(world, world.certificates[0], slot=2)
    for signer in ("intake-310104", "app-intake"):
        world.refuse("ALREADY_CLAIMED", "claim-submitted", signer, NEW, act)


def test_a_slot_is_held_once_whatever_the_project() -> None:
    world = ready("claimed")
    act, _ = claim_act(world, world.certificates[0])
    other = replace(act, project_nullifier=seeded("another project", 32))
    world.refuse("ALREADY_CLAIMED", "claim-submitted", "intake-310104", NEW, other)


def test_a_nullifier_does_not_serve_as_the_other_kind() -> None:
    """The slot's nullifier of the open claim, handed in as a project's."""
    world = ready("claimed")
    act, _ = claim_act(world, world.certificates[1])
    swapped = replace(act, project_nullifier=the_claim(world).slot_nullifier)
    world.refuse("ALREADY_CLAIMED", "claim-submitted", "intake-310104", NEW, swapped)
    refuse_claim(world, "NULLIFIERS_EQUAL", project_nullifier=bytes(32), slot_nullifier=bytes(32))


def test_a_claim_is_submitted_once() -> None:
    world = ready("claimed")
    act, _ = claim_act(world, world.certificates[1])
    world.refuse("CLAIM_EXISTS", "claim-submitted", "intake-310104", claim_subject(world), act)


def test_a_claim_rests_on_a_logged_certificate_that_stands() -> None:
    world = ready("claimed")
    refuse_claim(world, "CERTIFICATE_UNKNOWN", certificate=bytes(16))
    subject = f"certificate/{world.certificates[1].id.hex()}"
    world.say("certificate-suspended", "signatory", subject, {"reason": "under-review"})
    refuse_claim(world, "CERTIFICATE_NOT_VALID")
    world.say("certificate-revoked", "signatory", subject, {"reason": "fraud"})
    refuse_claim(world, "CERTIFICATE_NOT_VALID")


def test_a_claim_names_the_project_and_district_of_the_certificate() -> None:
    world = ready("claimed")
    refuse_claim(world, "CLAIM_OTHER", project="002")
    refuse_claim(world, "CLAIM_OTHER", district="district-310101")


def test_a_claim_is_made_under_a_published_policy() -> None:
    world = ready("claimed")
    refuse_claim(world, "POLICY_UNKNOWN", policy="policy-of-2031")


def test_a_claim_commits_to_exactly_its_fields() -> None:
    world = ready("claimed")
    refuse_claim(world, "ENTRY_FIELDS", entries=({"id_type": bytes(32)},))


def test_a_claim_of_a_certificate_whose_class_is_lost_is_refused() -> None:
    """Cannot happen through acts; a view that lost the class must still refuse."""
    world = ready("claimed")
    del world.view.facts[ClassFact, world.class_id.hex()]
    refuse_claim(world, "CLASS_UNKNOWN")


# Deciding.


def test_the_institutions_district_decides() -> None:
    world = ready("claimed")
    decide(world, "DISTRICT_OTHER", APPROVED, signer="reviewer-310101")
    world.say("claim-decided", "reviewer-310104", claim_subject(world), APPROVED)
    assert the_claim(world).state is ClaimState.APPROVED
    assert (the_claim(world).amount_fen, holds(world)) == (AMOUNT_FEN, [True, True])


def test_who_took_the_claim_in_does_not_decide_it() -> None:
    """The same person, appointed as reviewer in the deciding district: the staff id gives them away."""
    world = ready("claimed")
    appoint(world, "intake-310101", "district-310104", Duty.REVIEWER)
    decide(world, "DUTIES_JOINED", APPROVED, signer="intake-310101")


@pytest.mark.parametrize("amount", [0, 1, AMOUNT_FEN - 1, AMOUNT_FEN + 1])
def test_an_approval_pays_exactly_what_the_policy_says(amount: int) -> None:
    world = ready("claimed")
    decide(world, "AMOUNT_WRONG", replace(APPROVED, amount_fen=amount))


def test_an_approval_keeps_its_holds() -> None:
    world = ready("claimed")
    decide(world, "RELEASE_WRONG", replace(APPROVED, release=True))


def test_a_certificate_revoked_meanwhile_is_not_paid() -> None:
    world = ready("claimed")
    subject = f"certificate/{world.certificates[0].id.hex()}"
    world.say("certificate-revoked", "signatory", subject, {"reason": "fraud"})
    decide(world, "CERTIFICATE_NOT_VALID", APPROVED)
    world.say("claim-decided", "reviewer-310104", claim_subject(world), REJECTED)


def test_a_claim_whose_policy_is_lost_is_not_paid() -> None:
    """Cannot happen through acts; a view that lost the policy must still refuse."""
    world = ready("claimed")
    del world.view.facts[PolicyFact, POLICY_ID]
    decide(world, "POLICY_UNKNOWN", APPROVED)


def test_a_rejection_pays_nothing_and_gives_its_reasons() -> None:
    world = ready("claimed")
    decide(world, "AMOUNT_WRONG", replace(REJECTED, amount_fen=1))
    decide(world, "AMOUNT_WRONG", replace(REJECTED, reasons=()))


@pytest.mark.parametrize("release", [True, False])
def test_a_rejection_says_whether_project_and_slot_are_free_again(release: bool) -> None:
    """A rejection on substance keeps them (domain B9.8)."""
    world = ready("claimed")
    act = replace(REJECTED, release=release)
    world.say("claim-decided", "reviewer-310104", claim_subject(world), act)
    assert holds(world) == [not release, not release]
    again, _ = claim_act(world, world.certificates[0])
    if release:
        world.say("claim-submitted", "intake-310104", NEW, again)
    else:
        world.refuse("ALREADY_CLAIMED", "claim-submitted", "intake-310104", NEW, again)


def test_a_withdrawn_claim_frees_project_and_slot() -> None:
    world = ready("claimed")
    world.say("claim-withdrawn", "intake-310101", claim_subject(world), ClaimWithdrawn("by-applicant"))
    assert holds(world) == [False, False]
    again, _ = claim_act(world, world.certificates[0])
    world.say("claim-submitted", "intake-310104", NEW, again)
    assert world.view.get(Hold, again.slot_nullifier.hex()) == Hold(again.slot_nullifier, b"\xc3" * 16, False)


@pytest.mark.parametrize("ending", ["approved", "rejected", "withdrawn"])
def test_a_closed_claim_stays_closed(ending: str) -> None:
    world = ready("claimed")
    subject, gone = claim_subject(world), ClaimWithdrawn("by-applicant")
    if ending == "withdrawn":
        world.say("claim-withdrawn", "intake-310101", subject, gone)
    else:
        act = APPROVED if ending == "approved" else REJECTED
        world.say("claim-decided", "reviewer-310104", subject, act)
    decide(world, "CLAIM_CLOSED", APPROVED)
    decide(world, "CLAIM_CLOSED", REJECTED)
    world.refuse("CLAIM_CLOSED", "claim-withdrawn", "intake-310101", subject, gone)


def test_a_claim_that_freed_its_holds_does_not_free_those_of_the_next() -> None:
    """Withdrawn and claimed anew by another id: the old claim has no second withdrawal."""
    world = ready("claimed")
    world.say("claim-withdrawn", "intake-310101", claim_subject(world), ClaimWithdrawn("by-applicant"))
    again, _ = claim_act(world, world.certificates[0])
    world.say("claim-submitted", "intake-310104", NEW, again)
    gone = ClaimWithdrawn("by-applicant")
    world.refuse("CLAIM_CLOSED", "claim-withdrawn", "intake-310101", claim_subject(world), gone)
    world.refuse("CLAIM_UNKNOWN", "claim-withdrawn", "intake-310101", f"claim/{'00' * 16}", gone)


@pytest.mark.parametrize("reason", ["too_old", "A", "沈明", "A" * 41])
def test_a_reason_is_a_code_never_free_text(reason: str) -> None:
    world = ready("claimed")
    decide(world, "SHAPE_FORM", replace(REJECTED, reasons=(reason,)))
