"""Somebody is erased by an order in force, wholly, in one transaction; nobody else is. The log is whole."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from issuers.identifiers.identity import IdNumber, IdType
from issuers.identifiers.numbers import make_code
from ledger.errors import Refused
from registry.fsck.run import check
from registry.persons.erasing import erase_places, replay_erasures
from registry.storage.tables import metadata, opening
from registry.subsidy import holds
from tests.ground import on
from tests.insider import insider
from tests.registry.browser import Browser
from tests.registry.desk import Desk
from tests.registry.erasing import approved, erased, holder_of, ordered, paid, places, result, rows_of
from tests.registry.stage import Stage, officer_document, parcel_item
from tests.world_parts import BODY, PROJECT

PERSONAL = [one for one in metadata.sorted_tables if "person" in one.c]


def codes(desk: Desk) -> set[str]:
    return {one.code for one in check(desk.stage.service).departures}


def everything(desk: Desk) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table with persons."""
    with desk.stage.service.database.reading() as connection:
        return {
            one.name: sorted(tuple(row) for row in connection.execute(sa.select(one))) for one in PERSONAL
        }


def test_all_that_a_person_has_goes_with_the_second_officers_yes(desk: Desk) -> None:
    stage, one, other = desk.stage, holder_of(desk), holder_of(desk, 1)
    named, others = places(stage, one), rows_of(stage, [other], *PERSONAL)
    assert len(named) >= 4, "roster, sheets, certificate"
    first = ordered(stage, named)
    assert result(first)["status"] == "appended"
    before = rows_of(stage, [one], *PERSONAL)
    assert before.keys() == {
        *("person", "person_document", "person_key"),
        *("opening", "candidate", "reservation", "credential"),
    }
    assert result(approved(stage, first))["status"] == "appended"
    assert rows_of(stage, [one], *PERSONAL) == {}
    assert rows_of(stage, [other], *PERSONAL) == others
    assert codes(desk) == set()
    stage.publish()
    assert codes(desk) == set()


@on("sqlite")
def test_one_officer_alone_erases_nobody(desk: Desk) -> None:
    stage, one = desk.stage, holder_of(desk)
    before = everything(desk)
    first = ordered(stage, places(stage, one))
    again = approved(stage, first, who="root-1")
    assert again.json()["code"] == "APPROVER_SAME"
    assert everything(desk) == before


def test_an_order_names_whole_persons(desk: Desk) -> None:
    """Or openings would be gone that no order explains, or a part of somebody would be left."""
    stage, one = desk.stage, holder_of(desk)
    named, before = places(stage, one), everything(desk)
    assert ordered(stage, named[1:]).json()["code"] == "ERASURE_PLACES"
    strange = [(named[0][0], 159), *named[1:]]
    assert ordered(stage, sorted(strange)).json()["code"] == "ERASURE_PLACES"
    assert everything(desk) == before


def test_what_was_added_meanwhile_makes_the_approval_fail(desk: Desk) -> None:
    """A claim came in between: the order does not name it, and it waits."""
    stage, one = desk.stage, holder_of(desk)
    first = ordered(stage, places(stage, one))
    assert desk.submit(desk.claim(desk.prepared())).status_code == 200
    before = everything(desk)
    assert approved(stage, first).json()["code"] == "ERASURE_PLACES"
    waits = ordered(stage, places(stage, one), order=b"\xe2" * 16)
    assert waits.json()["code"] == "ERASURE_WAITS"
    assert everything(desk) == before


@on("sqlite")
def test_a_number_that_is_not_accounted_for_waits(results: Stage) -> None:
    """Nobody could issue or void it afterwards."""
    prepared = results.prepared()
    desk = Desk(results, [results.certify(prepared, one) for one in prepared.items])
    one = holder_of(desk)
    told = ordered(results, places(results, one))
    assert (told.json()["code"], told.json()["where"]) == ("ERASURE_WAITS", "…/…")
    assert results.post_batch([parcel_item(desk.certified[0])])[0]["status"] == "appended"
    assert result(ordered(results, places(results, one)))["status"] == "appended"


def test_the_certificate_is_then_one_whose_holder_was_erased(desk: Desk) -> None:
    stage, code, other = desk.stage, desk.certified[0].item.code, desk.certified[1].item.code
    certificate = desk.certified[0].item.certificate.hex()
    erased(stage, places(stage, holder_of(desk)))
    stage.publish()
    unknown = stage.client.get(f"/api/certificates/{make_code(7)}")
    told = stage.client.get(f"/api/certificates/{code}")
    assert (told.status_code, told.json()) == (404, unknown.json())
    assert stage.client.get(f"/api/certificates/{other}").status_code == 200
    verdict = stage.client.post("/api/verify", json={"qr": desk.certified[0].qr}).json()
    assert verdict["state"] == "valid", "what the holder carries stays true"
    browser = Browser(stage).sign_in("supervisor-310104")
    body = {"certificate": certificate, "purpose": "complaint"}
    asked = browser.post("/api/supervision/unmask", body)
    assert (asked.status_code, asked.json()["code"]) == (410, "HOLDER_ERASED")
    traced = browser.post("/api/supervision/trace", {"typed": code}).json()
    assert [one["facts"]["erased"] for one in traced["nodes"] if one["node"] == "certificate"] == [True]


def test_replaying_carries_out_what_a_restored_database_missed_and_nothing_twice(desk: Desk) -> None:
    stage, one = desk.stage, holder_of(desk)
    named = places(stage, one)
    kept = everything(desk)
    erased(stage, named)
    after = everything(desk)
    with insider(stage.service.settings) as raw:  # an old backup of the tables, under the newest log
        for table in PERSONAL:
            raw.connection.execute(sa.delete(table))
            names = [column.name for column in table.columns]
            rows = [dict(zip(names, row, strict=True)) for row in kept[table.name]]
            if rows:
                raw.connection.execute(sa.insert(table), rows)
    assert "ERASURE_UNDONE" in codes(desk)
    with stage.service.database.transaction() as connection:
        assert replay_erasures(connection, stage.service.people) == 1
    assert everything(desk) == after
    with stage.service.database.transaction() as connection:
        assert replay_erasures(connection, stage.service.people) == 0
    assert everything(desk) == after
    assert codes(desk) == set()


def test_destroying_without_an_order_is_named(desk: Desk) -> None:
    """Row 20 of the insider matrix; beside an order for somebody else, which explains none of it."""
    erased(desk.stage, places(desk.stage, holder_of(desk, 1)))
    one, before = holder_of(desk), set(check(desk.stage.service).departures)
    assert before == set()
    for table in ("person_document", "credential", "reservation", "candidate", "opening", "person_key"):
        with insider(desk.stage.service.settings) as raw:
            assert raw.run(f"DELETE FROM {table} WHERE person = :one", one=one).rowcount > 0
        found = set(check(desk.stage.service).departures)
        assert found - before, table
        assert "ERASURE_UNDONE" not in {departure.code for departure in found}
        before = found


@on("sqlite")
def test_erasing_behind_the_services_back_is_named(desk: Desk) -> None:
    """Everything of a person gone, as an order would do it, and no order."""
    stage = desk.stage
    named = places(stage, holder_of(desk))
    with stage.service.database.transaction() as connection:
        assert erase_places(connection, stage.service.people, named) == 1
    found = codes(desk)
    assert {"OPENING_MISSING", "CREDENTIAL_MISSING", "RESERVATION_MISSING", "CANDIDATE_DIFFERS"} <= found


def test_money_is_not_paid_twice_after_erasure(desk: Desk) -> None:
    """The hold stays under a random id that the document alone finds again, so nullifiers stay the same."""
    stage, one = desk.stage, paid(desk)
    fields = stage.holder(desk.certified[0])
    document = IdNumber(IdType(fields["id_type"]), fields["id_number"])
    erased(stage, places(stage, one))
    assert rows_of(stage, [one], *PERSONAL) == {"person": 1, "hold": 1, "claimant_mark": 1}
    assert codes(desk) == set()
    people = stage.service.people
    with stage.service.database.transaction() as connection:
        assert people.find(connection, document) is None, "nobody looks them up"
        assert people.find_or_add(connection, document) == one
        with pytest.raises(Refused, match="ALREADY_CLAIMED"):
            holds.take(connection, person=one, project=PROJECT, slot=2, claim=b"c" * 16)
        assert people.find(connection, document) == one
    assert rows_of(stage, [one], *PERSONAL) == {"person": 1, "hold": 1, "person_document": 1, "person_key": 1}
    stranger = IdNumber(IdType.RESIDENT_ID, officer_document("stranger").number)
    with stage.service.database.transaction() as connection:
        new = people.find_or_add(connection, stranger)
        assert new != one
        holds.take(connection, person=new, project=PROJECT, slot=1, claim=b"d" * 16)


@on("sqlite")
def test_who_got_nothing_comes_back_as_somebody_else(desk: Desk) -> None:
    """The control: without a grant nothing connects the two."""
    stage, one = desk.stage, holder_of(desk)
    fields = stage.holder(desk.certified[0])
    erased(stage, places(stage, one))
    with stage.service.database.transaction() as connection:
        document = IdNumber(IdType(fields["id_type"]), fields["id_number"])
        assert stage.service.people.find_or_add(connection, document) != one


def test_an_officer_who_was_a_trainee_stays_known_as_the_officer_alone(desk: Desk) -> None:
    """And the old key is dead all the same: it would open what a backup still holds."""
    stage, one = desk.stage, holder_of(desk)
    fields = stage.holder(desk.certified[0])
    body = {name: fields[name] for name in ("id_type", "id_number", "name")}
    answer = stage.ask("/api/staff", "staff", f"admin-{BODY}", f"party/{BODY}", body)
    named = places(stage, one)
    with stage.service.database.reading() as connection:
        row = connection.execute(sa.select(opening).where(opening.c.person == one)).first()
        assert row is not None
        stage.service.people.opened(connection, row)
    erased(stage, named)
    left = rows_of(stage, [one], *PERSONAL)
    assert left == {"person": 1, "person_document": 1, "person_key": 1, "staff": 1}
    assert codes(desk) == set()
    with stage.service.database.reading() as connection, pytest.raises(Exception, match="SEAL_BROKEN"):
        stage.service.people.opened(connection, row)
    again = stage.ask("/api/staff", "staff", f"admin-{BODY}", f"party/{BODY}", body)
    assert again.json() == answer.json()


def test_a_mark_of_somebody_who_holds_nothing_is_named(desk: Desk) -> None:
    erased(desk.stage, places(desk.stage, paid(desk)))
    with insider(desk.stage.service.settings) as raw:
        raw.run("DELETE FROM hold")
    assert codes(desk) == {"HOLD_MISSING", "CLAIMANT_MARK"}
    with insider(desk.stage.service.settings) as raw:
        raw.run("DELETE FROM claimant_mark")
    assert codes(desk) == {"HOLD_MISSING", "PERSON_KEY", "PERSON_DOCUMENT"}


@on("sqlite")
def test_a_code_retired_without_an_order_is_named(desk: Desk) -> None:
    with insider(desk.stage.service.settings) as raw:
        raw.run("INSERT INTO retired_code SELECT code_index, certificate FROM reservation LIMIT 1")
    assert codes(desk) == {"RETIRED_EXTRA"}
