"""What only the whole shows: the auditor's own books on certificates and money, with no judge asked.

Most of these attacks the judge refuses as well. The books are tested alone: with the judge taken away they
must still name the attack, and with the books taken away too it must pass (`tests.verify.books`).
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
from issuers.authority.case import shanghai_date
from issuers.authority.class_facts import CertificateFact
from tests.verify.books import signed, told
from tests.verify.logs import forge, look, names, said_in, whole_world
from tests.world import World
from tests.world_life import Version, move, renew, subject_of
from tests.world_parts import STANDARD_ID, seeded
from tests.world_steps import claim_act, class_subject, said_of_class


@pytest.fixture
def world() -> World:
    return whole_world()


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
