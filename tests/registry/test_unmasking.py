"""Reads of personal data: masked, recorded before they are shown, refused when they cannot be recorded."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from registry.callers.limiting import UNMASK, Limit
from registry.http.access import ACCESS, Own, Who
from registry.persons.unmasking import Purpose
from registry.storage.tables import read_audit
from tests.insider import administrator
from tests.registry.access_examples import EXAMPLES
from tests.registry.browser import Browser
from tests.registry.desk import Desk
from tests.registry.stage import Stage

WHO = "supervisor-310104"
PATH = "/api/supervision/unmask"


def asked(desk: Desk, place: int = 0, purpose: str = "complaint") -> dict[str, str]:
    return {"certificate": desk.certified[place].item.certificate.hex(), "purpose": purpose}


def last_record(stage: Stage) -> Any:
    with stage.service.database.reading() as connection:
        return connection.execute(sa.select(read_audit).order_by(read_audit.c.id.desc()).limit(1)).one()


def test_a_name_is_shown_for_a_purpose_and_the_read_stands_in_the_audit(desk: Desk) -> None:
    browser = Browser(desk.stage).sign_in(WHO)
    holder = desk.stage.holder(desk.certified[0])
    traced = browser.post("/api/supervision/trace", {"typed": desk.certified[0].item.code})
    assert traced.status_code == 200
    assert holder["name"] not in traced.text
    assert desk.certified[0].item.number not in traced.text
    told = browser.post(PATH, asked(desk))
    assert told.json() == {
        "certificate": desk.certified[0].item.certificate.hex(),
        "name": holder["name"],
        "number": desk.certified[0].item.number,
    }
    assert holder["id_number"] not in told.text
    row = last_record(desk.stage)
    assert (row.reader, row.purpose) == (desk.stage.world.people[WHO].staff.hex(), "unmask-complaint")
    assert (row.object, row.fields) == (f"certificate/{asked(desk)['certificate']}", "name,number")


def test_one_at_a_time_and_only_for_a_known_purpose(desk: Desk) -> None:
    browser = Browser(desk.stage).sign_in(WHO)
    for body in (
        {**asked(desk), "purpose": "curiosity"},
        {"certificate": asked(desk)["certificate"]},
        {"certificate": [asked(desk)["certificate"]], "purpose": "complaint"},
        {"certificates": [asked(desk)["certificate"]], "purpose": "complaint"},
    ):
        assert browser.post(PATH, body).status_code == 400
    assert [one.value for one in Purpose] == [
        *("inspection", "complaint", "correction", "holder-request", "court-order")
    ]


def test_unmasking_has_a_limit_by_person(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("registry.persons.unmasking.UNMASK", Limit(UNMASK.name, "1/hour", shared=True))
    settings = desk.stage.service.settings.model_copy(update={"limit_factor": 1})
    object.__setattr__(desk.stage.service, "settings", settings)
    browser = Browser(desk.stage).sign_in(WHO)
    assert browser.post(PATH, asked(desk)).status_code == 200
    told = browser.post(PATH, asked(desk, 1))
    assert (told.status_code, told.json()["code"]) == (429, "TOO_MANY")


def test_an_erased_holder_is_gone(desk: Desk) -> None:
    with administrator(desk.stage.service.settings) as raw:
        raw.run("DELETE FROM person_key")
    told = Browser(desk.stage).sign_in(WHO).post(PATH, asked(desk))
    assert (told.status_code, told.json()["code"]) == (410, "HOLDER_ERASED")


def break_audit(stage: Stage) -> None:
    """From here on no record fits behind the last one."""
    with administrator(stage.service.settings) as raw:
        raw.run("DELETE FROM chain_head")


# What cannot be recorded is not shown: for every route that shows what is somebody's.

SIGNERS = {
    "/api/classes/evidence": "supervisor-310104",
    "/api/certificates/prepare": "signatory",
    "/api/staff": "city-admin",
}

PERSONAL = {
    ("POST", "/api/classes/evidence"),
    ("POST", "/api/certificates/prepare"),
    ("POST", "/api/subsidy/check"),
    ("POST", "/api/subsidy/claims/prepare"),
    ("POST", "/api/staff"),
    ("GET", "/api/supervision/certificates/{certificate}"),
    ("POST", "/api/supervision/trace"),
    ("POST", PATH),
}


@pytest.mark.parametrize("row", sorted(PERSONAL))
def test_when_the_audit_cannot_be_written_nothing_is_shown(results: Stage, row: tuple[str, str]) -> None:
    if row[1].startswith("/api/subsidy"):
        desk = Desk(results, results.issue_all())
        results.publish()
        ask = desk.check if row[1].endswith("check") else desk.prepare
        good, again = ask(desk.body()), lambda: ask(desk.body())
    else:
        who = SIGNERS.get(row[1], WHO)
        good, again = EXAMPLES[row].own(results), lambda: EXAMPLES[row].asked(results, who)
    assert good.status_code == 200, good.text
    before = results.count(read_audit)
    break_audit(results)
    told = again()
    assert (told.status_code, told.json()["code"]) == (503, "AUDIT_BROKEN")
    for one in results.world.trainees:
        assert one.fields["name"] not in told.text
        assert one.fields["id_number"] not in told.text
    assert results.count(read_audit) == before


def test_a_look_up_of_a_code_is_recorded_or_refused(desk: Desk) -> None:
    code = desk.certified[0].item.code
    assert desk.stage.client.get(f"/api/certificates/{code}").status_code == 200
    row = last_record(desk.stage)
    assert (row.party, row.purpose, row.fields) == (":public", "public-look-up", "masked")
    assert row.object == f"certificate/{desk.certified[0].item.certificate.hex()}"
    break_audit(desk.stage)
    told = desk.stage.client.get(f"/api/certificates/{code}")
    assert told.status_code == 503
    assert "name" not in told.json()


def test_every_route_that_asks_who_you_are_is_looked_at_here() -> None:
    """A new one with objects of somebody's is put into PERSONAL, or here, since it shows nobody.

    What one person sees of their own is looked at in `test_holder_attacks`, 18.
    """
    nobody = {
        *("/api/supervision/health", "/api/supervision/issuing", "/api/supervision/classes"),
        *("/api/supervision/classes/{class_id}", "/api/supervision/classes/{class_id}/certificates"),
        *("/api/supervision/audits", "/api/supervision/audits/{audit}"),
        "/api/supervision/audits/{audit}/{form}",  # recorded when the audit is asked for
    }
    bound = {
        (row.method, row.template)
        for row in ACCESS
        if row.who is not Who.PUBLIC and row.own not in (Own.NOBODYS, Own.AS_JUDGED, Own.PERSON)
    }
    reviewed = {one for one in bound if one[1].startswith("/api/subsidy/open-claims")}
    assert bound - PERSONAL - reviewed == {one for one in bound if one[1] in nobody}
