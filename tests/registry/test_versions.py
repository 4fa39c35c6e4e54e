"""The life of a certificate in the service: its next versions, their codes, and what ends it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from issuers.acts.reasons import CorrectionReason
from issuers.authority.case import shanghai_date
from issuers.authority.class_facts import CertificateFact
from issuers.credential import parse_credential
from issuers.identifiers.numbers import make_code
from issuers.sign.drafting_certificates import Certified
from issuers.sign.drafting_versions import Change
from issuers.status import REVOKED, SUPERSEDED, SUSPENDED, VALID
from ledger import cbor
from ledger.leaf import parse_leaf
from ledger.store import read_leaves
from registry.certificates import reservations, revisions
from registry.fsck.run import check as fsck
from registry.published.changes import ChangeFeed
from registry.storage.facts import TableView
from registry.storage.tables import revision
from tests.insider import insider
from tests.registry.erasing import erased, places
from tests.registry.stage import Stage
from tests.registry.versions import DAY, prepared, renew, say


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
    former = looked_up(results, first.item.code)
    if state == "suspended":  # the old paper is superseded whatever became of the new one, and says why
        assert (former["state"], former["reason"], former["national"]) == ("superseded", "lost", "05")
    else:
        assert (former["state"], former["reason"]) == (state, reason)


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


def test_each_version_is_told_with_the_time_of_its_own_leaf(results: Stage) -> None:
    first = results.issue_all()[0]
    made = [first]
    for version in (2, 3):
        results.hands.set(results.hands.now_ms + DAY)
        made.append(renew(results, first, version))
    sound(results)
    told = [looked_up(results, one.item.code) for one in made]
    with results.service.database.reading() as connection:
        leaves = [read_leaves(connection, one["seq"], one["seq"] + 1)[0] for one in told]
    assert [one["logged_ms"] for one in told] == [parse_leaf(leaf).time_ms for leaf in leaves]
    assert len({one["logged_ms"] for one in told}) == 3


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
    people, stray = results.service.people, make_code(7)
    with results.service.database.reading() as connection:
        row = connection.execute(sa.select(revision).where(theirs)).one()
        at = (row.certificate, row.version)
        sealed = people.seal(connection, row.person, cbor.encode([stray]), table="revision", place=at)
    answers = {"sealed": sealed, "code_index": people.index("code", stray)}
    spoilt.append(("REVISION_DIFFERS", sa.update(revision).where(theirs).values(answers)))
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
