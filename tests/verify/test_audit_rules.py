"""What only the whole shows: the auditor's own books on certificates and money, with no judge asked.

Most of these attacks the judge refuses as well. The books are tested alone: with the judge taken away they
must still name the attack, and with the books taken away too it must pass.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from issuers.acts.certificates import (
    CertificateIssued,
    ClaimSubmitted,
    ClaimWithdrawn,
    NumberVoided,
)
from issuers.acts.words import CertificateKind
from issuers.authority import judge
from issuers.authority.case import shanghai_date
from issuers.authority.class_facts import CertificateFact
from issuers.authority.view import MemoryView
from ledger.errors import MalanError
from ledger.statement import Statement
from tests.verify.logs import codes, forge, look, names, said_in, whole_world
from tests.world import World
from tests.world_life import Version, move, renew, subject_of
from tests.world_parts import STANDARD_ID, moment, seeded
from tests.world_steps import claim_act, class_subject, confirmation, issue, said_of_class
from verify.audit import replay, rules
from verify.audit.findings import Severity

HOUR_MS = 3_600_000
BOOKS = {
    "EVALUATION_TWICE",
    "SHEET_NOT_LOGGED",
    "SHEET_LEFT_ASIDE",
    "EVALUATORS_TOO_FEW",
    "EVALUATOR_ANSWERS",
    "CERTIFICATE_UNFOUNDED",
    "NUMBER_TWICE",
    "CREDENTIAL_TWICE",
    "CERTIFICATE_CAME_BACK",
    "STATUS_SLOT_TWICE",
    "NULLIFIER_TWICE",
    "NUMBER_OUTSTANDING",
}


@pytest.fixture
def world() -> World:
    return whole_world()


def no_judge(view: MemoryView, statement: Statement, **place: Any) -> Any:
    """Lets everything pass; the facts it can make are made."""
    try:
        return judge.admit(view, statement, **place)
    except MalanError:
        return []


def told(world: World, monkeypatch: pytest.MonkeyPatch, *more: bytes, at: int | None = None) -> list[str]:
    """What the books say with the judge asleep, after checking that nothing is said with both asleep."""
    forged = forge(world, [*said_in(world), *((world.now, raw) for raw in more)])
    monkeypatch.setattr(replay, "admit", no_judge)
    asked = {} if at is None else {"at_ms": at}
    found = codes(look(forged, **asked))
    with monkeypatch.context() as blind:
        blind.setattr(rules.Rules, "take", lambda *_, **__: None)
        blind.setattr(rules.Rules, "close", lambda *_, **__: None)
        assert codes(look(forged, **asked)) == []
    assert set(found) <= BOOKS
    return found


def issue_act(world: World, **changed: Any) -> CertificateIssued:
    """An act as the first certificate's, with another id, credential and place."""
    entries, _ = world.commit("certificate-issued", [{"name": "x", "number": "y"}])
    act = CertificateIssued(
        class_id=world.class_id,
        candidate=world.certificates[0].holder.candidate,
        evaluation=said_of_class(world, "evaluation-confirmed")[0],
        standard=STANDARD_ID,
        kind=CertificateKind.QUALIFICATION,
        credential=world.draw(32),
        status_list=1,
        status_index=7,
        issued_on=shanghai_date(world.now),
        entries=entries,
    )
    return replace(act, **changed)


def signed(world: World, kind: str, act: object, *, signer: str = "signatory", subject: str = "") -> bytes:
    return world.sign(kind, signer, subject or f"certificate/{world.draw(16).hex()}", act)


def test_the_honest_world_has_nothing_on_the_books(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert told(world, monkeypatch) == []


def test_two_live_claims_on_one_nullifier_are_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    act, _ = claim_act(world, world.certificates[0])
    raw = signed(world, "claim-submitted", act, signer="intake-310104", subject=f"claim/{'0' * 32}")
    assert told(world, monkeypatch, raw) == ["NULLIFIER_TWICE", "NULLIFIER_TWICE"]


def test_the_judge_refuses_the_second_claim_as_well(world: World) -> None:
    act, _ = claim_act(world, world.certificates[0])
    raw = signed(world, "claim-submitted", act, signer="intake-310104", subject=f"claim/{'0' * 32}")
    found = names(look(forge(world, [*said_in(world), (world.now, raw)])))
    assert ("ALREADY_CLAIMED", "seq 181, claim-submitted") in found
    assert ("NULLIFIER_TWICE", "seq 181, claim-submitted") in found


def test_a_slot_shared_by_two_projects_is_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    act, _ = claim_act(world, world.certificates[0])
    act = replace(act, project_nullifier=seeded("another project", 32))
    raw = signed(world, "claim-submitted", act, signer="intake-310104", subject=f"claim/{'0' * 32}")
    assert told(world, monkeypatch, raw) == ["NULLIFIER_TWICE"]


def test_a_nullifier_is_free_again_once_released(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    withdrawn = world.sign(
        "claim-withdrawn", "intake-310101", f"claim/{world.claim_id.hex()}", ClaimWithdrawn("wish")
    )
    act, _ = claim_act(world, world.certificates[0])
    again = signed(world, "claim-submitted", act, signer="intake-310104", subject=f"claim/{'0' * 32}")
    assert told(world, monkeypatch, withdrawn, again) == []


def test_claims_of_different_people_do_not_touch(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    act, _ = claim_act(world, world.certificates[1])
    assert isinstance(act, ClaimSubmitted)
    raw = signed(world, "claim-submitted", act, signer="intake-310104", subject=f"claim/{'0' * 32}")
    assert told(world, monkeypatch, raw) == []


def test_a_certificate_for_somebody_who_did_not_pass_is_named(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = next(one for one in world.trainees if not one.passes)
    raw = signed(world, "certificate-issued", issue_act(world, candidate=failed.candidate))
    assert told(world, monkeypatch, raw) == ["CERTIFICATE_UNFOUNDED"]


def test_a_certificate_under_another_evaluation_is_named(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = signed(world, "certificate-issued", issue_act(world, evaluation=b"\7" * 32))
    assert told(world, monkeypatch, raw) == ["CERTIFICATE_UNFOUNDED", "NUMBER_TWICE"]


def test_a_second_certificate_for_one_candidate_is_named(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = signed(world, "certificate-issued", issue_act(world))
    assert told(world, monkeypatch, raw) == ["NUMBER_TWICE"]


def test_a_number_voided_after_it_was_issued_is_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    entries, _ = world.commit("number-voided", [{"number": "y"}])
    act = NumberVoided(world.class_id, world.certificates[0].holder.candidate, 1, 7, "unused", entries)
    raw = signed(world, "number-voided", act, subject=class_subject(world))
    assert told(world, monkeypatch, raw) == ["NUMBER_TWICE"]


def test_a_place_in_the_status_list_given_out_twice_is_named(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = next(one.body["status_index"] for one in world.said if one.kind == "certificate-issued")
    raw = signed(world, "certificate-issued", issue_act(world, status_index=taken))
    assert told(world, monkeypatch, raw) == ["NUMBER_TWICE", "STATUS_SLOT_TWICE"]


def test_one_credential_on_two_certificates_is_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    used = next(one.body["credential"] for one in world.said if one.kind == "certificate-issued")
    raw = signed(world, "certificate-issued", issue_act(world, credential=used))
    assert told(world, monkeypatch, raw) == ["CREDENTIAL_TWICE", "NUMBER_TWICE"]


def scored_world() -> World:
    """Up to the sheets; the confirmation is for the test to make."""
    world = World.founded().with_standard().with_class().with_results()
    return forge(world, said_in(world)[:-1])


def confirmed(world: World, signer: str = "signatory", **changed: Any) -> bytes:
    act = replace(confirmation(world), **changed)
    return signed(world, "evaluation-confirmed", act, signer=signer, subject=class_subject(world))


def test_the_honest_confirmation_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    world = scored_world()
    assert told(world, monkeypatch, confirmed(world), at=world.now + HOUR_MS) == []


def test_a_result_on_one_persons_two_sheets_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    world = scored_world()
    said = said_in(world)
    sheet = world.said[-1]
    again = world.sign("sheet", "evaluator-1", sheet.subject, sheet.body)
    world = forge(world, [*said[:-1], (world.now, again)])
    found = told(world, monkeypatch, confirmed(world), at=world.now + HOUR_MS)
    assert found == ["EVALUATORS_TOO_FEW"]


def test_a_result_on_a_sheet_the_log_does_not_hold_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    world = scored_world()
    sheets = (*confirmation(world).sheets, b"\7" * 32)
    found = told(world, monkeypatch, confirmed(world, sheets=sheets), at=world.now + HOUR_MS)
    assert found == ["SHEET_NOT_LOGGED"]


def test_a_result_that_leaves_a_sheet_aside_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    world = scored_world()
    sheet = world.said[-1]
    third = world.sign("sheet", "evaluator-3", sheet.subject, sheet.body)
    raw = confirmed(world)
    found = told(world, monkeypatch, third, raw, at=world.now + HOUR_MS)
    assert found == ["SHEET_LEFT_ASIDE"]


def test_a_signatory_who_scored_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    world = scored_world()
    found = told(world, monkeypatch, confirmed(world, signer="evaluator-1"), at=world.now + HOUR_MS)
    assert found == ["EVALUATOR_ANSWERS"]


def test_a_second_result_is_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    act = confirmation(world)
    raw = signed(world, "evaluation-confirmed", act, subject=class_subject(world))
    assert told(world, monkeypatch, raw) == ["EVALUATION_TWICE"]


CONFIRMED_MS = moment(12, 16)


@pytest.mark.parametrize(
    ("hours", "expected"),
    [(71, []), (72, []), (72.01, ["NUMBER_OUTSTANDING"] * 5), (2_000, ["NUMBER_OUTSTANDING"] * 5)],
)
def test_a_number_neither_issued_nor_voided_is_open_after_72_hours(hours: float, expected: list[str]) -> None:
    world = World.founded().with_standard().with_class().with_results()
    report = look(world, at_ms=CONFIRMED_MS + int(hours * HOUR_MS))
    assert codes(report) == expected
    pending = [one.en for one in report.of(Severity.NOTE) if one.code == "NUMBERS_PENDING"]
    assert pending == (
        [] if expected else ["5 numbers are neither issued nor voided yet, within their 72 hours."]
    )


def test_an_open_number_names_the_candidate_by_its_random_id(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World.founded().with_standard().with_class().with_results()
    world.now = moment(13, 10)
    for trainee in [one for one in world.trainees if one.passes][1:]:
        issue(world, trainee)
    open_one = next(one for one in world.trainees if one.passes)
    at = CONFIRMED_MS + 100 * HOUR_MS
    report = look(world, at_ms=at)
    assert names(report) == [
        ("NUMBER_OUTSTANDING", f"{class_subject(world)}, candidate {open_one.candidate.hex()}")
    ]
    monkeypatch.setattr(rules.Rules, "close", lambda *_, **__: None)  # negative control
    assert names(look(world, at_ms=at)) == []


def test_numbers_used_late_are_noted(world: World) -> None:
    late = World.founded().with_standard().with_class().with_results()
    late.now = moment(16, 10)
    late = late.with_certificates()
    report = look(late)
    assert report.exit_code == 0
    assert "NUMBERS_LATE" in codes(report, Severity.NOTE)
    assert "NUMBERS_LATE" not in codes(look(world), Severity.NOTE)


@pytest.mark.parametrize("end", ["revoked", "cancelled"])
def test_a_certificate_that_came_back_is_named(
    world: World, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    """Each kind of act, smuggled in after the end; nothing before it is named."""
    world = world.copy()
    place = len(world.certificates) - 1
    move(world, "suspended", "investigation", place)
    move(world, "restored", "cleared", place)
    renew(world, place)
    move(world, end, "fraud" if end == "revoked" else "duplicate", place)
    subject = subject_of(world, place)
    after = [
        signed(world, f"certificate-{kind}", {"reason": reason}, subject=subject)
        for kind, reason in (
            ("suspended", "investigation"),
            ("restored", "cleared"),
            ("revoked", "fraud"),
            ("cancelled", "duplicate"),
        )
    ]
    assert told(world, monkeypatch) == []
    assert told(world, monkeypatch, *after) == ["CERTIFICATE_CAME_BACK"] * len(after)


def test_a_version_on_anothers_place_or_credential_is_named(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = world.view.get(CertificateFact, world.certificates[1].id.hex())
    assert other is not None
    made = renew(world.copy())
    act = {**world_body(world, made), "credential": other.credential, "status_index": other.status_index}
    raw = signed(world, "certificate-reissued", act, subject=subject_of(world))
    assert told(world, monkeypatch, raw) == ["CREDENTIAL_TWICE", "STATUS_SLOT_TWICE"]


def world_body(world: World, made: Version) -> dict[str, Any]:
    """The act that a copy of this world said of its first certificate."""
    copy = world.copy()
    renew(copy)
    return dict(copy.said[made.seq].body)
