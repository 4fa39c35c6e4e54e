"""The log against a checkpoint kept from before: forks, rollbacks, entries written into the past."""

from __future__ import annotations

from hashlib import sha256

import pytest

from issuers.acts.certificates import CertificateRevoked
from issuers.acts.parties import LogContinued
from ledger.checkpoint import parse_checkpoint
from ledger.keys import EDDSA
from ledger.note import NoteSigner, parse_note, sign_note
from tests.verify.logs import codes, forge, look, names, published, said_in, whole_world
from tests.world import World
from tests.world_exports import log_signer
from tests.world_parts import moment
from verify.audit import run, since
from verify.audit.findings import Severity


@pytest.fixture
def world() -> World:
    return whole_world()


def earlier(world: World, size: int = 100) -> bytes:
    """A checkpoint of the first entries, cosigned when they were the newest."""
    past = world.copy()
    past.now = world.times[size - 1] + 1_000
    return past.checkpoint(size=size)


@pytest.mark.parametrize("size", [1, 2, 100, 180, 181])
def test_a_log_that_only_grew_is_sound(world: World, size: int) -> None:
    report = look(world, since=earlier(world, size))
    assert report.exit_code == 0


def test_a_dropped_tail_is_named(world: World) -> None:
    """A.3 rows 5 to 7: the tail is gone and everything signed anew."""
    report = look(forge(world, said_in(world)[:180]), since=world.checkpoint())
    assert names(report) == [("SINCE_LARGER", "since")]
    assert "181" in report.findings[0].en or "181" in report.findings[-1].en


def test_a_dropped_tail_grown_over_again_is_named(world: World) -> None:
    """A.3 row 8: restored from a backup, then grown past the old size."""
    kept = earlier(world, 181)
    subject = f"certificate/{world.certificates[0].id.hex()}"
    said = said_in(world)[:180]
    for name in ("error", "again"):
        raw = world.sign("certificate-revoked", "signatory", subject, CertificateRevoked(name))
        said.append((world.now, raw))
        subject = f"certificate/{world.certificates[1].id.hex()}"
    report = look(forge(world, said), since=kept)
    assert names(report) == [("SINCE_FORK", "since, size 181")]


def test_a_fork_is_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A.3 row 18: another history for this reader, every entry in it rightly signed."""
    subject = f"certificate/{world.certificates[0].id.hex()}"
    said = said_in(world)[:180]
    raw = world.sign("certificate-revoked", "signatory", subject, CertificateRevoked("error"))
    forked = forge(world, [*said, (world.now, raw)])
    assert names(look(forked)) == []
    assert names(look(forked, since=world.checkpoint())) == [("SINCE_FORK", "since, size 181")]
    monkeypatch.setattr(since, "check_since", lambda *_, **__: run.Signed(False, ()))  # negative control
    assert names(look(forked, since=world.checkpoint())) == []


def test_an_entry_written_into_the_past_is_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A.3 row 16: body and operator together; only a witness's time stands against them."""
    kept_at = moment(20, 9)
    past = world.copy()
    past.now = kept_at
    kept = past.checkpoint()
    subject = f"certificate/{world.certificates[0].id.hex()}"
    back = moment(17, 10)
    raw = world.sign("certificate-revoked", "signatory", subject, CertificateRevoked("error"), at=back)
    forged = forge(world, [*said_in(world), (back, raw)])
    forged.now = kept_at + 60_000
    assert names(look(forged, since=kept)) == [("ENTRY_BACKDATED", "seq 181")]
    honest = forge(
        world,
        [
            *said_in(world),
            (
                kept_at - 500_000,
                world.sign(
                    "certificate-revoked",
                    "signatory",
                    subject,
                    CertificateRevoked("error"),
                    at=kept_at - 500_000,
                ),
            ),
        ],
    )
    honest.now = kept_at + 60_000
    assert names(look(honest, since=kept)) == []
    monkeypatch.setattr(since, "check_not_backdated", lambda **_: None)  # negative control
    assert names(look(forged, since=kept)) == []


def test_an_entry_from_the_future_is_named_by_the_witnesses(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    subject = f"certificate/{world.certificates[0].id.hex()}"
    ahead = world.now + 3_600_000
    raw = world.sign("certificate-revoked", "signatory", subject, CertificateRevoked("error"), at=ahead)
    forged = forge(world, [*said_in(world), (ahead, raw)])
    forged.now = world.now  # when the witnesses saw it
    later = {"at_ms": ahead + 1_000, "policy": world.policy()}
    assert names(look(forged, **later)) == [("ENTRY_POSTDATED", "seq 181")]
    monkeypatch.setattr(since, "check_not_postdated", lambda **_: None)  # negative control
    assert names(look(forged, **later)) == []


def test_a_log_ahead_of_the_auditors_clock_could_not_be_checked(world: World) -> None:
    report = look(world, at_ms=world.now - 3_600_000)
    assert report.exit_code == 2
    assert codes(report, Severity.COULD_NOT_CHECK) == ["AHEAD_OF_CLOCK"]


def test_a_kept_checkpoint_of_another_origin_is_named(world: World) -> None:
    other = world.copy()
    other.origin = "log.malan.example/2025"
    assert ("SINCE_ORIGIN", "since") in names(look(world, since=other.checkpoint()))


def test_a_kept_checkpoint_nobody_of_this_log_signed_is_a_doubt(world: World) -> None:
    other = world.copy()
    other.service = {**world.service, "checkpoint": world.new_key("other", EDDSA)}
    report = look(world, since=other.checkpoint())
    assert report.exit_code == 2
    assert codes(report, Severity.COULD_NOT_CHECK) == ["SINCE_SIGNATURE"]


def test_a_kept_file_that_is_no_checkpoint_is_a_doubt(world: World) -> None:
    report = look(world, since=b"something else")
    assert codes(report, Severity.COULD_NOT_CHECK) == ["SINCE_UNREADABLE"]


def test_with_entries_missing_the_kept_checkpoint_is_not_compared(world: World) -> None:
    source = published(world)
    del source.files["tile/entries/000.p/181"], source.files["tile/0/000.p/181"]
    report = look(world, source=source, since=earlier(world))
    assert "SINCE_NOT_COMPARED" in codes(report, Severity.COULD_NOT_CHECK)


END = len(whole_world().leaves)


def _went_on(root: bytes | None = None, *, size: int = END) -> World:
    """A log that goes on from the whole world's; `root` in the place of its true one."""
    end = parse_checkpoint(parse_note(whole_world().checkpoint()).text)
    world = World.founded()
    note = sha256(whole_world().checkpoint()).digest()
    act = LogContinued("log.malan.example/2025", size, root or end.root, note)
    world.say_two("log-continued", "log", act)
    return world


def _kept_of_2025(size: int) -> bytes:
    """A checkpoint of the earlier log, as a district kept it."""
    earlier_log = whole_world()
    text = parse_note(earlier_log.checkpoint(size=size)).text
    return sign_note(
        text.replace(earlier_log.origin, "log.malan.example/2025", 1),
        [NoteSigner("log.malan.example/2025", log_signer(earlier_log).private_key)],
    )


def test_a_log_that_goes_on_is_held_against_the_end_of_the_one_before() -> None:
    """ledger 7.7: a signed tail is gone, so a new origin names the last checkpoint that anybody kept."""
    world = _went_on()
    report = look(world, since=_kept_of_2025(END))
    assert "SINCE_CONTINUED" in codes(report, Severity.NOTE) and report.exit_code == 0
    assert codes(look(world, since=_kept_of_2025(100)), Severity.COULD_NOT_CHECK) == ["SINCE_EARLIER_LOG"]


def test_what_the_new_log_does_not_own_up_to_is_named_by_whoever_saw_it() -> None:
    cut = _went_on(size=150)
    assert codes(look(cut, since=_kept_of_2025(END))) == ["SINCE_CUT_OFF"]
    assert codes(look(_went_on(b"\7" * 32), since=_kept_of_2025(END))) == ["SINCE_FORK"]
    # Control: without the act a checkpoint of another log is just that.
    assert "SINCE_ORIGIN" in codes(look(World.founded(), since=_kept_of_2025(END)))
