"""Several processes: restarted with a growing pause, stopped together, none left behind; and for real."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from ledger.errors import Unavailable
from registry.serving.processes import Processes
from tests.registry.served import Served
from tests.registry.stage import Stage

OBEDIENT = """
    import os, signal, socket, sys
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    line = socket.socket(fileno=int(sys.argv[2]))
    with open(sys.argv[3], "a") as file:
        file.write(f"{os.getpid()}\\n")
    line.sendall(b"ready\\n")
    line.recv(1)
"""
STUBBORN = f"{OBEDIENT}\n    import time\n    time.sleep(600)\n"


class Pack:
    """`Processes` in a process of its own: signals are for the main thread."""

    def __init__(self, tmp_path: Path, source: str, *, count: int = 2, stop_seconds: float = 5.0) -> None:
        self.started = tmp_path / "started"
        self.started.touch()
        worker = tmp_path / "worker.py"
        worker.write_text(textwrap.dedent(source))
        program = textwrap.dedent(f"""
            import os, sys
            from registry.serving import processes
            processes._GRACE_SECONDS = 0.0
            def command(number, line):
                return [sys.executable, {str(worker)!r}, str(number), str(line), {str(self.started)!r}]
            processes.Processes(
                command, {count}, inherited=[], environment=dict(os.environ),
                stop_seconds={stop_seconds}, pause_seconds=0.2,
                on_ready=lambda: print("all ready", flush=True),
            ).run()
        """)
        self.process = subprocess.Popen(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "all ready\n"

    def pids(self) -> list[int]:
        return [int(line) for line in self.started.read_text().split()]

    def stop(self, *how: signal.Signals) -> tuple[int, float]:
        begun = time.monotonic()
        for one in how:
            self.process.send_signal(one)
            time.sleep(0.5)
        self.process.communicate(timeout=30)
        return self.process.returncode, time.monotonic() - begun


def until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def lives(pid: int) -> bool:
    """A process that is gone but for its parent's knowledge does not live."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_one_that_ends_is_started_again_after_a_pause_that_grows(tmp_path: Path) -> None:
    pack = Pack(tmp_path, OBEDIENT)
    pauses = []
    for round_ in range(3):
        before, begun = pack.pids(), time.monotonic()
        os.kill(before[-1], signal.SIGKILL)
        until(lambda before=before: len(pack.pids()) == len(before) + 1)  # type: ignore[misc]
        pauses.append(time.monotonic() - begun)
        assert round_ == len(pack.pids()) - 3
    assert pauses[2] > pauses[0] + 0.3
    assert pack.stop(signal.SIGTERM)[0] == 0
    assert not any(lives(pid) for pid in pack.pids())


def test_those_that_do_not_stop_are_killed_in_time(tmp_path: Path) -> None:
    pack = Pack(tmp_path, STUBBORN, stop_seconds=1.0)
    code, seconds = pack.stop(signal.SIGTERM)
    assert code == 0
    assert 1.0 < seconds < 5
    assert not any(lives(pid) for pid in pack.pids())


def test_a_second_signal_kills_at_once(tmp_path: Path) -> None:
    pack = Pack(tmp_path, STUBBORN, stop_seconds=60.0)
    assert pack.stop(signal.SIGTERM, signal.SIGTERM)[1] < 5
    assert not any(lives(pid) for pid in pack.pids())


def test_when_the_one_that_started_them_dies_they_stop(tmp_path: Path) -> None:
    pack = Pack(tmp_path, OBEDIENT)
    pids = pack.pids()
    assert all(lives(pid) for pid in pids)
    pack.stop(signal.SIGKILL)
    until(lambda: not any(lives(pid) for pid in pids))


def test_when_none_ever_serves_nothing_is_tried_again(tmp_path: Path) -> None:
    begun: list[int] = []

    def command(number: int, _line: int) -> list[str]:
        begun.append(number)
        return [sys.executable, "-c", "raise SystemExit(2)"]

    with pytest.raises(Unavailable) as error:
        Processes(command, 2, inherited=[], environment=dict(os.environ), stop_seconds=1.0).run()
    assert error.value.code == "WORKER_START"
    assert sorted(begun) == [1, 2]


def ask(address: str, path: str = "/readyz") -> Any:
    return httpx.get(f"{address}{path}", timeout=30)


def test_two_processes_share_address_database_publisher_and_metrics(stage: Stage) -> None:
    stage.publish()
    home = stage.service.settings.home
    with Served(home, ("--processes", "2")) as served:
        assert served.told["processes"] == 2
        answers: list[int] = []
        askers = [
            threading.Thread(
                target=lambda: answers.extend(ask(served.address).status_code for _ in range(10))
            )
            for _ in range(4)
        ]
        for one in askers:
            one.start()
        for one in askers:
            one.join()
        assert answers == [200] * 40
        text = ask(served.address, "/metrics").text
        counted = 'malan_requests_total{method="GET",route="/readyz",status="200"} 40.0'
        assert counted in text
        children = Path(f"/proc/{served.process.pid}/task/{served.process.pid}/children").read_text().split()
        assert len(children) == 2
        os.kill(int(children[0]), signal.SIGKILL)
        until(lambda: ask(served.address).status_code == 200)
        assert served.stop() == 0
    ended = [line for line in served.lines if line["event"] == "process_ended"]
    assert [(line["code"], line["level"]) for line in ended] == [(-9, "error")]
    assert {line["process"] for line in served.lines if line["event"] == "request"} <= {1, 2}
    assert not any(lives(int(pid)) for pid in children)
    assert json.dumps(served.lines[-1]).count("stopped") == 1
