"""Attacks on what a witness says and keeps: false evidence, forgotten evidence, hidden forks, wrong times."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from ledger.add_checkpoint import AddCheckpoint
from ledger.checkpoint import Cosigner, cosign
from ledger.errors import MalanError, Unavailable
from ledger.heads import DEPART, TWO_ROOTS, Seen, compare, see
from ledger.merkle import check_consistency
from ledger.note import Note, NoteSigner, parse_note, sign_note
from ledger.policy import Log, Policy, Witness, render_policy
from tests.verify.witnessing import NOW, ORIGIN, SIGNER, Files, History, home, private
from verify.witness.answering import Witnessing, add_checkpoint, answer
from verify.witness.comparing import explain
from verify.witness.home import Home, open_home
from verify.witness.pulling import pull
from verify.witness.rounds import Nowhere, compared, one_round
from verify.witness.state import EVIDENCE_MAX, Evidence

KEYS = [SIGNER.key]


def at(seconds: int = NOW) -> int:
    return seconds


@pytest.fixture
def log() -> History:
    return History().grow(700)


@pytest.fixture
def office(tmp_path: Path) -> Home:
    return home(tmp_path / "w")


def ask(district: Witnessing, body: bytes) -> int:
    return answer(district, body, now=at).status


def codes(office: Home) -> list[str]:
    return [one.code for one in office.witness.state.evidence()]


def convicted(office: Home) -> bool:
    return any(one.convicts for one in office.witness.state.evidence())


def shown(log: History, size: int, where: str = "d02") -> Seen:
    return see(log.note(size), where=where, origin=ORIGIN, keys=KEYS)


def test_an_honest_checkpoint_with_anybodys_wrong_proof_convicts_nobody(office: Home, log: History) -> None:
    """Whoever has no key at all takes the log's own checkpoint and sends it with rubbish."""
    ask(office.witness, log.request(0, 300))
    rubbish = AddCheckpoint(300, (bytes(32),) * 3, log.note(700)).render()
    surplus = AddCheckpoint(300, (bytes(32),), log.note(300)).render()
    assert [ask(office.witness, one) for one in (rubbish, surplus)] == [422, 422]
    assert not convicted(office)
    (kept,) = office.witness.state.evidence()  # the checkpoint is not thrown away either
    assert kept.checkpoint == log.checkpoint(700) and kept.code == "WITNESS_UNPROVEN"


def test_wrong_tiles_of_a_host_convict_no_log(office: Home, log: History) -> None:
    pull(office, ORIGIN, log.files(300), now=at)
    wrong = log.files(700)
    wrong.files |= {path: bytes(len(data)) for path, data in wrong.files.items() if "tile/0" in path}
    with pytest.raises(MalanError):
        pull(office, ORIGIN, wrong, now=at)
    assert not convicted(office)


@pytest.mark.parametrize("old", [299, 300])
def test_control_a_real_fork_convicts_by_its_own_proof(office: Home, log: History, old: int) -> None:
    for one, other in ((0, 299), (299, 300)):
        ask(office.witness, log.request(one, other))
    ask(office.witness, log.fork(280).request(old, 700))  # 299: under a 409, beside an earlier head
    assert codes(office) == [DEPART]
    assert office.witness.state.evidence()[0].held.startswith(log.checkpoint(old).body().encode())


def test_a_fork_after_a_power_of_two_is_convicted_by_its_tiles(office: Home, log: History) -> None:
    """The proof from 256 does not hold the root of 256; comparing by tiles does."""
    pull(office, ORIGIN, log.files(256), now=at)
    fork = log.fork(100).files(700)
    with pytest.raises(MalanError):
        pull(office, ORIGIN, fork, now=at)
    assert codes(office) == ["WITNESS_UNPROVEN"]
    assert [one.code for one in compared(office, ORIGIN, fork, (), now=NOW).conflicts] == [DEPART]
    assert convicted(office)


def test_evidence_of_two_sizes_needs_no_tiles_later(office: Home, log: History) -> None:
    pull(office, ORIGIN, log.files(256), now=at)
    fork = log.fork(100)
    compared(office, ORIGIN, fork.files(700), (), now=NOW)
    (kept,) = office.witness.state.evidence()
    root, *proof = (kept.hashes[start : start + 32] for start in range(0, len(kept.hashes), 32))
    check_consistency(old=256, new=700, old_root=root, new_root=fork.checkpoint(700).root, proof=proof)
    assert root != log.checkpoint(256).root and kept.held.startswith(log.checkpoint(256).body().encode())


def test_a_log_gone_back_to_another_root_of_a_size_we_cosigned_is_kept(office: Home, log: History) -> None:
    for size in (280, 300):
        pull(office, ORIGIN, log.files(size), now=at)
    with pytest.raises(MalanError) as refused:
        pull(office, ORIGIN, log.fork(270).files(280), now=at)
    assert refused.value.code == "PULL_BACKWARDS" and codes(office) == ["WITNESS_OTHER_ROOT"]


def test_the_key_is_lost_but_not_the_evidence(office: Home, log: History) -> None:
    """Our own line over a second root: the key is worth nothing any more; the log has signed two."""
    ask(office.witness, log.request(0, 300))
    other = parse_note(log.fork(2).note(300))
    line = cosign(other.text, office.witness.cosigner, time=NOW)
    assert ask(office.witness, AddCheckpoint(300, (), other.with_lines([line]).render()).render()) == 503
    assert codes(office) == ["WITNESS_OTHER_ROOT"]


def test_a_log_that_floods_evidence_fills_no_disk(office: Home, log: History) -> None:
    checkpoint, held = log.checkpoint(5), log.note(5)
    with office.witness.state.turn() as turn:
        for number in range(EVIDENCE_MAX + 50):
            one = type(checkpoint)(ORIGIN, 5, number.to_bytes(32, "big"))
            turn.keep(Evidence(one, TWO_ROOTS, NOW, b"said", held))
    kept = office.witness.state.evidence()
    assert len(kept) == EVIDENCE_MAX and kept[0].checkpoint.root == bytes(32)


def test_long_notes_are_not_kept_as_they_came(office: Home, log: History) -> None:
    """Anybody may add lines below a note: the log's own again and again, or those of strangers."""
    ask(office.witness, log.request(0, 300))
    for history, size in ((log, 700), (log.fork(2), 300)):
        note = parse_note(history.note(size))
        stranger = cosign(note.text, Cosigner("x" * 5_000, private("x")), time=1)
        long = Note(note.text, (*note.signatures * 50, *[stranger] * 50)).render()
        proof = history.proof(300, size)
        ask(office.witness, AddCheckpoint(300, proof, long).render())
        compared(office, ORIGIN, Nowhere(), [see(long, where="d02", origin=ORIGIN, keys=KEYS)], now=NOW)
    head = office.witness.state.latest(ORIGIN)
    assert head is not None and len(parse_note(head.note).signatures) == 2
    kept = office.witness.state.evidence()
    assert kept and all(len(one.said) + len(one.held) < 5_000 for one in kept)


def test_a_fork_between_our_head_and_what_is_published_is_found(office: Home, log: History) -> None:
    """Ours 300, a district's fork 500, the log's tiles 700: neither pair alone can be compared by them."""
    pull(office, ORIGIN, log.files(300), now=at)
    fork = shown(log.fork(400), 500)
    found = compared(office, ORIGIN, log.files(700), [fork], now=NOW)
    assert [one.code for one in found.conflicts] == [DEPART] and convicted(office)


def test_tiles_taken_away_hide_nothing_from_a_mirror(office: Home, log: History) -> None:
    pull(office, ORIGIN, log.files(600), now=at, mirror=lambda _done, _total: None)
    swapped = log.fork(250).files(280)  # the log goes back and shows another history from then on
    assert one_exit(office, swapped) == 1 and codes(office) == [DEPART]


def one_exit(office: Home, source: Files) -> int:
    return compared(office, ORIGIN, source, (), now=NOW).exit


def test_a_district_the_logs_policy_leaves_out_is_asked_all_the_same(office: Home, log: History) -> None:
    other = Witness("d02", Cosigner("w02.example/malan", private("w02")).key, "http://127.0.0.1:1")
    logs = render_policy(Policy((Log(SIGNER.key),), (other,), (), "none"))
    (office.path / "logs.txt").write_bytes(logs)
    assert compared(open_home(office.path), ORIGIN, log.files(5), (), now=NOW).silent == ("d02",)


def test_who_waits_for_the_turn_signs_no_older_time(office: Home, log: History) -> None:
    """The clock is read in the turn: else the slower of two asks with an older time, and is told 503."""
    times = iter(range(NOW, NOW + 100))
    request = AddCheckpoint(0, (), log.note(300))
    entered = threading.Event()
    statuses: list[int] = []

    def late() -> None:
        entered.set()
        add_checkpoint(office.witness, AddCheckpoint(300, (), log.note(300)), now=lambda: next(times))
        statuses.append(200)

    thread = threading.Thread(target=late)
    add_checkpoint(office.witness, request, now=lambda: next(times))
    with office.witness.state.turn() as turn:
        thread.start()
        entered.wait(10)
        head = turn.latest(ORIGIN)
        assert head is not None
        turn.record(type(head)(head.checkpoint, head.note, next(times)), after=head)
    thread.join(20)
    assert statuses == [200] and office.witness.state.time() == NOW + 2


@pytest.mark.parametrize("mirror", [False, True])
def test_a_log_that_keeps_us_waiting_gets_no_older_time(office: Home, log: History, mirror: bool) -> None:
    """It holds the answer back for an hour, and decides only then what it shows."""
    clock, source = [NOW], log.files(700)
    fetch = source.fetch

    def slow(path: str) -> bytes | None:
        clock[0] += 3_600
        return fetch(path)

    source.fetch = slow  # type: ignore[method-assign]
    head = pull(
        office, ORIGIN, source, now=lambda: clock[0], mirror=(lambda _a, _b: None) if mirror else None
    )
    assert head.time == clock[0] > NOW


def test_a_round_that_cosigns_nothing_still_compares(
    tmp_path: Path, office: Home, log: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    pull(office, ORIGIN, log.files(300), now=at)
    asked: list[str] = []

    def heads(*_: object, **__: object) -> list[object]:
        asked.append("heads")
        return []

    monkeypatch.setattr("verify.witness.rounds.heads_of", heads)
    for place in (tmp_path / "empty", tmp_path / "not there"):
        (tmp_path / "empty").mkdir(exist_ok=True)
        silent = Home(office.path, office.witness, {ORIGIN: str(place)})
        done = one_round(silent, ORIGIN, now=at)
        assert done.exit == 2 and done.compared is not None
    assert asked == ["heads", "heads"]


def test_a_host_that_does_not_answer_is_not_asked_for_every_pair(office: Home, log: History) -> None:
    asked: list[str] = []

    class Dead(Nowhere):
        def fetch(self, path: str) -> bytes | None:
            asked.append(path)
            raise Unavailable("SOURCE_UNREACHABLE", "told by the test")

    heads = [shown(log, size) for size in range(100, 130)]
    found = compared(office, ORIGIN, Dead(), heads, now=NOW)
    assert len(found.unchecked) == 29 and len(asked) == 1


def test_a_host_that_takes_hours_is_not_waited_for(
    office: Home, log: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("verify.witness.rounds.COMPARE_SECONDS", -1.0)
    source = log.files(700)
    found = compared(office, ORIGIN, source, [shown(log, size) for size in (300, 600)], now=NOW)
    assert found.unchecked == ((300, 600),) and source.asked == []


def test_the_log_has_a_new_key_and_the_head_we_hold_is_by_the_old(office: Home, log: History) -> None:
    """The office took the old key out of logs.txt: mirror and evidence must not depend on it."""
    pull(office, ORIGIN, log.files(300), now=at, mirror=lambda _done, _total: None)
    newer = NoteSigner(ORIGIN, private("log, newer"))
    (office.path / "logs.txt").write_bytes(render_policy(Policy((Log(newer.key),), (), (), "none")))
    after = open_home(office.path)
    fork = log.fork(299)
    fork.signer = newer
    seen = see(fork.note(300), where="d02", origin=ORIGIN, keys=[newer.key])
    assert [one.code for one in compared(after, ORIGIN, Nowhere(), [seen], now=NOW).conflicts] == [TWO_ROOTS]
    assert convicted(after)
    log.signer = newer
    assert pull(after, ORIGIN, log.files(700), now=at, mirror=lambda _a, _b: None).checkpoint.size == 700


def test_a_name_in_the_policy_says_nothing_to_the_terminal(log: History) -> None:
    heads = [shown(log, 300, "d\x9b2J\u202e"), shown(log.fork(2), 300)]
    (conflict,) = compare(heads).conflicts
    assert "\x9b" not in explain(conflict) and "\u202e" not in explain(conflict)


def test_sign_note_is_what_the_log_does(log: History) -> None:
    """Control for the flood: fifty lines of one key are a note that opens."""
    note = Note(
        log.checkpoint(5).body(), parse_note(sign_note(log.checkpoint(5).body(), [SIGNER])).signatures * 50
    )
    assert see(note.render(), where="x", origin=ORIGIN, keys=KEYS).checkpoint.size == 5
