"""`malan-verify witness` as an office runs it: a folder as the log, and a server that is stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from ledger.add_checkpoint import AddCheckpoint
from ledger.note import NoteSigner, parse_note
from ledger.policy import Log, Policy, render_policy
from tests.verify.witnessing import NOW, SIGNER, History, home, policy_of, private
from verify.__main__ import main
from verify.witness.pulling import pull
from verify.witness.serving import Server

NAME = "w01.example/malan"


@dataclass
class Office:
    """A folder with a log of 300 entries and its key, and the program run beside it."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    capfd: pytest.CaptureFixture[str]

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def witness(self) -> Path:
        return self.folder / "office" / "witness"

    def run(self, *words: str) -> tuple[int, str, str]:
        self.monkeypatch.setattr("sys.argv", ["malan-verify", "witness", *words])
        try:
            main()
            code: object = 0
        except SystemExit as ended:
            code = ended.code
        out, err = self.capfd.readouterr()
        assert isinstance(code, int) and "Traceback" not in err
        return code, out, err

    def json(self, *words: str) -> tuple[int, dict[str, Any]]:
        code, out, _ = self.run(*words, "--json")
        found: dict[str, Any] = json.loads(out)
        return code, found

    def init(self) -> Office:
        code, out, err = self.run("init", "--name", NAME, "--log", "log.vkey", "--url", str(self.log))
        assert code == 0 and out.startswith(f"{NAME}+") and "witness.db" in err
        return self


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Office:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MALAN_HOME", str(tmp_path / "office"))
    (tmp_path / "log.vkey").write_text(SIGNER.key.vkey + "\n")
    History().files(300).write(tmp_path / "log")
    return Office(tmp_path, monkeypatch, capfd)


def test_an_office_behind_a_firewall(office: Office) -> None:
    office.init()
    code, _, err = office.run("init", "--name", NAME, "--log", "log.vkey")
    assert code == 2 and "HOME_NOT_EMPTY" in err and "→" in err
    code, told = office.json("pull", "--once", "--mirror")
    (one,) = told["logs"]
    assert (code, one["size"], one["codes"], one["exit"]) == (0, 300, [], 0)
    # The mirror is a log anybody can read.
    (mirror,) = (office.witness / "mirror").glob("[0-9a-f]*")
    assert parse_note((mirror / "checkpoint").read_bytes()).text == History().checkpoint(300).body()
    # The log forks.
    History().grow(300).fork(299).files(400).write(office.log)
    code, told = office.json("pull", "--once")
    assert code == 1 and told["logs"][0]["codes"] == ["OLD_ROOT"]
    code, told = office.json("status")
    assert code == 1 and [one["size"] for one in told["evidence"]] == [400]
    _, out, _ = office.run("status")
    assert "EVIDENCE HEADS_DEPART" in out and "size 300" in out


def test_heads_of_other_districts(office: Office) -> None:
    office.init().run("pull", "--once")
    other, friend = office.folder / "other.txt", office.folder / "friend.txt"
    friend.write_bytes(History().note(200))
    other.write_bytes(History().grow(300).fork(299).note(300))
    assert office.run("compare", "friend.txt")[0] == 0
    code, out, err = office.run("compare", "other.txt", "friend.txt", "--json")
    assert code == 1 and "HEADS_TWO_ROOTS" in err
    assert json.loads(out)["logs"][0]["conflicts"] == ["HEADS_TWO_ROOTS"]
    assert "HEADS_TWO_ROOTS" in office.run("status")[1]
    other.write_bytes(b"some junk")
    code, _, err = office.run("compare", "other.txt", "friend.txt")
    assert code == 2 and "junk" not in err  # what cannot be read is not "all is well"


@contextmanager
def listening(server: Server) -> Iterator[str]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_witnesses_of_the_policy_are_compared_with(office: Office) -> None:
    """Another district that serves has cosigned a fork of what we are shown."""
    office.init()
    elsewhere = home(office.folder / "elsewhere", "w02.example/malan")
    pull(elsewhere, SIGNER.name, History().grow(300).fork(250).files(300), now=lambda: NOW)
    with listening(Server(elsewhere, "127.0.0.1", 0, quiet=True)) as url:
        policy = policy_of([elsewhere.witness.cosigner], needed=1, urls={"w02.example/malan": url})
        (office.folder / "policy.txt").write_bytes(render_policy(policy))
        code, told = office.json("pull", "--once")
    assert code == 1
    assert told["logs"][0]["compared"]["conflicts"] == ["HEADS_TWO_ROOTS"]
    # A district that is silent is named, and no reason to stop.
    other = History().grow(300).fork(299)
    assert other.name and office.json("compare")[1]["logs"][0]["silent"] == ["d01"]


@contextmanager
def serving(home_of: Path) -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "verify", "witness", "serve", "--port", "0"],
        env={**os.environ, "MALAN_HOME": str(home_of), "PYTHONPATH": str(Path(__file__).parents[2])},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        yield process.stderr.readline().split()[-1]
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        process.stderr.close()


def test_serve_answers_and_stops_when_told(office: Office) -> None:
    office.init()
    with serving(office.folder / "office") as url:
        ours = AddCheckpoint(0, (), History().note(300)).render()
        told = httpx.post(f"{url}/add-checkpoint", content=ours)
        assert told.status_code == 200 and told.text.startswith("— " + NAME)
        assert httpx.post(f"{url}/add-checkpoint", content=ours).text == "300\n"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("status",), "FILE_READ"),
        (("pull", "--once"), "FILE_READ"),
        (("init", "--name", "two words", "--log", "log.vkey"), "KEY_NAME"),
        (("init", "--name", NAME, "--log", "no.such.file"), "FILE_READ"),
        (("init", "--name", NAME, "--log", "a+b+c"), "VKEY"),
        (("init", "--name", NAME, "--log", "log.vkey", "--url", "two words"), "WITNESS_URL"),
    ],
)
def test_what_people_get_wrong(office: Office, words: tuple[str, ...], code: str) -> None:
    ended, out, err = office.run(*words)
    assert (ended, out) == (2, "") and code in err
    office.init()  # nothing was left behind that stands in the way


def test_lost_state(office: Office) -> None:
    office.init()
    (office.witness / "witness.db").unlink()
    for words in (("status",), ("pull", "--once"), ("serve", "--port", "0")):
        ended, _, err = office.run(*words)
        assert ended == 2 and "WITNESS_STATE_LOST" in err


def test_a_log_without_an_address(office: Office) -> None:
    office.run("init", "--name", NAME, "--log", "log.vkey")
    ended, _, err = office.run("pull", "--once")
    assert ended == 2 and "WITNESS_NO_URL" in err


def test_one_log_does_not_end_the_round_of_another(office: Office) -> None:
    office.init()
    other = NoteSigner("other.example/log", private("other"))
    logs = (Log(other.key, "x" * 5_000), Log(SIGNER.key, str(office.log)))  # an OSError of no kind we know
    (office.witness / "logs.txt").write_bytes(render_policy(Policy(logs, (), (), "none")))
    code, told = office.json("pull", "--once")
    assert code == 2 and [one["size"] for one in told["logs"]] == [None, 300]
