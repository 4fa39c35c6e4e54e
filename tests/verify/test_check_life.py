"""Step 11 with what the log says later: ends told apart, the version in force named, nothing made better."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from issuers.acts.reasons import CorrectionReason, ReissueReason
from issuers.status import REVOKED, SUSPENDED, VALID, StatusList, compute_bits, sign_status_list
from ledger.proof import parse_proof
from tests.verify.shown import (
    claims_of,
    issued_world,
    now_of,
    proof_of,
    resigned,
    show,
    show_evidence,
    show_file,
    smuggle,
    step,
    trust_of,
)
from tests.world import World
from tests.world_life import Version, move, renew, subject_of
from tests.world_parts import BODY, moment
from verify.trust import Trust
from verify.verdict import State, StepResult, Verdict

CORRECTED, REISSUED = CorrectionReason.NAME, ReissueReason.LOST


def lived(world: World, *seqs: int, **options: Any) -> Verdict:
    """The first version of the first certificate, with proofs of later entries: all of them by default."""
    first = world.certificates[0].seq
    told = seqs or tuple(
        seq for seq in range(first + 1, len(world.leaves)) if world.said[seq].subject == subject_of(world)
    )
    options.setdefault("proof", proof_of(world))
    return show(world, life=tuple(world.proof(seq) for seq in told), **options)


def listing(world: World, value: int) -> Trust:
    """The world's trust as of now, its status list saying this at the first version's place."""
    claims, trust = claims_of(world), trust_of(world)
    bits = bytearray(compute_bits([], 1))
    bits[claims.status_index // 4] |= value << 2 * (claims.status_index % 4)
    status = StatusList("x", 1, trust.bundle.size, now_of(world), 43_200, bytes(bits))
    return trust.with_list(sign_status_list(status, world.service["status"]))


@pytest.mark.parametrize(
    ("kind", "reason", "state", "national", "zh"),
    [
        ("suspended", "investigation", State.SUSPENDED, "02", "调查核实期间"),
        ("revoked", "fraud", State.REVOKED, "03", "弄虚作假取得"),
        ("revoked", "penalty", State.REVOKED, "07", "受行政处罚"),
        ("cancelled", "duplicate", State.CANCELLED, "04", "重复发证"),
        ("cancelled", "transferred-out", State.CANCELLED, "06", "转出至其他登记机构"),
        ("revoked", "some-old-word", State.REVOKED, "99", "其他"),
    ],
)
def test_each_end_is_told_apart_with_its_reason(
    kind: str, reason: str, state: State, national: str, zh: str
) -> None:
    world = issued_world()
    seq = move(world, kind, reason)
    verdict = lived(world)
    assert (verdict.state, verdict.code, verdict.exit_code) == (state, f"LIFE_{kind.upper()}", 1)
    assert verdict.life is not None
    assert (verdict.life["reason"], verdict.life["national"], verdict.life["zh"]) == (reason, national, zh)
    assert (verdict.life["seq"], verdict.life["current_version"]) == (seq, None)


def test_without_the_log_a_list_cannot_tell_a_cancellation_from_a_revocation() -> None:
    world = issued_world()
    move(world, "cancelled", "duplicate")
    for verdict in (show(world), show(world, proof=proof_of(world))):
        assert (verdict.state, verdict.code, verdict.life) == (State.REVOKED, "STATUS_REVOKED", None)


@pytest.mark.parametrize("reason", [CORRECTED, REISSUED])
def test_the_old_code_is_superseded_and_names_the_version_in_force(reason: Any) -> None:
    world = issued_world()
    before = show(world).facts
    assert before is not None
    world.now = moment(20, 9)
    new = renew(world, reason=reason, name="沈铭" if reason is CORRECTED else "沈明")
    old = lived(world)
    code = "LIFE_CORRECTED" if reason is CORRECTED else "LIFE_REISSUED"
    assert (old.state, old.code, old.exit_code) == (State.SUPERSEDED, code, 1)
    assert old.life is not None
    assert (old.life["current_version"], old.life["current_on"]) == (2, "2026-03-20")
    assert (old.life["national"], old.life["reason"]) == ("05", reason.value)
    offline = show(world)
    assert (offline.state, offline.code) == (State.SUPERSEDED, "STATUS_SUPERSEDED")
    for proof in (None, world.proof(new.seq)):
        fresh = show_evidence(world, {"text": new.qr}, proof=proof)
        assert (fresh.state, fresh.exit_code, fresh.life) == (State.VALID, 0, None)
        assert fresh.facts is not None
        assert (fresh.facts.version, fresh.facts.issued_on) == (2, before.issued_on)
        assert fresh.facts.version_on == date(2026, 3, 20)


def test_the_act_that_followed_decides_and_the_newest_version_is_named() -> None:
    world = issued_world()
    second = renew(world, reason=CORRECTED, name="沈铭")
    renew(world, former=second.credential)
    first, middle = (
        lived(world),
        show_evidence(
            world,
            {"text": second.qr},
            proof=world.proof(second.seq),
            life=(world.proof(second.seq), world.proof(second.seq + 1)),
        ),
    )
    assert (first.code, middle.code) == ("LIFE_CORRECTED", "LIFE_REISSUED")
    for verdict in (first, middle):
        assert verdict.life is not None
        assert verdict.life["current_version"] == 3


def test_every_version_of_a_revoked_certificate_is_revoked() -> None:
    world = issued_world()
    second = renew(world)
    move(world, "revoked", "fraud")
    for verdict in (show(world), show_evidence(world, {"text": second.qr})):
        assert (verdict.state, verdict.code) == (State.REVOKED, "STATUS_REVOKED")
    told = lived(world)
    assert (told.state, told.code) == (State.REVOKED, "LIFE_REVOKED")
    assert told.life is not None
    assert told.life["current_version"] == 2


# What later entries may and may not change.


def test_an_end_counts_though_the_list_is_older_or_lies() -> None:
    world = issued_world()
    trust = listing(world, VALID)
    move(world, "revoked", "fraud")
    assert lived(world, trust=trust).state is State.REVOKED
    assert lived(world, trust=listing(world, VALID)).state is State.REVOKED
    world = issued_world()
    renew(world)
    assert lived(world, trust=listing(world, VALID)).state is State.SUPERSEDED


def test_a_suspension_counts_only_beyond_the_list() -> None:
    """It may have been ended since: a later list knows, and whoever shows entries may leave one out."""
    world = issued_world()
    older = listing(world, VALID)
    hung = move(world, "suspended", "investigation")
    assert lived(world, trust=older).state is State.SUSPENDED
    move(world, "restored", "cleared")
    assert lived(world, hung, trust=listing(world, VALID)).state is State.VALID
    assert lived(world, trust=listing(world, VALID)).state is State.VALID


def test_later_entries_never_make_a_verdict_better() -> None:
    world = issued_world()
    move(world, "suspended", "investigation")
    move(world, "restored", "cleared")
    assert lived(world, trust=listing(world, SUSPENDED)).code == "STATUS_SUSPENDED"
    verdict = lived(world, trust=listing(world, REVOKED))
    assert (verdict.state, verdict.code, verdict.life) == (State.REVOKED, "STATUS_REVOKED", None)


def without_list(world: World) -> Trust:
    trust = trust_of(world)
    return replace(trust, lists={})


def test_an_end_is_known_even_without_a_list() -> None:
    world = issued_world()
    move(world, "cancelled", "duplicate")
    assert lived(world, trust=without_list(world)).state is State.CANCELLED
    assert show(world, trust=without_list(world)).state is State.COULD_NOT_CHECK


@pytest.mark.parametrize("lie", ["rival", "evaluator", "other", "older", "bent", "no-proof", "dismissed"])
def test_an_entry_that_does_not_hold_says_nothing(lie: str) -> None:
    """Smuggled past the judge, about another certificate, changed, or with nothing to bind it to."""
    world = issued_world().with_rivals() if lie == "rival" else issued_world()
    subject, body = subject_of(world), {"reason": "fraud"}
    if lie == "dismissed":
        staff = world.people["signatory"].staff.hex()
        world.say("officer-dismissed", f"admin-{BODY}", f"officer/{staff}", {"reason": "left"})
    signer = {"rival": "rival-signatory", "evaluator": "evaluator-1"}.get(lie, "signatory")
    other = subject_of(world, 1) if lie == "other" else subject
    seq = smuggle(world, world.sign("certificate-revoked", signer, other, body))
    proof = world.proof(seq)
    if lie == "bent":
        parsed = parse_proof(proof)
        assert parsed.extra is not None
        bent = parsed.extra[:-1] + bytes([parsed.extra[-1] ^ 1])
        proof = type(parsed)(parsed.index, parsed.hashes, parsed.checkpoint, bent).render()
    own = {} if lie == "no-proof" else {"proof": proof_of(world)}
    life = (world.proof(world.certificates[0].seq),) if lie == "older" else (proof,)
    verdict = show(world, life=life, **own)
    assert (verdict.state, verdict.life) == (State.VALID, None)


def test_of_seventeen_entries_the_last_is_not_looked_at() -> None:
    world = issued_world()
    seq = move(world, "revoked", "fraud")
    padding = (proof_of(world),) * 16
    trust = listing(world, VALID)
    assert show(world, proof=proof_of(world), life=(*padding, world.proof(seq)), trust=trust).life is None
    assert show(world, proof=proof_of(world), life=(*padding[1:], world.proof(seq)), trust=trust).life


# A version's own entry.


def shown_version(world: World, new: Version, **options: Any) -> Verdict:
    return show_evidence(world, {"text": new.qr}, proof=world.proof(new.seq), **options)


@pytest.mark.parametrize(
    "changed",
    [
        {"version": 3},
        {"first_issued_on": date(2026, 3, 1)},
        {"first_issued_on": None, "version": 1},
        {"status_index": 9},
        {"issued_at": 1773360000},
    ],
)
def test_a_version_and_its_entry_say_the_same(changed: dict[str, Any]) -> None:
    """The signatory lies in the credential; the entry, whose hash it carries, gives them away."""
    world = issued_world()
    world.now = moment(20, 9)
    new = renew(world, act={"status_index": 5}, **{"status_index": 5, **changed})
    verdict = shown_version(world, new)
    assert (verdict.state, verdict.code) == (State.OUT_OF_SCOPE, "LEAF_DIFFERS")


def test_the_proof_of_another_version_is_no_proof() -> None:
    world = issued_world()
    new = renew(world)
    verdict = show_evidence(world, {"text": new.qr}, proof=proof_of(world))
    assert (verdict.state, step(verdict, 9)) == (
        State.COULD_NOT_CHECK,
        (StepResult.FAILED, "PROOF_OTHER"),
    )


def test_a_version_by_who_was_no_signatory_that_day_is_out_of_scope() -> None:
    world = issued_world()
    forged = resigned(world, "evaluator-1", version=2, first_issued_on=date(2026, 3, 12) - timedelta(days=1))
    assert show_file(world, forged).state is State.OUT_OF_SCOPE


def test_offline_a_version_shows_the_day_of_first_issue_and_its_own() -> None:
    """Rights hang on the first: a reissue must not look like a new certificate."""
    world = issued_world()
    first = show(world).facts
    world.now = moment(25, 9)
    facts = show_evidence(world, {"text": renew(world).qr}).facts
    assert first is not None
    assert facts is not None
    assert (facts.issued_on, facts.version_on) == (first.issued_on, date(2026, 3, 25))
    assert (first.version, first.version_on) == (1, first.issued_on)
