"""Every act by every officer: the authority table of the design, typed in here a second time, both ways.

The matrix has one officer for every pair of party role and duty, all in office at the parties of one class,
so the only thing that decides is who they are. `ALLOWED` is the table of design section 3, written by hand.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

from issuers.acts.words import KINDS, Duty, Role
from issuers.authority.judge import RULES, admit
from issuers.authority.party_facts import Pending
from issuers.authority.table import TABLE, Row
from ledger.errors import MalanError
from ledger.statement import parse_statement
from tests.issuers.authority_scenes import SCENES
from tests.issuers.authority_worlds import step
from tests.world import World
from tests.world_parts import BODY, DISTRICT, INSTITUTION, OPERATOR
from tests.world_stages import rivals
from tests.world_steps import appoint

PARTIES = {
    Role.CITY: "city",
    Role.DISTRICT: DISTRICT,
    Role.BODY: BODY,
    Role.INSTITUTION: INSTITUTION,
    Role.OPERATOR: OPERATOR,
}
Pair = tuple[Role, Duty]
ROOT = {(Role.CITY, Duty.ROOT)}
ADMIN = {(role, Duty.ADMIN) for role in Role}
SUPERVISOR = {(Role.DISTRICT, Duty.SUPERVISOR)}
REGISTRAR = {(Role.INSTITUTION, Duty.REGISTRAR)}
SIGNATORY = {(Role.BODY, Duty.SIGNATORY)}
INTAKE = {(Role.DISTRICT, Duty.INTAKE), (Role.OPERATOR, Duty.INTAKE)}

# Kind: (the stage before it, who may say it).
ALLOWED: dict[str, tuple[str, set[Pair]]] = {
    "approve": ("founded", ROOT),
    "party-admitted": ("founded", ROOT),
    "party-withdrawn": ("founded", ROOT),
    "admin-appointed": ("founded", ROOT),
    "service-key": ("founded", ROOT),
    "witness-set": ("founded", ROOT),
    "log-continued": ("founded", ROOT),
    "body-appointed": ("founded", ROOT),
    "body-suspended": ("published", ROOT),
    "policy-published": ("published", ROOT),
    "erasure-order": ("founded", ROOT),
    "standard-published": ("published", {(Role.CITY, Duty.STANDARDS)}),
    "officer-appointed": ("founded", ADMIN),
    "officer-dismissed": ("founded", ADMIN),
    "key-enrolled": ("founded", ADMIN),
    "key-revoked": ("founded", ROOT | ADMIN),
    "institution-accredited": ("founded", SUPERVISOR),
    "accreditation-withdrawn": ("published", SUPERVISOR),
    "class-opened": ("published", REGISTRAR),
    "roster": ("opened", REGISTRAR),
    "sheet": ("rostered", {(Role.BODY, Duty.EVALUATOR)}),
    "evaluation-confirmed": ("scored", SIGNATORY),
    "certificate-issued": ("confirmed", SIGNATORY),
    "number-voided": ("confirmed", SIGNATORY),
    "certificate-suspended": ("issued", SIGNATORY),
    "certificate-restored": ("suspended", SIGNATORY),
    "certificate-revoked": ("issued", SIGNATORY),
    "certificate-cancelled": ("issued", SIGNATORY),
    "certificate-corrected": ("issued", SIGNATORY),
    "certificate-reissued": ("issued", SIGNATORY),
    "claim-submitted": ("issued", INTAKE),
    "claim-decided": ("claimed", {(Role.DISTRICT, Duty.REVIEWER)}),
    "claim-withdrawn": ("claimed", INTAKE),
}
NEEDS_TWO = {kind for kind, (_, pairs) in ALLOWED.items() if pairs == ROOT and kind != "approve"}
STAGES = (
    "founded",
    "published",
    "opened",
    "rostered",
    "scored",
    "confirmed",
    "issued",
    "suspended",
    "claimed",
)


def zoo_name(pair: Pair) -> str:
    return f"{pair[0]} {pair[1]}"


@cache
def world_at(stage: str) -> World:
    """A world at this stage with an officer for every role and duty, and for each a colleague to act upon."""
    if stage == "founded":
        world = rivals(World.founded())
        for role, party in PARTIES.items():
            for duty in set(Duty) - {Duty.ROOT, Duty.ADMIN}:
                appoint(world, zoo_name((role, duty)), party, duty)
            appoint(world, f"colleague {role}", party, Duty.REVIEWER)
            world.people[zoo_name((role, Duty.ADMIN))] = world.people[admin_of(party)]
        world.people[zoo_name((Role.CITY, Duty.ROOT))] = world.people["root-2"]
        return world
    if stage == "suspended":
        world = world_at("issued").copy()
        subject = f"certificate/{world.certificates[0].id.hex()}"
        world.say("certificate-suspended", "signatory", subject, {"reason": "under-review"})
        return world
    before = "issued" if stage == "claimed" else STAGES[STAGES.index(stage) - 1]
    return step(world_at(before).copy(), stage)


def admin_of(party: str) -> str:
    return "city-admin" if party == "city" else f"admin-{party}"


def zoo() -> list[Pair]:
    pairs = [(role, duty) for role in Role for duty in Duty if duty is not Duty.ROOT]
    return [*pairs, (Role.CITY, Duty.ROOT)]


def outcome(kind: str, pair: Pair) -> str:
    """ "accepted", "waits", or the code of the refusal."""
    world = world_at(ALLOWED[kind][0]).copy()
    signer = world.people[zoo_name(pair)]
    subject, body = SCENES[kind](world, signer)
    statement = parse_statement(world.sign(kind, signer, subject, body))
    try:
        facts = admit(world.view, statement, seq=len(world.leaves), time_ms=world.now)
    except MalanError as error:
        return error.code
    return "waits" if [type(fact) for fact in facts] == [Pending] else "accepted"


def expected(kind: str, pair: Pair) -> str:
    """What the design says."""
    pairs = ALLOWED[kind][1]
    if pair in pairs:
        return "waits" if kind in NEEDS_TWO or (kind == "key-revoked" and pair in ROOT) else "accepted"
    return "DUTY_MISSING" if pair[0] in {role for role, _ in pairs} else "ROLE_WRONG"


@pytest.mark.parametrize("kind", ALLOWED)
def test_only_the_right_officer_of_the_right_party_is_heard(kind: str) -> None:
    found = {zoo_name(pair): outcome(kind, pair) for pair in zoo()}
    assert found == {zoo_name(pair): expected(kind, pair) for pair in zoo()}


@pytest.mark.parametrize("kind", ["sheet", "party-withdrawn", "claim-decided"])
def test_the_matrix_notices_a_table_that_lets_one_more_officer_speak(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control: the operator's supervisor, who may say nothing."""
    wrong = (Role.OPERATOR, Duty.SUPERVISOR)
    row = Row(frozenset({wrong[0]}), wrong[1])
    monkeypatch.setitem(TABLE, kind, (*TABLE[kind], row))
    assert outcome(kind, wrong) != expected(kind, wrong)


def test_genesis_belongs_to_nobody_in_a_settled_log() -> None:
    world = world_at("founded").copy()
    body = dict(world.said[0].body)
    for pair in zoo():
        world.refuse("GENESIS_PLACE", "genesis", zoo_name(pair), "log", body)


def test_the_matrix_knows_every_kind_and_every_kind_has_its_row_and_rule() -> None:
    """And the other way round; genesis and approve are the judge's own."""
    kinds = {kind for kind, _ in KINDS}
    assert kinds == TABLE.keys()
    assert kinds == {*ALLOWED, "genesis"} == {*SCENES, "genesis"}
    for version, rules in RULES.items():
        assert kinds == {*rules, "genesis", "approve"}, f"rules version {version}"


def test_the_table_is_the_one_of_the_design() -> None:
    for kind, (_, pairs) in ALLOWED.items():
        rows = {(role, row.duty) for row in TABLE[kind] for role in row.roles}
        assert rows == pairs, kind
        for row in TABLE[kind]:
            assert row.approval == (row.duty is Duty.ROOT and kind != "approve"), kind
    assert [row.approval for row in TABLE["genesis"]] == [True]


def test_an_officer_of_no_duty_at_all_is_heard_by_nobody() -> None:
    """Negative control of the matrix: a dismissed officer is refused whatever the kind."""
    for kind, (stage, pairs) in ALLOWED.items():
        pair = min(pair for pair in pairs)
        if pair[1] in (Duty.ROOT, Duty.ADMIN):
            continue  # the city alone unmakes them
        world = world_at(stage).copy()
        signer = world.people[zoo_name(pair)]
        subject = f"officer/{signer.staff.hex()}"
        world.say("officer-dismissed", admin_of(signer.party), subject, {"reason": "left"})
        subject, body = SCENES[kind](world, signer)
        world.refuse("DUTY_MISSING", kind, signer, subject, body)


def codes_in(source: str) -> set[str]:
    """Codes handed to Refused, or to a method that hands them on."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            place = {"Refused": 0, "need": 2, "need_absent": 2}.get(name)
            if place is not None and len(node.args) > place:
                code = node.args[place]
                if isinstance(code, ast.Constant):
                    found.add(str(code.value))
    return found


def test_every_code_of_the_rules_is_provoked_by_a_test() -> None:
    root = Path(__file__).parents[2]
    codes = set().union(*(codes_in(path.read_text()) for path in (root / "issuers/authority").glob("*.py")))
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_authority_*.py"))
    assert len(codes) > 80
    assert sorted(code for code in codes if f'"{code}"' not in tests) == []
    assert codes_in('raise Refused("NEVER_SAID", "x")\ncase.need(A, k, "NOR_THIS", "y")') == {
        "NEVER_SAID",
        "NOR_THIS",
    }
