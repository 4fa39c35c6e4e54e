"""A log that goes on where another ended: two of the city's three say so, once."""

from __future__ import annotations

from issuers.acts.parties import LogContinued
from issuers.authority.party_facts import Continued
from tests.issuers.authority_scenes import CONTINUED
from tests.world import World
from tests.world_parts import ORIGIN

ACT = LogContinued("log.malan.example/2025", 7, b"\1" * 32, b"\2" * 32)


def test_two_of_the_city_say_it_once() -> None:
    world = World.founded()
    world.say("log-continued", "root-1", "log", ACT)
    assert world.view.all(Continued) == []  # not before the second agrees
    world.say_two("log-continued", "log", ACT)
    assert world.view.get(Continued, "log") == Continued(ACT.origin, 7, ACT.root, ACT.checkpoint)
    world.refuse("CONTINUED_TWICE", "log-continued", "root-1", "log", {**CONTINUED, "size": 8})


def test_of_another_log_and_about_the_log() -> None:
    world = World.founded()
    world.refuse("CONTINUED_SELF", "log-continued", "root-1", "log", {**CONTINUED, "origin": ORIGIN})
    world.refuse("SUBJECT_KIND", "log-continued", "root-1", "party/city", CONTINUED)
    world.refuse("SHAPE_RANGE", "log-continued", "root-1", "log", {**CONTINUED, "size": 0})
