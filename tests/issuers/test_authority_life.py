"""Rules for the life of a certificate: versions, ends, and that an end never ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from issuers.acts.reasons import (
    NATIONAL_WORDS,
    OTHER,
    REASONS,
    CancellationReason,
    CorrectionReason,
    National,
    ReissueReason,
    cause_of,
)
from issuers.acts.words import CertificateKind, Duty
from issuers.authority.case import shanghai_date
from issuers.authority.class_facts import (
    CertificateFact,
    CredentialFact,
    FormerVersion,
    State,
    version_key,
)
from issuers.shape import to_map
from issuers.status import LISTED, REVOKED, SUPERSEDED, SUSPENDED, VALID, StatusList, compute_bits
from tests.issuers.authority_scenes import NEW_CERTIFICATE, first_certificate
from tests.issuers.authority_worlds import FREE, a_correction, a_version, an_issue, give, ready
from tests.world import World
from tests.world_parts import AMOUNT_FEN, BODY, moment
from tests.world_steps import appoint

MOVES = {
    "suspend": "certificate-suspended",
    "restore": "certificate-restored",
    "revoke": "certificate-revoked",
    "cancel": "certificate-cancelled",
    "correct": "certificate-corrected",
    "reissue": "certificate-reissued",
}
ALLOWED = {
    "valid": {"suspend", "revoke", "cancel", "correct", "reissue"},
    "suspended": {"restore", "revoke", "cancel"},
    "revoked": set[str](),
    "cancelled": set[str](),
}
TO = {"valid": (), "suspended": ("suspend",), "revoked": ("revoke",), "cancelled": ("cancel",)}


def said(world: World, move: str) -> Any:
    """The honest body of a move, now."""
    if move == "correct":
        return a_correction(world)
    if move == "reissue":
        return a_version(world)
    return {"reason": "duplicate" if move == "cancel" else "fraud"}


def make(world: World, move: str, signer: str = "signatory") -> None:
    world.say(MOVES[move], signer, first_certificate(world), said(world, move))


def refuse(world: World, code: str, move: str, *, signer: str = "signatory", **changed: Any) -> None:
    body = said(world, move)
    world.refuse(
        code, MOVES[move], signer, first_certificate(world), replace(body, **changed) if changed else body
    )


def fact_of(world: World) -> CertificateFact:
    fact = world.view.get(CertificateFact, world.certificates[0].id.hex())
    assert fact is not None
    return fact


def places(world: World) -> list[int]:
    """What list 1 says at the places of the first certificate's versions, oldest first."""
    bits = compute_bits([one for kind in LISTED for one in world.view.all(kind)], 1)
    listed = StatusList("", 1, 1, 0, 1, bits)
    fact = fact_of(world)
    old = [world.view.get(FormerVersion, version_key(fact.id, n)) for n in range(1, fact.version)]
    return [listed.value(one.status_index) for one in (*old, fact) if one is not None]


@pytest.mark.parametrize("state", ALLOWED)
def test_each_state_lets_exactly_its_moves_pass(state: str) -> None:
    world = ready("issued")
    for move in TO[state]:
        make(world, move)
    assert fact_of(world).state.value == state
    for move in MOVES:
        trial = world.copy()
        if move in ALLOWED[state]:
            make(trial, move)
        else:
            refuse(trial, "CERTIFICATE_STATE", move)


def test_a_new_version_keeps_all_but_credential_and_place() -> None:
    world = ready("issued")
    before, act = fact_of(world), a_version(world)
    make(world, "reissue")
    after = fact_of(world)
    assert (after.version, after.credential, after.status_index) == (2, act.credential, FREE + 1)
    kept = ("id", "class_id", "candidate", "body", "kind", "issued_on", "expires_on", "seq", "time_ms", "kid")
    assert [getattr(after, name) for name in kept] == [getattr(before, name) for name in kept]
    assert (after.state, after.reason, after.proof_seq) == (State.VALID, "lost", len(world.leaves) - 1)
    assert world.view.get(CredentialFact, act.credential.hex()) == CredentialFact(
        act.credential, after.id, version=2
    )
    old = world.view.get(FormerVersion, version_key(after.id, 1))
    assert old is not None
    assert (old.credential, old.status_index, old.seq) == (
        before.credential,
        before.status_index,
        before.seq,
    )
    make(world, "correct")
    assert fact_of(world).version == 3


def test_the_list_calls_former_versions_superseded_until_the_certificate_ends() -> None:
    world = ready("issued")
    assert places(world) == [VALID]
    make(world, "reissue")
    make(world, "correct")
    assert places(world) == [SUPERSEDED, SUPERSEDED, VALID]
    make(world, "suspend")
    assert places(world) == [SUPERSEDED, SUPERSEDED, SUSPENDED]
    for end in ("revoke", "cancel"):
        ended = world.copy()
        make(ended, end)
        assert places(ended) == [REVOKED, REVOKED, REVOKED]


def test_the_next_version_names_the_one_in_force() -> None:
    world = ready("issued")
    refuse(world, "VERSION_OTHER", "reissue", version=3)
    refuse(world, "VERSION_OTHER", "correct", former=bytes(32))
    late = a_version(world)
    make(world, "reissue")
    world.refuse("VERSION_OTHER", MOVES["reissue"], "signatory", first_certificate(world), late)


def test_a_new_version_changes_neither_standard_nor_kind_nor_dates() -> None:
    world = ready("issued")
    later = fact_of(world).issued_on + timedelta(days=1)
    for name, value in {
        "standard": "easier-2026",
        "kind": CertificateKind.COMPLETION,
        "issued_on": later,
        "expires_on": later,
    }.items():
        refuse(world, "VERSION_DIFFERS", "reissue", **{name: value})


def test_a_new_version_is_dated_the_day_it_enters_the_log_and_the_issue_date_stays() -> None:
    world = ready("issued")
    issued = fact_of(world).issued_on
    world.now = moment(20, 9)
    refuse(world, "DATE_PASSED", "reissue", version_on=shanghai_date(world.now) - timedelta(days=1))
    make(world, "reissue")
    fact = fact_of(world)
    assert fact.renewed is not None
    assert (fact.issued_on, fact.renewed.on) == (issued, shanghai_date(world.now))
    assert issued < fact.renewed.on


def test_a_new_version_takes_a_credential_and_a_place_of_its_own() -> None:
    world = ready("issued")
    refuse(world, "CREDENTIAL_EXISTS", "reissue", credential=fact_of(world).credential)
    refuse(world, "STATUS_TAKEN", "reissue", status_index=fact_of(world).status_index)
    entry = a_version(world).entries[0]
    refuse(world, "ENTRY_FIELDS", "correct", entries=({"name": entry["name"]},))


def test_versions_are_signed_by_who_could_have_issued_the_certificate() -> None:
    world = ready("issued")
    for move in ("correct", "reissue", "cancel"):
        refuse(world, "CERTIFICATE_OTHER", move, signer="rival-signatory")
    give(world, "evaluator-2", Duty.EVALUATOR, Duty.SIGNATORY)
    for move in ("correct", "reissue"):
        refuse(world, "DUTIES_JOINED", move, signer="evaluator-2")
    give(world, "signatory", Duty.SIGNATORY, projects=("002",))
    refuse(world, "OFFICER_SCOPE", "reissue")
    world.refuse(
        "CERTIFICATE_UNKNOWN", MOVES["cancel"], "signatory", NEW_CERTIFICATE, {"reason": "duplicate"}
    )


def test_an_expired_certificate_gets_no_new_version() -> None:
    world = ready("confirmed")
    today = shanghai_date(world.now)
    act = an_issue(world, expires_on=today + timedelta(days=1))
    world.say("certificate-issued", "signatory", NEW_CERTIFICATE, act)
    version = {"former": act.credential, "version": 2, "expires_on": act.expires_on, "issued_on": today}
    base = ready("issued")
    world.certificates = base.certificates
    body = replace(a_version(base), **version, credential=b"\2" * 32, status_index=FREE + 9)
    world.copy().say(
        MOVES["reissue"],
        "signatory",
        NEW_CERTIFICATE,
        replace(body, version_on=shanghai_date(world.now)),
    )
    world.now = moment(15, 9)
    late = replace(body, version_on=shanghai_date(world.now))
    world.refuse("CERTIFICATE_STATE", MOVES["reissue"], "signatory", NEW_CERTIFICATE, late)


@pytest.mark.parametrize("reason", ["fraud", "other", ""])
def test_the_reasons_of_new_kinds_are_a_closed_list(reason: str) -> None:
    world = ready("issued")
    subject = first_certificate(world)
    world.refuse("SHAPE_FORM", MOVES["cancel"], "signatory", subject, {"reason": reason})
    for move in ("correct", "reissue"):
        world.refuse(
            "SHAPE_FORM", MOVES[move], "signatory", subject, {**_map(said(world, move)), "reason": reason}
        )


@pytest.mark.parametrize("who", ["signatory", "second", "third"])
def test_who_signed_any_version_decides_no_claim_on_it(who: str) -> None:
    """Else a reviewer could sign the next version and then pay on it."""
    world = ready("claimed")
    for name in ("second", "third"):
        appoint(world, name, BODY, Duty.SIGNATORY)
        make(world, "reissue", name)
    appoint(world, who, "district-310104", Duty.REVIEWER)
    decision = {"outcome": "approved", "reasons": [], "amount_fen": AMOUNT_FEN, "release": False}
    subject = f"claim/{world.claim_id.hex()}"
    world.refuse("DUTIES_JOINED", "claim-decided", who, subject, decision)
    world.say("claim-decided", "reviewer-310104", subject, decision)


def test_the_words_of_the_reasons_are_those_of_the_acts() -> None:
    """And each has its national status and its words in both languages."""
    for kind, enum in {
        "certificate-cancelled": CancellationReason,
        "certificate-corrected": CorrectionReason,
        "certificate-reissued": ReissueReason,
    }.items():
        assert REASONS[kind].keys() == {word.value for word in enum}
    assert REASONS.keys() == set(MOVES.values())
    assert NATIONAL_WORDS.keys() == set(National)
    for causes in REASONS.values():
        assert all(cause.zh and cause.en and cause.national for cause in causes.values())
    assert cause_of("certificate-revoked", "no-such-word") is OTHER


def _map(body: Any) -> dict[str, Any]:
    return dict(to_map(body))
