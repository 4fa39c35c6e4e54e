"""What the revocation of a key may claim, by whom, and how far back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from issuers.acts.parties import KeyRevoked
from issuers.acts.words import RevocationCause
from issuers.authority.party_facts import Key
from issuers.authority.party_rules import SELF_REPORT_MAX
from ledger.keys import SoftwareSigner
from tests.issuers.authority_worlds import ready
from tests.world import World
from tests.world_parts import BODY

ADMIN = f"admin-{BODY}"
LOST = KeyRevoked(RevocationCause.LOST)


def key_subject(signer: SoftwareSigner) -> str:
    return f"key/{signer.public.kid.hex()}"


def key_fact(world: World, signer: SoftwareSigner) -> Key:
    fact = world.view.get(Key, signer.public.kid.hex())
    assert fact is not None
    return fact


def compromised(since: int) -> KeyRevoked:
    return KeyRevoked(RevocationCause.COMPROMISED, since)


@pytest.mark.parametrize("cause", [one for one in RevocationCause if one is not RevocationCause.COMPROMISED])
def test_an_admin_stops_the_keys_of_its_own_people(cause: RevocationCause) -> None:
    world = ready("founded")
    signer = world.people["signatory"].signer
    before = key_fact(world, signer)
    world.say("key-revoked", ADMIN, key_subject(signer), KeyRevoked(cause))
    place: dict[str, Any] = {"revoked_seq": len(world.leaves) - 1, "revoked_ms": world.times[-1]}
    assert key_fact(world, signer) == replace(before, cause=cause, compromised_since=None, **place)


def test_an_admin_does_not_stop_the_keys_of_another_party() -> None:
    world = ready("founded")
    for name in ("rival-signatory", "admin-body-haiping", "root-1", "supervisor-310104"):
        subject = key_subject(world.people[name].signer)
        world.refuse("KEY_PARTY", "key-revoked", ADMIN, subject, LOST)


def test_the_citys_admin_alone_stops_neither_genesis_keys_nor_service_keys() -> None:
    world = ready("founded")
    signers = [world.people[f"root-{number}"].signer for number in (1, 2, 3)]
    for signer in [*signers, *world.service.values()]:
        world.refuse("KEY_PARTY", "key-revoked", "city-admin", key_subject(signer), LOST)
    world.say("key-revoked", "city-admin", key_subject(world.people["standards"].signer), LOST)


def test_one_root_alone_stops_nothing_and_two_stop_any_key() -> None:
    world = ready("founded")
    for name in ("root-3", "signatory", "city-admin", "admin-district-310101"):
        signer = world.people[name].signer
        said = world.say("key-revoked", "root-1", key_subject(signer), LOST)
        assert key_fact(world, signer).revoked_seq is None
        world.approve(said, "root-2")
        assert key_fact(world, signer).revoked_seq == len(world.leaves) - 1
    world.say_two("key-revoked", key_subject(world.service["receipt"]), LOST)


def test_a_key_that_was_rotated_may_turn_out_compromised() -> None:
    """Or a thief who holds the key could rotate it first, and nobody could tell since when it was stolen."""
    world = ready("founded")
    signer = world.people["signatory"].signer
    world.say("key-revoked", ADMIN, key_subject(signer), KeyRevoked(RevocationCause.ROTATED))
    stopped = key_fact(world, signer)
    since = world.now // 1000 - 3600
    world.say("key-revoked", ADMIN, key_subject(signer), compromised(since))
    told = replace(stopped, cause=RevocationCause.COMPROMISED, compromised_since=since)
    assert key_fact(world, signer) == told  # it stopped when it stopped
    world.refuse("KEY_REVOKED", "key-revoked", ADMIN, key_subject(signer), compromised(since - 60))


def test_an_unknown_key_cannot_be_revoked_nor_a_revoked_one_again() -> None:
    world = ready("founded")
    unknown = world.new_key("unknown")
    world.refuse("KEY_UNKNOWN", "key-revoked", ADMIN, key_subject(unknown), LOST)
    signer = world.people["signatory"].signer
    world.say("key-revoked", ADMIN, key_subject(signer), LOST)
    world.refuse("KEY_REVOKED", "key-revoked", ADMIN, key_subject(signer), LOST)


@pytest.mark.parametrize("text", ["", "00", "AB" * 8, "00" * 9])
def test_a_key_is_named_by_16_lower_case_hex_digits(text: str) -> None:
    world = ready("founded")
    world.refuse("SUBJECT_ID" if text else "SUBJECT_KIND", "key-revoked", ADMIN, f"key/{text}", LOST)


def test_a_compromise_and_only_a_compromise_says_since_when() -> None:
    world = ready("founded")
    subject = key_subject(world.people["signatory"].signer)
    bare = KeyRevoked(RevocationCause.COMPROMISED)
    world.refuse("REVOCATION_TIME", "key-revoked", ADMIN, subject, bare)
    for cause in (RevocationCause.LOST, RevocationCause.LEFT, RevocationCause.ROTATED):
        dated = KeyRevoked(cause, world.now // 1000)
        world.refuse("REVOCATION_TIME", "key-revoked", ADMIN, subject, dated)


def test_a_compromise_does_not_begin_in_the_future() -> None:
    world = ready("founded")
    subject = key_subject(world.people["signatory"].signer)
    world.now = world.now // 1000 * 1000 + 999
    now = world.now // 1000
    world.refuse("REVOCATION_TIME", "key-revoked", ADMIN, subject, compromised(now + 1))
    world.say("key-revoked", ADMIN, subject, compromised(now))
    assert key_fact(world, world.people["signatory"].signer).compromised_since == now


def test_a_party_alone_reaches_back_seven_days_and_no_second_more() -> None:
    """Otherwise a body could disown its own work by claiming a compromise."""
    world = ready("founded")
    subject = key_subject(world.people["signatory"].signer)
    world.now = world.now // 1000 * 1000
    edge = world.now // 1000 - SELF_REPORT_MAX
    world.refuse("REVOCATION_TOO_OLD", "key-revoked", ADMIN, subject, compromised(edge - 1))
    world.refuse("REVOCATION_TOO_OLD", "key-revoked", ADMIN, subject, compromised(edge), at=world.now + 1)
    world.say("key-revoked", ADMIN, subject, compromised(edge))


def test_two_officers_of_the_city_reach_back_further() -> None:
    world = ready("founded")
    signer = world.people["signatory"].signer
    long_ago = world.now // 1000 - 100 * SELF_REPORT_MAX
    world.say_two("key-revoked", key_subject(signer), compromised(long_ago))
    assert key_fact(world, signer).compromised_since == long_ago


def test_the_citys_admin_reaches_back_no_further_than_any_admin() -> None:
    world = ready("founded")
    subject = key_subject(world.people["standards"].signer)
    long_ago = compromised(world.now // 1000 - SELF_REPORT_MAX - 5)
    world.refuse("REVOCATION_TOO_OLD", "key-revoked", "city-admin", subject, long_ago)
