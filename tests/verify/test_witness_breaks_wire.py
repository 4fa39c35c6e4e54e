"""Attacks over the wire: hosts and clients that drip, flood and pack; a policy full of traps."""

from __future__ import annotations

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from ledger.checkpoint import Cosigner
from ledger.errors import Unavailable
from ledger.note import _parse_often, parse_note
from ledger.policy import Log, Policy, Witness, render_policy
from tests.verify.witnessing import NOW, ORIGIN, SIGNER, History, home, private
from verify.source import HttpSource
from verify.wire import Wire, is_address, is_local
from verify.witness import rounds, serving
from verify.witness.asking import Answered, heads_of
from verify.witness.home import Home
from verify.witness.pulling import deliver
from verify.witness.serving import Server

OTHER = Cosigner("w02.example/malan", private("w02")).key


@contextmanager
def host(behave: Callable[[socket.socket], None]) -> Iterator[str]:
    """A web host on loopback that does with each connection what it likes."""
    listening = socket.create_server(("127.0.0.1", 0))

    def one(wire: socket.socket) -> None:
        with wire, suppress(OSError):
            wire.recv(65_536)
            behave(wire)

    def loop() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=one, args=(listening.accept()[0],), daemon=True).start()

    threading.Thread(target=loop, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        listening.close()


def drip_head(wire: socket.socket) -> None:
    wire.sendall(b"HTTP/1.1 200 OK\r\nx: ")
    for _ in range(100):
        time.sleep(0.05)
        wire.sendall(b"a")


def drip_body(wire: socket.socket) -> None:
    wire.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    for _ in range(100):
        time.sleep(0.05)
        wire.sendall(b"a")


def hint_for_ever(wire: socket.socket) -> None:
    for _ in range(100):
        wire.sendall(b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n")
        time.sleep(0.05)


def silent(_wire: socket.socket) -> None:
    time.sleep(5)


def flood(wire: socket.socket) -> None:
    wire.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        wire.sendall(b"x" * 65_536)


def packed(wire: socket.socket) -> None:
    data = gzip.compress(gzip.compress(bytes(10_000_000)))
    wire.sendall(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip, gzip\r\n\r\n" + data)


@pytest.mark.parametrize("behave", [drip_head, drip_body, hint_for_ever, silent, packed])
def test_no_host_holds_anybody_up(behave: Callable[[socket.socket], None]) -> None:
    """The limit is one for the whole exchange, and not for each piece of it."""
    with host(behave) as url, Wire() as wire:
        started = time.monotonic()
        with pytest.raises(Unavailable):
            wire.ask("GET", url, seconds=0.4, bytes_max=10_000)
        assert time.monotonic() - started < 2.5


def test_what_floods_is_cut_off() -> None:
    with host(flood) as url, Wire() as wire:
        assert len(wire.ask("GET", url, seconds=5, bytes_max=10_000)[1]) == 10_001


def test_control_a_slow_honest_answer_is_taken() -> None:
    def honest(wire: socket.socket) -> None:
        for _ in range(2):  # over one connection, kept open
            for piece in (b"HTTP/1.1 200 OK\r\n", b"content-length: 2\r\n\r\n", b"o", b"k"):
                wire.sendall(piece)
                time.sleep(0.02)
            wire.recv(65_536)

    with host(honest) as url, Wire() as wire:
        assert wire.ask("GET", url, seconds=5, bytes_max=2) == (200, b"ok")
        assert wire.ask("GET", url, seconds=5, bytes_max=2) == (200, b"ok")


def test_who_takes_the_line_back_cannot_fill_the_memory() -> None:
    with host(flood) as url:
        deliver(b"note", url)  # its status is all we want to know


def test_a_hostile_witness_is_one_silent_name() -> None:
    with host(drip_head) as url:
        started = time.monotonic()
        told = heads_of([Witness("d02", OTHER, url)], origin=ORIGIN, log_keys=[SIGNER.key], seconds=0.4)
    assert [one.code for one in told] == ["WITNESS_UNREACHABLE"] and time.monotonic() - started < 2.5


def test_a_log_that_drips_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("verify.source.FILE_SECONDS", 0.4)
    with host(drip_head) as url:
        started = time.monotonic()
        with pytest.raises(Unavailable) as refused:
            HttpSource(url).fetch("checkpoint")
    assert refused.value.code == "SOURCE_UNREACHABLE" and time.monotonic() - started < 2.5


TRAPS = [
    "file:///etc/passwd",
    "http://x/\udcff",
    "http://[",
    "http://a:99999/",
    "http://10.0.0.1/restart?now=1&",
    "http://10.0.0.1/x#",
    "http://user:secret@10.0.0.1/",
    "gopher://10.0.0.1/",
    "",
]


def test_what_is_no_plain_address() -> None:
    assert not any(is_address(url) for url in TRAPS)


@pytest.mark.parametrize("url", [*TRAPS, "http://a..b/", "http://xn--/"])
def test_an_address_somebody_wrote_into_the_policy_ends_no_round(url: str) -> None:
    """It used to: a UnicodeError went through the loop of every district that pulls."""
    told = heads_of([Witness("d02", OTHER, url)], origin=ORIGIN, log_keys=[SIGNER.key])
    assert [one.code for one in told] == ["WITNESS_UNREACHABLE"]


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:5432",
        "http://x.localhost",
        "http://127.0.0.1",
        "http://127.1",
        "http://0x7f000001",
        "http://2130706433",
        "http://[::1]:80",
        "http://[::ffff:127.0.0.1]",
        "http://0.0.0.0",
        "http://169.254.169.254/latest",
    ],
)
def test_a_log_elsewhere_sends_nobody_to_our_own_machine(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert is_local(url) and is_address(url)
    assert asked_by(tmp_path, [url, "https://w03.example"], monkeypatch) == ["https://w03.example"]


def asked_by(folder: Path, urls: list[str], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which of the addresses in a log's policy a round asks."""
    offered = [
        Witness(f"d{n}", Cosigner(f"w{n}.example", private(f"w{n}")).key, url) for n, url in enumerate(urls)
    ]
    policy = render_policy(Policy((Log(SIGNER.key),), tuple(offered), (), "none"))
    asked: list[str] = []

    def heads(witnesses: list[Witness], **_: object) -> list[Answered]:
        asked.extend(one.url or "" for one in witnesses)
        return []

    monkeypatch.setattr(rounds, "heads_of", heads)
    office = home(folder / "w")
    office = Home(office.path, office.witness, {ORIGIN: "https://log.malan.example/ledger"})
    rounds.compared(office, ORIGIN, History().files(5, policy=policy), (), now=NOW)
    return asked


def test_a_policy_with_more_witnesses_than_a_note_has_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    urls = [f"https://w{number}.example" for number in range(150)]
    assert asked_by(tmp_path, urls, monkeypatch) == urls[:100]


@pytest.mark.parametrize("policy", [b"junk", b"#" * 65_536 + b"\nquorum none\n"])
def test_a_policy_nobody_can_read_is_not_all_is_well(tmp_path: Path, policy: bytes) -> None:
    """Whom the log hides that way was compared with nobody, and the round ended with 0."""
    office = home(tmp_path / "w")
    assert rounds.compared(office, ORIGIN, History().files(5, policy=policy), (), now=NOW).exit == 2
    plain = History().files(5, policy=b"quorum none\n")
    assert rounds.compared(office, ORIGIN, plain, (), now=NOW).exit == 0


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(serving, "SECONDS", 0.5)
    made = Server(home(tmp_path / "w"), "127.0.0.1", 0, now=lambda: NOW, quiet=True)
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


def test_a_head_that_drips_holds_no_place(server: Server) -> None:
    """One byte now and then was enough to hold a place for days, and all 32 from one machine."""
    with socket.create_connection(("127.0.0.1", server.server_address[1]), timeout=20) as wire:
        started = time.monotonic()
        with suppress(OSError):
            wire.sendall(b"POST /add-checkpoint HTTP/1.1\r\nx: ")
            for _ in range(60):
                wire.sendall(b"a")
                time.sleep(0.05)
        assert time.monotonic() - started < 2.5


def test_a_head_has_a_limit(server: Server) -> None:
    """Otherwise 6 MB for each of 32 at once."""
    sent = 0
    address = ("127.0.0.1", server.server_address[1])
    with socket.create_connection(address, timeout=20) as wire, suppress(OSError):
        wire.sendall(b"POST /add-checkpoint HTTP/1.1\r\n")
        for number in range(95):
            wire.sendall(b"x%d: " % number + b"a" * 60_000 + b"\r\n")
            sent += 60_000
    assert sent < 5_000_000


def test_a_place_is_not_lost_with_a_thread_that_cannot_start(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", start)
        for _ in range(serving.AT_ONCE_MAX + 1):
            one, other = socket.socketpair()
            server.process_request(one, None)
            other.close()
    with socket.create_connection(("127.0.0.1", server.server_address[1]), timeout=20) as wire:
        wire.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert wire.recv(100).startswith(b"HTTP/1.0 404")


def test_what_was_served_lies_beside_the_memory(server: Server) -> None:
    body = History().request(0, 5)
    with socket.create_connection(("127.0.0.1", server.server_address[1]), timeout=20) as wire:
        wire.sendall(b"POST /add-checkpoint HTTP/1.0\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        while wire.recv(65_536):
            pass
    head = server.home.witness.state.latest(ORIGIN)
    assert head is not None and server.home.cosigned(ORIGIN).read_bytes() == head.note


def test_long_notes_are_not_held_in_memory() -> None:
    """64 of half a megabyte each, from anybody, were."""
    before = _parse_often.cache_info().currsize
    parse_note(b"x\n\n" + "— a ".encode() + b"A" * 400_000 + b"\n")
    assert _parse_often.cache_info().currsize == before
