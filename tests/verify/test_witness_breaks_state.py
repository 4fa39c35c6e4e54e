"""Attacks on what a witness remembers: races, kills, a full disk, files put back, linked or open."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ledger.add_checkpoint import AddCheckpoint
from ledger.checkpoint import check_cosignature
from ledger.errors import MalanError, Unavailable
from ledger.note import NoteSigner, parse_signature_line
from ledger.policy import Log, Policy, render_policy
from tests.verify.witnessing import NOW, ORIGIN, SIGNER, History, home, private
from verify.witness.answering import answer
from verify.witness.home import Home, open_home
from verify.witness.pulling import pull

_FULL = os.environ.get("MALAN_CAMPAIGN") == "full"


def at() -> int:
    return NOW


@pytest.fixture
def log() -> History:
    return History().grow(700)


@pytest.fixture
def office(tmp_path: Path) -> Home:
    return home(tmp_path / "w")


_WORKER = """
import sys, json
from pathlib import Path
from ledger.add_checkpoint import AddCheckpoint
from tests.verify.witnessing import NOW, ORIGIN, History
from verify.witness.answering import answer
from verify.witness.home import open_home
from verify.witness.pulling import pull
folder, fork, mirror, steps = Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "mirror", int(sys.argv[4])
home = open_home(folder)
log = History().grow(20)
log = log.fork(20, fork)
log.grow(20 + steps)
for size in range(21, 21 + steps):
    if mirror:
        try:
            pull(home, ORIGIN, log.files(size), now=lambda: NOW, mirror=lambda a, b: None)
            said = home.witness.state.latest(ORIGIN).note.decode().splitlines()[-1]
        except Exception as error:
            continue
        body = None
    else:
        latest = home.witness.state.latest(ORIGIN)
        old = latest.checkpoint.size if latest else 0
        if old > size:
            continue
        told = answer(home.witness, log.request(old, size), now=lambda: NOW)
        if told.status != 200:
            continue
        said = told.body.decode().strip()
    print(json.dumps([fork, size, said]), flush=True)
"""


def race(left: Path, right: Path, *, steps: int, kill: random.Random | None = None) -> set[tuple[str, int]]:
    """Two histories, each fed by a process that serves and one that pulls and mirrors; who got a line."""
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", _WORKER, str(folder), fork, how, str(steps)],
            env={**os.environ, "PYTHONPATH": "."},
            stdout=subprocess.PIPE,
            text=True,
        )
        for fork, folder in (("left", left), ("right", right))
        for how in ("serve", "mirror")
    ]
    if kill is not None:
        time.sleep(0.5)
        for worker in kill.sample(workers, 2):
            time.sleep(kill.random() * 0.4)
            worker.send_signal(signal.SIGKILL)
    lines = [line for worker in workers for line in worker.communicate(timeout=200)[0].splitlines()]
    key = open_home(left).witness.cosigner.key
    found = set()
    for text in lines:
        fork, size, said = json.loads(text)
        line = parse_signature_line(said)
        body = History().grow(20).fork(20, fork).checkpoint(size).body()
        try:
            check_cosignature(body, line, key)
        except MalanError:
            continue  # what `latest` showed was by then the head of another process
        found.add((fork, size))
    return found


@pytest.mark.parametrize("seed", range(8 if _FULL else 1))
def test_serve_and_pull_on_one_home_killed_at_any_time_cosign_one_history(office: Home, seed: int) -> None:
    answer(office.witness, History().grow(20).request(0, 20), now=at)
    got = race(office.path, office.path, steps=25, kill=random.Random(seed))
    got |= race(office.path, office.path, steps=25)
    assert len({fork for fork, _ in got}) == 1 and len(got) > 1
    head = open_home(office.path).witness.state.latest(ORIGIN)
    assert head is not None and head.checkpoint.size >= max(size for _, size in got)
    assert head.checkpoint == History().grow(20).fork(20, got.pop()[0]).checkpoint(head.checkpoint.size)


def test_control_from_two_copies_of_the_folder_both_histories_get_a_line(
    office: Home, tmp_path: Path
) -> None:
    answer(office.witness, History().grow(20).request(0, 20), now=at)
    shutil.copytree(office.path, tmp_path / "copy")
    got = race(office.path, tmp_path / "copy", steps=2)
    assert {fork for fork, _ in got} == {"left", "right"}


@pytest.mark.xfail(
    strict=True,
    reason="A whole folder copied and run twice is one key with two memories; no file in it can tell. Whoever"
    " compares heads sees it (two roots, or one that departs), and our own line coming back retires us.",
)
def test_a_copied_folder_does_not_cosign_another_history(office: Home, tmp_path: Path, log: History) -> None:
    pull(office, ORIGIN, log.files(300), now=at)
    shutil.copytree(office.path, tmp_path / "copy")
    answer(office.witness, log.request(300, 400), now=at)
    assert answer(open_home(tmp_path / "copy").witness, log.fork(300).request(300, 400), now=at).status != 200


_FULL_DISK = """
import resource, sys
from pathlib import Path
from tests.verify.witnessing import NOW, History
from verify.witness.answering import answer
from verify.witness.home import open_home
home = open_home(Path(sys.argv[1]))
log = History().grow(60)
size = Path(sys.argv[1], "witness.db").stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
old, statuses = 0, []
for new in range(1, 60):
    statuses.append(answer(home.witness, log.request(old, new), now=lambda: NOW).status)
    if statuses[-1] != 200:
        break
    old = new
print(old, statuses[-1])
"""


def test_on_a_full_disk_nothing_is_answered_and_nothing_is_lost(office: Home) -> None:
    code = [sys.executable, "-c", _FULL_DISK, str(office.path)]
    ended = subprocess.run(
        code, env={**os.environ, "PYTHONPATH": "."}, check=True, capture_output=True, text=True
    )
    old, status = (int(word) for word in ended.stdout.split())
    assert status == 503
    again = open_home(office.path).witness
    head = again.state.latest(ORIGIN)
    assert (0 if head is None else head.checkpoint.size) == old
    assert answer(again, History().request(old, 60), now=at).status == 200


def test_an_old_memory_put_back_is_noticed_without_the_logs_help(office: Home, log: History) -> None:
    """The log would strip our line off before it asks us for its other history."""
    pull(office, ORIGIN, log.files(300), now=at)
    state = office.path / "witness.db"
    kept = state.read_bytes()
    pull(office, ORIGIN, log.files(700), now=at)
    state.write_bytes(kept)
    with pytest.raises(Unavailable) as refused:
        open_home(office.path)
    assert refused.value.code == "WITNESS_STATE_LOST"
    (office.path / "cosigned").rename(office.path / "elsewhere")  # and it stays so
    assert answer(open_home(office.path).witness, log.fork(400).request(300, 500), now=at).status == 503


def test_an_old_memory_put_back_under_a_running_witness_is_noticed(office: Home, log: History) -> None:
    state = office.path / "witness.db"
    answer(office.witness, log.request(0, 300), now=at)
    kept = state.read_bytes()
    answer(office.witness, log.request(300, 400), now=lambda: NOW + 1)
    state.write_bytes(kept)
    told = answer(office.witness, log.fork(300).request(300, 500), now=lambda: NOW + 2)
    assert (told.status, told.body) == (503, b"WITNESS_STATE_LOST\n")


def test_control_what_others_put_there_retires_nobody(office: Home, log: History) -> None:
    pull(office, ORIGIN, log.files(300), now=at)
    for junk in (b"", b"junk", log.note(700), log.fork(2).note(300)):
        office.cosigned(ORIGIN).write_bytes(junk)
        assert open_home(office.path).witness.state.retired() is None


def test_a_second_name_of_the_state_is_refused(office: Home, tmp_path: Path, log: History) -> None:
    """`cp -al`, a snapshot by links: the other name has no journal, so half a turn would be read."""
    (tmp_path / "copy").mkdir(mode=0o700)
    for name in ("witness.key", "logs.txt"):
        shutil.copy2(office.path / name, tmp_path / "copy" / name)
    os.link(office.path / "witness.db", tmp_path / "copy" / "witness.db")
    with pytest.raises(Unavailable):
        open_home(tmp_path / "copy")
    assert answer(office.witness, log.request(0, 5), now=at).status == 503


def test_two_paths_to_one_folder_are_one_witness(office: Home, tmp_path: Path, log: History) -> None:
    (tmp_path / "link").symlink_to(office.path)
    (tmp_path / "third").mkdir(mode=0o700)
    for name in ("witness.key", "logs.txt"):
        shutil.copy2(office.path / name, tmp_path / "third" / name)
    (tmp_path / "third" / "witness.db").symlink_to(office.path / "witness.db")
    assert answer(office.witness, log.request(0, 300), now=at).status == 200
    for place in ("link", "third"):
        other = open_home(tmp_path / place).witness
        assert answer(other, AddCheckpoint(300, (), log.fork(2).note(300)).render(), now=at).status == 422


@pytest.mark.parametrize(
    ("name", "mode"), [("", 0o770), ("", 0o707), ("witness.db", 0o660), ("witness.db", 0o602)]
)
def test_a_memory_others_may_change_is_refused(office: Home, name: str, mode: int) -> None:
    (office.path / name).chmod(mode)
    with pytest.raises(Unavailable) as refused:
        open_home(office.path)
    assert refused.value.code == "HOME_OPEN_TO_OTHERS"


def test_no_umask_opens_the_key(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        made = home(tmp_path / "w").path
    finally:
        os.umask(before)
    assert [(made / name).stat().st_mode & 0o777 for name in ("", "witness.key", "witness.db")] == [
        0o700,
        0o600,
        0o600,
    ]
    assert [one.name for one in made.iterdir() if one.name.startswith(".")] == []


def test_a_new_key_of_the_log_does_not_begin_a_new_history(office: Home, log: History) -> None:
    answer(office.witness, log.request(0, 300), now=at)
    newer = NoteSigner(ORIGIN, private("log, newer"))
    logs = render_policy(Policy((Log(SIGNER.key), Log(newer.key)), (), (), "none"))
    (office.path / "logs.txt").write_bytes(logs)
    again = open_home(office.path).witness
    fork = History(log.entries[:200], signer=newer)
    fork.name = "other"
    assert answer(again, fork.request(0, 400), now=at).status == 409
    assert answer(again, fork.request(300, 400), now=at).status == 422
    honest = History(log.entries, signer=newer)
    assert answer(again, honest.request(300, 400), now=at).status == 200


def test_one_key_for_two_logs_is_refused(office: Home) -> None:
    twin = NoteSigner("other.example/log", private("log"))
    lines = f"log {SIGNER.key.vkey}\nlog {twin.key.vkey}\nquorum none\n"
    (office.path / "logs.txt").write_text(lines)
    with pytest.raises(MalanError) as refused:
        open_home(office.path)
    assert refused.value.code == "POLICY_KEY_TWICE"


@pytest.mark.parametrize(("now", "status"), [(2**63 - 1, 200), (2**63, 400), (-1, 503)])
def test_a_clock_at_the_ends_of_time(office: Home, log: History, now: int, status: int) -> None:
    """Nothing is signed that has no spelling; after the end of time only a new key helps."""
    assert answer(office.witness, log.request(0, 5), now=lambda: now).status == status
    head = office.witness.state.latest(ORIGIN)
    assert (head is not None) == (status == 200)
    assert answer(office.witness, log.request(0 if head is None else 5, 5), now=at).status == (
        503 if status == 200 else 200
    )


def test_size_zero_is_a_size(office: Home, log: History) -> None:
    for _ in range(2):
        assert answer(office.witness, log.request(0, 0), now=at).status == 200
    assert answer(office.witness, log.request(0, 300), now=at).status == 200
    assert answer(office.witness, log.request(0, 0), now=at).body == b"300\n"
    assert answer(office.witness, log.fork(0).request(0, 300), now=at).status == 409
