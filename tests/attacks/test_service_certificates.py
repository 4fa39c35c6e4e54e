"""Attacks on certificates: numbers when nothing may be written, dates that lie, poisoned batches."""

# ruff: noqa: F401, F811  (fixtures come from the registry's conftest)
from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import httpx

from issuers.acts.classes import ClassOpened, EvaluationConfirmed, InstitutionAccredited, Roster
from issuers.acts.parties import BodySuspended, KeyRevoked, OfficerAppointed
from issuers.acts.words import Duty, RevocationCause
from issuers.authority.case import SHANGHAI, shanghai_date
from issuers.base64url import to_b64
from issuers.credential import parse_credential, sign_credential
from issuers.qr import make_text
from ledger.commitment import encode_opening
from ledger.errors import Unavailable
from ledger.statement import parse_statement, statement_hash
from registry.storage.tables import (
    candidate,
    credential,
    fact,
    opening,
    person,
    person_document,
    person_key,
    reservation,
)
from tests.insider import insider
from tests.registry.conftest import _quiet, desk, founded_template, results, results_template, stage
from tests.registry.desk import Desk
from tests.registry.stage import Stage, dismissal, item, parcel_item
from tests.world_parts import (
    BODY,
    CLASS_FIRST,
    CLASS_LAST,
    FIRST,
    HOST,
    INSTITUTION,
    LAST,
    PROJECT,
    STANDARD_ID,
    moment,
)
from tests.world_steps import class_subject, confirmation, said_of_class

TABLES = (candidate, credential, opening, person, person_document, person_key, reservation)


def say_two(stage: Stage, kind: str, subject: str, act: object) -> None:
    """An act of the city with its second officer."""
    world = stage.world
    world.now = stage.hands.now_ms
    raw = world.sign(kind, "root-1", subject, act)
    assert stage.post(raw).status_code == 200
    yes = world.sign("approve", "root-2", f"statement/{statement_hash(raw).hex()}", {})
    assert stage.post(yes).status_code == 200


def issue_until(stage: Stage, expires_at: int, expires_on: date) -> tuple[httpx.Response, str, str]:
    """The first certificate with an end; answer, code and QR text."""
    prepared = stage.prepared()
    honest = stage.certify(prepared, prepared.items[0])
    signer = stage.world.people["signatory"].signer
    claims = replace(parse_credential(honest.credential).claims, expires_at=expires_at)
    raw = sign_credential(claims, signer)
    said = parse_statement(honest.parcel.statement)
    body: dict[str, Any] = dict(said.body)
    body |= {"credential": hashlib.sha256(raw).digest(), "expires_on": expires_on.isoformat()}
    stage.world.now = stage.hands.now_ms
    statement = stage.world.sign("certificate-issued", "signatory", said.subject, body)
    answer = stage.post(statement, honest.parcel.openings, raw)
    return answer, claims.code, make_text(host=HOST, code=claims.code, credential=raw)


def first_second_of(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=SHANGHAI).timestamp())


# Breaks.


def test_a_read_only_service_hands_out_no_numbers(results: Stage) -> None:
    """The log is ahead of a restored database: numbers given out now are numbers given out before."""
    results.service.alarms.read_only = Unavailable("LOG_AHEAD", "told by the test")
    answer = results.prepare()
    assert (answer.status_code, results.count(reservation)) == (503, 0)


def test_a_suspended_body_reserves_no_numbers(results: Stage) -> None:
    """It can neither issue nor void them, so the numbers of the year keep a gap nobody can account for."""
    say_two(results, "body-suspended", f"party/{BODY}", BodySuspended("inquiry"))
    answer = results.prepare()
    assert (answer.status_code != 200, results.count(reservation)) == (True, 0)


def test_the_public_answer_does_not_call_an_expired_certificate_valid(results: Stage) -> None:
    day = shanghai_date(results.hands.now_ms) + timedelta(days=1)
    ends = first_second_of(day + timedelta(days=1))
    answer, code, qr = issue_until(results, ends, day)
    assert answer.status_code == 200
    results.hands.set(ends * 1000 + 86_400_000)
    results.publish()
    assert results.client.post("/api/verify", json={"qr": qr}).json()["state"] == "expired"
    assert results.client.get(f"/api/certificates/{code}").json()["state"] == "expired"


def test_the_public_answer_does_not_call_a_certificate_in_quarantine_valid(desk: Desk) -> None:
    stage, world = desk.stage, desk.stage.world
    stage.hands.set(stage.hands.now_ms + 3_600_000)
    world.now = stage.hands.now_ms
    kid = world.people["signatory"].signer.public.kid.hex()
    act = KeyRevoked(RevocationCause.COMPROMISED, moment(13, 9) // 1000)
    assert stage.post(world.sign("key-revoked", f"admin-{BODY}", f"key/{kid}", act)).status_code == 200
    stage.publish()
    told = stage.client.post("/api/verify", json={"qr": desk.certified[0].qr}).json()
    assert told["state"] == "could_not_check"
    answer = stage.client.get(f"/api/certificates/{desk.certified[0].item.code}")
    assert answer.json().get("state") != "valid"


def test_a_credential_ends_with_the_day_the_act_names(results: Stage) -> None:
    """issuers/SPEC.md: exp is the first second after `expires_on`; here it ends almost a day before."""
    day = shanghai_date(results.hands.now_ms) + timedelta(days=1)
    answer, _, _ = issue_until(results, first_second_of(day) + 1, day)
    assert answer.status_code == 422


def test_an_end_beyond_the_calendar_is_refused_and_no_fault(results: Stage) -> None:
    answer, _, _ = issue_until(results, 2**40 - 1, date(9999, 12, 31))
    assert answer.json()["code"] != "INTERNAL"


def test_a_class_at_the_end_of_the_calendar_is_refused_or_taken_and_no_fault(results: Stage) -> None:
    world, far = results.world, date(9999, 12, 31)
    world.now = results.hands.now_ms
    subject = f"accreditation/{INSTITUTION}/{PROJECT}"
    raw = world.sign(
        "institution-accredited", "supervisor-310104", subject, InstitutionAccredited(FIRST, far)
    )
    assert results.post(raw).status_code == 200
    instructors = (world.people["instructor-1"].staff,)
    act = ClassOpened(PROJECT, STANDARD_ID, BODY, instructors, date(2026, 3, 9), far)
    answer = results.post(world.sign("class-opened", "registrar", f"class/{'ab' * 16}", act))
    assert answer.json().get("code") != "INTERNAL"


def test_one_erased_trainee_does_not_stop_the_certificates_of_the_class(results: Stage) -> None:
    """Of somebody who failed, too: `trainees_of` opens the whole roster to print the names of a few."""
    failed = next(one.candidate for one in results.world.trainees if not one.passes)
    with insider(results.service.settings) as raw:
        raw.run(
            "DELETE FROM person_key WHERE person = (SELECT person FROM candidate WHERE candidate = :failed)",
            failed=failed,
        )
    answer = results.prepare()
    assert answer.status_code == 200, answer.json()["code"]
    assert len(answer.json()["items"]) == 5


# Attempts that fail, as they should.


def test_a_batch_of_a_thousand_with_poison_leaves_only_the_good_ones(results: Stage) -> None:
    """Strangers, twins, forged results, torn openings, half a roster, repeats: each refused by itself."""
    stage, world = results, results.world
    world.now = stage.hands.now_ms
    prepared = stage.prepared()
    good = [stage.certify(prepared, one) for one in prepared.items]
    other = f"class/{'cd' * 16}"
    instructors = (world.people["instructor-1"].staff,)
    opened = world.sign(
        "class-opened",
        "registrar",
        other,
        ClassOpened(PROJECT, STANDARD_ID, BODY, instructors, CLASS_FIRST, CLASS_LAST),
    )
    people = [{**one.fields, "candidate": os.urandom(16)} for one in world.trainees]
    strangers = [{**one, "id_type": "passport", "id_number": f"E000000{n}"} for n, one in enumerate(people)]
    entries, openings = world.commit("roster", [*strangers, {**people[0], "id_number": "31010419880229000x"}])
    torn = world.sign("roster", "registrar", other, Roster(entries))
    all_pass = replace(confirmation(world), passed=tuple(one.candidate for one in world.trainees))
    stranger = world.new_key("stranger")
    poison = [
        item(torn, [encode_opening(one) for one in openings]),
        item(world.sign("evaluation-confirmed", "signatory", class_subject(world), all_pass)),
        {**parcel_item(good[0]), "openings": parcel_item(good[1])["openings"]},
        {**parcel_item(good[0]), "attachment": parcel_item(good[1])["attachment"]},
        {**parcel_item(good[0]), "statement": "!"},
        {**parcel_item(good[0]), "statement": to_b64(os.urandom(200))},
    ]
    subject = f"officer/{world.people['evaluator-3'].staff.hex()}"
    noise = [
        item(world.sign("officer-dismissed", f"admin-{BODY}", subject, {"reason": "left"}, key=stranger))
        for _ in range(1000 - 1 - 2 * len(good) - len(poison))
    ]
    before = {table.name: stage.count(table) for table in TABLES}
    size = stage.size()
    batch = [item(opened), *poison, *(parcel_item(one) for one in good), *noise]
    batch += [parcel_item(one) for one in good]
    answers = stage.post_batch(batch)
    kept = ["appended"] * (1 + len(good)) + ["known"] * len(good)
    assert sorted(one["status"] for one in answers if one["status"] != "refused") == sorted(kept)
    assert "INTERNAL" not in {one.get("code") for one in answers}
    assert stage.size() == size + 1 + len(good)
    grown = {"credential": len(good), "opening": len(good)}
    assert {table.name: stage.count(table) for table in TABLES} == {
        name: count + grown.get(name, 0) for name, count in before.items()
    }


def test_a_number_never_moves_whatever_expires_and_whoever_asks(results: Stage) -> None:
    first = {one.candidate: one for one in results.prepared(b"1" * 16).items}
    for batch in (b"2" * 16, b"1" * 16, b"3" * 16):
        results.hands.set(results.hands.now_ms + 80 * 3_600_000)
        assert {one.candidate: one for one in results.prepared(batch).items} == first
    prepared = results.prepared(b"4" * 16)
    swapped = [replace(prepared.items[0], candidate=prepared.items[1].candidate)]
    swapped += [
        replace(prepared.items[0], **{name: getattr(prepared.items[1], name)})
        for name in (
            "certificate",
            "number",
            "code",
            "status_index",
            "name",
        )
    ]
    answers = results.post_batch([parcel_item(results.certify(prepared, one)) for one in swapped])
    assert {one.get("code") for one in answers} <= {"RESERVATION_OTHER", "CREDENTIAL_DIFFERS"}


def test_who_failed_gets_no_certificate_even_under_a_free_reservation(results: Stage) -> None:
    failed = next(one for one in results.world.trainees if not one.passes)
    prepared = results.prepared()
    forged = replace(prepared.items[0], candidate=failed.candidate, name=failed.fields["name"])
    (answer,) = results.post_batch([parcel_item(results.certify(prepared, forged))])
    assert answer["code"] == "NOT_PASSED"


def test_a_result_of_openings_other_than_the_signed_ones_is_not_taken(results: Stage) -> None:
    """A confirmed class stays as it is: no second result, no result for another roster."""
    world = results.world
    world.now = results.hands.now_ms
    honest = confirmation(world)
    sheets = tuple(said_of_class(world, "sheet"))
    for act in (honest, replace(honest, roster=b"r" * 32), replace(honest, sheets=sheets[::-1])):
        assert isinstance(act, EvaluationConfirmed)
        raw = world.sign("evaluation-confirmed", "signatory", class_subject(world), act)
        assert results.post(raw).status_code == 422


def test_what_was_refused_once_can_still_be_said_rightly_under_the_same_id(results: Stage) -> None:
    """A torn upload does not burn the statement; the repaired one is appended, and only once."""
    prepared = results.prepared()
    made = results.certify(prepared, prepared.items[0])
    good = parcel_item(made)
    answers = results.post_batch([{**good, "openings": []}, good, good])
    assert [one["status"] for one in answers] == ["refused", "appended", "known"]
    assert results.post(dismissal(results)).status_code == 200


def test_a_signatory_for_another_project_gets_no_numbers(results: Stage) -> None:
    world = results.world
    world.now = results.hands.now_ms
    subject = f"officer/{world.people['signatory'].staff.hex()}"
    act = OfficerAppointed((Duty.SIGNATORY,), ("002",), FIRST, LAST)
    assert results.post(world.sign("officer-appointed", f"admin-{BODY}", subject, act)).status_code == 200
    assert results.prepare().status_code == 403
    assert results.count(fact) > 0
    assert results.count(reservation) == 0
