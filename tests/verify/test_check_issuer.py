"""Steps 4, 7 and 10: who signed, and whether they were entitled to, then. Each refusal by its own code."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from issuers.acts.parties import (
    BodyAppointed,
    BodySuspended,
    KeyRevoked,
    OfficerAppointed,
    OfficerDismissed,
    PartyWithdrawn,
)
from issuers.acts.words import Duty, RevocationCause
from issuers.bundle import open_bundle
from issuers.carried import ACTS
from issuers.credential import sign_credential
from issuers.identifiers.numbers import parse_number
from ledger.errors import Refused
from tests.verify.shown import (
    claims_of,
    issued_world,
    now_of,
    number_of,
    proof_of,
    resigned,
    show,
    show_file,
    trust_of,
)
from tests.world import World
from tests.world_parts import BODY, FIRST, LAST, PROJECT
from tests.world_steps import appoint
from verify.check import SKEW, check
from verify.evidence import Evidence
from verify.verdict import State

# Keys.


def test_a_key_nobody_enrolled_is_an_unknown_issuer() -> None:
    world = issued_world()
    stranger = world.new_key("stranger")
    verdict = show_file(world, sign_credential(claims_of(world), stranger))
    assert (verdict.state, verdict.exit_code, verdict.code) == (State.UNKNOWN_ISSUER, 1, "KEY_UNKNOWN")
    assert verdict.facts is None


@pytest.mark.parametrize("purpose", ["checkpoint", "receipt", "status"])
def test_keys_of_the_service_sign_no_certificates(purpose: str) -> None:
    world = issued_world()
    verdict = show_file(world, sign_credential(claims_of(world), world.service[purpose]))
    assert (verdict.state, verdict.code) == (State.UNKNOWN_ISSUER, "KEY_SERVICE")


def test_evidence_is_a_text_or_a_credential() -> None:
    for what in ({}, {"text": "", "credential": b""}):
        with pytest.raises(ValueError, match="either"):
            Evidence(**what)  # type: ignore[arg-type]
    world = issued_world()
    assert check(Evidence(credential=b""), trust_of(world), now=0).state is State.UNREADABLE


# Issuer and scope.


@pytest.mark.parametrize(
    ("who", "code"),
    [
        ("evaluator-1", "SIGNATORY_NONE"),
        ("admin-body-shenlan", "SIGNATORY_NONE"),
        ("standards", "PARTY_NO_BODY"),
        ("root-1", "PARTY_NO_BODY"),
    ],
)
def test_whoever_is_no_signatory_of_a_body_is_out_of_scope(who: str, code: str) -> None:
    world = issued_world()
    verdict = show_file(world, resigned(world, who))
    assert (verdict.state, verdict.exit_code, verdict.code) == (State.OUT_OF_SCOPE, 1, code)


@pytest.mark.parametrize("who", ["registrar", "supervisor-310104"])
def test_the_people_of_parties_that_issue_nothing_are_unknown(who: str) -> None:
    """Their keys stand in no trust bundle."""
    world = issued_world()
    verdict = show_file(world, resigned(world, who))
    assert (verdict.state, verdict.exit_code, verdict.code) == (State.UNKNOWN_ISSUER, 1, "KEY_UNKNOWN")


@pytest.mark.parametrize(
    ("numbered", "changed", "code"),
    [
        ({"issuer3": 8}, {}, "KEY_UNKNOWN"),
        ({"project3": 2}, {}, "STANDARD_NONE"),
        ({"stage": 2}, {}, "STANDARD_NONE"),
        ({"kind": "J"}, {}, "STANDARD_NONE"),
        ({}, {"hours": 41}, "STANDARD_NONE"),
        ({}, {"course": "创业初创期培训班"}, "STANDARD_NONE"),
    ],
)
def test_number_and_course_are_those_of_a_published_standard(
    numbered: dict[str, Any], changed: dict[str, Any], code: str
) -> None:
    world = issued_world()
    if "kind" in numbered:
        numbered = {"kind": type(parse_number(claims_of(world).number).kind)("J")}
    credential = resigned(world, number=number_of(world, **numbered), **changed)
    assert show_file(world, credential).code == code
    assert show_file(world, resigned(world)).state is State.VALID


def test_a_rival_body_cannot_issue_under_anothers_number() -> None:
    world = issued_world().with_rivals()
    now = now_of(world)
    assert show_file(world, resigned(world, "rival-signatory", issued_at=now)).code == "KEY_UNKNOWN"
    own = resigned(world, "rival-signatory", issued_at=now, number=number_of(world, issuer3=8))
    assert show_file(world, own).state is State.VALID


def test_a_body_outside_its_projects_or_term_or_suspended_or_withdrawn_is_out_of_scope() -> None:
    for kind, act, code in (
        ("body-appointed", BodyAppointed(("999",), FIRST, LAST), "BODY_SCOPE"),
        ("body-appointed", BodyAppointed((PROJECT,), FIRST, FIRST), "BODY_NOT_APPOINTED"),
        ("body-suspended", BodySuspended("investigation"), "BODY_SUSPENDED"),
        ("party-withdrawn", PartyWithdrawn("closed"), "PARTY_WITHDRAWN"),
    ):
        world = issued_world()
        world.say_two(kind, f"party/{BODY}", act)
        world.now += SKEW * 1000
        credential = resigned(world, issued_at=now_of(world))
        assert show_file(world, credential).code == code
        assert show(world).state is State.VALID, "what was issued before stands"


def test_a_signatory_without_the_project_or_dismissed_is_out_of_scope() -> None:
    for kind, act, code in (
        (
            "officer-appointed",
            OfficerAppointed((Duty.SIGNATORY,), ("999",), FIRST, LAST),
            "SIGNATORY_SCOPE",
        ),
        ("officer-dismissed", OfficerDismissed("left"), "SIGNATORY_NONE"),
        ("officer-appointed", OfficerAppointed((Duty.SIGNATORY,), (), FIRST, FIRST), "SIGNATORY_NONE"),
    ):
        world = issued_world()
        subject = f"officer/{world.people['signatory'].staff.hex()}"
        world.say(kind, f"admin-{BODY}", subject, act)
        world.now += SKEW * 1000
        assert show_file(world, resigned(world, issued_at=now_of(world))).code == code
        assert show(world, proof=proof_of(world)).state is State.VALID, "what was issued before stands"


def test_a_key_enrolled_only_later_signed_nothing_earlier() -> None:
    world = issued_world()
    world.now += 10 * SKEW * 1000
    early = claims_of(world).issued_at
    appoint(world, "signatory-2", BODY, Duty.SIGNATORY)
    assert show_file(world, resigned(world, "signatory-2", issued_at=early)).code == "KEY_LATER"
    assert show_file(world, resigned(world, "signatory-2", issued_at=now_of(world))).state is State.VALID


def test_an_appointment_a_minute_after_the_signers_clock_still_counts() -> None:
    """Two honest clocks differ; with a proof the log's own order decides."""
    world = issued_world()
    appoint(world, "signatory-2", BODY, Duty.SIGNATORY)
    assert show_file(world, resigned(world, "signatory-2", issued_at=now_of(world) - 60)).state is State.VALID


def test_a_renewed_appointment_does_not_undo_what_was_issued_under_the_old_one() -> None:
    world = issued_world()
    renewed = BodyAppointed((PROJECT,), LAST, LAST)
    world.say_two("body-appointed", f"party/{BODY}", renewed)
    assert show(world).state is State.VALID
    assert show(world, proof=proof_of(world)).state is State.VALID


# A key that stopped.


def test_a_key_revoked_for_another_cause_than_compromise_keeps_what_it_signed_before() -> None:
    for cause in (RevocationCause.ROTATED, RevocationCause.LEFT, RevocationCause.LOST):
        world = issued_world()
        kid = world.people["signatory"].signer.public.kid.hex()
        world.now += 600_000
        world.say("key-revoked", f"admin-{BODY}", f"key/{kid}", KeyRevoked(cause))
        assert show(world).state is State.VALID
        assert show(world, proof=proof_of(world)).state is State.VALID
        late = resigned(world, issued_at=now_of(world) + 1)
        verdict = show_file(world, late, now=now_of(world) + 1)
        assert (verdict.state, verdict.code, verdict.exit_code) == (State.OUT_OF_SCOPE, "KEY_REVOKED", 1)


# Erasure orders travel in the bundle, because their approvals do.


def erasure(world: World, *places: int) -> dict[str, Any]:
    """An order for entries of the roster."""
    (roster,) = (one for one in world.said if one.kind == "roster")
    named = [{"statement": roster.hash, "place": place} for place in places]
    return {"reason": "consent-withdrawn", "places": named}


def test_an_erasure_order_changes_no_verdict() -> None:
    world = issued_world().copy()
    world.say_two("erasure-order", f"erasure/{'e1' * 16}", erasure(world, 0, 2))
    world.say("erasure-order", "root-3", f"erasure/{'e2' * 16}", erasure(world, 1))
    verdict = show(world)
    assert (verdict.state, verdict.exit_code) == (State.VALID, 0)


@pytest.mark.parametrize(("places", "code"), [((2, 0), "ERASURE_ORDER"), ((1, 1), "ERASURE_ORDER")])
def test_a_bundle_with_an_order_no_judge_lets_pass_is_none(places: tuple[int, ...], code: str) -> None:
    world = issued_world().copy()
    subject = f"erasure/{'e1' * 16}"
    said = world.say("erasure-order", "root-1", subject, erasure(world, 0))
    other = world.sign("erasure-order", "root-1", subject, erasure(world, *places))
    bundle, _ = open_bundle(world.bundle(ACTS), ACTS)
    acts = tuple(replace(one, statement=other) if one.statement == said.raw else one for one in bundle.acts)
    with pytest.raises(Refused) as caught:
        open_bundle(world.bundle(ACTS, acts=acts), ACTS)
    assert caught.value.code == code
