"""Genesis: the three keys every verifier pins, and nothing before or beside them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from issuers.acts.parties import GenesisKey, PartyAdmitted
from issuers.acts.words import Role
from issuers.authority.judge import admit, judge
from issuers.authority.party_facts import GenesisFact
from issuers.authority.view import MemoryView
from ledger.errors import Refused
from ledger.statement import parse_statement
from tests.issuers.authority_worlds import ready, unfounded
from tests.world_steps import hire

NEWCOMER = PartyAdmitted(Role.INSTITUTION, "东岸培训学校", "Dong'an School", "310115")


def test_genesis_takes_force_with_the_second_key() -> None:
    world, act = unfounded()
    said = world.say("genesis", "root-1", "log", act)
    fact = world.view.get(GenesisFact, "log")
    assert fact is not None
    assert not fact.in_force
    assert fact.statement == said.hash
    world.approve(said, "root-3")
    assert world.view.get(GenesisFact, "log") == replace(fact, in_force=True)


def test_nothing_can_be_said_before_genesis() -> None:
    world, _ = unfounded()
    statement = parse_statement(world.sign("party-admitted", "root-1", "party/x", NEWCOMER))
    with pytest.raises(Refused) as caught:
        judge(world.view, statement, seq=0, time_ms=world.now)
    assert caught.value.code == "GENESIS_MISSING"
    world.refuse("KEY_UNKNOWN", "party-admitted", "root-1", "party/x", NEWCOMER)


def test_nothing_but_the_second_yes_can_follow_a_waiting_genesis() -> None:
    world, act = unfounded()
    world.say("genesis", "root-1", "log", act)
    world.refuse("GENESIS_PENDING", "party-admitted", "root-1", "party/x", NEWCOMER)


def test_the_author_of_genesis_cannot_approve_it() -> None:
    world, act = unfounded()
    said = world.say("genesis", "root-1", "log", act)
    world.refuse("APPROVER_SAME", "approve", "root-1", f"statement/{said.hash.hex()}", {})


def test_genesis_is_not_said_twice() -> None:
    world, act = unfounded()
    world.say("genesis", "root-1", "log", act)
    world.refuse("GENESIS_PLACE", "genesis", "root-2", "log", act)
    settled = ready("founded")
    settled.refuse("GENESIS_PLACE", "genesis", "root-1", "log", act)


def test_genesis_stands_at_leaf_zero() -> None:
    world, act = unfounded()
    statement = parse_statement(world.sign("genesis", "root-1", "log", act))
    with pytest.raises(Refused) as caught:
        admit(MemoryView(), statement, seq=1, time_ms=world.now)
    assert caught.value.code == "GENESIS_PLACE"


@pytest.mark.parametrize(
    ("subject", "claimed"),
    [("party/city", {}), ("log", {"iss": "district-310101"}), ("log", {"aud": "log.other.example/2026"})],
)
def test_genesis_names_the_city_the_log_and_its_origin(subject: str, claimed: dict[str, str]) -> None:
    world, act = unfounded()
    world.refuse("GENESIS_NAMES", "genesis", "root-1", subject, act, **claimed)


def test_two_genesis_keys_in_one_hand_are_refused() -> None:
    world, act = unfounded()
    one = world.people["root-1"]
    second = world.new_key("second key of root-1")
    enrolment = world.enrolment(second, "city", f"officer/{one.staff.hex()}")
    keys = (act.keys[0], GenesisKey(one.staff, enrolment), act.keys[2])
    world.refuse("GENESIS_KEYS", "genesis", "root-1", "log", replace(act, keys=keys))


def test_one_genesis_key_for_two_people_is_refused() -> None:
    world, act = unfounded()
    one, two = world.people["root-1"], world.people["root-2"]
    enrolment = world.enrolment(one.signer, "city", f"officer/{two.staff.hex()}")
    keys = (act.keys[0], GenesisKey(two.staff, enrolment), act.keys[2])
    world.refuse("GENESIS_KEYS", "genesis", "root-1", "log", replace(act, keys=keys))


def test_a_genesis_signed_by_a_stranger_is_refused() -> None:
    world, act = unfounded()
    stranger = hire(world, "stranger", "city")
    world.refuse("KEY_UNKNOWN", "genesis", stranger, "log", act)
    statement = parse_statement(world.sign("genesis", stranger, "log", act))
    with pytest.raises(Refused) as caught:  # even where the caller forgot to ask for the key
        judge(world.view, statement, seq=0, time_ms=world.now)
    assert caught.value.code == "GENESIS_KEYS"


def test_a_genesis_key_proved_for_another_person_is_refused() -> None:
    world, act = unfounded()
    keys = (GenesisKey(world.person("somebody", "city").staff, act.keys[0].enrolment), *act.keys[1:])
    world.refuse("ENROLMENT_OTHER", "genesis", "root-1", "log", replace(act, keys=keys))


def test_a_genesis_under_unknown_rules_is_refused() -> None:
    world, act = unfounded()
    world.refuse("SHAPE_RANGE", "genesis", "root-1", "log", replace(act, rules=2))
