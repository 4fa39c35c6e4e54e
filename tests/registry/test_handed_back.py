"""Handovers that were lost come back out of a trust bundle somebody kept, and nothing else does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from issuers.bundle import Bundle, open_bundle, sign_bundle
from issuers.carried import ACTS
from ledger.checkpoint import Checkpoint, Cosigner, cosign, parse_checkpoint
from ledger.errors import BadSignature, Malformed, Refused, Unavailable
from ledger.note import MAX_SIGNATURES, Note, SignatureLine, parse_note, sign_note
from registry.__main__ import app
from registry.published.handed_back import HandedBack, hand_back
from registry.published.publishing import Publisher
from registry.published.witnessed_notes import HANDOVERS, HANDOVERS_BYTES_MAX
from registry.service import note_signer
from tests.ground import on
from tests.registry.stage import Stage, dismissal
from tests.registry.witnessed import appoint, bring, cosigned
from tests.world import World
from tests.world_exports import witnesses
from tests.world_stages import founded


@pytest.fixture
def handed_over(stage: Stage) -> Stage:
    """Three witnesses, then five, then four; the last set waits for its quorum."""
    appoint(stage, count=3, quorum=2)
    appoint(stage, first=2, count=5, quorum=3)
    bring(stage, cosigned(stage, witnesses()[:2]))
    stage.publish()
    appoint(stage, first=4, count=4, quorum=3)
    bring(stage, cosigned(stage, witnesses()[2:5]))
    stage.publish()
    return stage


def bundle_of(stage: Stage) -> tuple[Path, Bundle]:
    path = stage.service.settings.home / "trust.cbor"
    return path, open_bundle(path.read_bytes())[0]


def signed(stage: Stage, bundle: Bundle) -> bytes:
    return sign_bundle(bundle, stage.service.secrets.status)


def test_lost_handovers_come_back_byte_for_byte(handed_over: Stage) -> None:
    stage = handed_over
    path, bundle = bundle_of(stage)
    raw, file = path.read_bytes(), stage.service.settings.home / HANDOVERS
    policy = stage.service.settings.home / "policy.txt"
    kept, named = file.read_bytes(), policy.read_bytes()
    assert hand_back(stage.service, raw) == HandedBack(2, 0)  # nothing is lost, nothing is written
    for lost in (None, b"\x81\x01", kept[: len(kept) // 2]):
        if lost is None:
            file.unlink()
            path.unlink()
            stage.publish()
            assert policy.read_bytes() != named  # the control: without them the former witnesses are back
        else:
            file.write_bytes(lost)
        assert hand_back(stage.service, raw) == HandedBack(2, 2)
        assert (file.read_bytes(), policy.read_bytes()) == (kept, named)
    stage.publish()
    assert bundle_of(stage)[1].handovers == bundle.handovers


@pytest.mark.parametrize("lost", [None, b"\x81\x01", b"\x80"])
@pytest.mark.parametrize("goes_on", [True, False])
def test_a_publisher_takes_back_what_its_own_bundle_knows(
    handed_over: Stage, lost: bytes | None, goes_on: bool
) -> None:
    """At its start and while it runs: else verifiers would be told the former witnesses, and refuse."""
    stage, home = handed_over, handed_over.service.settings.home
    names = (HANDOVERS, "policy.txt")
    kept = [(home / name).read_bytes() for name in names]
    publisher = Publisher(stage.service)
    if goes_on:
        publisher.run_once()
    if lost is None:
        (home / HANDOVERS).unlink()
    else:
        (home / HANDOVERS).write_bytes(lost)
    assert stage.post(dismissal(stage)).status_code == 200
    publisher.run_once()
    assert [(home / name).read_bytes() for name in names] == kept
    assert len(bundle_of(stage)[1].handovers or ()) == 2


def test_an_older_bundle_takes_nothing_away(handed_over: Stage) -> None:
    stage = handed_over
    _, bundle = bundle_of(stage)
    assert bundle.handovers is not None
    file = stage.service.settings.home / HANDOVERS
    kept = file.read_bytes()
    for fewer in (None, bundle.handovers[:1]):
        assert hand_back(stage.service, signed(stage, replace(bundle, handovers=fewer))) == HandedBack(2, 0)
        assert file.read_bytes() == kept
    stage.service.witnessed.keep_handovers(bundle.handovers[:1])
    assert hand_back(stage.service, signed(stage, bundle)) == HandedBack(2, 1)
    assert file.read_bytes() == kept


def test_a_checkpoint_without_the_old_quorum_is_no_handover(handed_over: Stage) -> None:
    """Nor is one that the quorum cosigned and that changes nothing."""
    stage = handed_over
    _, bundle = bundle_of(stage)
    assert bundle.handovers is not None
    first = parse_note(bundle.handovers[0])
    alone = replace(first, signatures=tuple(one for one in first.signatures if "310101" not in one.name))
    assert len(alone.signatures) == len(first.signatures) - 1
    (stage.service.settings.home / HANDOVERS).unlink()
    bundle_of(stage)[0].unlink()
    stage.publish()
    raw = signed(stage, bundle_of(stage)[1])
    for told in ((alone.render(),), (bundle.checkpoint,)):
        made = signed(stage, replace(bundle_of(stage)[1], handovers=told))
        assert hand_back(stage.service, made) == HandedBack(0, 0)
    assert hand_back(stage.service, raw) == HandedBack(0, 0)
    good = first.signatures[-1]
    line = replace(good, signature=good.signature[:-1] + bytes([good.signature[-1] ^ 1]))
    bad = replace(first, signatures=(*first.signatures[:-1], line)).render()
    with pytest.raises(BadSignature):
        hand_back(stage.service, signed(stage, replace(bundle, handovers=(bad,))))
    assert not (stage.service.settings.home / HANDOVERS).exists()


def test_only_what_was_needed_is_kept(handed_over: Stage) -> None:
    """A bundle may carry a quorum's checkpoints that changed nothing."""
    stage = handed_over
    _, bundle = bundle_of(stage)
    assert bundle.handovers is not None
    newest = witnesses()[4:7]
    text = parse_note(bundle.checkpoint).text
    idle = replace(
        parse_note(bundle.checkpoint),
        signatures=(
            *parse_note(bundle.checkpoint).signatures[:1],
            *(cosign(text, one, time=stage.hands.now_ms // 1000) for one in newest),
        ),
    ).render()
    file = stage.service.settings.home / HANDOVERS
    kept = file.read_bytes()
    file.unlink()
    made = signed(stage, replace(bundle, handovers=(*bundle.handovers, idle)))
    assert hand_back(stage.service, made) == HandedBack(2, 2)
    assert file.read_bytes() == kept


def test_a_bundle_of_another_log_and_a_file_that_is_none_are_refused(handed_over: Stage) -> None:
    stage = handed_over
    other = World(origin="log.other.example/2026", service=stage.world.service)
    with pytest.raises(Refused) as caught:
        hand_back(stage.service, founded(other).bundle())
    assert caught.value.code == "HANDOVERS_OTHER_LOG"
    for raw in (b"PK", (stage.service.settings.home / ACTS.file).read_bytes()):
        with pytest.raises(Malformed):
            hand_back(stage.service, raw)


def agreed(stage: Stage, signers: Sequence[Cosigner]) -> bytes:
    """The published checkpoint, cosigned by these, of which the service never hears."""
    public = parse_note(stage.service.log.checkpoint())
    lines = parse_note(cosigned(stage, signers)).signatures
    return replace(public, signatures=(*public.signatures[:1], *lines)).render()


def lines_of_nobody(note: Note) -> Note:
    """As many lines as a note may have, by names no reader knows."""
    room = MAX_SIGNATURES - len(note.signatures)
    made = [SignatureLine(f"nobody-{place}", b"none", bytes(7_000)) for place in range(room)]
    return replace(note, signatures=(*note.signatures, *made))


def test_lines_of_nobody_do_not_come_in(handed_over: Stage) -> None:
    """With them the file would be larger than what is read again, and every bundle with it."""
    stage = handed_over
    _, bundle = bundle_of(stage)
    assert bundle.handovers is not None
    file = stage.service.settings.home / HANDOVERS
    kept = file.read_bytes()
    file.unlink()
    long = tuple(lines_of_nobody(parse_note(one)).render() for one in bundle.handovers)
    assert sum(len(one) for one in long) > HANDOVERS_BYTES_MAX
    assert hand_back(stage.service, signed(stage, replace(bundle, handovers=long))) == HandedBack(2, 2)
    assert file.read_bytes() == kept
    stage.publish()


def test_a_note_of_the_same_size_without_a_quorum_shuts_nothing_out(handed_over: Stage) -> None:
    stage = handed_over
    _, bundle = bundle_of(stage)
    assert bundle.handovers is not None
    file = stage.service.settings.home / HANDOVERS
    kept = file.read_bytes()
    file.unlink()
    alone = [replace(note, signatures=note.signatures[:1]) for note in map(parse_note, bundle.handovers)]
    told = (*(one.render() for one in alone), *bundle.handovers)
    assert hand_back(stage.service, signed(stage, replace(bundle, handovers=told))) == HandedBack(2, 2)
    assert file.read_bytes() == kept


def test_a_longer_line_of_sets_that_passes_over_the_one_we_kept_is_not_taken(stage: Stage) -> None:
    """Old lines of the first quorum and lines of a set that never was in force would make four of three."""
    appoint(stage, count=3, quorum=2)
    appoint(stage, first=2, count=5, quorum=3)
    early = agreed(stage, witnesses()[:2])
    appoint(stage, first=4, count=4, quorum=3)
    bring(stage, cosigned(stage, witnesses()[:2]))
    stage.publish()
    appoint(stage, first=6, count=3, quorum=2)
    other = (early, agreed(stage, witnesses()[2:5]))
    file = stage.service.settings.home / HANDOVERS
    kept, (_, bundle) = file.read_bytes(), bundle_of(stage)
    made = signed(stage, replace(bundle, handovers=other))
    assert hand_back(stage.service, made) == HandedBack(1, 0)
    assert file.read_bytes() == kept
    file.unlink()
    assert hand_back(stage.service, made) == HandedBack(
        2, 2
    )  # the control: they are good where nothing is kept


@pytest.mark.parametrize("beyond", [0, 1000], ids=["another root", "larger than the database"])
def test_a_checkpoint_of_another_history_is_the_alarm_it_is_everywhere(
    handed_over: Stage, beyond: int
) -> None:
    stage = handed_over
    _, bundle = bundle_of(stage)
    known = parse_checkpoint(parse_note(bundle.checkpoint).text)
    body = Checkpoint(known.origin, known.size + beyond, b"\x05" * 32).body()
    note = parse_note(sign_note(body, [note_signer(stage.service)]))
    time = stage.hands.now_ms // 1000
    fork = note.with_lines([cosign(body, one, time=time) for one in witnesses()[:2]]).render()
    file = stage.service.settings.home / HANDOVERS
    file.unlink()
    with pytest.raises(Unavailable) as caught:
        hand_back(stage.service, signed(stage, replace(bundle, handovers=(fork,))))
    assert caught.value.code == "LOG_AHEAD"
    assert not file.exists()


@on("sqlite")
def test_as_the_operator_runs_it(handed_over: Stage, tmp_path: Path) -> None:
    home = handed_over.service.settings.home
    kept = (home / HANDOVERS).read_bytes()
    (home / HANDOVERS).unlink()

    def run(path: Path) -> tuple[int, str]:
        told = CliRunner().invoke(app, ["handovers", str(path), "--home", str(home)])
        return told.exit_code, told.output

    assert run(home / "trust.cbor") == (0, "2 handovers are kept, 2 of them from this file\n")
    assert run(home / "trust.cbor") == (0, "nothing to take: 2 handovers are kept\n")
    assert (home / HANDOVERS).read_bytes() == kept
    code, said = run(tmp_path / "none.cbor")
    assert (code, said.split()[0]) == (2, "FILE_READ")
    code, said = run(home / HANDOVERS)
    assert (code, said.split()[0]) == (2, "BUNDLE_KIND:")
