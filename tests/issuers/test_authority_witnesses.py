"""Rules for the set of witnesses: districts in office, keys they hold, over half of them, no way back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from issuers.acts.parties import NamedWitness, PartyWithdrawn, ServiceKey, WitnessSet
from issuers.authority.party_facts import Key, NewestWitnessSet, WitnessSetFact
from issuers.authority.witness_rules import POSSESSION_AGE_MAX, WITNESS
from issuers.witnesses import policy_of
from ledger.checkpoint import Cosigner, cosign
from ledger.keys import EDDSA, SoftwareSigner, from_seed
from ledger.note import Note, parse_note
from tests.issuers.authority_worlds import ready
from tests.world import World
from tests.world_exports import log_signer
from tests.world_stages import say_witnesses, witness_set


def refused(world: World, code: str, act: WitnessSet, *, subject: str = "log") -> None:
    world.refuse(code, "witness-set", "root-1", subject, act)


def with_first(act: WitnessSet, **changed: object) -> WitnessSet:
    """The set with its first witness changed."""
    first = replace(act.witnesses[0], **changed)  # type: ignore[arg-type]  # any of its fields
    return replace(act, witnesses=(first, *act.witnesses[1:]))


def possession(world: World, signer: Cosigner, *, origin: str | None = None, age: int = 0) -> str:
    text = parse_note(world.checkpoint(cosigned=0)).text
    text = text if origin is None else text.replace(world.origin, origin)
    return Note(text, (cosign(text, signer, time=world.now // 1000 - age),)).render().decode()


def test_sixteen_districts_eleven_of_them_a_quorum() -> None:
    world = ready("founded")
    say_witnesses(world)
    (fact,) = world.view.all(WitnessSetFact)
    assert fact.seq == len(world.leaves) - 1  # the place of the second officer's yes
    policy = policy_of(fact)
    assert (policy.witness_count, policy.needed, policy.witnesses[0].name) == (16, 11, "district-310101")
    keys = [key for key in world.view.all(Key) if key.purpose == WITNESS]
    assert len(keys) == 16
    assert {key.staff for key in keys} == {None}


def test_one_officer_of_the_city_appoints_nobody() -> None:
    world = ready("founded")
    world.say("witness-set", "root-1", "log", witness_set(world))
    assert world.view.all(WitnessSetFact) == []


@pytest.mark.parametrize(("count", "quorum"), [(16, 8), (16, 17), (3, 1), (1, 2), (2, 1)])
def test_two_quorums_share_a_witness(count: int, quorum: int) -> None:
    world = ready("founded")
    refused(world, "WITNESS_QUORUM", replace(witness_set(world, count=count), quorum=quorum))


@pytest.mark.parametrize(("count", "quorum"), [(16, 9), (16, 16), (3, 2), (1, 1), (2, 2)])
def test_the_smallest_and_the_largest_quorum(count: int, quorum: int) -> None:
    say_witnesses(ready("founded"), count=count, quorum=quorum)


def test_only_districts_in_office_are_witnesses_each_once() -> None:
    world = ready("founded")
    act = witness_set(world)
    refused(world, "WITNESS_TWICE", with_first(act, party=act.witnesses[1].party))
    for party in ("body-shenlan", "city", "nobody"):
        refused(world, "WITNESS_PARTY", with_first(act, party=party))
    refused(world, "SUBJECT_KIND", act, subject="log/2")
    world.say_two("party-withdrawn", "party/district-310101", PartyWithdrawn("merged"))
    refused(world, "WITNESS_PARTY", witness_set(world))


def test_a_witness_holds_its_key() -> None:
    world = ready("founded")
    act, (first, second, *_) = witness_set(world), world.witnesses
    other_log = possession(world, first, origin="log.other.example/2026")
    for proof in (possession(world, second), other_log, world.checkpoint(cosigned=0).decode()):
        refused(world, "WITNESS_POSSESSION", with_first(act, possession=proof))
    spoilt = possession(world, first).replace(f"{world.origin}\n", f"{world.origin}\n1", 1)
    refused(world, "SIGNATURE", with_first(act, possession=spoilt))
    for age in (POSSESSION_AGE_MAX + 60, -POSSESSION_AGE_MAX - 60):
        old = possession(world, first, age=age)
        refused(world, "WITNESS_POSSESSION_OLD", with_first(act, possession=old))
    world.say_two("witness-set", "log", with_first(act, possession=possession(world, first, age=86_400)))


def test_no_key_serves_two_and_a_log_never_vouches_for_itself() -> None:
    world = ready("founded")
    act, first = witness_set(world), world.witnesses[0]
    log = Cosigner("witness.example/own", log_signer(world).private_key)
    refused(world, "KEY_EXISTS", with_first(act, vkey=log.key.vkey, possession=possession(world, log)))
    twin = Cosigner("witness.example/twin", world.witnesses[1].private_key)
    refused(
        world, "POLICY_KEY_TWICE", with_first(act, vkey=twin.key.vkey, possession=possession(world, twin))
    )
    world.say_two("witness-set", "log", act)
    # Nor may the key of a witness become one of the service, or another district's.
    enrolment = world.enrolment(_signer(first), "city", "service/checkpoint")
    world.refuse("KEY_EXISTS", "service-key", "root-1", "service/checkpoint", ServiceKey(enrolment))
    one, two, *rest = act.witnesses
    swapped = (replace(one, party=two.party), replace(two, party=one.party), *rest)
    refused(world, "KEY_EXISTS", replace(act, witnesses=swapped))


def _signer(cosigner: Cosigner) -> SoftwareSigner:
    return from_seed(EDDSA, cosigner.private_key.private_bytes_raw())


def test_a_later_set_starts_no_earlier_and_names_no_key_that_was_revoked() -> None:
    world = ready("founded")
    say_witnesses(world)
    act = witness_set(world, count=3, quorum=2)
    refused(world, "WITNESS_START", replace(act, first_day=act.first_day - timedelta(days=1)))
    kid = next(key.kid.hex() for key in world.view.all(Key) if key.purpose == WITNESS)
    world.say_two("key-revoked", f"key/{kid}", {"cause": "lost"})
    refused(world, "KEY_REVOKED", witness_set(world))
    say_witnesses(world, first=1, count=3, quorum=2)
    newest = world.view.get(NewestWitnessSet, "log")
    assert newest is not None
    assert [fact.seq for fact in world.view.all(WitnessSetFact)][-1] == newest.seq


def test_an_address_is_one_of_http() -> None:
    world = ready("founded")
    act = witness_set(world)
    for url in ("ftp://witness.example", "https://witness.example/a b", "https://"):
        refused(world, "SHAPE_FORM", with_first(act, url=url))
    world.say_two("witness-set", "log", with_first(act, url="https://witness.example:8443/w"))
    assert isinstance(act.witnesses[0], NamedWitness)
