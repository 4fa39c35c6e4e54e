"""The facts are a pure function of the log: replayed anywhere they are the same, and they keep in a table."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from datetime import date
from functools import lru_cache

import pytest

from issuers.acts.certificates import ClaimDecided
from issuers.acts.parties import KeyRevoked, OfficerDismissed
from issuers.acts.words import KINDS, Outcome, RevocationCause, Role
from issuers.authority.class_facts import FACTS, PolicyFact, StandardFact
from issuers.authority.erasure_facts import Erased
from issuers.authority.judge import admit
from issuers.authority.party_facts import (
    BodyAppointment,
    BodyCode,
    Continued,
    GenesisFact,
    Key,
    NewestWitnessSet,
    Officer,
    Party,
    Pending,
    ServiceKeyFact,
    Settled,
    WitnessSetFact,
)
from issuers.authority.view import Fact, MemoryView
from issuers.bundled_acts import BundledAct, replay
from issuers.carried import ACTS, FORMS, TRUST, Form, body_of
from issuers.shape import from_map, to_map
from ledger import cbor
from ledger.errors import MalanError
from ledger.leaf import parse_leaf
from ledger.statement import parse_statement
from tests.issuers.authority_scenes import CONTINUED
from tests.issuers.authority_worlds import a_correction, a_version, a_void, give, passed_ones, ready, step
from tests.world import World
from tests.world_parts import BODY, INSTITUTION, PROJECT
from tests.world_steps import claim_act, class_subject, issue


@lru_cache(maxsize=1)
def eventful() -> World:
    """A world in which every kind of act was said, and every field of every fact holds something once."""
    world = ready("confirmed")
    holders = passed_ones(world)
    world.say(
        "number-voided", "signatory", class_subject(world), a_void(world, candidate=holders[4].candidate)
    )
    for holder in holders[:4]:
        issue(world, holder, expires_on=date(2031, 3, 12))
    for place, kinds in enumerate((("suspended",), ("suspended", "restored"), ("revoked",))):
        subject = f"certificate/{world.certificates[place + 1].id.hex()}"
        for kind in kinds:
            world.say(f"certificate-{kind}", "signatory", subject, {"reason": "under-review"})
    subject = f"certificate/{world.certificates[1].id.hex()}"
    world.say("certificate-cancelled", "signatory", subject, {"reason": "duplicate"})
    subject = f"certificate/{world.certificates[2].id.hex()}"
    world.say("certificate-reissued", "signatory", subject, a_version(world, 2))
    world.say("certificate-corrected", "signatory", subject, a_correction(world, 2))
    step(world, "claimed")
    decided = ClaimDecided(Outcome.REJECTED, ("ROLE_NOT_SHOWN",), 0, release=True)
    world.say("claim-decided", "reviewer-310104", f"claim/{world.claim_id.hex()}", decided)
    act, _ = claim_act(world, world.certificates[2], slot=2)
    world.say("claim-submitted", "app-intake", f"claim/{'c3' * 16}", act)
    world.say("claim-withdrawn", "app-intake", f"claim/{'c3' * 16}", {"reason": "by-applicant"})
    spoilt = KeyRevoked(RevocationCause.COMPROMISED, world.now // 1000 - 3600)
    kid = world.people["evaluator-3"].signer.public.kid.hex()
    world.say("key-revoked", f"admin-{BODY}", f"key/{kid}", spoilt)
    subject = f"officer/{world.people['instructor-2'].staff.hex()}"
    world.say("officer-dismissed", f"admin-{INSTITUTION}", subject, OfficerDismissed("left"))
    give(world, "evaluator-2", *world.view.all(Officer)[-1].duties, projects=(PROJECT,))
    subject = f"accreditation/{INSTITUTION}/{PROJECT}"
    world.say("accreditation-withdrawn", "supervisor-310104", subject, {"reason": "quality"})
    world.say_two("body-suspended", f"party/{BODY}", {"reason": "quality"})
    uscc = {"role": "institution", "uscc": "91310104000000000A", "region": "310115"}
    world.say_two("party-admitted", "party/school-new", {**uscc, "name": "新", "name_en": "New"})
    world.say_two("party-withdrawn", "party/school-beishan", {"reason": "closed"})
    roster = next(one for one in world.said if one.kind == "roster")
    order = {"reason": "consent-withdrawn", "places": [{"statement": roster.hash, "place": 1}]}
    world.say_two("log-continued", "log", CONTINUED)
    world.say_two("erasure-order", f"erasure/{'e1' * 16}", order)
    world.say("policy-published", "root-3", "policy/never-approved", {"document": {"amount_fen": 1}})
    return world


def replayed(leaves: Iterable[bytes]) -> MemoryView:
    """What an auditor does: from bytes alone."""
    view = MemoryView()
    for data in leaves:
        leaf = parse_leaf(data)
        view.put(admit(view, parse_statement(leaf.statement), seq=leaf.seq, time_ms=leaf.time_ms))
    return view


def test_the_eventful_world_says_every_kind_of_act() -> None:
    """So that the tests below speak about all of them."""
    assert {(one.kind, one.version) for one in eventful().said} == KINDS.keys()
    assert {kind.__name__ for kind, _ in eventful().view.facts} == FACTS.keys()


def test_a_replay_from_the_bytes_gives_the_same_facts() -> None:
    world = eventful()
    assert replayed(world.leaves).facts == world.view.facts


def test_a_replay_stopped_anywhere_and_continued_gives_the_same_facts() -> None:
    world = eventful()
    view = replayed(world.leaves[:100])
    for seq in range(100, len(world.leaves)):
        view.put(admit(view, world.said[seq], seq=seq, time_ms=world.times[seq]))
    assert view.facts == world.view.facts


def test_no_leaf_can_be_left_out_unnoticed() -> None:
    """Without any one leaf the rest is refused somewhere, or adds up to other facts."""
    world = ready("claimed")
    whole = world.view.facts
    for gone in range(0, len(world.leaves), 3):
        rest = world.leaves[:gone] + world.leaves[gone + 1 :]
        try:
            assert replayed(rest).facts != whole, f"leaf {gone} changed nothing"
        except MalanError:
            continue


def test_the_judge_changes_no_view_and_answers_the_same_twice() -> None:
    world = eventful()
    view = MemoryView()
    for seq, statement in enumerate(world.said):
        before = dict(view.facts)
        first = admit(view, statement, seq=seq, time_ms=world.times[seq])
        assert view.facts == before
        assert admit(view, statement, seq=seq, time_ms=world.times[seq]) == first
        view.put(first)


def test_the_acts_of_a_bundle_alone_give_the_same_facts_about_issuers_and_keys() -> None:
    """What a desk replays: all that its kinds decide, and nothing else."""
    world = eventful()
    acts = bundled(world, ACTS)
    kinds = {
        GenesisFact,
        Party,
        BodyCode,
        Officer,
        Key,
        ServiceKeyFact,
        Pending,
        BodyAppointment,
        StandardFact,
        PolicyFact,
        Settled,
        Erased,
        WitnessSetFact,
        NewestWitnessSet,
        Continued,
    }
    expected = {key: fact for key, fact in world.view.facts.items() if key[0] in kinds}
    assert replay(acts, ACTS)[0].facts == expected


def bundled(world: World, form: Form) -> list[BundledAct]:
    told = enumerate(zip(world.said, world.times, strict=True))
    return [
        BundledAct(seq, time, said.raw, body_of(world.view, said) if form is TRUST else None)
        for seq, (said, time) in told
        if form.carries(world.view, said)
    ]


def test_a_trust_bundle_gives_the_same_facts_about_the_city_the_bodies_and_their_people() -> None:
    """What a verifier replays: nobody whom a certificate can name is missing, and no other party's people."""
    world = eventful().copy()
    kid = world.people["registrar"].signer.public.kid.hex()
    world.say_two("key-revoked", f"key/{kid}", KeyRevoked(RevocationCause.LOST))
    facts = replay(bundled(world, TRUST))[0].facts
    roles = {party.id: party.role for party in world.view.all(Party)}
    assert set(roles.values()) == set(Role)

    def decides(fact: Fact) -> bool:
        match fact:
            case Party(role=role):
                return role not in (Role.INSTITUTION, Role.OPERATOR)
            case Officer(party=party):
                return roles[party] in (Role.CITY, Role.BODY)
            case Key(party=party, staff=staff):
                return staff is None or roles[party] in (Role.CITY, Role.BODY)
            case Pending(raw=raw):
                return TRUST.carries(world.view, parse_statement(raw))
        wanted = (GenesisFact, BodyCode, ServiceKeyFact, BodyAppointment, StandardFact)
        return isinstance(fact, (*wanted, WitnessSetFact, NewestWitnessSet))

    expected = {key: fact for key, fact in world.view.facts.items() if decides(fact)}
    settled = {key: fact for key, fact in facts.items() if key[0] is Settled}
    assert settled.items() <= world.view.facts.items()
    assert {key: fact for key, fact in facts.items() if key[0] is not Settled} == expected
    revoked = [key for key in world.view.all(Key) if key.revoked_seq is not None]
    assert {decides(key) for key in revoked} == {True, False}, "keys of both sides were revoked"


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.file)
def test_right_after_an_act_it_is_told_as_at_the_end(form: Form) -> None:
    """So a publisher that goes on carries what one that begins anew does."""
    world, view = eventful(), MemoryView()
    for seq, statement in enumerate(world.said):
        view.put(admit(view, statement, seq=seq, time_ms=world.times[seq]))
        assert form.carries(view, statement) is form.carries(world.view, statement), seq


@pytest.mark.parametrize("name", list(FACTS))
def test_every_fact_keeps_in_a_table(name: str) -> None:
    """As a CBOR map and back; its key is its name among the facts of its class."""
    kind = FACTS[name]
    facts: list[Fact] = eventful().view.all(kind)
    assert facts
    for fact in facts:
        stored = cbor.encode(to_map(fact))
        again = from_map(kind, cbor.decode(stored), where=name)
        assert again == fact
        assert eventful().view.get(kind, fact.key) is fact


def test_every_field_of_every_fact_was_filled_once() -> None:
    """Otherwise the round trip above would say nothing about it."""
    never = []
    for name, kind in FACTS.items():
        for item in dataclasses.fields(kind):
            facts: list[Fact] = eventful().view.all(kind)
            values = [getattr(fact, item.name) for fact in facts]
            if all(value is None or value == () for value in values):
                never.append(f"{name}.{item.name}")
    assert never == []


@pytest.mark.parametrize("name", FACTS)
def test_a_stored_fact_with_a_field_too_many_is_not_read(name: str) -> None:
    fact: Fact = eventful().view.all(FACTS[name])[0]
    stored = dict(to_map(fact)) | {"surprise": 1}
    with pytest.raises(MalanError) as caught:
        from_map(FACTS[name], stored, where=name)
    assert caught.value.code == "SHAPE_UNKNOWN"
