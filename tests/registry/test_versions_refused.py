"""Versions that are not taken: not prepared, run out, held for nothing, or saying another thing."""

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
from issuers.credential import parse_credential, sign_credential
from issuers.shape import to_map
from issuers.sign.drafting import Speaker, commit_people
from issuers.sign.drafting_certificates import Certified
from issuers.sign.drafting_versions import Change
from ledger.commitment import Opening
from ledger.statement import parse_statement
from registry.storage.tables import revision
from tests.insider import insider
from tests.registry.stage import Stage, item, parcel_item
from tests.registry.versions import DAY, ask, prepared, reissue, say, sign
from tests.world_parts import BODY


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
