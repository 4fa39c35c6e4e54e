"""Worlds for the tests of the authority rules: one for each moment in the life of a class, with rivals."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

from issuers.acts.parties import Genesis, GenesisKey
from tests.world import World
from tests.world_parts import moment
from tests.world_stages import certificates, claim, class_opened, rivals, standard
from tests.world_steps import TRAINEES as ROWS
from tests.world_steps import class_subject, confirmation, hire, say_roster, say_sheet, trainee

STAGES = ("founded", "published", "opened", "rostered", "scored", "confirmed", "issued", "claimed")


def ready(stage: str) -> World:
    """A world of its own that stands after `stage`; "rostered" and later on the day after the teaching."""
    return _ready(stage).copy()


@lru_cache(maxsize=len(STAGES))
def _ready(stage: str) -> World:
    if stage == "founded":
        return rivals(World.founded())
    return step(_ready(STAGES[STAGES.index(stage) - 1]).copy(), stage)


def step(world: World, stage: str) -> World:
    """One stage further."""
    if stage == "published":
        return standard(world)
    if stage == "opened":
        return class_opened(world)
    if stage == "rostered":
        world.trainees = [trainee(world, *row) for row in ROWS]
        say_roster(world)
        world.now = moment(12, 14)
    elif stage == "scored":
        say_sheet(world, "evaluator-1", 0)
        say_sheet(world, "evaluator-2", 1)
    elif stage == "confirmed":
        world.say("evaluation-confirmed", "signatory", class_subject(world), confirmation(world))
    elif stage == "issued":
        return certificates(world)
    else:
        return claim(world)
    return world


def unfounded() -> tuple[World, Genesis]:
    """An empty log, its three holders, and the honest genesis they could say."""
    world = World()
    roots = [hire(world, f"root-{number}", "city") for number in (1, 2, 3)]
    keys = tuple(GenesisKey(root.staff, world.enrol(root)) for root in roots)
    return world, Genesis(world.origin, "上海市就业促进中心(示例)", "Shanghai Employment Centre", keys, 1)


def body_of(world: World, seq: int = -1, **changed: Any) -> dict[str, Any]:
    """The body of something said before, with fields replaced: the lie nearest to the truth."""
    return {**world.said[seq].body, **changed}


__all__ = ["ready", "replace", "step", "unfounded"]
