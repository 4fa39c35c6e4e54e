"""A stop: what is under way is answered and kept, exit 0; a second signal, or a kill, ends at once."""

from __future__ import annotations

import json
import signal
import socket
import time
from pathlib import Path

import httpx
import pytest

from ledger.store import read_head
from registry.service import open_service
from registry.settings import read_settings
from tests.registry.served import Served
from tests.registry.stage import Stage, dismissal, item


@pytest.fixture
def body(stage: Stage) -> bytes:
    """A statement nobody has sent yet, dated now."""
    stage.world.now = time.time_ns() // 10**6
    stage.hands.set(stage.world.now)
    return json.dumps(item(dismissal(stage))).encode()


@pytest.fixture
def home(stage: Stage, body: bytes) -> Path:
    stage.publish()
    return stage.service.settings.home


class UnderWay:
    """A request whose head and half of whose body was sent."""

    def __init__(self, port: int, body: bytes) -> None:
        self._rest = body[len(body) // 2 :]
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        head = (
            f"POST /api/statements HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-type: application/json\r\n"
        )
        self._socket.sendall(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body[: len(body) // 2])

    def finish(self) -> bytes:
        """Sends the rest; the answer, empty when nobody answers any more."""
        try:
            self._socket.sendall(self._rest)
            answer = b""
            while data := self._socket.recv(65_536):
                answer += data
        except OSError:
            return b""
        finally:
            self._socket.close()
        return answer


def entries(home: Path) -> int:
    service = open_service(read_settings(home=home))
    try:
        with service.database.reading() as connection:
            return read_head(connection, service.origin).size
    finally:
        service.close()


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_request_under_way_is_answered_and_kept_and_nothing_new_is_accepted(
    home: Path, body: bytes, processes: str
) -> None:
    before = entries(home)
    with Served(home, ("--processes", processes)) as served:
        request = UnderWay(served.port, body)
        time.sleep(0.5)
        served.process.send_signal(signal.SIGTERM)
        time.sleep(1.0)
        assert served.process.poll() is None
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{served.address}/healthz")
        answer = request.finish()
        assert served.wait() == 0
    assert b"200 OK" in answer, answer
    assert entries(home) == before + 1
    assert served.lines[-1]["event"] == "stopped"
    checkpoint = (home / "log" / "checkpoint").read_text().split("\n")
    assert int(checkpoint[1]) in (before, before + 1)


def test_a_second_signal_ends_at_once(home: Path, body: bytes) -> None:
    before = entries(home)
    with Served(home) as served:
        request = UnderWay(served.port, body)
        time.sleep(0.5)
        served.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        begun = time.monotonic()
        assert served.stop() == -signal.SIGTERM
    assert time.monotonic() - begun < 3
    assert request.finish() == b""
    assert entries(home) == before


def test_a_kill_answers_nobody(home: Path, body: bytes) -> None:
    """Negative control: the harness sees a process that does not stop as it should."""
    before = entries(home)
    with Served(home) as served:
        request = UnderWay(served.port, body)
        time.sleep(0.5)
        assert served.stop(signal.SIGKILL) == -signal.SIGKILL
    assert request.finish() == b""
    assert entries(home) == before
    assert "stopped" not in served.stderr


def test_a_request_that_never_ends_holds_a_stop_no_longer_than_the_setting(home: Path, body: bytes) -> None:
    with Served(home, environment={"MALAN_STOP_SECONDS": "1"}) as served:
        UnderWay(served.port, body)
        time.sleep(0.5)
        begun = time.monotonic()
        assert served.stop(signal.SIGINT) == 0
    assert time.monotonic() - begun < 8
