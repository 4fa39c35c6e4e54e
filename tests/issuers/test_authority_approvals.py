"""The second officer: another person, once, and judged as things stand at the second yes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from issuers.acts.parties import KeyRevoked, PartyAdmitted, PartyWithdrawn
from issuers.acts.words import RevocationCause, Role
from issuers.authority.party_facts import Key, Party, Pending
from tests.issuers.authority_worlds import ready
from tests.world import World
from tests.world_parts import INSTITUTION
from tests.world_steps import hire

NEWCOMER = PartyAdmitted(Role.INSTITUTION, "东岸培训学校", "Dong'an School", "310115")


def waiting(world: World) -> tuple[str, str]:
    """An act of root-1 that waits, and its name as a subject."""
    said = world.say("party-admitted", "root-1", "party/school-dongan", NEWCOMER)
    return said.hash.hex(), f"statement/{said.hash.hex()}"


def test_a_waiting_act_changes_nothing_until_the_second_yes() -> None:
    world = ready("founded")
    name, subject = waiting(world)
    pending = world.view.get(Pending, name)
    assert pending is not None
    assert not pending.done
    assert world.view.get(Party, "school-dongan") is None
    world.say("approve", "root-3", subject, {})
    assert world.view.get(Pending, name) == replace(pending, done=True)
    assert world.view.get(Party, "school-dongan") is not None


def test_the_signer_cannot_be_the_second_officer() -> None:
    world = ready("founded")
    _, subject = waiting(world)
    world.refuse("APPROVER_SAME", "approve", "root-1", subject, {})


def test_an_act_in_force_does_not_wait_again() -> None:
    """Its bytes, heard once more, would overwrite what is done, and one root would be enough."""
    world = ready("founded")
    said = world.say("party-admitted", "root-1", "party/school-dongan", NEWCOMER)
    world.refuse_raw("PENDING_EXISTS", said.raw)
    world.approve(said, "root-2")
    world.refuse_raw("PENDING_EXISTS", said.raw)


def test_an_act_waits_seven_days_and_no_longer() -> None:
    world = ready("founded")
    _, subject = waiting(world)
    week = 7 * 86_400_000
    pending = world.view.get(Pending, subject.removeprefix("statement/"))
    assert pending is not None
    said_ms = pending.time_ms
    world.refuse("PENDING_OLD", "approve", "root-2", subject, {}, at=said_ms + week + 1)
    world.say("approve", "root-2", subject, {}, at=said_ms + week)


def test_an_act_is_not_approved_twice() -> None:
    world = ready("founded")
    _, subject = waiting(world)
    world.say("approve", "root-2", subject, {})
    world.refuse("PENDING_DONE", "approve", "root-2", subject, {})
    world.refuse("PENDING_DONE", "approve", "root-3", subject, {})
    world.refuse("PENDING_DONE", "approve", "root-1", subject, {})


def test_only_a_waiting_act_can_be_approved() -> None:
    world = ready("founded")
    world.refuse("PENDING_UNKNOWN", "approve", "root-2", f"statement/{'00' * 32}", {})
    appointed = next(one for one in world.said if one.kind == "officer-appointed")
    world.refuse("PENDING_UNKNOWN", "approve", "root-2", f"statement/{appointed.hash.hex()}", {})


@pytest.mark.parametrize("text", ["", "00", "0" * 63, "0" * 65, "zz" * 32, "AB" * 32, " " + "00" * 32])
def test_an_approval_names_a_statement_by_64_lower_case_hex_digits(text: str) -> None:
    world = ready("founded")
    code = "SUBJECT_ID" if text else "SUBJECT_KIND"
    world.refuse(code, "approve", "root-2", f"statement/{text}", {})


def test_an_approval_carries_nothing() -> None:
    world = ready("founded")
    _, subject = waiting(world)
    world.refuse("SHAPE_UNKNOWN", "approve", "root-2", subject, {"unless": "later"})


def test_the_signers_key_revoked_meanwhile_stops_the_waiting_act() -> None:
    world = ready("founded")
    _, subject = waiting(world)
    kid = world.people["root-1"].signer.public.kid.hex()
    world.say_two(
        "key-revoked", f"key/{kid}", KeyRevoked(RevocationCause.LOST), signer="root-2", approver="root-3"
    )
    world.refuse("KEY_REVOKED", "approve", "root-2", subject, {})
    assert world.view.get(Party, "school-dongan") is None


def test_the_party_withdrawn_meanwhile_stops_the_waiting_act() -> None:
    world = ready("founded")
    who = hire(world, "second-admin", INSTITUTION)
    body = {
        "staff": who.staff,
        "enrolment": world.enrol(who),
        "first_day": "2026-01-01",
        "last_day": "2028-12-31",
    }
    said = world.say("admin-appointed", "root-1", f"party/{INSTITUTION}", body)
    world.say_two("party-withdrawn", f"party/{INSTITUTION}", PartyWithdrawn("closed"))
    world.refuse("PARTY_WITHDRAWN", "approve", "root-2", f"statement/{said.hash.hex()}", {})
    assert world.view.get(Key, who.signer.public.kid.hex()) is None


def test_of_two_waiting_acts_for_one_name_only_one_takes_force() -> None:
    world = ready("founded")
    _, first = waiting(world)
    _, second = waiting(world)
    world.say("approve", "root-2", first, {})
    world.refuse("PENDING_OVERTAKEN", "approve", "root-2", second, {})


def test_a_waiting_act_takes_force_at_the_place_and_time_of_its_approval() -> None:
    world = ready("founded")
    who = hire(world, "second-admin", INSTITUTION)
    body = {
        "staff": who.staff,
        "enrolment": world.enrol(who),
        "first_day": "2026-01-01",
        "last_day": "2028-12-31",
    }
    said = world.say("admin-appointed", "root-1", f"party/{INSTITUTION}", body)
    world.now += 5 * 86_400_000
    world.say("approve", "root-2", f"statement/{said.hash.hex()}", {})
    key = world.view.get(Key, who.signer.public.kid.hex())
    assert key is not None
    assert (key.since_seq, key.since_ms) == (len(world.leaves) - 1, world.times[-1])
