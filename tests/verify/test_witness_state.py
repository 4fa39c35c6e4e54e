"""What a witness remembers: whoever asks at once, whatever dies, and whoever edits the file."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest

from ledger.add_checkpoint import AddCheckpoint
from ledger.errors import MalanError, Unavailable
from tests.verify.witnessing import NOW, ORIGIN, History, home, witness
from verify.witness.answering import answer
from verify.witness.home import open_home
from verify.witness.state import State, create


@pytest.fixture
def log() -> History:
    return History().grow(600)


def test_two_at_once_from_one_size_are_not_both_answered(tmp_path: Path, log: History) -> None:
    """The race spelled out in tlog-witness: the smaller of two must not come after the larger."""
    district = witness(tmp_path / "w")
    answer(district, log.request(0, 300), now=lambda: NOW)
    bodies = [log.request(300, size) for size in range(301, 333)]
    gate, statuses = threading.Barrier(len(bodies)), Counter[int]()

    def ask(body: bytes) -> None:
        gate.wait()
        statuses[answer(district, body, now=lambda: NOW).status] += 1

    threads = [threading.Thread(target=ask, args=(body,)) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == {200: 1, 409: 31}


def test_control_without_the_exclusive_turn_several_are(
    tmp_path: Path, log: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reads before anybody writes, and writes without asking: what the state is there to prevent."""
    district = witness(tmp_path / "w")
    answer(district, log.request(0, 300), now=lambda: NOW)
    old = district.state.latest(ORIGIN)
    monkeypatch.setattr("verify.witness.state.Turn.latest", lambda *_: old)
    monkeypatch.setattr("verify.witness.state.Turn.record", lambda *_, **__: None)
    statuses = [answer(district, log.request(300, size), now=lambda: NOW).status for size in (400, 350)]
    assert statuses == [200, 200]


def test_the_file_refuses_what_the_program_would_not_do(tmp_path: Path, log: History) -> None:
    district = witness(tmp_path / "w")
    for old, new in ((0, 300), (300, 400)):
        answer(district, log.request(old, new), now=lambda: NOW)
    answer(district, log.fork(3).request(400, 400), now=lambda: NOW)
    with sqlite3.connect(tmp_path / "w" / "witness.db") as db:
        for change in (
            "DELETE FROM head",
            "UPDATE head SET root = zeroblob(32)",
            "UPDATE head SET size = 10 WHERE size = 400",
            "INSERT INTO head SELECT origin, 350, root, note, time FROM head WHERE size = 300",
            "UPDATE witness SET time = 0",
            "UPDATE witness SET vkey = 'x'",
            "DELETE FROM witness",
            "DELETE FROM evidence",
            "UPDATE evidence SET code = 'X'",
        ):
            with pytest.raises(sqlite3.IntegrityError):
                db.execute(change)


def test_lost_state_is_never_made_anew(tmp_path: Path) -> None:
    folder = tmp_path / "w"
    home(folder)
    (folder / "witness.db").unlink()
    with pytest.raises(Unavailable) as lost:
        open_home(folder)
    assert lost.value.code == "WITNESS_STATE_LOST" and "Retire this key" in lost.value.fix
    assert not (folder / "witness.db").exists()


@pytest.mark.parametrize("content", [b"", b"not a database at all, but long enough to be taken for one" * 20])
def test_a_torn_state_is_no_state(tmp_path: Path, content: bytes) -> None:
    folder = tmp_path / "w"
    home(folder)
    (folder / "witness.db").write_bytes(content)
    with pytest.raises(Unavailable):
        open_home(folder)


def test_the_state_of_another_key_is_not_ours(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    home(one, "w01.example/malan")
    home(other, "w02.example/malan")
    (other / "witness.db").replace(one / "witness.db")
    with pytest.raises(Unavailable) as lost:
        open_home(one)
    assert lost.value.code == "WITNESS_STATE_LOST"


def test_the_state_disappears_while_it_serves(tmp_path: Path, log: History) -> None:
    district = witness(tmp_path / "w")
    answer(district, log.request(0, 300), now=lambda: NOW)
    (tmp_path / "w" / "witness.db").unlink()
    told = answer(district, log.request(300, 400), now=lambda: NOW)
    assert (told.status, told.body) == (503, b"WITNESS_STATE_LOST\n")


def test_init_only_in_an_empty_folder(tmp_path: Path) -> None:
    home(tmp_path / "w")
    with pytest.raises(MalanError) as refused:
        home(tmp_path / "w")
    assert refused.value.code == "HOME_NOT_EMPTY"
    with pytest.raises(Unavailable):
        create(tmp_path / "w" / "witness.db", vkey="x")


def test_a_key_others_may_read_is_refused(tmp_path: Path) -> None:
    home(tmp_path / "w")
    (tmp_path / "w" / "witness.key").chmod(0o640)
    with pytest.raises(Unavailable) as refused:
        open_home(tmp_path / "w")
    assert refused.value.code == "KEY_OPEN_TO_OTHERS"


@pytest.mark.parametrize("change", [b"\n", b"x", b""])
def test_a_key_has_one_spelling(tmp_path: Path, change: bytes) -> None:
    home(tmp_path / "w")
    key = tmp_path / "w" / "witness.key"
    data = key.read_bytes()
    key.write_bytes(data + change if change else data[:-2] + b"\n")
    with pytest.raises(MalanError) as refused:
        open_home(tmp_path / "w")
    assert refused.value.code == "WITNESS_KEY"


_DIES = """
import os, signal, sys
from pathlib import Path
from contextlib import contextmanager
from tests.verify.witnessing import NOW, History
from verify.witness.answering import answer
from verify.witness.home import open_home

home = open_home(Path(sys.argv[1]))
whole = home.witness.state.turn

@contextmanager
def turn():
    with whole() as inside:
        yield inside
        if sys.argv[2] == "before":
            os.kill(os.getpid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)

home.witness.state.turn = turn
answer(home.witness, History().request(0, 300), now=lambda: NOW)
"""


@pytest.mark.parametrize(("when", "size"), [("before", None), ("after", 300)])
def test_killed_around_the_commit(tmp_path: Path, when: str, size: int | None) -> None:
    home(tmp_path / "w")
    code = [sys.executable, "-c", _DIES, str(tmp_path / "w"), when]
    ended = subprocess.run(code, env={**os.environ, "PYTHONPATH": "."}, check=False)
    assert ended.returncode == -signal.SIGKILL
    again = open_home(tmp_path / "w").witness
    head = again.state.latest(ORIGIN)
    assert (None if head is None else head.checkpoint.size) == size
    fork = AddCheckpoint(size or 0, (), History().fork(0).note(300)).render()
    assert answer(again, fork, now=lambda: NOW).status == (422 if size else 200)


def test_an_old_copy_of_the_state_is_found_out_by_our_own_line(tmp_path: Path, log: History) -> None:
    folder = tmp_path / "w"
    district = witness(folder)
    answer(district, log.request(0, 300), now=lambda: NOW)
    kept = (folder / "witness.db").read_bytes()
    answer(district, log.request(300, 600), now=lambda: NOW)
    head = district.state.latest(ORIGIN)
    assert head is not None
    (folder / "witness.db").write_bytes(kept)
    again = open_home(folder).witness
    shown = AddCheckpoint(300, log.proof(300, 600), head.note).render()  # the log's own, with our line on it
    assert answer(again, shown, now=lambda: NOW).body == b"WITNESS_STATE_LOST\n"
    assert isinstance(again.state, State) and again.state.retired() is not None
