"""The verdict table of design decision 16, row by row, and the twelve steps that lead to it."""

from __future__ import annotations

from typing import Any

import pytest

from issuers.acts.certificates import CertificateRestored, CertificateRevoked, CertificateSuspended
from issuers.bundle import BundledList
from issuers.status import SUPERSEDED, compute_bits, sign_status_list
from ledger.errors import Malformed
from tests import world_stages
from tests.verify.shown import (
    bundle_with,
    claims_of,
    issued_world,
    now_of,
    proof_of,
    resigned,
    show,
    show_file,
    step,
    text_of,
    trust_of,
)
from tests.world import World
from verify.check import SKEW, YOUNG
from verify.findings import could_not_read, could_not_trust
from verify.trust import open_trust
from verify.verdict import State, StepResult

PASSED, FAILED, UNKNOWN = StepResult.PASSED, StepResult.FAILED, StepResult.COULD_NOT_CHECK


def change(world: World, kind: str, body: Any) -> World:
    """The first certificate's state changed by its signatory."""
    world.say(kind, "signatory", f"certificate/{world.certificates[0].id.hex()}", body)
    return world


# Valid, and what valid still lacks.


def test_with_proof_and_fresh_status_it_is_valid_complete_and_final() -> None:
    world = issued_world()
    verdict = show(world, proof=proof_of(world))
    assert (verdict.state, verdict.exit_code, verdict.code) == (State.VALID, 0, "")
    assert (verdict.complete, verdict.final, verdict.status_fresh) == (True, True, True)
    assert (verdict.cosigned, verdict.witnesses) == (11, 16)
    assert {one.result for one in verdict.steps} == {PASSED}
    assert [one.number for one in verdict.steps] == list(range(1, 13))


@pytest.mark.parametrize("cosigned", [0, 10])
def test_below_the_quorum_it_is_valid_but_not_final(cosigned: int) -> None:
    world = issued_world()
    proof = proof_of(world, cosigned=cosigned)
    bundle = bundle_with(world, checkpoint=world.checkpoint(cosigned=cosigned))
    verdict = show(world, trust=open_trust(bundle, pin=None), proof=proof)
    assert (verdict.state, verdict.final, verdict.cosigned) == (State.VALID, False, cosigned)
    assert step(verdict, 12) == (UNKNOWN, "NOT_FINAL")


def test_cosignatures_that_the_bundle_has_for_the_same_checkpoint_count() -> None:
    world = issued_world()
    verdict = show(world, proof=proof_of(world, cosigned=0))
    assert (verdict.final, verdict.cosigned) == (True, 11)


def test_a_policy_without_witnesses_makes_nothing_final() -> None:
    world = world_stages.standard(World.founded(), witnessed=False).with_class().with_results()
    verdict = show(world.with_certificates(), proof=proof_of(world))
    assert (verdict.state, verdict.final, verdict.witnesses) == (State.VALID, False, 0)
    assert step(verdict, 12) == (UNKNOWN, "NO_WITNESSES")


def test_offline_without_a_proof_it_is_valid_but_not_complete() -> None:
    world = issued_world()
    verdict = show(world)
    assert (verdict.state, verdict.exit_code) == (State.VALID, 0)
    assert (verdict.complete, verdict.final) == (False, False)
    assert step(verdict, 9) == (UNKNOWN, "PROOF_ABSENT")


def test_where_a_proof_is_required_its_absence_is_could_not_check() -> None:
    verdict = show(issued_world(), require_proof=True)
    assert (verdict.state, verdict.exit_code, verdict.code) == (State.COULD_NOT_CHECK, 2, "PROOF_REQUIRED")


def test_a_required_proof_that_holds_satisfies() -> None:
    world = issued_world()
    assert show(world, proof=proof_of(world), require_proof=True).state is State.VALID


@pytest.mark.parametrize(("age", "fresh"), [(0, True), (43_200, True), (43_201, False)])
def test_a_list_older_than_its_ttl_is_valid_with_status_not_fresh(age: int, fresh: bool) -> None:
    world = issued_world()
    verdict = show(world, proof=proof_of(world), trust=trust_of(world), now=now_of(world) + age)
    assert (verdict.state, verdict.exit_code, verdict.status_fresh) == (State.VALID, 0, fresh)
    assert step(verdict, 11) == ((PASSED, "") if fresh else (UNKNOWN, "STATUS_NOT_FRESH"))


def test_a_list_from_the_future_is_not_fresh() -> None:
    world = issued_world()
    trust = trust_of(world)
    world.now += 1_000
    assert show(world, trust=trust, now=now_of(world) - SKEW - 2).status_fresh is False


def test_without_the_list_it_needs_the_status_could_not_be_checked() -> None:
    world = issued_world()
    trust = open_trust(bundle_with(world, lists=()), pin=None)
    verdict = show(world, trust=trust, proof=proof_of(world))
    assert (verdict.state, verdict.code) == (State.COULD_NOT_CHECK, "STATUS_MISSING")
    assert verdict.status_fresh is None


def test_a_credential_file_has_no_path_to_compare() -> None:
    world = issued_world()
    verdict = show_file(world, world.credentials[0], proof=proof_of(world))
    assert (verdict.state, verdict.complete) == (State.VALID, True)
    assert step(verdict, 1) == step(verdict, 6) == (PASSED, "FROM_FILE")


def test_the_same_evidence_gives_the_same_verdict() -> None:
    world = issued_world()
    trust = trust_of(world)
    assert show(world, trust=trust, proof=proof_of(world)) == show(world, trust=trust, proof=proof_of(world))


# Not logged.


@pytest.mark.parametrize("age", [0, YOUNG])
def test_minutes_after_issue_a_log_that_has_none_says_nothing(age: int) -> None:
    world = issued_world()
    verdict = show(world, asked_log=True, now=claims_of(world).issued_at + age)
    assert (verdict.state, verdict.exit_code) == (State.COULD_NOT_CHECK, 2)
    assert step(verdict, 9) == (UNKNOWN, "NOT_LOGGED_YET")


def test_later_a_log_that_has_none_is_a_no() -> None:
    world = issued_world()
    verdict = show(world, asked_log=True, now=claims_of(world).issued_at + YOUNG + 1)
    assert (verdict.state, verdict.exit_code, verdict.code) == (State.NOT_LOGGED, 1, "NOT_LOGGED")


def test_a_proof_that_holds_outweighs_a_log_that_says_it_has_none() -> None:
    world = issued_world()
    late = now_of(world) + YOUNG
    assert show(world, asked_log=True, proof=proof_of(world), now=late).state is State.VALID


# Status.


def test_suspended_restored_revoked() -> None:
    world = change(issued_world(), "certificate-suspended", CertificateSuspended("investigation"))
    verdict = show(world)
    assert (verdict.state, verdict.exit_code, verdict.code) == (State.SUSPENDED, 1, "STATUS_SUSPENDED")
    change(world, "certificate-restored", CertificateRestored("cleared"))
    assert show(world).state is State.VALID
    change(world, "certificate-revoked", CertificateRevoked("fraud"))
    verdict = show(world, proof=proof_of(world))
    assert (verdict.state, verdict.exit_code, verdict.code) == (State.REVOKED, 1, "STATUS_REVOKED")
    assert verdict.facts is not None
    assert verdict.facts.status == "revoked"
    assert show(world, 1).state is State.VALID


def test_superseded() -> None:
    world = issued_world()
    trust, index = trust_of(world), claims_of(world).status_index
    bits = bytearray(compute_bits([], 1))
    bits[index // 4] |= SUPERSEDED << 2 * (index % 4)
    status = trust.lists[1]
    forged = type(status)(status.uri, 1, status.size, status.issued_at, status.ttl, bytes(bits))
    lists = (BundledList(1, sign_status_list(forged, world.service["status"])),)
    verdict = show(world, trust=open_trust(bundle_with(world, lists=lists), pin=None))
    assert (verdict.state, verdict.exit_code) == (State.SUPERSEDED, 1)


def test_a_stale_list_that_says_revoked_still_says_revoked() -> None:
    world = change(issued_world(), "certificate-revoked", CertificateRevoked("fraud"))
    assert show(world, trust=trust_of(world), now=now_of(world) + 10**7).state is State.REVOKED


# Time.


@pytest.mark.parametrize(
    ("before", "state"), [(SKEW, State.VALID), (SKEW + 1, State.NOT_YET_VALID), (10**6, State.NOT_YET_VALID)]
)
def test_five_minutes_into_the_future_are_a_clock_and_more_is_not_yet_valid(
    before: int, state: State
) -> None:
    world = issued_world()
    verdict = show(world, now=claims_of(world).issued_at - before)
    assert verdict.state is state
    assert verdict.exit_code == (0 if state is State.VALID else 1)


def test_it_expires_at_the_second_it_names() -> None:
    world = issued_world()
    expires_at = now_of(world) + 1_000
    credential = resigned(world, expires_at=expires_at)
    assert show_file(world, credential, now=expires_at - 1).state is State.VALID
    for now in (expires_at, expires_at + 10**6):
        verdict = show_file(world, credential, now=now)
        assert (verdict.state, verdict.exit_code) == (State.EXPIRED, 1)


def test_revoked_outweighs_expired_and_expired_outweighs_a_missing_proof() -> None:
    world = issued_world()
    credential = resigned(world, expires_at=now_of(world) + 1)
    late = now_of(world) + 2
    assert show_file(world, credential, now=late, require_proof=True).state is State.EXPIRED
    change(world, "certificate-revoked", CertificateRevoked("fraud"))
    assert show_file(world, credential, now=late + 10).state is State.REVOKED


@pytest.mark.parametrize("times", [{"issued_at": 0}, {"issued_at": 2**40 - 1}, {"expires_at": 2**40 - 1}])
def test_times_at_the_ends_of_their_range_are_judged_and_never_raise(times: dict[str, int]) -> None:
    world = issued_world()
    states = (State.VALID, State.OUT_OF_SCOPE, State.NOT_YET_VALID)
    assert show_file(world, resigned(world, **times)).state in states


# Reading and decoding.


@pytest.mark.parametrize("text", ["", "https://", "hello", "https://cert.malan.example/v/123#1", "￿" * 3000])
def test_what_is_no_code_of_ours_is_unreadable(text: str) -> None:
    verdict = show(issued_world(), text=text)
    assert (verdict.state, verdict.exit_code, verdict.facts) == (State.UNREADABLE, 2, None)


def test_another_host_is_unreadable_whatever_it_carries() -> None:
    world = issued_world()
    verdict = show(world, text=text_of(world.credentials[0], host="https://cert.malan.example.net"))
    assert (verdict.state, verdict.code, verdict.exit_code) == (State.UNREADABLE, "QR_OTHER_HOST", 2)


def test_a_newer_version_of_the_text_is_unreadable() -> None:
    world = issued_world()
    verdict = show(world, text=world.qr_texts[0].replace("#1", "#2"))
    assert (verdict.state, verdict.code) == (State.UNREADABLE, "QR_VERSION")


@pytest.mark.parametrize("raw", [b"", b"\x00", b"\xd2", b"\xff" * 500, b"\xd2\x84\x40\xa0\x40\x40"])
def test_bytes_that_are_no_credential_are_unreadable(raw: bytes) -> None:
    verdict = show_file(issued_world(), raw)
    assert (verdict.state, verdict.exit_code) == (State.UNREADABLE, 2)
    assert step(verdict, 2)[0] is FAILED


def test_a_statement_or_receipt_is_no_credential() -> None:
    world = issued_world()
    for raw in (world.said[-1].raw, world.receipt(3), world.status_list()):
        assert show_file(world, raw).state is State.UNREADABLE


def test_without_trust_nothing_is_said() -> None:
    verdict = could_not_trust(Malformed("BUNDLE_KIND", "x"), now=0)
    assert (verdict.state, verdict.exit_code, verdict.code) == (State.COULD_NOT_CHECK, 2, "BUNDLE_KIND")
    assert step(verdict, 3) == (FAILED, "BUNDLE_KIND")
    assert could_not_read(Malformed("SCAN_NONE", "x"), now=0).state is State.UNREADABLE
