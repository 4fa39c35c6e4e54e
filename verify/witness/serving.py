"""Door: the witness over HTTP: `POST /add-checkpoint`, and `GET /<SHA-256 of the origin>/checkpoint`.

Promises: a request has a limit in bytes and in time, and so have all of them together; nothing a client sends
ends in 500. What is logged is a time, a status and a code. No TLS: a proxy in front has the certificate.

Source: c2sp.org/tlog-witness (submission and monitoring).
"""

from __future__ import annotations

import io
import socket
import sys
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from ledger.add_checkpoint import NOTE_TYPE, REQUEST_BYTES_MAX, origin_hash
from ledger.errors import MalanError
from verify.witness.answering import Answer, Clock, answer
from verify.witness.home import Home

ADD: Final = "/add-checkpoint"
AT_ONCE_MAX: Final = 32
HEAD_BYTES_MAX: Final = 65_536
SECONDS: Final = 10.0
"""For a request to arrive, and for an answer to be taken."""


def clock() -> int:
    """The clock of this machine."""
    return int(time.time())


class Server(ThreadingHTTPServer):
    """Listens until `shutdown`; `port` 0 takes any. Raises OSError where it cannot listen."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, home: Home, host: str, port: int, *, now: Clock = clock, quiet: bool = False) -> None:
        self.home, self.now, self.quiet = home, now, quiet
        self.places = {f"/{origin_hash(origin)}/checkpoint": origin for origin in home.witness.logs}
        self._free = threading.BoundedSemaphore(AT_ONCE_MAX)
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """One thread a request, as many as there may be; whoever comes after is sent away."""
        if not self._free.acquire(blocking=False):
            try:
                request.settimeout(1.0)
                request.sendall(b"HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n")
            except OSError:
                pass
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # no thread to be had: the place is not lost with it
            self._free.release()
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """As above; the place is free again when the thread ends."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke is no news; anything else is named, never with what was sent."""
        kind = sys.exc_info()[0]
        if kind is not None and not issubclass(kind, OSError) and not self.quiet:
            sys.stderr.write(f"INTERNAL: {kind.__name__}\n")


class _Handler(BaseHTTPRequestHandler):
    server: Server
    server_version = "malan-witness"
    sys_version = ""

    def setup(self) -> None:
        """All of a request comes within its limits, however slowly its head is sent."""
        super().setup()
        self.rfile = io.BufferedReader(_Arriving(self.connection, time.monotonic() + SECONDS))

    def do_POST(self) -> None:
        if self.path != ADD:
            self._answer(Answer(404))
            return
        try:
            body = self._body()
        except _Refuse as refuse:
            self._answer(Answer(refuse.status))
            return
        told = answer(self.server.home.witness, body, now=self.server.now)
        self._answer(told)
        if told.status == 200:
            # Beside the memory, so that an older one put in its place is noticed (`open_home`).
            with suppress(MalanError):
                for origin in self.server.places.values():
                    self.server.home.show(origin)

    def do_GET(self) -> None:
        origin = self.server.places.get(self.path)
        if origin is None:
            self._answer(Answer(404))
            return
        try:
            head = self.server.home.witness.state.latest(origin)
        except MalanError as error:
            self._answer(Answer(503, f"{error.code}\n".encode()))
            return
        self._answer(Answer(404) if head is None else Answer(200, head.note))

    def _body(self) -> bytes:
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            raise _Refuse(411)
        if len(length) > 9 or int(length) > REQUEST_BYTES_MAX:
            raise _Refuse(413)
        try:
            data = self.rfile.read(int(length))
        except TimeoutError:
            raise _Refuse(408) from None
        if len(data) < int(length):
            raise _Refuse(400)
        return data

    def _answer(self, told: Answer) -> None:
        self.connection.settimeout(SECONDS)
        self.send_response(told.status)
        self.send_header("Content-Type", told.type if told.body else NOTE_TYPE)
        self.send_header("Content-Length", str(len(told.body)))
        self.send_header("Cache-Control", "no-store")
        if told.status == 503:
            self.send_header("Retry-After", "5")
        self.end_headers()
        self.wfile.write(told.body)
        if not self.server.quiet:
            said = told.body.decode().strip() if told.status >= 400 and told.status != 409 else ""
            stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            sys.stderr.write(f"{stamp} {self.command} {told.status} {said}".rstrip() + "\n")

    def log_message(self, format: str, *args: object) -> None:
        """The line of `_answer` instead: no address, no path."""


class _Arriving(io.RawIOBase):
    """What a client sends, until a moment (then TimeoutError), and no more than a request may have."""

    def __init__(self, wire: socket.socket, deadline: float) -> None:
        self._wire, self._deadline, self._left = wire, deadline, HEAD_BYTES_MAX + REQUEST_BYTES_MAX

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        seconds = self._deadline - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        self._wire.settimeout(seconds)
        got = self._wire.recv_into(memoryview(buffer)[: self._left])
        self._left -= got
        return got


class _Refuse(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status
