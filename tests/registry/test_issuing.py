"""Issuing and voiding: the certificate in the log, the credential in the hand and the reservation agree."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from issuers.acts import read_act
from issuers.acts.certificates import CertificateIssued
from issuers.authority.class_facts import CertificateFact
from issuers.credential import parse_credential, sign_credential
from issuers.identifiers.numbers import make_code
from issuers.shape import to_map
from issuers.sign.answers import Prepared, PreparedItem
from issuers.sign.drafting import Speaker, commit_people
from issuers.sign.drafting_certificates import Certified, void_parcel
from ledger.commitment import Opening
from ledger.statement import parse_statement
from registry.storage.facts import TableView
from registry.storage.tables import credential, opening
from tests.insider import insider
from tests.registry.stage import Stage, item, parcel_item
from tests.world_parts import BODY

DAY = 86_400_000


def by_candidate(prepared: Prepared) -> dict[bytes, PreparedItem]:
    return {one.candidate: one for one in prepared.items}


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
    ("CREDENTIAL_DIFFERS", "credential.code", {}, {"code": make_code(123456789012345)}),
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
    with insider(results.service.settings) as raw:  # the service itself has no right to
        raw.run("DELETE FROM reservation")
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
