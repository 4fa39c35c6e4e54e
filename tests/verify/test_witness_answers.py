"""Every answer of tlog-witness, what it leaves behind; and no cosignature leaves before its head."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ledger.add_checkpoint import AddCheckpoint, parse_add_checkpoint, parse_lines
from ledger.checkpoint import check_cosignature, cosign
from ledger.errors import Unavailable
from ledger.note import NoteSigner, parse_note
from tests.verify.witnessing import NOW, ORIGIN, History, private, witness
from verify.witness.answering import Answer, Witnessing, answer
from verify.witness.state import State

HASH = bytes(32)


@pytest.fixture
def log() -> History:
    return History().grow(600)


@pytest.fixture
def district(tmp_path: Path) -> Witnessing:
    return witness(tmp_path / "w")


def ask(district: Witnessing, body: bytes, *, now: int = NOW) -> Answer:
    return answer(district, body, now=lambda: now)


def test_200_the_cosignature_is_over_the_checkpoint_at_our_time(district: Witnessing, log: History) -> None:
    told = ask(district, log.request(0, 300))
    assert (told.status, told.type) == (200, "text/plain; charset=utf-8")
    (line,) = parse_lines(told.body)
    assert check_cosignature(log.checkpoint(300).body(), line, district.cosigner.key) == NOW
    head = district.state.latest(ORIGIN)
    assert head is not None and head.checkpoint == log.checkpoint(300) and head.time == NOW
    assert [one.name for one in parse_note(head.note).signatures] == [ORIGIN, district.cosigner.name]


def test_200_every_step_and_the_same_size_again_with_a_fresh_time(district: Witnessing, log: History) -> None:
    for step, (old, new) in enumerate([(0, 0), (0, 1), (1, 255), (255, 256), (256, 257), (257, 600)]):
        assert ask(district, log.request(old, new), now=NOW + step).status == 200
    again = ask(district, log.request(600, 600), now=NOW + 60)
    assert again.status == 200
    (line,) = parse_lines(again.body)
    assert check_cosignature(log.checkpoint(600).body(), line, district.cosigner.key) == NOW + 60
    assert district.state.heads(ORIGIN) == 6


def test_400_malformed(district: Witnessing, log: History) -> None:
    good = log.request(0, 300)
    larger = AddCheckpoint(301, (), log.note(300)).render()
    extended = good.replace(log.checkpoint(300).body().encode(), log.checkpoint(300).body().encode() + b"x\n")
    for bad in (b"", b"old 0\n", good[:-1], good.replace(b"old 0", b"old 00"), larger, extended):
        assert ask(district, bad).status in (400, 403)
    assert ask(district, larger).body == b"ADD_OLD_LARGER\n"
    assert district.state.latest(ORIGIN) is None


def test_403_another_key_and_a_signature_that_fails(district: Witnessing, log: History) -> None:
    stranger = History(signer=NoteSigner(ORIGIN, private("stranger")))
    assert ask(district, stranger.request(0, 300)).status == 403
    raw = bytearray(log.request(0, 300))
    raw[-10] ^= 4
    assert ask(district, bytes(raw)).status in (400, 403)
    moved = log.request(0, 300).replace(b"\n300\n", b"\n301\n")
    assert ask(district, moved).status == 403
    assert (district.state.latest(ORIGIN), district.state.evidence()) == (None, [])


def test_404_a_log_nobody_told_us_of(district: Witnessing) -> None:
    other = History(signer=NoteSigner("other.example/log", private("log")))
    assert ask(district, other.request(0, 5)).status == 404


def test_409_names_our_size_in_its_own_type(district: Witnessing, log: History) -> None:
    assert ask(district, log.request(5, 300)) == Answer(409, b"0\n", "text/x.tlog.size")
    ask(district, log.request(0, 300))
    for old in (0, 299):
        assert ask(district, log.request(old, 600)) == Answer(409, b"300\n", "text/x.tlog.size")
    assert district.state.evidence() == []  # whoever did not know our size contradicts nothing


def test_422_proofs_that_do_not_hold(district: Witnessing, log: History) -> None:
    surplus = AddCheckpoint(0, (HASH,), log.note(300)).render()
    assert ask(district, surplus).status == 422
    ask(district, log.request(0, 300))
    good = log.proof(300, 600)
    for proof in ((), good[:-1], (*good, HASH), (HASH, *good[1:]), tuple(reversed(good))):
        assert ask(district, AddCheckpoint(300, proof, log.note(600)).render()).status == 422
    assert ask(district, AddCheckpoint(300, (HASH,), log.note(300)).render()).status == 422
    empty = log.note(0).replace(b"47DEQpj8", b"47DEQpj9")
    assert ask(district, b"old 0\n\n" + empty).status in (403, 422)


def test_422_a_fork_is_kept_as_evidence_that_convicts(district: Witnessing, log: History) -> None:
    ask(district, log.request(0, 300))
    other = log.fork(299)
    same = AddCheckpoint(300, (), other.note(300)).render()
    assert ask(district, same).status == 422
    assert ask(district, AddCheckpoint(0, (), other.note(300)).render()).status == 409  # asked the old way
    assert ask(district, other.request(300, 600)).status == 422
    first, second = district.state.evidence()
    assert (first.code, first.checkpoint) == ("WITNESS_OTHER_ROOT", other.checkpoint(300))
    assert second.checkpoint == other.checkpoint(600)
    # Two notes by one key, one size, two roots: proof for anybody, without asking us.
    said, held = parse_add_checkpoint(first.said).note, first.held
    assert held is not None
    texts = {parse_note(said).text, parse_note(held).text}
    assert texts == {log.checkpoint(300).body(), other.checkpoint(300).body()}
    # And the history we know goes on.
    assert ask(district, log.request(300, 600)).status == 200


def test_evidence_is_kept_once_however_often_it_is_sent(district: Witnessing, log: History) -> None:
    ask(district, log.request(0, 300))
    for _ in range(5):
        ask(district, log.fork(3).request(300, 300))
    assert len(district.state.evidence()) == 1


def test_503_when_the_clock_went_back(district: Witnessing, log: History) -> None:
    ask(district, log.request(0, 300))
    told = ask(district, log.request(300, 600), now=NOW - 1)
    assert (told.status, told.body) == (503, b"WITNESS_CLOCK\n")
    head = district.state.latest(ORIGIN)
    assert head is not None and head.checkpoint.size == 300
    assert ask(district, log.request(300, 600), now=NOW).status == 200


def test_a_cosignature_we_do_not_remember_retires_the_key(tmp_path: Path, log: History) -> None:
    """An old copy of the state was put back: the log shows a line of ours over what we never heard of."""
    district = witness(tmp_path / "w")
    text = log.checkpoint(300).body()
    line = cosign(text, district.cosigner, time=NOW)
    note = parse_note(log.note(300)).with_lines([line]).render()
    told = ask(district, AddCheckpoint(0, (), note).render())
    assert (told.status, told.body) == (503, b"WITNESS_STATE_LOST\n")
    assert ask(district, log.request(0, 300)).status == 503
    assert district.state.retired() == "cosignature-not-remembered"


def test_our_own_lines_coming_back_are_no_harm(district: Witnessing, log: History) -> None:
    (line,) = parse_lines(ask(district, log.request(0, 300)).body)
    note = parse_note(log.note(300)).with_lines([line]).render()
    assert ask(district, AddCheckpoint(300, (), note).render()).status == 200


class _Stuck(Exception):
    pass


def test_the_head_is_on_disk_before_the_line_leaves(tmp_path: Path, log: History) -> None:
    """Whoever takes the line away between commit and answer finds the head in the file; control below."""
    district = witness(tmp_path / "w")
    assert _dies_after_turn(district, log)
    again = State(tmp_path / "w" / "witness.db", vkey=district.cosigner.key.vkey)
    head = again.latest(ORIGIN)
    assert head is not None and head.checkpoint.size == 300
    # The other history of that size is refused from now on.
    fresh = Witnessing(district.logs, again, district.cosigner)
    assert ask(fresh, AddCheckpoint(300, (), log.fork(2).note(300)).render()).status == 422


def test_control_without_persistence_a_fork_gets_a_cosignature(
    tmp_path: Path, log: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    district = witness(tmp_path / "w")
    monkeypatch.setattr("verify.witness.state.Turn.record", lambda *_, **__: None)
    assert ask(district, log.request(0, 300)).status == 200
    assert ask(district, log.fork(2).request(0, 300)).status == 200  # two roots, one size, one witness


def _dies_after_turn(district: Witnessing, log: History) -> bool:
    whole = district.state.turn

    @contextmanager
    def turn() -> Any:
        with whole() as inside:
            yield inside
        raise _Stuck

    district.state.turn = turn  # type: ignore[method-assign]
    try:
        ask(district, log.request(0, 300))
    except _Stuck:
        return True
    return False


def test_no_head_no_line_when_the_write_fails(
    district: Witnessing, log: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise Unavailable("WITNESS_STATE", "told by the test")

    with monkeypatch.context() as patched:
        patched.setattr("verify.witness.state.Turn.record", full)
        assert ask(district, log.request(0, 300)).status == 503
    assert district.state.latest(ORIGIN) is None
    assert ask(district, log.request(0, 300)).status == 200
