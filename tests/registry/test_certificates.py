"""POST /api/certificates/prepare: a candidate has one number, code and place, however often anybody asks."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import sqlalchemy as sa

from issuers.acts.words import Duty
from issuers.base64url import to_b64
from issuers.identifiers.numbers import check_code, parse_number
from issuers.sign.answers import Prepared, PreparedItem
from ledger.statement import parse_statement, sign_statement
from registry.certificates.reservations import TERM_MS
from registry.storage.tables import number_series, read_audit, reservation
from tests.registry.stage import Stage, know_staff, parcel_item
from tests.world_parts import BODY, STANDARD
from tests.world_steps import appoint

DAY = 86_400_000


def by_candidate(prepared: Prepared) -> dict[bytes, PreparedItem]:
    return {one.candidate: one for one in prepared.items}


def test_prepare_offers_exactly_those_who_passed(results: Stage) -> None:
    prepared = results.prepared()
    passing = {one.candidate: one.fields for one in results.world.trainees if one.passes}
    assert by_candidate(prepared).keys() == passing.keys()
    for one in prepared.items:
        assert one.name == passing[one.candidate]["name"]
        assert one.id_last4 == passing[one.candidate]["id_number"][-4:]
        assert check_code(one.code) == one.code
    numbers = sorted(parse_number(one.number).sequence6 for one in prepared.items)
    assert numbers == list(range(1, len(passing) + 1))
    places = {(one.status_list, one.status_index) for one in prepared.items}
    assert len(places) == len({one.code for one in prepared.items}) == len(passing)
    assert (prepared.course, prepared.hours, prepared.host) == (
        STANDARD.title,
        STANDARD.hours,
        "https://cert.malan.example",
    )


def test_a_number_says_district_year_stage_project_and_body(results: Stage) -> None:
    number = parse_number(results.prepared().items[0].number)
    said = (number.kind.value, number.district, number.year2, number.stage, number.project3, number.issuer3)
    assert said == ("C", "310104", 26, 3, 1, 7)


def test_the_same_batch_asked_again_is_answered_the_same(results: Stage) -> None:
    first = results.prepare().json()
    results.hands.set(results.hands.now_ms + 3_600_000)
    assert results.prepare().json() == first


def test_another_batch_gives_everybody_their_own_number_again(results: Stage) -> None:
    first = results.prepared(b"1" * 16)
    results.hands.set(results.hands.now_ms + DAY)
    second = results.prepared(b"2" * 16)
    assert by_candidate(second) == by_candidate(first)
    assert second.expires_ms == first.expires_ms + DAY


def test_an_expired_reservation_is_held_anew_for_the_same_candidate(results: Stage) -> None:
    first = results.prepared()
    made = results.certify(first, first.items[0])
    results.hands.set(first.expires_ms + 1)
    late = results.certify(first, first.items[0])
    (answer,) = results.post_batch([parcel_item(late)])
    assert answer["code"] == "RESERVATION_EXPIRED"
    second = results.prepared()
    assert by_candidate(second) == by_candidate(first)
    assert second.expires_ms == results.hands.now_ms + TERM_MS
    (answer,) = results.post_batch([parcel_item(results.certify(second, second.items[0]))])
    assert answer["status"] == "appended"
    assert made.item == second.items[0]


def test_two_at_once_get_one_set_of_numbers(results: Stage) -> None:
    answers: list[Prepared] = []
    barrier = threading.Barrier(6)

    def ask(batch: bytes) -> None:
        barrier.wait()
        answers.append(results.prepared(batch))

    threads = [threading.Thread(target=ask, args=(bytes([place]) * 16,)) for place in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 6
    assert all(by_candidate(one) == by_candidate(answers[0]) for one in answers)
    with results.service.database.reading() as connection:
        assert connection.execute(sa.select(number_series.c.last)).scalar_one() == len(answers[0].items)


def test_a_batch_id_of_another_class_is_refused(results: Stage) -> None:
    results.prepared()
    with results.service.database.transaction() as connection:
        connection.execute(sa.update(reservation).values(class_id=b"o" * 16))
    answer = results.prepare()
    assert (answer.status_code, answer.json()["code"]) == (422, "BATCH_OTHER")


@pytest.mark.parametrize(
    ("who", "status", "code"),
    [
        ("evaluator-1", 403, "REQUEST_DUTY"),
        ("registrar", 403, "REQUEST_DUTY"),
        ("supervisor-310104", 403, "REQUEST_DUTY"),
    ],
)
def test_only_a_signatory_prepares(results: Stage, who: str, status: int, code: str) -> None:
    answer = results.prepare(who=who)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert results.count(reservation) == 0


def test_another_bodys_signatory_cannot_prepare(results: Stage) -> None:
    for name in ("rival-evaluator", "rival-signatory", "rival-registrar", "rival-instructor", "app-intake"):
        results.world.people[name] = results.world.person(name, BODY)
    know_staff(results.service, results.world)
    results.world.with_rivals()
    results.tell()
    answer = results.prepare(who="rival-signatory")
    assert (answer.status_code, answer.json()["code"]) == (403, "CLASS_OTHER")


def test_a_signatory_for_other_projects_cannot_prepare(results: Stage) -> None:
    results.world.people["narrow"] = results.world.person("narrow", BODY)
    know_staff(results.service, results.world)
    appoint(results.world, "narrow", BODY, Duty.SIGNATORY, projects=("999",))
    results.tell()
    assert results.prepare(who="narrow").json()["code"] == "OFFICER_SCOPE"


def test_a_class_without_a_result_has_nothing_to_prepare(stage: Stage) -> None:
    stage.world.with_class()
    stage.tell()
    assert stage.prepare().json()["code"] == "EVALUATION_MISSING"
    answer = stage.ask(
        "/api/certificates/prepare", "certificates", "signatory", f"class/{'0' * 32}", {"batch": b"b" * 16}
    )
    assert (answer.status_code, answer.json()["code"]) == (404, "CLASS_UNKNOWN")


@pytest.mark.parametrize(
    "body", [{}, {"batch": b"short"}, {"batch": "b" * 16}, {"batch": b"b" * 16, "more": 1}]
)
def test_the_body_of_a_prepare_request_is_a_batch_id(results: Stage, body: Any) -> None:
    path = "/api/certificates/prepare"
    answer = results.ask(path, "certificates", "signatory", results.class_subject, body)
    assert (answer.status_code, answer.json()["code"]) == (400, "REQUEST_BODY")


def test_what_is_shown_to_a_signatory_is_recorded(results: Stage) -> None:
    results.prepared()
    with results.service.database.reading() as connection:
        row = connection.execute(sa.select(read_audit)).one()
    person = results.world.people["signatory"]
    assert (row.party, row.reader, row.purpose) == (BODY, person.staff.hex(), "prepare")
    assert row.object == results.class_subject


def test_the_year_of_a_number_has_its_own_series(results: Stage) -> None:
    results.prepared()
    with results.service.database.reading() as connection:
        row = connection.execute(sa.select(number_series)).one()
    assert (row.issuer, row.year) == ("007", 26)


def test_a_request_for_certificates_is_no_statement(results: Stage) -> None:
    raw = results.request("certificates", "signatory", results.class_subject, {"batch": b"b" * 16})
    assert results.post(raw).json()["code"] == "STATEMENT_KIND"
    signer = results.world.people["signatory"].signer
    said = parse_statement(results.world.said[-1].raw)
    assert said.message.claims is not None
    statement = sign_statement(
        signer, kind="certificates", version=1, claims=said.message.claims, body={"batch": b"b" * 16}
    )
    answer = results.client.post("/api/certificates/prepare", json={"request": to_b64(statement)})
    assert answer.json()["code"] == "REQUEST_KIND"
