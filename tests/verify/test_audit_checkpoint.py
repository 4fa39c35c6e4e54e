"""The checkpoint: its origin, its genesis, every one of its lines, the policy it is read under."""

from __future__ import annotations

import pytest

from issuers.acts.parties import KeyRevoked, ServiceKey
from issuers.acts.words import RevocationCause
from ledger.checkpoint import Cosigner, cosign
from ledger.keys import EDDSA
from ledger.note import parse_note
from ledger.policy import Group, Policy, parse_policy, render_policy
from tests.verify.logs import (
    MemorySource,
    codes,
    files_of,
    forge,
    look,
    names,
    published,
    said_in,
    whole_world,
)
from tests.world import World
from tests.world_exports import add_cosignatures, log_signer
from verify.audit.findings import Severity


@pytest.fixture
def world() -> World:
    return whole_world()


def with_checkpoint(world: World, note: bytes) -> MemorySource:
    return MemorySource(files_of(world.leaves, note))


# The log itself.


def test_another_genesis_is_a_departure_from_the_pin(world: World) -> None:
    assert look(world, genesis=world.said[0].hash).exit_code == 0
    report = look(world, genesis=b"\7" * 32)
    assert names(report) == [("GENESIS_OTHER", "seq 0")]


def test_a_genesis_without_its_second_officer_is_none(world: World) -> None:
    report = look(forge(world, said_in(world)[:1]))
    assert ("GENESIS_ABSENT", "seq 0") in names(report)


def test_a_log_under_another_name_is_named(world: World) -> None:
    forged = world.copy()
    forged.origin = "log.malan.example/2027"
    forged.leaves = forge(forged, said_in(world)).leaves
    assert ("ORIGIN_OTHER", "checkpoint, line 1") in names(look(forged, policy=forged.policy()))


def test_a_checkpoint_by_a_key_the_log_does_not_name_is_named(world: World) -> None:
    """A.3 row 2: entries edited, everything recomputed, but not with the log's key."""
    forged = world.copy()
    forged.service = {**world.service, "checkpoint": world.new_key("other", -8)}
    report = look(world, source=MemorySource(files_of(world.leaves, forged.checkpoint())))
    assert ("LOG_SIGNATURE_MISSING", "checkpoint") in names(report)
    assert ("SIGNATURE_LINE_UNKNOWN", "checkpoint, line 5") in names(report)


def test_an_empty_log_is_not_sound(world: World) -> None:
    empty = forge(world, said_in(world)[:1])
    empty.leaves = []
    report = look(empty)
    assert ("GENESIS_ABSENT", "seq 0") in names(report)


# The lines of the checkpoint.


def test_a_line_by_a_stranger_is_named_with_its_number(world: World) -> None:
    note = parse_note(world.checkpoint())
    stranger = Cosigner("witness.example/stranger", log_signer(world).private_key)
    added = note.with_lines([cosign(note.text, stranger, time=world.now // 1000)])
    report = look(world, source=with_checkpoint(world, added.render()))
    assert names(report) == [("SIGNATURE_LINE_UNKNOWN", "checkpoint, line 17")]


def test_a_line_of_a_witness_that_does_not_verify_is_named(world: World) -> None:
    note = parse_note(world.checkpoint())
    line = note.signatures[4]
    other = parse_note(world.checkpoint(size=100)).signatures[4]
    assert (line.name, line.key_id) == (other.name, other.key_id)
    swapped = note.render().replace(line.render().encode(), other.render().encode())
    report = look(world, source=with_checkpoint(world, swapped))
    assert names(report) == [("SIGNATURE_LINE_BAD", "checkpoint, line 9")]
    assert report.log is not None
    assert len(report.log.cosignatures) == 10


def test_a_line_that_stands_twice_is_named(world: World) -> None:
    note = parse_note(world.checkpoint())
    report = look(world, source=with_checkpoint(world, note.with_lines(note.signatures[3:4]).render()))
    assert names(report) == [("SIGNATURE_LINE_TWICE", "checkpoint, line 17")]


def test_without_the_logs_own_line_the_witnesses_are_not_enough(world: World) -> None:
    note = parse_note(world.checkpoint())
    less = type(note)(note.text, note.signatures[1:]).render()
    assert codes(look(world, source=with_checkpoint(world, less))) == ["LOG_SIGNATURE_MISSING"]


def test_without_a_policy_the_witnesses_lines_could_not_be_checked(world: World) -> None:
    report = look(world, policy=None, source=with_checkpoint(world, world.checkpoint()))
    assert report.exit_code == 2
    assert codes(report, Severity.COULD_NOT_CHECK) == ["SIGNATURE_LINES_UNKNOWN"]


def test_the_policy_beside_the_log_is_used_and_said_to_be_unpinned(world: World) -> None:
    report = look(world, policy=None)
    assert report.exit_code == 0
    assert "POLICY_UNPINNED" in codes(report, Severity.NOTE)
    assert report.log is not None
    assert (len(report.log.cosignatures), report.log.witnesses, report.log.needed) == (11, 16, 11)
    assert report.log.policy_from == "log"


def test_a_missed_quorum_is_a_note(world: World) -> None:
    report = look(world, source=with_checkpoint(world, world.checkpoint(cosigned=10)))
    assert report.exit_code == 0
    assert "QUORUM_MISSED" in codes(report, Severity.NOTE)
    assert "QUORUM_MISSED" not in codes(look(world), Severity.NOTE)


def test_a_policy_for_another_log_is_named(world: World) -> None:
    other = world.copy()
    other.service = {**world.service, "checkpoint": world.new_key("other", EDDSA)}
    assert "POLICY_OTHER_LOG" in codes(look(world, policy=other.policy()))


def test_a_policy_that_cannot_be_read_is_no_departure(world: World) -> None:
    report = look(world, policy=b"nonsense\n")
    assert report.exit_code == 2
    assert names(report, Severity.COULD_NOT_CHECK)[0] == ("POLICY_UNREADABLE", "policy, POLICY_LINE")


def test_a_policy_without_log_lines_is_enough(world: World) -> None:
    policy = parse_policy(world.policy())
    alone = Policy((), policy.witnesses, (Group("all", 11, policy.groups[0].members),), "all")
    assert look(world, policy=render_policy(alone)).exit_code == 0


def test_a_rotated_checkpoint_key_signs_and_the_revoked_one_does_not(world: World) -> None:
    old = world.service["checkpoint"]
    new = world.new_key("next checkpoint", EDDSA)
    enrolment = world.enrolment(new, "city", "service/checkpoint")
    world.say_two("service-key", "service/checkpoint", ServiceKey(enrolment))
    world.say_two("key-revoked", f"key/{old.public.kid.hex()}", KeyRevoked(RevocationCause.ROTATED))
    by_old = look(world)
    assert {"LOG_SIGNATURE_MISSING", "SIGNATURE_LINE_UNKNOWN"} <= set(codes(by_old))
    world.service = {**world.service, "checkpoint": new}
    assert look(world).exit_code == 0


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "NOTE_SHAPE"),
        (b"log.malan.example/2026\n181\n", "NOTE_SHAPE"),
        (b"\xff\n\n\xe2\x80\x94 x AAAAAAAA\n", "NOTE_UTF8"),
    ],
)
def test_a_checkpoint_that_is_none_is_a_departure(world: World, raw: bytes, code: str) -> None:
    report = look(world, source=with_checkpoint(world, raw))
    assert names(report) == [(code, "checkpoint")]
    assert report.log is None


def test_no_checkpoint_at_all_could_not_be_checked(world: World) -> None:
    source = published(world)
    del source.files["checkpoint"]
    assert look(world, source=source).exit_code == 2


def test_cosignatures_of_the_past_stay_good(world: World) -> None:
    note = add_cosignatures(world, world.checkpoint(cosigned=0), 16)
    report = look(world, source=with_checkpoint(world, note))
    assert report.log is not None
    assert len(report.log.cosignatures) == 16
