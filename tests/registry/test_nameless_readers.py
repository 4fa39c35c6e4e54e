"""Who reads for no party cannot be taken for one, whatever parties call themselves; old records as well."""

from __future__ import annotations

import pytest

from issuers.acts.words import Duty, Role
from issuers.authority.party_rules import is_slug
from issuers.identifiers.districts import CITY_CODE
from ledger.errors import Refused
from registry.fsck.store import check_read_audit
from registry.holders.words import NAMELESS, PURPOSES, ROLES
from registry.persons.evidence import export_for_operator
from registry.persons.read_audit import _FORMER, Nameless, _add
from tests.registry.desk import Desk
from tests.registry.holding import Holder, wrong
from tests.registry.stage import know_staff
from tests.world_steps import admit_party, appoint

WORDS = ("public", "holder", "operator")
Line = tuple[str, str, str, bool]


def admitted(desk: Desk) -> Desk:
    """Three parties with the words for names, each with an intake officer, each having checked a document."""
    world, before = desk.stage.world, len(desk.stage.world.said)
    world.now = desk.stage.hands.now_ms
    for word in WORDS:
        admit_party(world, word, Role.OPERATOR, f"单位{word}", f"Party {word}", CITY_CODE)
        appoint(world, f"intake-{word}", word, Duty.INTAKE)
    know_staff(desk.stage.service, world)
    for said in world.said[before:]:
        assert desk.stage.post(said.raw).status_code == 200
    for word in WORDS:
        assert desk.check(desk.body(), who=f"intake-{word}").status_code == 200
    return desk


def told(holder: Holder) -> list[Line]:
    lines = holder.page()["reads"]["lines"]
    return [(one["party"]["en"], one["role"]["en"], one["purpose"]["en"], one["own"]) for one in lines]


PARTIES = {(f"Party {word}", ROLES["operator"].en, PURPOSES["subsidy-check"].en, False) for word in WORDS}


def nameless(who: Nameless, purpose: str) -> Line:
    return (NAMELESS[who].en, NAMELESS[who].en, PURPOSES[purpose].en, who is Nameless.HOLDER)


def test_parties_named_like_nameless_readers_read_as_themselves(desk: Desk) -> None:
    admitted(desk)
    assert Holder(desk).show(id_number=wrong()).status_code == 404
    export_for_operator(desk.stage.service, desk.stage.world.class_id)
    lines = told(Holder(desk).visit())
    assert not PARTIES - set(lines)
    for who, purpose in (
        (Nameless.STRANGER, "holder-refused"),
        (Nameless.OPERATOR, "evidence"),
        (Nameless.HOLDER, "holder-page"),
    ):
        assert nameless(who, purpose) in lines
    assert [one for one in lines if one[3]] == [nameless(Nameless.HOLDER, "holder-page")]


def test_records_of_before_the_marks_are_told_apart_as_well(desk: Desk) -> None:
    """As they were written: a bare word for a party; the chain goes on over them."""
    admitted(desk)
    people, now_ms = desk.stage.service.people, desk.stage.hands.now_ms
    former = [
        *(
            (word, "0" * 32, purpose)
            for word, (_, purposes) in _FORMER.items()
            for purpose in sorted(purposes)
        ),
        ("operator", "operator", "evidence"),
    ]
    what = f"certificate/{desk.certified[0].item.certificate.hex()}"
    with desk.stage.service.database.transaction() as connection:
        for party, reader, purpose in former:
            _add(
                connection,
                people,
                (party, reader),
                purpose=purpose,
                what=what,
                fields="masked",
                now_ms=now_ms,
            )
    lines = told(Holder(desk).visit())
    assert not PARTIES - set(lines)
    for mark, purposes in _FORMER.values():
        assert not {nameless(mark, purpose) for purpose in purposes} - set(lines)
    assert nameless(Nameless.OPERATOR, "evidence") in lines
    assert {one for one in lines if one[3]} == {
        nameless(Nameless.HOLDER, one) for one in _FORMER["holder"][1]
    }
    with desk.stage.service.database.reading() as connection:
        assert list(check_read_audit(connection, people)) == []


@pytest.mark.parametrize("mark", Nameless)
def test_no_party_is_admitted_under_a_mark(desk: Desk, mark: Nameless) -> None:
    assert not is_slug(mark) and is_slug(mark.removeprefix(":")), "the control"
    with pytest.raises(Refused):
        admit_party(desk.stage.world, mark, Role.OPERATOR, "单位", "Party", CITY_CODE)
    admit_party(desk.stage.world, mark.removeprefix(":"), Role.OPERATOR, "单位", "Party", CITY_CODE)
