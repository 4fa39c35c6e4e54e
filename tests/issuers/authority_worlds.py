"""Worlds for the tests of the authority rules: one for each moment in the life of a class, with rivals."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from functools import lru_cache
from typing import Any

from issuers.acts.certificates import (
    CertificateCorrected,
    CertificateIssued,
    CertificateReissued,
    NumberVoided,
)
from issuers.acts.classes import Roster, Sheet
from issuers.acts.parties import Genesis, GenesisKey, OfficerAppointed
from issuers.acts.reasons import CorrectionReason, ReissueReason
from issuers.acts.words import CertificateKind, Duty
from issuers.authority.case import shanghai_date
from issuers.authority.class_facts import CertificateFact, ClassFact
from tests.world import World
from tests.world_parts import BODY, FIRST, LAST, STANDARD_ID, Trainee, moment, seeded
from tests.world_stages import certificates, claim, class_opened, rivals, standard
from tests.world_steps import TRAINEES as ROWS
from tests.world_steps import class_subject, confirmation, hire, said_of_class, say_roster, say_sheet, trainee

FREE = 77  # a place in the status list that no certificate has
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


def the_class(world: World) -> ClassFact:
    fact = world.view.get(ClassFact, world.class_id.hex())
    assert fact is not None
    return fact


def a_roster(world: World) -> Roster:
    entries, _ = world.commit("roster", [trainee(world, *row).fields for row in ROWS])
    return Roster(entries)


def a_sheet(world: World, *, rows: int | None = None, **marks: int) -> Sheet:
    people = [{"candidate": one.candidate, **one.marks[0], **marks} for one in world.trainees[:rows]]
    entries, _ = world.commit("sheet", people)
    return Sheet(said_of_class(world, "roster")[0], entries)


def give(world: World, name: str, *duties: Duty, projects: tuple[str, ...] = ()) -> None:
    """Another appointment at the body for somebody who has one."""
    subject = f"officer/{world.people[name].staff.hex()}"
    world.say("officer-appointed", f"admin-{BODY}", subject, OfficerAppointed(duties, projects, FIRST, LAST))


def passed_ones(world: World) -> list[Trainee]:
    return [one for one in world.trainees if one.passes]


def an_issue(world: World, **changed: Any) -> CertificateIssued:
    """An honest act for the first who passed, its credential not looked at by the rules."""
    entries, _ = world.commit("certificate-issued", [{"name": "沈明", "number": "x" * 23}])
    honest = CertificateIssued(
        class_id=world.class_id,
        candidate=passed_ones(world)[0].candidate,
        evaluation=(said_of_class(world, "evaluation-confirmed") or [bytes(32)])[0],
        standard=STANDARD_ID,
        kind=CertificateKind.QUALIFICATION,
        credential=seeded("credential", 32),
        status_list=1,
        status_index=FREE,
        issued_on=shanghai_date(world.now),
        entries=entries,
    )
    return replace(honest, **changed)


def a_version(world: World, place: int = 0, **changed: Any) -> CertificateReissued:
    """An honest next version of a certificate, its credential not looked at by the rules."""
    fact = world.view.get(CertificateFact, world.certificates[place].id.hex())
    assert fact is not None
    entries, _ = world.commit("certificate-reissued", [{"name": "沈明", "number": "x" * 23}])
    honest = CertificateReissued(
        version=fact.version + 1,
        former=fact.credential,
        standard=STANDARD_ID,
        kind=fact.kind,
        credential=seeded(f"credential {fact.version + 1}", 32),
        status_list=1,
        status_index=FREE + fact.version,
        issued_on=fact.issued_on,
        version_on=shanghai_date(world.now),
        reason=ReissueReason.LOST,
        entries=entries,
        expires_on=fact.expires_on,
    )
    return replace(honest, **changed)


def a_correction(world: World, place: int = 0, **changed: Any) -> CertificateCorrected:
    """The same as a correction of the name."""
    fields = {
        item.name: getattr(a_version(world, place), item.name)
        for item in dataclasses.fields(CertificateCorrected)
    }
    return replace(CertificateCorrected(**{**fields, "reason": CorrectionReason.NAME}), **changed)


def a_void(world: World, **changed: Any) -> NumberVoided:
    entries, _ = world.commit("number-voided", [{"number": "x" * 23}])
    candidate = passed_ones(world)[0].candidate
    return replace(NumberVoided(world.class_id, candidate, 1, FREE, "unused", entries), **changed)
