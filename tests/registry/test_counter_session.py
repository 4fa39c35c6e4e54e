"""The subsidy desk for an officer who is signed in: decision and audit of a signed request."""

from __future__ import annotations

import dataclasses

import pytest
import sqlalchemy as sa

from ledger.errors import Refused
from registry.http.bodies import CounterApplication, CounterFacts
from registry.storage.tables import read_audit
from registry.subsidy.desk import Application, ToldFacts
from tests.registry.browser import Browser
from tests.registry.desk import Desk


def test_a_session_gets_the_decision_a_signed_request_gets(desk: Desk) -> None:
    browser = Browser(desk.stage).sign_in("intake-310101")
    told = browser.post("/api/subsidy/check", desk.body())
    assert told.status_code == 200, told.text
    assert told.json() == desk.check(desk.body()).json()
    assert told.json()["outcome"] == "PASS"


def test_a_claim_is_prepared_in_a_session_and_signed_as_any(desk: Desk) -> None:
    browser = Browser(desk.stage).sign_in("intake-310101")
    told = browser.post("/api/subsidy/claims/prepare", desk.body())
    assert told.status_code == 200, told.text
    assert told.json().keys() == desk.prepare(desk.body()).json().keys()


def test_both_reads_stand_in_the_audit_under_the_same_name(desk: Desk) -> None:
    Browser(desk.stage).sign_in("intake-310101").post("/api/subsidy/check", desk.body())
    desk.check(desk.body())
    with desk.stage.service.database.reading() as connection:
        columns = (read_audit.c.party, read_audit.c.reader, read_audit.c.purpose, read_audit.c.object)
        rows = connection.execute(sa.select(*columns).order_by(read_audit.c.id.desc()).limit(2)).all()
    assert rows[0] == rows[1]
    assert rows[0].purpose == "subsidy-check"


def test_what_cannot_be_recorded_is_not_decided(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise Refused("AUDIT_FULL", "told by the test")

    browser = Browser(desk.stage).sign_in("intake-310101")
    monkeypatch.setattr("registry.subsidy.desk.record", full)
    told = browser.post("/api/subsidy/check", desk.body())
    assert told.json()["code"] == "AUDIT_FULL"
    assert "outcome" not in told.json()


def test_the_application_of_a_page_is_the_one_that_is_signed() -> None:
    for shape, model in ((Application, CounterApplication), (ToldFacts, CounterFacts)):
        assert {item.name for item in dataclasses.fields(shape)} == set(model.model_fields)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"id_number": "310101199001010001"}, "ID_CHECK_DIGIT"),
        ({"facts": {"founded_on": "yesterday"}}, "SHAPE_FORM"),
        ({"facts": {"role": 5}}, "BODY_SHAPE"),
        ({"facts": {"source": "hearsay"}}, "SHAPE_FORM"),
    ],
)
def test_a_bad_application_is_a_400_that_names_the_member(
    desk: Desk, changed: dict[str, object], code: str
) -> None:
    told = Browser(desk.stage).sign_in("intake-310101").post("/api/subsidy/check", desk.body(**changed))
    assert (told.status_code, told.json()["code"]) == (400, code)
    assert "310101199001010001" not in told.text
    assert told.json()["where"]


def test_somebody_elses_certificate_is_answered_like_none(desk: Desk) -> None:
    browser = Browser(desk.stage).sign_in("intake-310101")
    other = {**desk.body(), "id_number": desk.body(1)["id_number"]}
    unknown = {**desk.body(), "qr": "https://cert.malan.example/v/0000000000000000#1" + "0" * 40}
    answers = [browser.post("/api/subsidy/check", body) for body in (other, unknown)]
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["outcome"] == "FAIL"
