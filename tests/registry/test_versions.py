"""The life of a certificate in the service: its next versions, their codes, and what ends it."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from issuers.acts import read_act
from issuers.acts.certificates import CertificateCorrected, CertificateReissued
from issuers.acts.reasons import CorrectionReason
from issuers.authority.case import shanghai_date
from issuers.authority.class_facts import CertificateFact
from issuers.credential import parse_credential, sign_credential
from issuers.shape import to_map
from issuers.sign.drafting import Speaker, commit_people
from issuers.sign.drafting_certificates import Certified
from issuers.sign.drafting_versions import Change
from issuers.status import REVOKED, SUPERSEDED, SUSPENDED, VALID
from ledger.commitment import Opening
from ledger.statement import parse_statement
from registry.certificates import reservations, revisions
from registry.fsck.run import check as fsck
from registry.published.changes import ChangeFeed
from registry.storage.facts import TableView
from registry.storage.tables import revision
from tests.insider import insider
from tests.registry.erasing import erased, places
from tests.registry.stage import Stage, item, parcel_item
from tests.registry.versions import ask, prepared, reissue, renew, sign
from tests.world_parts import BODY

DAY = 86_400_000


def say(stage: Stage, kind: str, made: Certified, reason: str) -> dict[str, Any]:
    subject = f"certificate/{made.item.certificate.hex()}"
    act = {"reason": reason}
    raw = stage.world.sign(kind, "signatory", subject, act, at=stage.hands.now_ms)
    (answer,) = stage.post_batch([item(raw)])
    return answer


def fact_of(stage: Stage, made: Certified) -> CertificateFact:
    with stage.service.database.reading() as connection:
        fact = TableView(connection).get(CertificateFact, made.item.certificate.hex())
    assert fact is not None
    return fact


def looked_up(stage: Stage, code: str) -> dict[str, Any]:
    answer = stage.client.get(f"/api/certificates/{code}")
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def sound(stage: Stage) -> None:
    stage.publish()
    assert fsck(stage.service).departures == ()


def test_a_new_version_keeps_number_and_issue_date_under_a_code_of_its_own(results: Stage) -> None:
    first = results.issue_all()[0]
    results.hands.set(results.hands.now_ms + 3 * DAY)
    second = renew(results, first)
    was, now = parse_credential(first.credential).claims, parse_credential(second.credential).claims
    assert (now.number, now.name, now.last_four) == (was.number, was.name, was.last_four)
    assert now.code != was.code
    assert (now.status_list, now.status_index) != (was.status_list, was.status_index)
    fact = fact_of(results, first)
    assert (now.version, now.first_issued_on, fact.version) == (2, first.issued_on, 2)
    assert fact.issued_on == first.issued_on
    assert fact.renewed is not None
    assert fact.renewed.on == shanghai_date(results.hands.now_ms) == first.issued_on + timedelta(days=3)
    sound(results)


def test_the_old_code_says_superseded_and_since_when_and_the_new_one_valid(results: Stage) -> None:
    first = results.issue_all()[0]
    results.publish()
    assert looked_up(results, first.item.code)["state"] == "valid"
    results.hands.set(results.hands.now_ms + DAY)
    second = renew(results, first, change=Change("沈铭", True, CorrectionReason.NAME))
    sound(results)
    old, new = looked_up(results, first.item.code), looked_up(results, second.item.code)
    assert (old["state"], old["national"], old["reason"]) == ("superseded", "05", "name-corrected")
    on = (first.issued_on + timedelta(days=1)).isoformat()
    assert (old["version"], old["current_version"], old["current_on"]) == (1, 2, on)
    assert (new["state"], new["national"], new["version"], new["reason"]) == ("valid", "01", 2, None)
    assert old["seq"] < new["seq"] == old["life"][-1]
    assert (new["life"], new["issued_on"]) == ([], first.issued_on.isoformat())


@pytest.mark.parametrize(
    ("kind", "reason", "state", "national"),
    [
        ("certificate-suspended", "investigation", "suspended", "02"),
        ("certificate-revoked", "fraud", "revoked", "03"),
        ("certificate-revoked", "penalty", "revoked", "07"),
        ("certificate-cancelled", "duplicate", "cancelled", "04"),
        ("certificate-cancelled", "transferred-out", "cancelled", "06"),
    ],
)
def test_each_state_is_told_with_its_reason_and_national_status(
    results: Stage, kind: str, reason: str, state: str, national: str
) -> None:
    first = results.issue_all()[0]
    second = renew(results, first)
    assert say(results, kind, first, reason)["status"] == "appended"
    sound(results)
    told = looked_up(results, second.item.code)
    assert (told["state"], told["reason"], told["national"]) == (state, reason, national)
    former = looked_up(results, first.item.code)["state"]
    assert former == ("superseded" if state == "suspended" else state)


def test_a_reason_that_is_not_in_the_table_is_refused(results: Stage) -> None:
    first, size = results.issue_all()[0], results.size()
    for kind in ("certificate-suspended", "certificate-revoked"):
        answer = say(results, kind, first, "shen-ming-cheated")
        assert (answer["status"], answer["code"]) == ("refused", "REASON_UNKNOWN")
    assert results.size() == size


def test_asked_again_a_version_has_the_same_code_and_place(results: Stage) -> None:
    first = results.issue_all()[0]
    one, other = prepared(results, first)[0].items[0], prepared(results, first)[0].items[0]
    assert one == other
    assert results.count(revision) == 1


def test_only_the_next_version_of_a_certificate_in_force_is_prepared(results: Stage) -> None:
    first = results.issue_all()[0]
    assert ask(results, first.item.certificate, 3).json()["code"] == "VERSION_OTHER"
    assert ask(results, bytes(16), 2).json()["code"] == "CERTIFICATE_UNKNOWN"
    assert ask(results, first.item.certificate, 1).json()["code"] == "REQUEST_BODY"
    assert say(results, "certificate-suspended", first, "investigation")["status"] == "appended"
    assert ask(results, first.item.certificate, 2).json()["code"] == "CERTIFICATE_STATE"


def test_a_version_prepared_before_the_certificate_was_suspended_is_not_taken(results: Stage) -> None:
    first = results.issue_all()[0]
    again = sign(results, prepared(results, first), reissue())
    say(results, "certificate-suspended", first, "investigation")
    (answer,) = results.post_batch([parcel_item(again)])
    assert answer["code"] == "CERTIFICATE_STATE"


def test_what_was_held_runs_out_and_is_offered_again_the_same(results: Stage) -> None:
    first = results.issue_all()[0]
    told = prepared(results, first)
    results.hands.set(results.hands.now_ms + 4 * DAY)
    (answer,) = results.post_batch([parcel_item(sign(results, told, reissue()))])
    assert answer["code"] == "REVISION_EXPIRED"
    again = prepared(results, first)
    assert again[0].items == told[0].items
    (answer,) = results.post_batch([parcel_item(sign(results, again, reissue()))])
    assert answer["status"] == "appended"


def test_a_version_that_nothing_is_held_for_is_refused(results: Stage) -> None:
    first = results.issue_all()[0]
    told = prepared(results, first)
    with insider(results.service.settings) as raw:
        raw.connection.execute(sa.delete(revision))
    (answer,) = results.post_batch([parcel_item(sign(results, told, reissue()))])
    assert answer["code"] == "REVISION_MISSING"


def forged(stage: Stage, again: Certified, act: dict[str, Any], claims: dict[str, Any]) -> dict[str, Any]:
    """A version with fields of act or credential changed, all signed and hashed as they should be."""
    signer = stage.world.people["signatory"].signer
    changed = replace(parse_credential(again.credential).claims, **claims)
    raw = sign_credential(changed, signer)
    original = parse_statement(again.parcel.statement)
    opened = {"name": act.pop("name", changed.name), "number": act.pop("number", changed.number)}
    entries, openings = commit_people(original.kind, [Opening(os.urandom(32), opened)])
    body = read_act(original)
    assert isinstance(body, CertificateCorrected | CertificateReissued)
    said = replace(body, entries=entries, credential=hashlib.sha256(raw).digest(), **act)
    speaker = Speaker(signer, BODY, stage.world.origin)
    statement = speaker.say(
        original.kind, original.subject, to_map(said), now_ms=stage.hands.now_ms, fresh=os.urandom(10)
    )
    return item(statement, openings, raw)


@pytest.mark.parametrize(
    ("code", "where", "act", "claims"),
    [
        ("CREDENTIAL_DIFFERS", "credential.version", {}, {"version": 3}),
        ("CREDENTIAL_DIFFERS", "credential.issued_on", {}, {"first_issued_on": -1}),
        ("CREDENTIAL_DIFFERS", "credential.name", {}, {"name": "沈铭"}),
        ("CREDENTIAL_DIFFERS", "credential.name", {"name": "沈铭"}, {}),
        ("CREDENTIAL_DIFFERS", "credential.last_four", {}, {"last_four": "9999"}),
        ("CREDENTIAL_DIFFERS", "credential.course", {}, {"course": "高级创业培训"}),
        ("CREDENTIAL_DIFFERS", "credential.code", {}, {"code": ""}),
        ("RESERVATION_OTHER", "status_index", {"status_index": 7}, {"status_index": 7}),
        ("RESERVATION_OTHER", "openings[0].number", {"number": "x" * 23}, {}),
    ],
)
def test_a_reissue_that_says_another_thing_is_refused(
    results: Stage, code: str, where: str, act: dict[str, Any], claims: dict[str, Any]
) -> None:
    first = results.issue_all()[0]
    results.hands.set(results.hands.now_ms + DAY)
    again, size = sign(results, prepared(results, first), reissue()), results.size()
    if "first_issued_on" in claims:
        claims = {"first_issued_on": first.issued_on - timedelta(days=1)}
    if "code" in claims:
        claims = {"code": first.item.code}
    (answer,) = results.post_batch([forged(results, again, dict(act), dict(claims))])
    assert (answer.get("code"), answer.get("where")) == (code, where)
    assert results.size() == size
    (answer,) = results.post_batch([parcel_item(again)])
    assert answer["status"] == "appended"


def test_a_correction_says_something_else_and_a_name_in_its_one_form(results: Stage) -> None:
    first = results.issue_all()[0]
    told = prepared(results, first)
    same = sign(results, told, Change(told[0].items[0].name, True, CorrectionReason.NAME))
    (answer,) = results.post_batch([parcel_item(same)])
    assert answer["code"] == "VERSION_SAME"
    hidden = sign(results, told, Change(told[0].items[0].name, False, CorrectionReason.LAYOUT))
    (answer,) = results.post_batch([parcel_item(hidden)])
    assert answer["status"] == "appended"
    assert parse_credential(hidden.credential).claims.last_four is None


def test_fsck_names_a_version_whose_rows_were_changed(results: Stage) -> None:
    first, other = results.issue_all()[:2]
    renew(results, first)
    renew(results, other)
    prepared(results, first, 3)
    sound(results)
    mine = revision.c.certificate == first.item.certificate
    theirs = revision.c.certificate == other.item.certificate
    spoilt: list[tuple[str, Any]] = [
        ("REVISION_DIFFERS", sa.update(revision).where(theirs).values(status_index=7)),
        ("REVISION_CODE", sa.update(revision).where(theirs).values(code_index=b"\1" * 32)),
        ("CREDENTIAL_MISSING", sa.update(revision).where(theirs).values(credential=b"")),
        ("REVISION_BROKEN", sa.update(revision).where(theirs).values(sealed=b"\1" * 60)),
        ("REVISION_EXTRA", sa.update(revision).where(mine, revision.c.version == 3).values(version=5)),
        ("REVISION_MISSING", sa.delete(revision).where(theirs)),
    ]
    for code, change in spoilt:
        with insider(results.service.settings) as raw:
            before = raw.connection.execute(sa.select(revision)).mappings().all()
            raw.connection.execute(change)
        assert code in {one.code for one in fsck(results.service).departures}
        with insider(results.service.settings) as raw:
            raw.connection.execute(sa.delete(revision))
            raw.connection.execute(sa.insert(revision), [dict(row) for row in before])
    assert fsck(results.service).departures == ()


def test_a_code_that_is_held_and_not_signed_is_answered_like_none(results: Stage) -> None:
    first = results.issue_all()[0]
    held = prepared(results, first)[0].items[0]
    answer = results.client.get(f"/api/certificates/{held.code}")
    assert (answer.status_code, answer.json()["code"]) == (404, "CERTIFICATE_UNKNOWN")
    with results.service.database.reading() as connection:
        found = revisions.of_code(connection, results.service.people, held.code)
    assert found == (first.item.certificate, 2)


def test_every_version_goes_when_its_holder_is_erased(results: Stage) -> None:
    first = results.issue_all()[0]
    second = renew(results, first)
    prepared(results, first, 3)
    results.publish()
    with results.service.database.reading() as connection:
        found = reservations.of_certificate(connection, results.service.people, first.item.certificate)
    assert found is not None
    erased(results, places(results, found.person))
    assert results.count(revision) == 0
    sound(results)
    for code in (first.item.code, second.item.code):
        assert results.client.get(f"/api/certificates/{code}").status_code == 404


def test_an_erasure_that_left_a_version_is_named(results: Stage) -> None:
    """Negative control of the test above."""
    first = results.issue_all()[0]
    renew(results, first)
    with results.service.database.reading() as connection:
        found = reservations.of_certificate(connection, results.service.people, first.item.certificate)
        kept = connection.execute(sa.select(revision)).mappings().all()
    assert found is not None
    erased(results, places(results, found.person))
    with insider(results.service.settings) as raw:
        raw.connection.execute(sa.insert(revision), [dict(row) for row in kept])
    assert "ERASURE_UNDONE" in {one.code for one in fsck(results.service).departures}


def test_the_feed_tells_what_each_place_of_a_certificate_came_to_say(results: Stage) -> None:
    first = results.issue_all()[0]
    since = results.publish()
    second = renew(results, first)
    assert say(results, "certificate-suspended", first, "investigation")["status"] == "appended"
    assert say(results, "certificate-cancelled", first, "duplicate")["status"] == "appended"
    results.publish()
    told = ChangeFeed(results.service.log, results.service.database).read(since).changes
    old, new = first.item.status_index, second.item.status_index
    assert [(one.seq - since, one.status_index, one.value) for one in told] == [
        (0, old, SUPERSEDED),
        (0, new, VALID),
        (1, new, SUSPENDED),
        (2, old, REVOKED),
        (2, new, REVOKED),
    ]
