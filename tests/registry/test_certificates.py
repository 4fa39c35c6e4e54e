"""Prepare, issue, void: one number, code and place for one candidate, and the credential that says so."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from issuers.acts.certificates import CertificateIssued
from issuers.answers import Prepared, PreparedItem
from issuers.authority.class_facts import CertificateFact
from issuers.credential import Credential, parse_credential, sign_credential
from issuers.drafting import Speaker, commit_people
from issuers.drafting_certificates import Certified, void_parcel
from issuers.numbers import check_code, parse_number
from issuers.shape import to_map
from ledger.commitment import Opening
from ledger.statement import sign_statement
from registry.facts import TableView
from registry.reservations import TERM_MS
from registry.tables import credential, number_series, opening, read_audit, reservation
from tests.registry.stage import Stage, item, parcel_item
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
    import threading

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
    from tests.registry.stage import know_staff

    for name in ("rival-evaluator", "rival-signatory", "rival-registrar", "rival-instructor", "app-intake"):
        results.world.people[name] = results.world.person(name, BODY)
    know_staff(results.service, results.world)
    results.world.with_rivals()
    results.tell()
    answer = results.prepare(who="rival-signatory")
    assert (answer.status_code, answer.json()["code"]) == (403, "CLASS_OTHER")


def test_a_signatory_for_other_projects_cannot_prepare(results: Stage) -> None:
    from issuers.acts.words import Duty
    from tests.registry.stage import know_staff

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


def test_issued_certificates_stand_as_facts_and_credentials(results: Stage) -> None:
    made = results.issue_all()
    with results.service.database.reading() as connection:
        view = TableView(connection)
        for one in made:
            fact = view.get(CertificateFact, one.item.certificate.hex())
            assert fact is not None
            assert fact.credential == hashlib.sha256(one.credential).digest()
            row = connection.execute(
                sa.select(credential).where(credential.c.certificate == one.item.certificate)
            ).one()
            raw = results.service.people.unseal(
                connection, row.person, row.sealed, table="credential", place=(one.item.certificate,)
            )
            assert raw == one.credential


def test_what_is_issued_is_not_offered_again(results: Stage) -> None:
    prepared = results.prepared()
    made = results.certify(prepared, prepared.items[0])
    results.post_batch([parcel_item(made)])
    again = results.prepared()
    assert by_candidate(again).keys() == by_candidate(prepared).keys() - {made.item.candidate}


def test_an_issue_date_that_has_passed_is_signed_anew_under_the_same_number(results: Stage) -> None:
    prepared = results.prepared()
    made = results.certify(prepared, prepared.items[0])
    results.hands.set(results.hands.now_ms + DAY)
    (answer,) = results.post_batch([parcel_item(made)])
    assert answer["code"] == "DATE_PASSED"
    (answer,) = results.post_batch([parcel_item(results.certify(prepared, prepared.items[0]))])
    assert answer["status"] == "appended"


def forged(
    stage: Stage, made: Certified, *, act: dict[str, Any], claims: dict[str, Any], key: Any = None
) -> dict[str, Any]:
    """A certificate with fields of act or credential changed, all signed and hashed as they should be."""
    signer = stage.world.people["signatory"].signer
    told = parse_credential(made.credential).claims
    changed = replace(told, **claims)
    raw = sign_credential(changed, key or signer)
    opened = {"name": act.pop("name", changed.name), "number": act.pop("number", changed.number)}
    entries, openings = commit_people("certificate-issued", [Opening(os.urandom(32), opened)])
    from issuers.acts import read_act
    from ledger.statement import parse_statement

    original = parse_statement(made.parcel.statement)
    subject = act.pop("subject", original.subject)
    body = read_act(original)
    assert isinstance(body, CertificateIssued)
    said = replace(body, entries=entries, credential=hashlib.sha256(raw).digest(), **act)
    speaker = Speaker(signer, BODY, stage.world.origin)
    statement = speaker.say(
        "certificate-issued", subject, to_map(said), now_ms=stage.hands.now_ms, fresh=os.urandom(10)
    )
    return item(statement, openings, raw)


FORGED: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("CREDENTIAL_DIFFERS", "credential.name", {"name": "沈明"}, {"name": "沈鸣"}),
    ("CREDENTIAL_DIFFERS", "credential.course", {}, {"course": "高级创业培训"}),
    ("CREDENTIAL_DIFFERS", "credential.hours", {}, {"hours": 80}),
    ("CREDENTIAL_DIFFERS", "credential.code", {}, {"code": "1234567890123454"}),
    ("CREDENTIAL_DIFFERS", "credential.iat", {}, {"issued_at": 1773367100}),
    ("CREDENTIAL_DIFFERS", "credential.exp", {}, {"expires_at": 1_900_000_000}),
    ("CREDENTIAL_DIFFERS", "credential.last_four", {}, {"last_four": "9999"}),
    ("CREDENTIAL_DIFFERS", "credential.status_index", {}, {"status_index": 7}),
    ("RESERVATION_OTHER", "status_index", {"status_index": 7}, {"status_index": 7}),
    ("RESERVATION_OTHER", "openings[0].name", {"name": "沈鸣"}, {}),
    ("RESERVATION_OTHER", "sub", {"subject": f"certificate/{'0' * 32}"}, {}),
]


@pytest.mark.parametrize(("code", "where", "act", "claims"), FORGED)
def test_a_certificate_that_says_another_thing_is_refused(
    results: Stage, code: str, where: str, act: dict[str, Any], claims: dict[str, Any]
) -> None:
    prepared = results.prepared()
    first = next(one for one in prepared.items if one.name == "沈明")
    made, size = results.certify(prepared, first), results.size()
    if claims.get("code") == "1234567890123454":
        from issuers.numbers import make_code

        claims = {"code": make_code(123456789012345)}
    (answer,) = results.post_batch([forged(results, made, act=dict(act), claims=claims)])
    assert (answer.get("code"), answer.get("where")) == (code, where)
    assert (results.size(), results.count(credential)) == (size, 0)


def test_the_forger_used_above_makes_an_honest_certificate_when_nothing_is_changed(results: Stage) -> None:
    prepared = results.prepared()
    made = results.certify(prepared, prepared.items[0])
    (answer,) = results.post_batch([forged(results, made, act={}, claims={})])
    assert answer["status"] == "appended"


def test_a_candidates_number_is_not_taken_for_another_candidate(results: Stage) -> None:
    prepared = results.prepared()
    first, second = prepared.items[:2]
    swapped = replace(first, number=second.number)
    (answer,) = results.post_batch([parcel_item(results.certify(prepared, swapped))])
    assert (answer["code"], answer["where"]) == ("RESERVATION_OTHER", "openings[0].number")


def test_a_credential_of_another_key_is_refused(results: Stage) -> None:
    prepared = results.prepared()
    made = results.certify(prepared, prepared.items[0])
    key = results.world.people["evaluator-1"].signer
    (answer,) = results.post_batch([forged(results, made, act={}, claims={}, key=key)])
    assert (answer["code"], answer["where"]) == ("COSE_KEY", "")


def test_a_credential_the_act_does_not_name_is_refused(results: Stage) -> None:
    prepared = results.prepared()
    first, second = (results.certify(prepared, one) for one in prepared.items[:2])
    told = item(first.parcel.statement, first.parcel.openings, second.credential)
    (answer,) = results.post_batch([told])
    assert answer["code"] == "CREDENTIAL_OTHER"


def test_a_certificate_without_its_credential_is_refused(results: Stage) -> None:
    prepared = results.prepared()
    made = results.certify(prepared, prepared.items[0])
    (answer,) = results.post_batch([item(made.parcel.statement, made.parcel.openings)])
    assert answer["code"] == "ATTACHMENT_MISSING"


def test_nobody_is_issued_a_certificate_without_a_reservation(results: Stage) -> None:
    prepared = results.prepared()
    made = results.certify(prepared, prepared.items[0])
    with results.service.database.transaction() as connection:
        connection.execute(sa.delete(reservation))
    (answer,) = results.post_batch([parcel_item(made)])
    assert answer["code"] == "RESERVATION_MISSING"


def test_a_person_gets_one_certificate(results: Stage) -> None:
    prepared = results.prepared()
    first, again = (results.certify(prepared, prepared.items[0]) for _ in range(2))
    answers = results.post_batch([parcel_item(first), parcel_item(again)])
    assert [one.get("code") for one in answers] == [None, "NUMBER_USED"]


def void(stage: Stage, prepared: Prepared, one: PreparedItem) -> dict[str, Any]:
    parcel = void_parcel(
        Speaker(stage.world.people["signatory"].signer, BODY, stage.world.origin),
        prepared.class_id,
        one,
        "misprint",
        record_key=os.urandom(32),
        now_ms=stage.hands.now_ms,
        fresh=os.urandom(10),
    )
    return item(parcel.statement, parcel.openings)


def test_a_voided_number_is_accounted_for_and_never_issued(results: Stage) -> None:
    prepared = results.prepared()
    first, second = prepared.items[:2]
    late = results.certify(prepared, first)
    kept = results.count(opening)
    answers = results.post_batch([void(results, prepared, first), parcel_item(late)])
    assert [one.get("code") for one in answers] == [None, "NUMBER_USED"]
    assert results.count(opening) == kept + 1
    assert first.candidate not in by_candidate(results.prepared())
    assert second.candidate in by_candidate(results.prepared())


def test_a_void_of_another_number_is_refused(results: Stage) -> None:
    prepared = results.prepared()
    first, second = prepared.items[:2]
    (answer,) = results.post_batch([void(results, prepared, replace(first, number=second.number))])
    assert answer["code"] == "RESERVATION_OTHER"


def test_the_year_of_a_number_has_its_own_series(results: Stage) -> None:
    results.prepared()
    with results.service.database.reading() as connection:
        row = connection.execute(sa.select(number_series)).one()
    assert (row.issuer, row.year) == ("007", 26)


def test_a_request_for_certificates_is_no_statement(results: Stage) -> None:
    raw = results.request("certificates", "signatory", results.class_subject, {"batch": b"b" * 16})
    assert results.post(raw).json()["code"] == "STATEMENT_KIND"
    signer = results.world.people["signatory"].signer
    from ledger.statement import parse_statement

    said = parse_statement(results.world.said[-1].raw)
    assert said.message.claims is not None
    statement = sign_statement(
        signer, kind="certificates", version=1, claims=said.message.claims, body={"batch": b"b" * 16}
    )
    from issuers.base64url import to_b64

    answer = results.client.post("/api/certificates/prepare", json={"request": to_b64(statement)})
    assert answer.json()["code"] == "REQUEST_KIND"


__all__ = ["Credential"]
