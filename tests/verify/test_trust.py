"""Attacks on the trust bundle: every one is refused, and the honest bundle opens."""

from __future__ import annotations

from dataclasses import replace

import pytest

from issuers.bundle import LISTS_MAX, BundledList
from issuers.status import sign_status_list
from ledger.errors import MalanError
from ledger.keys import EDDSA
from ledger.note import parse_note
from ledger.policy import parse_policy
from tests.verify.shown import (
    CODE,
    bundle_of,
    bundle_with,
    issued_world,
    refused,
    show,
    trust_of,
)
from tests.world import World
from verify.trust import Pin, open_trust
from verify.verdict import State


def test_the_honest_bundle_opens_and_is_pinned_only_against_a_pin() -> None:
    world = issued_world()
    first = open_trust(world.bundle(), pin=None)
    assert not first.pinned
    again = open_trust(world.bundle(), pin=first.pin)
    assert again.pinned
    assert again.origin == world.origin
    assert again.genesis == world.said[0].hash
    assert again.size == len(world.leaves)
    assert again.hosts == frozenset(bundle_of(world).hosts)
    assert set(again.lists) == {1}


def test_another_genesis_than_the_pinned_one_is_refused() -> None:
    world = issued_world()
    refused("TRUST_GENESIS", world.bundle(), Pin(b"\x00" * 32))


def test_a_bundle_that_names_another_genesis_than_its_acts_is_refused() -> None:
    refused("BUNDLE_ACTS", bundle_with(issued_world(), genesis=b"\x00" * 32))


def test_a_smaller_bundle_than_one_seen_before_is_refused() -> None:
    earlier = World.founded().with_standard()
    later = issued_world()
    assert len(earlier.leaves) < len(later.leaves)
    refused("TRUST_OLDER", earlier.bundle(), trust_of(later).pin)
    open_trust(earlier.bundle(), pin=Pin(earlier.said[0].hash))  # by itself it is good


def test_a_bundle_signed_by_the_receipt_key_is_refused() -> None:
    world = issued_world()
    refused("COSE_KEY", bundle_with(world, world.service["receipt"]))


def test_a_bundle_signed_by_a_key_nobody_enrolled_is_refused() -> None:
    world = issued_world()
    refused("COSE_KEY", bundle_with(world, world.new_key("stranger")))


def test_without_the_second_officers_yes_to_genesis_nothing_is_believed() -> None:
    world = issued_world()
    acts = bundle_of(world).acts
    refused("GENESIS_PENDING", bundle_with(world, acts=(acts[0], *acts[2:])))


@pytest.mark.parametrize("kind", ["party-admitted", "admin-appointed", "service-key"])
def test_without_the_approval_of_an_act_of_the_city_the_bundle_does_not_open(kind: str) -> None:
    world = issued_world()
    acts = bundle_of(world).acts
    subjects = {said.hash.hex() for said in world.said if said.kind == kind}
    approvals = {f"statement/{one}" for one in subjects}
    kept = tuple(act for act in acts if world.said[act.seq].subject not in approvals)
    assert len(kept) < len(acts)
    with pytest.raises(MalanError):
        open_trust(bundle_with(world, acts=kept), pin=None)


@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        ("body-appointed", "party/body-shenlan"),
        ("officer-appointed", "signatory"),
        ("key-enrolled", "signatory"),
        ("standard-published", "standard/startup-2026"),
    ],
)
def test_leaving_out_an_act_that_leads_to_the_issuer_never_makes_it_valid(kind: str, subject: str) -> None:
    world = issued_world()
    if subject == "signatory":
        subject = f"officer/{world.people['signatory'].staff.hex()}"
    seqs = {seq for seq, said in enumerate(world.said) if (said.kind, said.subject) == (kind, subject)}
    hashes = {f"statement/{world.said[seq].hash.hex()}" for seq in seqs}
    acts = bundle_of(world).acts
    kept = tuple(act for act in acts if act.seq not in seqs and world.said[act.seq].subject not in hashes)
    assert len(kept) < len(acts)
    try:
        trust = open_trust(bundle_with(world, acts=kept), pin=None)
    except MalanError:
        return
    assert show(world, trust=trust).state in (
        State.UNKNOWN_ISSUER,
        State.OUT_OF_SCOPE,
        State.COULD_NOT_CHECK,
    )


@pytest.mark.parametrize("place", range(0, 60, 3))
def test_no_early_act_can_be_left_out_to_gain_anything(place: int) -> None:
    """Whatever is missing, a certificate is judged as before, or worse, or not at all."""
    world = issued_world()
    acts = bundle_of(world).acts
    try:
        trust = open_trust(bundle_with(world, acts=acts[:place] + acts[place + 1 :]), pin=None)
    except MalanError:
        return
    assert trust.facts.facts.keys() <= trust_of(world).facts.facts.keys()
    if show(world, trust=trust).state is State.VALID:
        assert trust.of(CODE).facts.facts.keys() <= trust_of(world).of(CODE).facts.facts.keys()


def test_acts_out_of_order_are_refused() -> None:
    world = issued_world()
    acts = bundle_of(world).acts
    for seq in (acts[-2].seq, acts[-3].seq):
        refused("BUNDLE_ACTS", bundle_with(world, acts=(*acts[:-1], replace(acts[-1], seq=seq))))


def test_an_act_beyond_the_size_of_the_bundle_is_refused() -> None:
    world = issued_world()
    acts = bundle_of(world).acts
    for size in (acts[-1].seq, next(act.seq for act in reversed(acts) if act.body is None)):
        checkpoint = world.checkpoint(size=size)
        refused("BUNDLE_ACTS", bundle_with(world, size=size, checkpoint=checkpoint, lists=()))


def test_times_that_go_back_are_refused() -> None:
    world = issued_world()
    acts = bundle_of(world).acts
    early = replace(acts[-1], time_ms=acts[-2].time_ms - 1)
    refused("BUNDLE_TIME", bundle_with(world, acts=(*acts[:-1], early)))


def test_a_changed_statement_is_refused() -> None:
    world = issued_world()
    acts = bundle_of(world).acts
    broken = acts[5].statement[:-1] + bytes([acts[5].statement[-1] ^ 1])
    changed = replace(acts[5], statement=broken)
    refused("SIGNATURE_BAD", bundle_with(world, acts=(*acts[:5], changed, *acts[6:])))


def test_no_changed_byte_of_a_bundle_opens() -> None:
    raw = issued_world().bundle()
    for place in [*range(300), *range(300, len(raw), 997), *range(len(raw) - 64, len(raw))]:
        broken = raw[:place] + bytes([raw[place] ^ 0x01]) + raw[place + 1 :]
        with pytest.raises(MalanError):
            open_trust(broken, pin=None)


# Status lists.


def test_a_list_by_another_key_of_the_service_is_refused() -> None:
    world = issued_world()
    forged = sign_status_list(trust_of(world).lists[1], world.service["receipt"])
    refused("COSE_KEY", bundle_with(world, lists=(BundledList(1, forged),)))


def test_a_list_of_another_size_than_the_bundle_is_refused() -> None:
    world = issued_world()
    status = trust_of(world).lists[1]
    for size in (status.size - 1, status.size + 1):
        other = sign_status_list(replace(status, size=size), world.service["status"])
        refused("TRUST_LIST", bundle_with(world, lists=(BundledList(1, other),)))


def test_a_list_under_another_number_is_refused() -> None:
    world = issued_world()
    lists = bundle_of(world).lists
    refused("TRUST_LIST", bundle_with(world, lists=(replace(lists[0], number=2),)))
    refused("TRUST_LIST", bundle_with(world, lists=(*lists, *lists)))
    # Before any of them is inflated: each would take 256 KiB.
    refused("TRUST_LIST", bundle_with(world, lists=lists * LISTS_MAX))
    refused("SHAPE_SIZE", bundle_with(world, lists=lists * (LISTS_MAX + 1)))


def test_a_newer_list_replaces_the_bundles_and_an_older_or_foreign_one_does_not() -> None:
    world = issued_world()
    trust = trust_of(world)
    status = trust.lists[1]
    newer = replace(status, size=status.size + 4, issued_at=status.issued_at + 60)
    key = world.service["status"]
    assert trust.with_list(sign_status_list(newer, key)).lists[1] == newer
    for old in (replace(newer, size=status.size - 1), replace(newer, issued_at=status.issued_at - 1)):
        with pytest.raises(MalanError) as caught:
            trust.with_list(sign_status_list(old, key))
        assert caught.value.code == "STATUS_OLDER"
    with pytest.raises(MalanError):
        trust.with_list(sign_status_list(newer, world.service["receipt"]))


# Checkpoint, log key, policy, hosts.


def test_a_checkpoint_of_another_size_is_refused() -> None:
    world = issued_world()
    for size in (len(world.leaves) - 1, 1):
        refused("TRUST_CHECKPOINT", bundle_with(world, checkpoint=world.checkpoint(size=size)))


def test_a_checkpoint_whose_signature_was_changed_is_refused() -> None:
    world = issued_world()
    note = parse_note(world.checkpoint(cosigned=0))
    line = note.signatures[0]
    broken = replace(line, signature=line.signature[:-1] + bytes([line.signature[-1] ^ 1]))
    refused("SIGNATURE", bundle_with(world, checkpoint=replace(note, signatures=(broken,)).render()))


def test_a_checkpoint_of_witnesses_alone_is_refused() -> None:
    world = issued_world()
    note = parse_note(world.checkpoint())
    without_log = replace(note, signatures=note.signatures[1:])
    refused("NO_LOG_SIGNATURE", bundle_with(world, checkpoint=without_log.render()))


def test_a_log_key_that_no_act_enrolled_is_refused() -> None:
    world = issued_world()
    other = World.founded()
    other.service = {**other.service, "checkpoint": other.new_key("other log", EDDSA)}
    forged = bundle_of(issued_world())
    forged = replace(forged, checkpoint=other.checkpoint())
    stranger = parse_policy(other.policy()).logs[0].key.vkey
    refused("TRUST_LOG_KEY", bundle_with(world, log_vkey=stranger, checkpoint=forged.checkpoint))


def test_a_policy_for_another_log_is_refused() -> None:
    world = issued_world()
    other = World.founded()
    other.service = {**other.service, "checkpoint": other.new_key("other log", EDDSA)}
    refused("TRUST_POLICY", bundle_with(world, policy=other.policy().decode()))


def test_a_host_that_may_not_be_pinned_is_refused() -> None:
    for host in ("https://CERT.malan.example", "http://cert.malan.example", "https://xn--e1a.example"):
        refused("QR_ORIGIN", bundle_with(issued_world(), hosts=(host,)))
