"""The judge's own steps: a known act, the right log, the right time, the right key, an office held."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from issuers.acts.parties import GenesisKey, KeyRevoked, OfficerAppointed, PartyAdmitted, PartyWithdrawn
from issuers.acts.words import Duty, RevocationCause, Role
from issuers.authority.judge import SKEW_MAX_MS, admit
from issuers.authority.party_facts import Party
from ledger.errors import BadSignature, Malformed, Refused
from ledger.keys import EDDSA
from ledger.statement import parse_statement
from tests.issuers.authority_worlds import ready, unfounded
from tests.world import World
from tests.world_parts import FIRST, INSTITUTION, LAST
from tests.world_steps import hire

NEWCOMER = PartyAdmitted(Role.INSTITUTION, "东岸培训学校", "Dong'an School", "310115")


def officer(world: World, name: str) -> str:
    return f"officer/{world.people[name].staff.hex()}"


def appointment() -> OfficerAppointed:
    return OfficerAppointed((Duty.SUPERVISOR,), (), FIRST, LAST)


# The right act, log and time.


def test_an_act_of_unknown_kind_or_version_is_refused() -> None:
    world = ready("founded")
    world.refuse("ACT_UNKNOWN", "party-praised", "root-1", "party/x", {})
    world.refuse("ACT_UNKNOWN", "party-admitted", "root-1", "party/x", NEWCOMER, version=2)


def test_an_act_with_a_field_too_many_or_too_few_is_refused() -> None:
    world = ready("founded")
    world.refuse("SHAPE_UNKNOWN", "party-withdrawn", "root-1", "party/x", {"reason": "closed", "note": "x"})
    world.refuse("SHAPE_MISSING", "party-withdrawn", "root-1", "party/x", {})


def test_an_act_for_another_log_cannot_be_replayed_here() -> None:
    world = ready("founded")
    world.refuse(
        "AUDIENCE_OTHER", "party-admitted", "root-1", "party/x", NEWCOMER, aud="log.other.example/2026"
    )


def test_a_whole_statement_of_another_log_cannot_be_replayed_here() -> None:
    """The same people run a second log; what they say there does not count here."""
    other, act = unfounded()
    other.origin = "log.other.example/2026"
    keys = tuple(
        GenesisKey(who.staff, other.enrol(who)) for who in (other.people[f"root-{n}"] for n in (1, 2, 3))
    )
    other.approve(
        other.say("genesis", "root-1", "log", replace(act, origin=other.origin, keys=keys)), "root-2"
    )
    said = other.say("party-admitted", "root-1", "party/x", NEWCOMER)
    ready("founded").refuse_raw("AUDIENCE_OTHER", said.raw)


@pytest.mark.parametrize("direction", [-1, 1])
def test_a_statement_is_at_most_a_day_from_its_leaf(direction: int) -> None:
    world = ready("founded")
    edge = (world.now + direction * SKEW_MAX_MS) // 1000
    world.refuse(
        "STATEMENT_TIME",
        "party-admitted",
        "root-1",
        "party/x",
        NEWCOMER,
        at=world.now // 1000 * 1000,
        iat=edge + direction,
    )
    world.now = world.now // 1000 * 1000
    world.say("party-admitted", "root-1", "party/x", NEWCOMER, iat=edge)


# The right key.


def test_a_key_that_nobody_enrolled_says_nothing() -> None:
    world = ready("founded")
    world.refuse("KEY_UNKNOWN", "party-admitted", hire(world, "stranger", "city"), "party/x", NEWCOMER)


def test_a_service_key_speaks_for_no_person() -> None:
    world = ready("founded")
    for signer in world.service.values():
        world.refuse("KEY_UNKNOWN", "party-admitted", "root-1", "party/x", NEWCOMER, key=signer)


def test_a_key_does_not_speak_for_another_party() -> None:
    world = ready("founded")
    world.refuse(
        "KEY_PARTY",
        "officer-appointed",
        "admin-district-310101",
        officer(world, "registrar"),
        appointment(),
        iss="district-310104",
    )


def test_a_borrowed_kid_does_not_verify() -> None:
    """The header names root-1's key, the signature is by another: the signature decides."""
    world = ready("founded")
    raw = world.sign("party-admitted", "root-1", "party/x", NEWCOMER)
    forged = world.sign("party-admitted", "root-2", "party/x", NEWCOMER)
    mixed = parse_statement(raw[:-64] + forged[-64:])
    with pytest.raises(BadSignature):
        admit(world.view, mixed, seq=len(world.leaves), time_ms=world.now)


def test_the_algorithm_of_the_header_is_the_enrolled_one() -> None:
    """CO27: the message claims EdDSA for a key that is enrolled for ES256."""
    world = ready("founded")
    raw = world.sign("party-admitted", "root-1", "party/x", NEWCOMER)
    alg = raw.index(b"\xa4\x01\x26") + 2  # map of four, key 1, -7
    claimed = raw[:alg] + b"\x27" + raw[alg + 1 :]
    statement = parse_statement(claimed)
    assert statement.alg == EDDSA
    with pytest.raises(Refused) as caught:
        admit(world.view, statement, seq=len(world.leaves), time_ms=world.now)
    assert caught.value.code == "KEY_ALG"


def test_a_revoked_key_says_nothing() -> None:
    world = ready("founded")
    staff = world.people["supervisor-310104"]
    revoked = KeyRevoked(RevocationCause.LOST)
    world.say("key-revoked", "admin-district-310104", f"key/{staff.signer.public.kid.hex()}", revoked)
    subject = f"accreditation/{INSTITUTION}/001"
    body = {"first_day": "2026-01-01", "last_day": "2026-12-31"}
    world.refuse("KEY_REVOKED", "institution-accredited", staff, subject, body)


def test_a_withdrawn_party_says_nothing() -> None:
    world = ready("founded")
    world.say_two("party-withdrawn", f"party/{INSTITUTION}", PartyWithdrawn("closed"))
    admin = f"admin-{INSTITUTION}"
    world.refuse("PARTY_WITHDRAWN", "officer-appointed", admin, officer(world, "registrar"), appointment())


def test_a_party_nobody_admitted_says_nothing() -> None:
    """Cannot happen through acts; a view that lost the party must still refuse."""
    world = ready("founded")
    del world.view.facts[Party, INSTITUTION]
    admin = f"admin-{INSTITUTION}"
    world.refuse("PARTY_WITHDRAWN", "officer-appointed", admin, officer(world, "registrar"), appointment())


@pytest.mark.parametrize("days", [-1, 1])
def test_an_appointment_ends_with_its_last_day_and_begins_with_its_first(days: int) -> None:
    world = ready("founded")
    today = FIRST.replace(month=3, day=2)
    late = OfficerAppointed((Duty.STANDARDS,), (), today, today)
    world.say("officer-appointed", "city-admin", officer(world, "standards"), late)
    world.now += days * 86_400_000 if days > 0 else 0
    if days < 0:
        tomorrow = today + timedelta(days=1)
        early = OfficerAppointed((Duty.STANDARDS,), (), tomorrow, LAST)
        world.say("officer-appointed", "city-admin", officer(world, "standards"), early)
    world.refuse("DUTY_MISSING", "standard-published", "standards", "standard/x", {"document": {}})


def test_the_body_of_a_statement_is_a_map_with_text_keys() -> None:
    world = ready("founded")
    with pytest.raises(Malformed):
        world.say("approve", "root-2", f"statement/{'00' * 32}", {1: "x"})
