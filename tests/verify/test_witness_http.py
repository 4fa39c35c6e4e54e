"""The witness over HTTP: the statuses on the wire, limits, and that nothing hostile ends in 500."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest

from ledger.add_checkpoint import AddCheckpoint, origin_hash
from tests.verify.witnessing import NOW, ORIGIN, History, home
from verify.witness import serving
from verify.witness.serving import Server


@pytest.fixture
def log() -> History:
    return History().grow(600)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(home(tmp_path / "w"), "127.0.0.1", 0, now=lambda: NOW, quiet=True)
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def say(server: Server, method: str, path: str, body: bytes | None = None) -> tuple[int, str, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=20)
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, answer.headers.get("content-type", ""), answer.read()
    finally:
        connection.close()


def test_a_conversation(server: Server, log: History) -> None:
    place = f"/{origin_hash(ORIGIN)}/checkpoint"
    assert say(server, "GET", place)[0] == 404
    assert say(server, "POST", "/add-checkpoint", log.request(5, 300)) == (409, "text/x.tlog.size", b"0\n")
    status, kind, body = say(server, "POST", "/add-checkpoint", log.request(0, 300))
    assert (status, kind) == (200, "text/plain; charset=utf-8") and body.startswith("— w01.".encode())
    assert (
        say(server, "POST", "/add-checkpoint", AddCheckpoint(300, (), log.fork(2).note(300)).render())[0]
        == 422
    )
    assert say(server, "POST", "/add-checkpoint", b"junk")[0] == 400
    status, kind, note = say(server, "GET", place)
    assert (status, kind) == (200, "text/plain; charset=utf-8")
    assert note.startswith(log.checkpoint(300).body().encode()) and body in note


def test_other_addresses_and_methods(server: Server) -> None:
    for method, path, status in (
        ("GET", "/", 404),
        ("GET", "/add-checkpoint", 404),
        ("POST", "/", 404),
        ("GET", "/../witness.key", 404),
        ("GET", "/" + "0" * 64 + "/checkpoint", 404),
        ("DELETE", "/add-checkpoint", 501),
    ):
        assert say(server, method, path, b"" if method == "POST" else None)[0] == status


def raw(server: Server, data: bytes, *, seconds: float = 20.0) -> bytes:
    with socket.create_connection(("127.0.0.1", server.server_address[1]), timeout=seconds) as wire:
        wire.sendall(data)
        wire.shutdown(socket.SHUT_WR)
        got = b""
        while chunk := wire.recv(65_536):
            got += chunk
        return got


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"", b"411"),
        (b"Content-Length: -1\r\n", b"411"),
        (b"Content-Length: 1e3\r\n", b"411"),
        (b"Content-Length: " + "５".encode() + b"\r\n", b"411"),
        (b"Content-Length: 524289\r\n", b"413"),
        (b"Content-Length: 99999999999999999999\r\n", b"413"),
        (b"Content-Length: 50\r\n", b"400"),  # and then hangs up
        (b"Transfer-Encoding: chunked\r\n", b"411"),
    ],
)
def test_lengths(server: Server, head: bytes, status: bytes) -> None:
    told = raw(server, b"POST /add-checkpoint HTTP/1.1\r\n" + head + b"\r\nold 0")
    assert told.split(b" ")[1] == status


def test_noise_is_never_a_500(server: Server, log: History) -> None:
    """Random changes of honest requests and plain noise: only the statuses of the specification."""
    random, good = Random(7), log.request(0, 300)
    seen: dict[int, int] = {}
    for _ in range(400):
        body = bytearray(good)
        for _ in range(random.randint(1, 4)):
            at = random.randrange(len(body))
            if random.random() < 0.5:
                body[at] = random.randrange(256)
            else:
                del body[at : at + random.randrange(40)]
        status = say(server, "POST", "/add-checkpoint", bytes(body))[0]
        seen[status] = seen.get(status, 0) + 1
    assert seen.keys() <= {400, 403, 404, 409, 422} and len(seen) >= 2
    assert server.home.witness.state.latest(ORIGIN) is None


def test_a_slow_body_is_cut_off(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "SECONDS", 0.3)
    with socket.create_connection(("127.0.0.1", server.server_address[1]), timeout=20) as wire:
        wire.sendall(b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 100\r\n\r\n")
        for _ in range(10):
            time.sleep(0.1)
            try:
                wire.sendall(b"x")
            except OSError:
                break
        assert wire.recv(100).split(b" ")[1] == b"408"


def test_more_than_it_can_serve_are_sent_away_and_the_rest_is_served(server: Server, log: History) -> None:
    address = ("127.0.0.1", server.server_address[1])
    held = [socket.create_connection(address, timeout=20) for _ in range(serving.AT_ONCE_MAX)]
    try:
        for wire in held:
            wire.sendall(b"POST /add-checkpoint HTTP/1.1\r\n")
        time.sleep(0.3)
        with socket.create_connection(address, timeout=20) as late:
            assert late.recv(100).startswith(b"HTTP/1.1 503")
    finally:
        for wire in held:
            wire.close()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with suppress(OSError):  # sent away while it was still speaking
            if say(server, "POST", "/add-checkpoint", log.request(0, 300))[0] == 200:
                return
        time.sleep(0.05)
    pytest.fail("the places were never free again")


def test_the_log_line_names_no_caller(
    tmp_path: Path, log: History, capfd: pytest.CaptureFixture[str]
) -> None:
    loud = Server(home(tmp_path / "l"), "127.0.0.1", 0, now=lambda: NOW)
    thread = threading.Thread(target=loud.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        say(loud, "POST", "/add-checkpoint", log.request(0, 300))
        say(loud, "POST", "/add-checkpoint", b"secret words")
    finally:
        loud.shutdown()
        thread.join()
        loud.server_close()
    told = capfd.readouterr().err
    assert "POST 200" in told and "POST 400 ADD_SHAPE" in told
    assert "127.0.0.1" not in told and "secret" not in told
