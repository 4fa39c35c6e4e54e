"""The bundle against the log: acts left out or invented, status lists to the bit, checkpoint and keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from issuers.acts.certificates import CertificateRevoked, CertificateSuspended
from issuers.acts.parties import KeyRevoked
from issuers.acts.words import RevocationCause
from issuers.authority.class_facts import CertificateFact, StatusSlot
from issuers.bundle import Bundle, BundledAct, BundledList, open_bundle
from issuers.status import StatusList, compute_bits, sign_status_list
from ledger.keys import EDDSA
from tests.verify.logs import codes, forge, look, names, published, said_in, whole_world
from tests.world import World
from tests.world_exports import log_signer
from tests.world_parts import HOST
from verify.audit import status
from verify.audit.findings import Severity
from verify.audit.status import differing_places


@pytest.fixture
def world() -> World:
    """A whole world, with one certificate revoked and one suspended."""
    world = whole_world()
    one, other = (f"certificate/{issued.id.hex()}" for issued in world.certificates[1:3])
    world.say("certificate-revoked", "signatory", one, CertificateRevoked("error"))
    world.say("certificate-suspended", "signatory", other, CertificateSuspended("inquiry"))
    return world


def told(world: World, **changed: Any) -> list[tuple[str, str]]:
    return names(look(world, trust=world.bundle(**changed)))


def bundle_of(world: World) -> Bundle:
    return open_bundle(world.bundle())[0]


def listed(world: World) -> list[CertificateFact | StatusSlot]:
    """What a status list is made of."""
    return [*world.view.all(CertificateFact), *world.view.all(StatusSlot)]


def token(world: World, **changed: Any) -> bytes:
    """A list signed by the status key, whatever it says."""
    bits = compute_bits(listed(world), 1)
    made = StatusList(f"{HOST}/status/1", 1, len(world.leaves), world.now // 1000, 43_200, bits)
    return sign_status_list(replace(made, **changed), world.service["status"])


def test_an_honest_bundle_agrees_with_the_log(world: World) -> None:
    report = look(world, trust=world.bundle(), policy=None)
    assert (report.exit_code, names(report)) == (0, [])
    assert report.log is not None
    assert report.log.pinned
    assert report.log.policy_from == "trust"


def test_an_older_bundle_agrees_with_the_log_at_its_size(world: World) -> None:
    old = whole_world().bundle()
    report = look(world, trust=old)
    assert report.exit_code == 0


@pytest.mark.parametrize("place", ["revoked", "suspended", "valid", "unused"])
@pytest.mark.parametrize("bit", [0, 1])
def test_a_flipped_status_bit_is_named_with_its_place(world: World, place: str, bit: int) -> None:
    facts = {fact.state.value: fact.status_index for fact in world.view.all(CertificateFact)}
    index = facts.get(place, 77)
    bits = bytearray(compute_bits(listed(world), 1))
    bits[index // 4] ^= 1 << (2 * (index % 4) + bit)
    lists = (BundledList(1, token(world, bits=bytes(bits))),)
    assert told(world, lists=lists) == [("STATUS_LIST_DIFFERS", f"trust, status list 1, place {index}")]


def test_without_the_comparison_a_flipped_bit_passes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    lists = (BundledList(1, token(world, bits=bytes(262_144))),)  # negative control: everything "valid"
    assert codes(look(world, trust=world.bundle(lists=lists))) == ["STATUS_LIST_DIFFERS"]
    monkeypatch.setattr(status.StatusCheck, "_check_list", lambda *_: None)
    assert codes(look(world, trust=world.bundle(lists=lists))) == []


@pytest.mark.parametrize(
    ("changed", "code"),
    [({"number": 2}, "STATUS_LIST_NUMBER"), ({"size": 100}, "STATUS_LIST_SIZE")],
)
def test_a_list_of_another_number_or_size_is_named(world: World, changed: dict[str, int], code: str) -> None:
    lists = (BundledList(1, token(world, **changed)),)
    assert told(world, lists=lists) == [(code, "trust, status list 1")]


def test_a_list_by_another_key_is_named(world: World) -> None:
    world_of_thief = world.copy()
    world_of_thief.service = {**world.service, "status": world.new_key("thief")}
    lists = (BundledList(1, token(world_of_thief)),)
    assert told(world, lists=lists) == [("COSE_KEY", "trust, status list 1")]


def test_a_missing_list_is_named(world: World) -> None:
    assert told(world, lists=()) == [("STATUS_LIST_MISSING", "trust, status list 1")]


def test_a_list_that_stands_twice_is_named(world: World) -> None:
    lists = (BundledList(1, token(world)), BundledList(1, token(world)))
    assert told(world, lists=lists) == [("STATUS_LIST_TWICE", "trust, status list 1")]


def test_a_list_without_certificates_is_allowed(world: World) -> None:
    empty = token(world, number=2, bits=bytes(262_144))
    assert told(world, lists=(BundledList(1, token(world)), BundledList(2, empty))) == []


def revoked_key(world: World) -> int:
    """The city stops the signatory's key; answers with the seq of the act and its approval."""
    kid = world.people["signatory"].signer.public.kid
    world.say_two("key-revoked", f"key/{kid.hex()}", KeyRevoked(RevocationCause.LOST))
    return len(world.leaves) - 2


def test_a_revocation_kept_out_of_the_bundle_is_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    seq = revoked_key(world)
    acts = tuple(item for item in bundle_of(world).acts if item.seq < seq)
    assert told(world, acts=acts) == [
        ("TRUST_ACT_MISSING", f"trust, seq {seq}, key-revoked"),
        ("TRUST_ACT_MISSING", f"trust, seq {seq + 1}, approve"),
    ]
    monkeypatch.setattr(status.StatusCheck, "take", lambda *_, gap: None)  # negative control
    monkeypatch.setattr(status.StatusCheck, "_acts", {}, raising=False)
    report = look(world, trust=world.bundle(acts=acts))
    assert "TRUST_ACT_MISSING" not in codes(report)


def test_an_approval_alone_kept_out_is_named(world: World) -> None:
    seq = revoked_key(world)
    acts = tuple(item for item in bundle_of(world).acts if item.seq != seq + 1)
    assert told(world, acts=acts) == [("TRUST_ACT_MISSING", f"trust, seq {seq + 1}, approve")]


def at_other_time(item: BundledAct) -> BundledAct:
    return replace(item, time_ms=item.time_ms + 1)


@pytest.mark.parametrize(
    ("change", "code"),
    [(at_other_time, "TRUST_ACT_DIFFERS"), (lambda item: replace(item, seq=item.seq + 1), "")],
)
def test_an_act_at_another_time_or_place_is_named(
    world: World, change: Callable[[BundledAct], BundledAct], code: str
) -> None:
    seq = revoked_key(world)
    acts = bundle_of(world).acts
    moved = tuple(change(item) if item.seq == seq + 1 else item for item in acts)
    found = told(world, acts=moved)
    assert found
    assert not code or found == [(code, f"trust, seq {seq + 1}, approve")]


def test_an_act_the_log_does_not_hold_is_named(world: World) -> None:
    """The act is genuine, its signer may say it: it is just not in the log."""
    shown = world.copy()
    seq = revoked_key(shown)
    acts = bundle_of(shown).acts
    found = names(look(world, trust=shown.bundle(acts=acts)))
    assert ("TRUST_AHEAD", "trust") in found
    assert seq == len(world.leaves)


def test_a_bundle_that_invents_an_act_at_a_place_of_another_is_named(world: World) -> None:
    shown = world.copy()
    seq = revoked_key(shown)
    taken = tuple(
        replace(item, seq=item.seq - 2) if item.seq >= seq else item for item in bundle_of(shown).acts
    )
    found = told(world, acts=taken)
    assert found == [
        ("TRUST_ACT_INVENTED", f"trust, seq {seq - 2}"),
        ("TRUST_ACT_INVENTED", f"trust, seq {seq - 1}"),
    ]


def test_a_bundle_of_a_larger_log_shows_a_rollback(world: World) -> None:
    report = look(forge(world, said_in(world)[:-1]), trust=world.bundle())
    assert ("TRUST_AHEAD", "trust") in names(report)


def test_a_bundle_whose_checkpoint_forks_is_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    subject = f"certificate/{world.certificates[0].id.hex()}"
    raw = world.sign("certificate-revoked", "signatory", subject, CertificateRevoked("error"))
    forked = forge(world, [*said_in(world)[:-1], (world.now, raw)])
    bundle = world.bundle(checkpoint=forked.checkpoint())
    assert names(look(world, trust=bundle)) == [
        ("TRUST_FORK", f"trust, checkpoint, size {len(world.leaves)}")
    ]
    monkeypatch.setattr(status.StatusCheck, "_check_checkpoint", lambda *_: None)  # negative control
    assert names(look(world, trust=bundle)) == []


def test_a_bundle_whose_checkpoint_is_of_another_size_is_named(world: World) -> None:
    assert ("TRUST_CHECKPOINT_OTHER", "trust, checkpoint") in told(
        world, checkpoint=world.checkpoint(size=100)
    )


def test_a_bundle_that_gives_another_log_key_is_named(world: World) -> None:
    other = world.copy()
    other.service = {**world.service, "checkpoint": world.new_key("other", EDDSA)}
    assert ("TRUST_KEY_OTHER", "trust") in told(world, log_vkey=log_signer(other).key.vkey)


def test_a_bundle_by_another_key_is_named(world: World) -> None:
    thief = world.copy()
    thief.service = {**world.service, "status": world.new_key("thief")}
    assert codes(look(world, trust=thief.bundle())) == ["COSE_KEY"]


def test_a_file_that_is_no_bundle_is_a_doubt(world: World) -> None:
    report = look(world, trust=b"PK")
    assert report.exit_code == 2
    assert codes(report, Severity.COULD_NOT_CHECK) == ["TRUST_UNREADABLE"]


def test_a_bundle_of_another_genesis_is_a_departure(world: World) -> None:
    other = World.founded()
    bundle = other.bundle(checkpoint=other.checkpoint(cosigned=0))  # nobody is appointed to witness yet
    report = look(world, trust=bundle)
    assert report.exit_code == 0  # the same genesis: every world is founded alike
    report = look(world, trust=bundle, genesis=b"\7" * 32)
    assert codes(report) == ["GENESIS_OTHER"]


def test_with_entries_missing_the_lists_are_not_compared(world: World) -> None:
    source = published(world)
    data = bytearray(source.files[f"tile/entries/000.p/{len(world.leaves)}"])
    data[20_000] ^= 1
    source.files[f"tile/entries/000.p/{len(world.leaves)}"] = bytes(data)
    report = look(world, source=source, trust=world.bundle())
    assert "STATUS_NOT_COMPARED" in codes(report, Severity.COULD_NOT_CHECK)
    assert report.exit_code == 1


def test_differing_places_are_found_by_their_two_bits() -> None:
    assert differing_places(bytes([0b00000000, 0]), bytes([0b01000110, 0b10000000])) == [0, 1, 3, 7]
    assert differing_places(b"\1\2", b"\1\2") == []
