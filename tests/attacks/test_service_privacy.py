"""Attacks on personal data: what errors, headers and answers tell, who is shown what, what reads leave."""

# ruff: noqa: F401, F811  (fixtures come from the registry's conftest)
from __future__ import annotations

from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from issuers.acts.classes import Roster
from issuers.acts.parties import OfficerAppointed
from issuers.acts.words import Duty
from issuers.base64url import to_b64
from ledger.commitment import Opening, commit, encode_opening
from registry.storage.tables import read_audit
from tests.insider import insider
from tests.registry.conftest import _quiet, desk, founded_template, results, results_template, stage
from tests.registry.desk import Desk
from tests.registry.stage import Stage, item, officer_document
from tests.world_parts import BODY, FIRST, LAST

NAME, NUMBER = "沈明", "310104198802290000"


def told(answer: httpx.Response) -> dict[str, Any]:
    """Status, body and every header but the random id of the request."""
    headers = {name: value for name, value in answer.headers.items() if name != "x-request-id"}
    return {"status": answer.status_code, "headers": headers, "body": answer.content}


# Breaks.


@pytest.mark.parametrize("case", ["a field of a wrong type", "a field that does not open"])
def test_an_error_does_not_repeat_the_name_of_a_field_we_did_not_write(results: Stage, case: str) -> None:
    """A column slipped: the ID number stands where the field's name should be, and comes back in `where`."""
    opened = Opening(b"k" * 32, {f"{NAME} {NUMBER}": "x"})
    entry: dict[str, Any] = commit(Opening(b"K" * 32, opened.fields))
    if case == "a field of a wrong type":
        entry = dict.fromkeys(entry, 5)
    raw = results.world.sign("roster", "registrar", results.class_subject, {"entries": [entry]})
    answer = results.post(raw, [encode_opening(opened)])
    assert answer.status_code in (400, 422)
    assert NUMBER not in answer.text
    assert NAME not in str(answer.json())


def test_an_evaluator_for_other_projects_does_not_see_the_roster(results: Stage) -> None:
    """Names and ID numbers of a class go to whoever evaluates anything for the body."""
    world = results.world
    world.now = results.hands.now_ms
    subject = f"officer/{world.people['evaluator-3'].staff.hex()}"
    act = OfficerAppointed((Duty.EVALUATOR,), ("002",), FIRST, LAST)
    assert results.post(world.sign("officer-appointed", f"admin-{BODY}", subject, act)).status_code == 200
    answer = results.ask("/api/classes/evidence", "evidence", "evaluator-3", results.class_subject, {})
    assert answer.status_code == 403


def test_the_read_audit_says_whose_certificate_was_looked_up(desk: Desk) -> None:
    """Assurance D.7: who read which subject. Now every check is "party/..." and no list for anybody."""
    assert desk.check(desk.body()).status_code == 200
    with desk.stage.service.database.reading() as connection:
        objects = connection.execute(
            sa.select(read_audit.c.object).where(read_audit.c.purpose == "subsidy-check")
        ).scalars()
        assert any(desk.certified[0].item.certificate.hex() in one for one in objects)


def test_no_address_is_redirected_with_what_stood_in_it(stage: Stage) -> None:
    """Assurance A.2 row 10: no redirects. Host and query of a stranger come back in `location`."""
    headers = {"host": "evil.example"}
    answer = stage.client.get(f"/healthz/?n={NUMBER}", headers=headers, follow_redirects=False)
    assert answer.status_code == 404
    assert NUMBER not in str(answer.headers)


# Attempts that fail, as they should.


@pytest.mark.parametrize("path", ["check", "prepare"])
def test_the_desk_is_no_oracle_for_whose_certificate_it_is(desk: Desk, path: str) -> None:
    """Another's number, a number of nobody, an officer's, a torn text, no certificate at all: one answer."""
    ask = desk.check if path == "check" else desk.prepare
    good = desk.body()
    other = desk.stage.holder(desk.certified[1])["id_number"]
    foreign = good["qr"].replace("cert.malan.example", "cert.other.example")
    cases = [
        {"id_number": other},
        {"id_number": officer_document("nobody").number},
        {"id_number": officer_document("signatory").number},
        {"id_type": "passport", "id_number": "E00000017"},
        {"qr": good["qr"][:-3] + "000"},
        {"qr": "x"},
        {"qr": foreign},
    ]
    answers = [told(ask({**good, **one})) for one in cases]
    assert all(one == answers[0] for one in answers)
    assert told(ask(good)) != answers[0], "the control"


@pytest.mark.parametrize("spelling", ["full width", "15 digits", "spaces", "lower x"])
def test_the_desk_knows_the_holder_in_every_spelling(desk: Desk, spelling: str) -> None:
    number = desk.body()["id_number"]
    if spelling == "full width":
        number = "".join(chr(ord(one) + 0xFEE0) for one in number)
    elif spelling == "15 digits":
        number = number[:6] + number[8:17]
    elif spelling == "spaces":
        number = f" {number[:6]} {number[6:14]}\u3000{number[14:]} "
    else:
        number = number.lower()
    assert desk.check(desk.body(id_number=number)).json()["outcome"] == "PASS"


def test_a_request_is_good_for_one_address_one_log_one_party_and_once(desk: Desk) -> None:
    stage, body = desk.stage, desk.body()
    path, own = "/api/subsidy/check", "party/district-310101"
    raw = stage.request("subsidy-check", "intake-310101", own, body)
    for elsewhere in ("/api/subsidy/claims/prepare", "/api/staff", "/api/classes/evidence"):
        answer = stage.client.post(elsewhere, json={"request": to_b64(raw)})
        assert answer.json()["code"] == "REQUEST_KIND"
    assert stage.post(raw).json()["code"] == "STATEMENT_KIND"
    assert stage.client.post(path, json={"request": to_b64(raw)}).status_code == 200
    assert stage.client.post(path, json={"request": to_b64(raw)}).json()["code"] == "REQUEST_USED"
    now = stage.hands.now_ms // 1000
    for changed, code in (
        ({"aud": "log.malan.example/2025"}, "REQUEST_AUDIENCE"),
        ({"iss": "district-310104"}, "REQUEST_KEY"),
        ({"iat": now - 301}, "REQUEST_AGE"),
        ({"iat": now + 301}, "REQUEST_AGE"),
    ):
        answer = stage.ask(path, "subsidy-check", "intake-310101", own, body, **changed)
        assert answer.json()["code"] == code
    stage.hands.set(stage.hands.now_ms + 16 * 60_000)
    desk.check(body)  # forgets old ids
    assert stage.client.post(path, json={"request": to_b64(raw)}).json()["code"] == "REQUEST_AGE"


@pytest.mark.parametrize(
    "who",
    ["supervisor-310101", "intake-310104", "reviewer-310104", "instructor-1", "standards", f"admin-{BODY}"],
)
def test_evidence_is_not_for_other_districts_or_duties(results: Stage, who: str) -> None:
    answer = results.ask("/api/classes/evidence", "evidence", who, results.class_subject, {})
    assert answer.status_code == 403
    assert len(answer.content) < 500


def test_openings_swapped_between_people_do_not_unseal(desk: Desk) -> None:
    """Whole rows exchanged, as somebody with SQL would to read one person's data as another's."""
    people, database = desk.stage.service.people, desk.stage.service.database
    with insider(desk.stage.service.settings) as raw:
        for table, key in (("reservation", "candidate"), ("credential", "certificate"), ("opening", "place")):
            one, two = raw.run(f"SELECT {key}, person, sealed FROM {table} LIMIT 2").all()
            change = f"UPDATE {table} SET person = :p, sealed = :s WHERE {key} = :k AND person = :old"
            raw.run(change, p=two.person, s=two.sealed, k=one[0], old=one.person)
        first, *_, last = raw.run("SELECT person, wrapped FROM person_key ORDER BY person").all()
        raw.run("UPDATE person_key SET wrapped = :w WHERE person = :p", w=last.wrapped, p=first.person)
    lowest = first.person
    with database.reading() as connection, pytest.raises(Exception, match="SEAL_BROKEN"):
        people.seal(connection, lowest, b"x", table="opening", place=())
    answer = desk.stage.prepare()
    assert answer.status_code >= 400
    names = [one.fields["name"] for one in desk.stage.world.trainees]
    assert not any(name in answer.text for name in names)


def test_what_is_typed_wrong_is_neither_answered_nor_logged(
    desk: Desk, capfd: pytest.CaptureFixture[str]
) -> None:
    """Personal values in every wrong place: body, path, query, header, statement, opening."""
    stage, mark = desk.stage, NUMBER
    entries, openings = stage.world.commit(
        "roster", [{**stage.world.trainees[0].fields, "id_number": mark[:-1] + "9"}]
    )
    raw = stage.world.sign("roster", "registrar", stage.class_subject, Roster(entries))
    with capture_logs() as logs:
        answers = [
            stage.client.post("/api/verify", json={"qr": mark, mark: NAME}),
            stage.client.post("/api/verify", content=mark, headers={"content-type": f"x/{mark}"}),
            stage.client.post("/api/statements", json={"statement": mark, "openings": [mark]}),
            stage.client.post("/api/statements", json={"items": [{"statement": NAME}]}),
            stage.client.post("/api/statements", json=item(raw, [encode_opening(one) for one in openings])),
            stage.client.get(f"/api/certificates/{mark}"),
            stage.client.get(f"/api/certificates/{NAME}?{mark}={NAME}"),
            stage.client.get(f"/log/proof/{mark}"),
            stage.client.get(f"/log/tile/{mark}"),
            stage.client.get(f"/status/{mark}"),
            stage.client.get(f"/api/subsidy/claims/{mark}"),
            stage.client.get("/healthz", headers={"x-request-id": mark}),
            desk.check(desk.body(id_number=mark[:-1] + "9")),
            desk.check(desk.body(id_type=mark)),
            desk.check(desk.body(facts={"role": mark})),
        ]
    for answer in answers:
        assert answer.status_code < 500
        for text in (mark, mark[6:-1], NAME):
            assert text not in answer.text + str(answer.headers), answer.request.url.path
    printed = "".join(capfd.readouterr())
    assert mark[6:] not in str(logs) + printed
    assert NAME not in str(logs) + printed
