"""Random lawful logs about few names: parties said twice with several roles, people and keys of several
parties, acts that wait and are approved late or never, revocations, witnesses, withdrawals.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from typing import Any

from hypothesis import strategies as st

from issuers.acts.classes import PolicyPublished, StandardPublished
from issuers.acts.parties import (
    AdminAppointed,
    BodyAppointed,
    Genesis,
    GenesisKey,
    KeyEnrolled,
    KeyRevoked,
    OfficerAppointed,
    PartyAdmitted,
    ServiceKey,
)
from issuers.acts.words import Duty, RevocationCause, Role
from issuers.authority.party_facts import (
    Key,
    Officer,
    Pending,
)
from ledger.errors import MalanError
from ledger.keys import EDDSA, ES256, from_seed
from tests.issuers.authority_scenes import CONTINUED
from tests.world import World
from tests.world_parts import FIRST, LAST, POLICY, PROJECT, STANDARD, Person, seeded
from tests.world_stages import witness_set
from tests.world_steps import appoint, appoint_admin, hire

PLACES = ("district-310101", "district-310104", "one", "two")
ROLES = (Role.BODY, Role.INSTITUTION, Role.DISTRICT, Role.OPERATOR)
DUTIES = (Duty.SIGNATORY, Duty.STANDARDS, Duty.REGISTRAR, Duty.EVALUATOR)
CAUSES = tuple(RevocationCause)
CODES = ("007", "008")
PEOPLE = tuple(seeded(f"shared person {number}", 16) for number in range(4))
KEYS = (
    *(from_seed(ES256, seeded(f"shared key {number}", 48)) for number in range(8)),
    from_seed(EDDSA, seeded("witness 310101", 32)),  # somebody's own key, and a witness's
)
_DAY = 86_400_000

Pick = tuple[int, int, int]
Steps = list[tuple[str, int, int, int]]


@lru_cache(maxsize=1)
def begun() -> World:
    """Genesis, service keys, and the city's admin: everything else is said by chance."""
    world = World()
    for purpose, alg in (("checkpoint", EDDSA), ("receipt", ES256), ("status", ES256)):
        world.service[purpose] = from_seed(alg, seeded(f"service {purpose}", 48 if alg == ES256 else 32))
    roots = [hire(world, f"root-{number}", "city") for number in (1, 2, 3)]
    keys = tuple(GenesisKey(root.staff, world.enrol(root)) for root in roots)
    act = Genesis(world.origin, "上海市就业促进中心(示例)", "Shanghai Employment Centre (example)", keys, 1)
    world.approve(world.say("genesis", "root-1", "log", act), "root-2")
    for purpose, signer in world.service.items():
        enrolment = world.enrolment(signer, "city", f"service/{purpose}")
        world.say_two("service-key", f"service/{purpose}", ServiceKey(enrolment))
    appoint_admin(world, "city-admin", "city")
    appoint(world, "standards", "city", Duty.STANDARDS)
    return world


def _officer(world: World, duty: Duty, at: int) -> Person:
    """Somebody with that duty, whichever party's: who may not speak any more is refused."""
    signers = {one.public.kid: one for one in (*KEYS, *(each.signer for each in world.people.values()))}
    view = world.view
    found = [
        Person("", key.party, key.staff, signers[key.kid])
        for key in view.all(Key)
        if key.staff is not None
        and (held := view.get(Officer, f"{key.party}/{key.staff.hex()}")) is not None
        and duty in held.duties
    ]
    return found[at % len(found)]


def _enrolment(world: World, party: str, pick: Pick) -> tuple[bytes, bytes]:
    staff, signer = PEOPLE[pick[1] % len(PEOPLE)], KEYS[pick[2] % len(KEYS)]
    return staff, world.enrolment(signer, party, f"officer/{staff.hex()}")


def _two(world: World, kind: str, subject: str, body: Any, at: int) -> None:
    """Said by one of three; a second says yes at once, or later (`approve`), or never."""
    said = world.say(kind, f"root-{at % 3 + 1}", subject, body)
    if at % 4:
        world.approve(said, f"root-{(at + 1) % 3 + 1}")


def admit(world: World, pick: Pick) -> None:
    role = ROLES[pick[1] % 4]
    code = CODES[sum(pick) % 2]
    act = PartyAdmitted(role, "甲", "One", "310101", code=code if role is Role.BODY else None)
    _two(world, "party-admitted", f"party/{PLACES[pick[0] % 4]}", act, pick[2])


def withdraw(world: World, pick: Pick) -> None:
    _two(world, "party-withdrawn", f"party/{PLACES[pick[0] % 4]}", {"reason": "closed"}, pick[2])


def make_admin(world: World, pick: Pick) -> None:
    party = (*PLACES, "city")[pick[0] % 5]
    staff, enrolment = _enrolment(world, party, pick)
    _two(world, "admin-appointed", f"party/{party}", AdminAppointed(staff, enrolment, FIRST, LAST), sum(pick))


def body(world: World, pick: Pick) -> None:
    subject = f"party/{PLACES[pick[0] % 4]}"
    if pick[1] % 3:
        _two(world, "body-appointed", subject, BodyAppointed((PROJECT,), FIRST, LAST), pick[2])
    else:
        _two(world, "body-suspended", subject, {"reason": "quality"}, pick[2])


def give(world: World, pick: Pick) -> None:
    act = OfficerAppointed((DUTIES[pick[2] % 4],), (), FIRST, LAST)
    subject = f"officer/{PEOPLE[pick[1] % len(PEOPLE)].hex()}"
    world.say("officer-appointed", _officer(world, Duty.ADMIN, pick[0]), subject, act)


def dismiss(world: World, pick: Pick) -> None:
    subject = f"officer/{PEOPLE[pick[1] % len(PEOPLE)].hex()}"
    world.say("officer-dismissed", _officer(world, Duty.ADMIN, pick[0]), subject, {"reason": "left"})


def enrol(world: World, pick: Pick) -> None:
    admin = _officer(world, Duty.ADMIN, pick[0])
    staff, enrolment = _enrolment(world, admin.party, pick)
    world.say("key-enrolled", admin, f"officer/{staff.hex()}", KeyEnrolled(enrolment))


def revoke(world: World, pick: Pick) -> None:
    keys = [key for key in world.view.all(Key) if key.purpose is None][4:]  # not the city's own first
    kid = keys[pick[0] % len(keys)].kid.hex()
    cause = CAUSES[pick[1] % len(CAUSES)]
    act = KeyRevoked(cause, world.now // 1000 - 60 if cause is RevocationCause.COMPROMISED else None)
    if pick[2] % 2:
        _two(world, "key-revoked", f"key/{kid}", act, pick[2])
    else:
        world.say("key-revoked", _officer(world, Duty.ADMIN, pick[1]), f"key/{kid}", act)


def witness(world: World, pick: Pick) -> None:
    first, count = (3, 1) if pick[0] % 2 else (0, 1)  # the first district, and that of 310104
    act = witness_set(world, first=first, count=count, quorum=1)
    if pick[1] % 4 == 0:
        keys = [key.kid.hex() for key in world.view.all(Key) if key.purpose == "witness"]
        _two(world, "key-revoked", f"key/{keys[0]}", KeyRevoked(RevocationCause.LOST), pick[2])
    _two(world, "witness-set", "log", act, pick[2])


def publish(world: World, pick: Pick) -> None:
    name = f"version-{pick[1] % 3}"
    if pick[0] % 3 == 0:
        document = replace(STANDARD, id=name).to_body()
        who = _officer(world, Duty.STANDARDS, pick[2])
        world.say("standard-published", who, f"standard/{name}", StandardPublished(document))
    elif pick[0] % 3 == 1:
        _two(world, "policy-published", f"policy/{name}", PolicyPublished(POLICY), pick[2])
    else:
        _two(world, "log-continued", "log", CONTINUED, pick[2])


def approve(world: World, pick: Pick) -> None:
    waiting = [one for one in world.view.all(Pending) if not one.done]
    statement = waiting[pick[0] % len(waiting)].statement
    world.say("approve", f"root-{pick[1] % 3 + 1}", f"statement/{statement.hex()}", {})


def wait(world: World, pick: Pick) -> None:
    world.now += pick[0] % 9 * _DAY


_ALL = (admit, withdraw, make_admin, body, give, dismiss, enrol, revoke, witness, publish, approve, wait)
STEPS: dict[str, Callable[[World, Pick], None]] = {one.__name__: one for one in _ALL}
NUMBERS = st.integers(0, 35)
CHOSEN = st.lists(st.tuples(st.sampled_from(sorted(STEPS)), NUMBERS, NUMBERS, NUMBERS), max_size=80)


def happened(steps: Steps) -> World:
    """What of it is lawful."""
    world = begun().copy()
    for name, *pick in steps:
        with suppress(MalanError, IndexError, ZeroDivisionError):
            STEPS[name](world, (pick[0], pick[1], pick[2]))
    return world
