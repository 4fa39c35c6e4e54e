"""Signed requests: by an officer in office, for this log, now, once; and what evidence and staff answer."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import sqlalchemy as sa

from issuers.acts.parties import KeyRevoked, OfficerDismissed
from issuers.acts.words import RevocationCause
from issuers.base64url import to_b64
from issuers.evidence import open_roster, open_sheet, recompute, the_roster, the_sheets
from issuers.evidence_document import Evidence, from_json
from issuers.identifiers.districts import DISTRICTS
from ledger.errors import MalanError, Refused
from ledger.statement import parse_statement
from registry.persons.evidence import export, export_for_operator
from registry.storage.tables import person, read_audit, request_seen, staff
from tests.registry.stage import Stage, officer_document
from tests.world_parts import BODY, STANDARD

MINUTES = 60_000
PATH = "/api/classes/evidence"


def ask(stage: Stage, who: str = "supervisor-310104", **claimed: Any) -> Any:
    body = claimed.pop("body", {})
    return stage.ask(PATH, "evidence", who, claimed.pop("sub", stage.class_subject), body, **claimed)


def kinds(evidence: Evidence) -> list[str]:
    return [parse_statement(one.statement).kind for one in evidence.statements]


def test_a_request_works_once(results: Stage) -> None:
    raw = results.request("evidence", "supervisor-310104", results.class_subject, {})
    first = results.client.post(PATH, json={"request": to_b64(raw)})
    again = results.client.post(PATH, json={"request": to_b64(raw)})
    assert (first.status_code, again.status_code, again.json()["code"]) == (200, 409, "REQUEST_USED")


def test_a_request_sent_by_many_at_once_works_once(results: Stage) -> None:
    raw = results.request("evidence", "supervisor-310104", results.class_subject, {})
    codes: list[str] = []
    barrier = threading.Barrier(8)

    def send() -> None:
        barrier.wait()
        try:
            export(results.service, raw)
            codes.append("answered")
        except MalanError as error:
            codes.append(error.code)

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == ["REQUEST_USED"] * 7 + ["answered"]


@pytest.mark.parametrize(("minutes", "status"), [(-5, 200), (5, 200), (-6, 401), (6, 401)])
def test_a_request_is_good_for_five_minutes(results: Stage, minutes: int, status: int) -> None:
    iat = (results.hands.now_ms + minutes * MINUTES) // 1000
    assert ask(results, iat=iat).status_code == status


def test_a_request_for_another_log_is_refused(results: Stage) -> None:
    answer = ask(results, aud="log.other.example")
    assert (answer.status_code, answer.json()["code"]) == (401, "REQUEST_AUDIENCE")


def test_a_request_in_another_partys_name_is_refused(results: Stage) -> None:
    answer = ask(results, iss=BODY)
    assert (answer.status_code, answer.json()["code"]) == (401, "REQUEST_KEY")


def test_a_request_of_another_kind_is_refused(results: Stage) -> None:
    answer = results.ask(PATH, "certificates", "supervisor-310104", results.class_subject, {})
    assert (answer.status_code, answer.json()["code"]) == (400, "REQUEST_KIND")


def test_a_request_with_a_broken_signature_is_refused(results: Stage) -> None:
    raw = results.request("evidence", "supervisor-310104", results.class_subject, {})
    broken = raw[:-1] + bytes([raw[-1] ^ 1])
    answer = results.client.post(PATH, json={"request": to_b64(broken)})
    assert (answer.status_code, answer.json()["code"]) == (401, "SIGNATURE_BAD")
    assert results.count(request_seen) == 0


def test_who_left_office_or_lost_the_key_asks_nothing(results: Stage) -> None:
    world = results.world
    world.now = results.hands.now_ms
    district = world.people["supervisor-310104"]
    admin = "admin-district-310104"
    world.say("officer-dismissed", admin, f"officer/{district.staff.hex()}", OfficerDismissed("left"))
    kid = world.people["signatory"].signer.public.kid.hex()
    world.say("key-revoked", f"admin-{BODY}", f"key/{kid}", KeyRevoked(RevocationCause.LOST))
    results.tell()
    assert ask(results).json()["code"] == "REQUEST_DUTY"
    assert ask(results, "signatory").json()["code"] == "REQUEST_KEY"


def test_old_requests_are_forgotten_once_they_cannot_work(results: Stage) -> None:
    ask(results)
    results.hands.set(results.hands.now_ms + 20 * MINUTES)
    ask(results)
    assert results.count(request_seen) == 1


SEES = {
    "registrar": ["class-opened", "roster"],
    "evaluator-1": ["class-opened", "roster"],
    "signatory": ["class-opened", "roster", "sheet", "sheet", "evaluation-confirmed"],
}


@pytest.mark.parametrize("who", SEES)
def test_evidence_shows_each_duty_what_it_needs_and_no_more(results: Stage, who: str) -> None:
    results.issue_all()
    evidence = from_json(ask(results, who).content)
    assert kinds(evidence) == SEES[who]
    assert len(open_roster(the_roster(evidence))) == len(results.world.trainees)


def test_a_supervisor_of_the_classs_district_sees_everything(results: Stage) -> None:
    made = results.issue_all()
    evidence = from_json(ask(results).content)
    assert kinds(evidence) == [*SEES["signatory"], *["certificate-issued"] * len(made)]
    for sheet in the_sheets(evidence):
        assert len(open_sheet(sheet, STANDARD.components)) == len(results.world.trainees)
    passed = {one.candidate for one in results.world.trainees if one.passes}
    assert {one for one, result in recompute(evidence, STANDARD).items() if result.passed} == passed


def test_the_evidence_is_the_worlds_own(results: Stage) -> None:
    assert from_json(ask(results).content) == results.world.evidence()


@pytest.mark.parametrize("who", [f"supervisor-{code}" for code in DISTRICTS if code != "310104"][:3])
def test_other_districts_see_nothing(results: Stage, who: str) -> None:
    answer = ask(results, who)
    assert (answer.status_code, answer.json()["code"]) == (403, "EVIDENCE_OTHER")


def test_an_instructor_or_counter_sees_nothing(results: Stage) -> None:
    assert ask(results, "intake-310104").json()["code"] == "REQUEST_DUTY"


def test_a_class_nobody_opened_is_a_404(results: Stage) -> None:
    assert ask(results, sub=f"class/{'0' * 32}").status_code == 404
    assert ask(results, sub=f"party/{'0' * 32}").json()["code"] == "SUBJECT_ID"


def test_a_read_is_recorded_before_it_is_answered(results: Stage) -> None:
    ask(results)
    with results.service.database.reading() as connection:
        row = connection.execute(sa.select(read_audit)).one()
    assert (row.reader, row.purpose) == (results.world.people["supervisor-310104"].staff.hex(), "evidence")
    assert row.fields.startswith("certificate-issued,class-opened")


def test_what_cannot_be_recorded_is_not_shown(results: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise Refused("AUDIT_FULL", "told by the test")

    monkeypatch.setattr("registry.persons.evidence.record", full)
    answer = ask(results)
    assert answer.json()["code"] == "AUDIT_FULL"
    assert "statements" not in answer.json()


def test_the_operators_read_is_recorded_as_theirs(results: Stage) -> None:
    assert from_json(export_for_operator(results.service, results.world.class_id)) == results.world.evidence()
    with results.service.database.reading() as connection:
        assert connection.execute(sa.select(read_audit.c.reader)).scalar_one() == "operator"


def ask_staff(stage: Stage, who: str, party: str, number: str, name: str = "沈明") -> Any:
    body = {"id_type": "resident_id", "id_number": number, "name": name}
    return stage.ask("/api/staff", "staff", who, f"party/{party}", body)


def test_one_person_has_one_staff_id_whoever_asks(stage: Stage) -> None:
    number = officer_document("somebody new").number
    before = (stage.count(staff), stage.count(person))
    body = ask_staff(stage, f"admin-{BODY}", BODY, number)
    city = ask_staff(stage, "city-admin", "city", f" {number.lower()} ", "沈 明")
    root = ask_staff(stage, "root-1", "city", number)
    assert body.status_code == 200
    assert body.json() == city.json() == root.json()
    assert (stage.count(staff), stage.count(person)) == (before[0] + 1, before[1] + 1)


def test_two_people_have_two_staff_ids(stage: Stage) -> None:
    numbers = [officer_document(name).number for name in ("one", "other")]
    first, second = (ask_staff(stage, f"admin-{BODY}", BODY, number).json() for number in numbers)
    assert first["staff"] != second["staff"]


def test_staff_ids_are_for_admins_and_their_own_party(stage: Stage) -> None:
    number = officer_document("somebody new").number
    assert ask_staff(stage, "signatory", BODY, number).json()["code"] == "REQUEST_DUTY"
    assert ask_staff(stage, f"admin-{BODY}", "city", number).json()["code"] == "REQUEST_SUBJECT"


def test_a_document_that_cannot_be_is_refused_without_its_number(stage: Stage) -> None:
    number = officer_document("somebody new").number
    wrong = number[:-1] + ("1" if number[-1] != "1" else "2")
    answer = ask_staff(stage, f"admin-{BODY}", BODY, wrong)
    assert (answer.status_code, answer.json()["code"]) == (400, "ID_CHECK_DIGIT")
    assert wrong not in answer.text
