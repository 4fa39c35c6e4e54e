"""Counts and signals: what the log adds up to, and which patterns a person is asked to look at."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from issuers.acts.certificates import CertificateRevoked, ClaimDecided, NumberVoided
from issuers.acts.parties import KeyRevoked
from issuers.acts.words import Outcome, RevocationCause, Role
from issuers.authority.class_facts import ClaimState, State
from ledger.leaf import parse_leaf
from tests.verify.logs import look, whole_world
from tests.world import World
from tests.world_parts import AMOUNT_FEN, BODY, moment
from tests.world_steps import class_subject, confirmation, issue, say_roster, say_sheet
from verify.audit.findings import Severity
from verify.audit.replay import Replay
from verify.audit.rules import Rules
from verify.audit.signals import Signals, Thresholds, funnel
from verify.audit.tallies import tally


@pytest.fixture
def world() -> World:
    return whole_world()


def test_counts_are_those_of_the_facts(world: World) -> None:
    one = f"certificate/{world.certificates[3].id.hex()}"
    world.say("certificate-revoked", "signatory", one, CertificateRevoked("error"))
    claim = f"claim/{world.claim_id.hex()}"
    world.say(
        "claim-decided", "reviewer-310104", claim, ClaimDecided(Outcome.APPROVED, (), AMOUNT_FEN, False)
    )
    tallies = look(world).tallies
    (body,) = [row for row in tallies.bodies if row.issued]
    assert (body.id, body.classes, body.candidates, body.passed, body.voided) == (BODY, 1, 6, 5, 0)
    assert dict(body.certificates) == {State.VALID: 4, State.REVOKED: 1}
    (district,) = tallies.districts
    assert (district.id, dict(district.claims)) == ("district-310104", {ClaimState.APPROVED: 1})
    assert district.approved_fen == AMOUNT_FEN
    assert tallies.parties[Role.DISTRICT] == 16
    assert [(day.isoformat(), count) for day, count in tallies.days] == [("2026-03-13", 5)]


def test_a_refused_act_counts_for_nothing(world: World) -> None:
    replay = Replay()
    assert tally(replay.view).bodies == ()


def signals(world: World, **limits: Any) -> list[tuple[str, str]]:
    """The signals of a replay under these thresholds."""
    replay, rules, watch = Replay(), Rules(), Signals(Thresholds(**limits))
    for seq, data in enumerate(world.leaves):
        heard = replay.take(seq, parse_leaf(data))
        if heard is not None:
            watch.take(heard, rules.take(heard, gap=False))
    watch.close(replay.view, tally(replay.view))
    return [(one.code, one.where) for one in watch.findings.listed]


def test_an_ordinary_class_gives_no_signal(world: World) -> None:
    assert signals(world) == []


def test_a_signal_never_changes_the_verdict(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    low = Thresholds(scored_a_day=5, burst=4, burst_days=90)
    monkeypatch.setattr("verify.audit.signals.Thresholds", lambda: low)
    report = look(world)
    assert {one.code for one in report.signals} == {"SIGNAL_A07", "SIGNAL_A10"}
    assert report.exit_code == 0
    assert report.of(Severity.DEPARTURE) == ()


@pytest.mark.parametrize(("limit", "count"), [(5, 2), (6, 0)])
def test_an_evaluator_who_scores_too_many_a_day(world: World, limit: int, count: int) -> None:
    found = signals(world, scored_a_day=limit)
    assert [code for code, _ in found] == ["SIGNAL_A07"] * count
    assert all(where.endswith("2026-03-12") for _, where in found)


@pytest.mark.parametrize(
    ("hour", "day", "expected"), [(23, 13, True), (6, 16, True), (10, 14, True), (10, 13, False)]
)
def test_certificates_at_odd_hours_or_on_rest_days(hour: int, day: int, expected: bool) -> None:
    world = World.founded().with_standard().with_class().with_results()
    world.now = moment(day, hour)
    found = signals(world.with_certificates(), odd_hours=5)
    assert found == ([("SIGNAL_A09", f"{BODY}, 2026-03-{day}")] if expected else [])


def test_many_certificates_soon_after_the_appointment(world: World) -> None:
    assert signals(world, burst=4) == []  # more than sixty days after it
    assert signals(world, burst=4, burst_days=90) == [("SIGNAL_A10", BODY)]
    assert signals(world, burst=5, burst_days=90) == []


def test_voids_beyond_their_share(world: World) -> None:
    assert signals(world, voids_numbers=1) == []
    fresh = World.founded().with_standard().with_class().with_results()
    fresh.now = moment(13, 10)
    first, *rest = (one for one in fresh.trainees if one.passes)
    for holder in rest:
        issue(fresh, holder)
    entries, openings = fresh.commit("number-voided", [{"number": "y"}])
    act = NumberVoided(fresh.class_id, first.candidate, 1, 7, "unused", entries)
    fresh.say("number-voided", "signatory", class_subject(fresh), act, openings=openings)
    assert signals(fresh, voids_numbers=5) == [("SIGNAL_A16", BODY)]
    assert signals(fresh, voids_numbers=6) == []


def test_certificates_signed_after_the_key_was_compromised(world: World) -> None:
    kid = world.people["signatory"].signer.public.kid
    since = world.certificates[2].seq
    act = KeyRevoked(RevocationCause.COMPROMISED, world.times[since] // 1000)
    world.say_two("key-revoked", f"key/{kid.hex()}", act)
    assert signals(world) == [("SIGNAL_KEY", f"key/{kid.hex()}")]
    assert "3 certificates" in look(world).signals[0].en


def test_classes_in_which_nobody_fails(world: World) -> None:
    assert signals(world, all_pass_classes=1) == []  # one failed
    everybody = World.founded().with_standard().with_class()
    donor = whole_world()
    everybody.trainees = [one for one in donor.trainees if one.passes]
    say_roster(everybody)
    everybody.now = moment(12, 14)
    for number, name in enumerate(("evaluator-1", "evaluator-2")):
        say_sheet(everybody, name, number)
    act = replace(confirmation(everybody))
    everybody.say("evaluation-confirmed", "signatory", class_subject(everybody), act)
    assert signals(everybody, all_pass_classes=1) == [("SIGNAL_A05_ALL", f"{BODY}, project 001")]
    assert signals(everybody) == []


def test_the_funnel_compares_pass_rates_in_standard_errors() -> None:
    others = [(50, 100)]
    assert funnel([(50, 100)], others) == 0
    assert funnel([(65, 100)], others) == pytest.approx(3.0)
    assert funnel([(99, 100)], others) > 9
    assert funnel([(0, 0)], others) == 0
    assert funnel([(5, 5)], []) == 0
    assert funnel([(5, 5)], [(9, 9)]) == 0  # nobody fails anywhere: nothing to compare with
