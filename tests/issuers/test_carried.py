"""Whatever a lawful log says, the acts of a bundle alone add up, act by act, to what the whole log does, and
so do the common acts of a bundle with those of one body's part.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from issuers.acts.words import Role
from issuers.authority.class_facts import StandardFact
from issuers.authority.judge import judge
from issuers.authority.party_facts import (
    BodyAppointment,
    BodyCode,
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
from issuers.authority.view import Fact, MemoryView, View
from issuers.carried import ACTS, FORMS, TRUST, Form, body_of
from ledger.errors import MalanError
from ledger.statement import Statement
from tests.issuers.lawful import CHOSEN, Steps, begun, happened
from tests.world import World

Place = Callable[[View, Statement], str | None]


def decides(fact: Fact, view: MemoryView, form: Form) -> bool:
    """Whether a reader of this bundle may ask for the fact."""

    def role(party: str) -> Role | None:
        known = view.get(Party, party)
        return None if known is None else known.role

    match fact:
        case Party(role=own):
            return own in form.parties
        case BodyCode():
            return Role.BODY in form.parties
        case Officer(party=party):
            return role(party) in form.people
        case Key(party=party, staff=staff):
            return staff is None or role(party) in form.people
        case Pending() | Settled():
            return form is ACTS  # what only the judge asks, whose answers are compared
    whole = (GenesisFact, ServiceKeyFact, BodyAppointment, StandardFact, WitnessSetFact, NewestWitnessSet)
    return form is ACTS or isinstance(fact, whole)


def check_at_every_size(world: World, form: Form, *, asked: Form | None = None) -> int:
    """Each carried act is admitted by the part as by the whole; none that is not carried decides anything.

    `asked`: the form whose readers ask, if it is another. How many acts were left out.
    """
    whole, part, left_out = MemoryView(), MemoryView(), 0
    carried: list[bool] = []
    for seq, (statement, time_ms) in enumerate(zip(world.said, world.times, strict=True)):
        changes = judge(whole, statement, seq=seq, time_ms=time_ms)
        whole.put(changes)
        carried.append(form.carries(whole, statement))
        if carried[-1]:
            assert judge(part, statement, seq=seq, time_ms=time_ms) == changes, f"seq {seq}"
            part.put(changes)
        else:
            left_out += 1
            assert not [fact for fact in changes if decides(fact, whole, asked or form)], f"seq {seq}"
    assert carried == [form.carries(world.view, one) for one in world.said], "as told right after each"
    return left_out


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.file)
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(steps=CHOSEN)
def test_a_bundle_adds_up_to_what_the_log_does_at_every_size(form: Form, steps: Steps) -> None:
    check_at_every_size(happened(steps), form)


def check_parts_at_every_size(world: World, place: Place = body_of) -> int:
    """By the common acts and those of one part, each act is admitted as by the whole. How many parts."""
    whole, parts = MemoryView(), dict[str | None, MemoryView]({None: MemoryView()})
    places = list[str | None]()
    for seq, (statement, time_ms) in enumerate(zip(world.said, world.times, strict=True)):
        changes = judge(whole, statement, seq=seq, time_ms=time_ms)
        whole.put(changes)
        places.append(place(whole, statement))
        if not TRUST.carries(whole, statement):
            continue
        code = places[-1]
        if code not in parts:
            parts[code] = MemoryView()
            parts[code].put(parts[None].facts.values())
        for view in parts.values() if code is None else (parts[code],):
            assert judge(view, statement, seq=seq, time_ms=time_ms) == changes, f"seq {seq}"
            view.put(changes)
    assert places == [place(world.view, one) for one in world.said], "as told right after each"
    return len(parts) - 1


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(steps=CHOSEN)
def test_a_body_is_judged_by_its_own_part_as_by_the_whole(steps: Steps) -> None:
    check_parts_at_every_size(happened(steps))


def test_an_act_in_the_part_of_another_would_be_noticed() -> None:
    """The negative control of the test above: two bodies, each with an admin and a person."""
    one = [("admit", 2, 0, 5), ("make_admin", 2, 0, 1), ("give", 6, 1, 0)]
    world = happened([*one, ("admit", 3, 0, 5), ("make_admin", 3, 1, 3), ("body", 3, 1, 1)])
    assert check_parts_at_every_size(world) == 2
    for kind in ("admin-appointed", "body-appointed"):
        with pytest.raises((AssertionError, MalanError)):
            check_parts_at_every_size(
                world, lambda view, said, kind=kind: None if said.kind == kind else body_of(view, said)
            )


@pytest.mark.parametrize(
    ("less", "steps"),
    [
        ({"people": frozenset({Role.CITY})}, [("admit", 2, 0, 1), ("make_admin", 2, 0, 3)]),
        ({"parties": frozenset({Role.BODY})}, [("admit", 0, 2, 1)]),
        ({"kinds": TRUST.kinds - {"party-withdrawn"}}, [("admit", 2, 0, 1), ("withdraw", 2, 0, 1)]),
    ],
    ids=["nobody of a body", "no district", "no withdrawal"],
)
def test_a_bundle_that_carried_less_would_be_noticed(less: dict[str, Any], steps: Steps) -> None:
    """The negative control of the test above, and that its steps are lawful."""
    world = happened(steps)
    assert len(world.said) == len(begun().said) + 2 * len(steps)
    check_at_every_size(world, TRUST)
    with pytest.raises(AssertionError, match="seq"):
        check_at_every_size(world, replace(TRUST, **less), asked=TRUST)
