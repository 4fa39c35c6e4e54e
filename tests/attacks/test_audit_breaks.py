"""Breaks of the audit by an operator who holds nothing but the log's own key: departures become doubts."""

from __future__ import annotations

from issuers.enrolment import CONTENT_TYPE
from ledger.errors import MalanError
from ledger.statement import parse_statement
from tests.verify.logs import Said, codes, forge, look, said_in, whole_world
from tests.world import World


def refused_act(world: World) -> Said:
    """A revocation by another body, which no judge takes."""
    subject = f"certificate/{world.certificates[0].id.hex()}"
    raw = world.sign("certificate-revoked", "rival-signatory", subject, {"reason": "fraud"})
    return world.now + 2_000, raw


def an_enrolment(world: World) -> bytes:
    """Genuine, and in clear in every key-enrolled act."""
    found = next(one.body["enrolment"] for one in world.said if one.kind == "key-enrolled")
    assert isinstance(found, bytes)
    return found


def test_an_enrolment_is_no_statement() -> None:
    """ledger/SPEC.md 2: none passes for another. Its content type has the very form of an act's."""
    enrolment = an_enrolment(whole_world())
    try:
        statement = parse_statement(enrolment)
    except MalanError:
        return
    raise AssertionError(f"{CONTENT_TYPE} was read as an act of the kind {statement.kind}")


def test_an_enrolment_in_the_log_hides_no_departure_after_it() -> None:
    """verify/audit/replay.py `_judge`: ACT_UNKNOWN opens a gap, and refusals after a gap are only doubts."""
    world = whole_world()
    bad = refused_act(world)
    control = look(forge(world, [*said_in(world), bad]), genesis=world.said[0].hash)
    assert (control.exit_code, codes(control)) == (1, ["CERTIFICATE_OTHER"])
    masked = [*said_in(world), (world.now + 1_000, an_enrolment(world)), bad]
    assert look(forge(world, masked), genesis=world.said[0].hash).exit_code == 1


def test_no_time_of_a_leaf_makes_the_audit_fall_over() -> None:
    """verify/audit/signals.py `take` asks for the day of a sheet that the judge refused: ValueError.

    "Raises nothing of the log's making" (run.py); the program then ends with 2, not with 1 and the departure.
    """
    world = whole_world()
    said = [
        (2**53, raw) if one.kind == "sheet" else (time_ms, raw)
        for (time_ms, raw), one in zip(said_in(world), world.said, strict=True)
    ]
    report = look(forge(world, said), genesis=world.said[0].hash, at_ms=world.now)
    assert report.exit_code == 1
