"""Views of the past: the facts of exactly the acts before a place or up to a time."""

from __future__ import annotations

from datetime import date

from issuers.acts.parties import BodyAppointed
from issuers.authority.class_facts import StandardFact
from issuers.authority.party_facts import BodyAppointment, GenesisFact, Party
from issuers.authority.view import MemoryView
from issuers.bundled_acts import replay
from tests.verify.shown import bundle_of, issued_world
from tests.world import World
from tests.world_parts import BODY, LAST, PROJECT, STANDARD_ID
from verify.history import History


def renewed() -> tuple[World, History]:
    """A world in which the body's appointment was renewed at the end."""
    world = issued_world()
    world.say_two("body-appointed", f"party/{BODY}", BodyAppointed((PROJECT,), LAST, LAST))
    return world, History(replay(bundle_of(world).acts)[1])


def test_before_each_place_the_facts_are_those_of_a_replay_up_to_there() -> None:
    world, history = renewed()
    acts = bundle_of(world).acts
    for seq in (0, 1, 2, 17, 60, acts[-1].seq, acts[-1].seq + 1):
        view: MemoryView = replay(act for act in acts if act.seq < seq)[0]
        past = history.before(seq)
        for kind, key in {(type(fact), fact.key) for fact in replay(acts)[0].facts.values()}:
            assert past.get(kind, key) == view.get(kind, key)
        assert past.all(Party) == view.all(Party)


def test_a_renewal_is_seen_from_its_place_on_and_not_before() -> None:
    world, history = renewed()
    place = len(world.leaves) - 1  # the approval; the act itself stands one before and waits
    for seq, first in ((place - 1, date(2026, 1, 1)), (place, date(2026, 1, 1)), (place + 1, LAST)):
        appointment = history.before(seq).get(BodyAppointment, BODY)
        assert appointment is not None
        assert appointment.first_day == first


def test_until_a_time_takes_the_acts_of_that_very_millisecond() -> None:
    world, history = renewed()
    place = world.certificates[0].seq
    approved = next(seq for seq in range(len(world.said)) if world.said[seq].subject.endswith(STANDARD_ID))
    assert approved < place
    assert history.until(world.times[approved]).get(StandardFact, STANDARD_ID) is not None
    assert history.until(world.times[approved] - 1).get(StandardFact, STANDARD_ID) is None


def test_before_the_beginning_there_is_nothing() -> None:
    _, history = renewed()
    assert history.before(0).get(GenesisFact, "log") is None
    assert history.until(0).all(Party) == []
