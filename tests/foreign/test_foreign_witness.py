"""Other people's witnesses cosign our checkpoints, and our witness serves their feeder (aics-witness)."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ledger.checkpoint import open_checkpoint, parse_cosigner_vkey
from ledger.heads import TWO_ROOTS, compare, see
from ledger.note import parse_note
from ledger.policy import Group, Log, Policy, Witness, satisfied
from tests.foreign.setup import HERE, NEWER_PYTHON, newer_python
from tests.verify.witnessing import ORIGIN, SIGNER, History, home
from verify.witness.asking import Answered, Sizes, ask_all, heads_of
from verify.witness.serving import Server

pytestmark = pytest.mark.foreign


@pytest.fixture(autouse=True)
def needed() -> None:
    if NEWER_PYTHON.exists():
        return
    reason = "no environment with aics-witness; run make foreign with a Python of at least 3.12"
    if os.environ.get("MALAN_CI") and newer_python() is not None:
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def ours(folder: Path) -> Iterator[tuple[str, Server]]:
    server = Server(home(folder), "127.0.0.1", 0, quiet=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def feed(log: Path, url: str, vkey: str) -> subprocess.CompletedProcess[str]:
    words = [str(NEWER_PYTHON), "feed_aics.py", str(log), url, vkey]
    return subprocess.run(words, cwd=HERE, capture_output=True, text=True, check=False, timeout=60)


def test_our_witness_serves_a_foreign_feeder(tmp_path: Path) -> None:
    log = History().grow(600)
    with ours(tmp_path / "w") as (url, server):
        key = server.home.witness.cosigner.key
        for size in (1, 300, 300, 600):
            done = feed(log.files(size).write(tmp_path / f"log{size}"), url, key.vkey)
            assert done.returncode == 0 and done.stdout.startswith(f"— {key.name} "), done.stderr
        assert feed(tmp_path / "log300", url, key.vkey).stderr.endswith("ahead 600\n")
        for size in (600, 700):
            fork = log.fork(299).files(size).write(tmp_path / f"fork{size}")
            assert feed(fork, url, key.vkey).stderr.endswith("rejected 422\n")
        assert len(server.home.witness.state.evidence()) == 2
        # Control: a line by another key than the feeder expects is no cosignature to it.
        other = home(tmp_path / "other", "w99.example/malan").witness.cosigner.key
        assert feed(tmp_path / "log600", url, other.vkey).returncode != 0


@contextmanager
def theirs(folder: Path, number: int) -> Iterator[Witness]:
    """A running aics-witness that watches our log."""
    folder.mkdir()
    tool, config = NEWER_PYTHON.parent / "aics-witness", ["--config", str(folder / "witness.json")]
    port = _free_port()

    def run(*words: str) -> str:
        done = subprocess.run([str(tool), *words, *config], capture_output=True, text=True, check=True)
        return done.stdout

    name = f"d{number:02}.foreign.example/w"
    vkey = run("init", "--name", name, "--listen", f"127.0.0.1:{port}").split("\n")[0].strip()
    run("add-log", "--origin", ORIGIN, "--vkey", SIGNER.key.vkey)
    process = subprocess.Popen(
        [str(tool), "serve", *config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        witness = Witness(f"d{number:02}", parse_cosigner_vkey(vkey), f"http://127.0.0.1:{port}")
        _wait_for(witness)
        yield witness
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(witness: Witness) -> None:
    for _ in range(200):
        (told,) = heads_of([witness], origin=ORIGIN, log_keys=[SIGNER.key])
        if told.code != "WITNESS_UNREACHABLE":
            return
        time.sleep(0.05)
    pytest.fail("aics-witness does not answer")


def ask(log: History, size: int, witnesses: list[Witness], sizes: Sizes) -> list[Answered]:
    return ask_all(
        log.note(size),
        log_keys=[SIGNER.key],
        fetch=log.files(size).fetch,
        witnesses=witnesses,
        sizes=sizes,
    )


def test_foreign_witnesses_cosign_our_checkpoints(tmp_path: Path) -> None:
    log, sizes = History().grow(600), Sizes()
    with theirs(tmp_path / "1", 1) as one, theirs(tmp_path / "2", 2) as two:
        for size in (1, 256, 257, 257, 600):
            told = ask(log, size, [one, two], sizes)
            assert [answer.code for answer in told] == [None, None]
        # Unknown sizes are read from their 409; a smaller checkpoint and a fork are told apart.
        assert [answer.code for answer in ask(log, 600, [one, two], Sizes())] == [None, None]
        assert {answer.code for answer in ask(log, 300, [one], Sizes())} == {"WITNESS_AHEAD"}
        fork = ask(log.fork(299), 600, [one], Sizes())[0]
        assert fork.code == "WITNESS_CONFLICT" and fork.head is not None
        shown = see(log.fork(299).note(600), where="us", origin=ORIGIN, keys=[SIGNER.key])
        assert [found.code for found in compare([shown, fork.head]).conflicts] == [TWO_ROOTS]
        lines = [answer.line for answer in told if answer.line is not None]
        note = parse_note(log.note(600)).with_lines(lines).render()
        policy = _policy([one, two])
        opened = open_checkpoint(note, log_keys=policy.log_keys, cosigners=policy.cosigner_keys)
        assert satisfied(policy, [found.name for found in opened.cosignatures])
        _read_by_aics(tmp_path, log, note, [one, two])


def _policy(witnesses: list[Witness]) -> Policy:
    group = Group("all", len(witnesses), tuple(one.name for one in witnesses))
    return Policy((Log(SIGNER.key),), tuple(witnesses), (group,), "all")


def _read_by_aics(folder: Path, log: History, note: bytes, witnesses: list[Witness]) -> None:
    """A third reader of our log: checkpoint under its quorum, entries with their proofs."""
    place = log.files(600).write(folder / "log")
    (place / "checkpoint").write_bytes(note)
    (folder / "log.vkey").write_text(SIGNER.key.vkey + "\n")
    policy = {"quorum": 2, "witnesses": [one.key.vkey for one in witnesses], "max_checkpoint_age": 3600}
    (folder / "policy.json").write_text(json.dumps(policy))
    tool, where = NEWER_PYTHON.parent / "aics-tlog", ["--tiles", str(place)]
    key, known = ["--vkey-file", str(folder / "log.vkey")], ["--policy-file", str(folder / "policy.json")]

    def run(*words: str) -> int:
        return subprocess.run([str(tool), *words], capture_output=True, text=True, check=False).returncode

    assert run("verify-checkpoint", *where, *key, *known) == 0
    for index in (0, 255, 256, 599):
        assert run("verify-inclusion", *where, *key, "--index", str(index)) == 0
    bundle = place / "tile/entries/002.p/88"
    bundle.write_bytes(bundle.read_bytes().replace(b"main", b"evil", 1))
    assert run("verify-inclusion", *where, *key, "--index", "512") != 0
