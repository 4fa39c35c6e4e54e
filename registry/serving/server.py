"""Door: one process of the service: uvicorn on a listener that is bound already, and how it stops.

A stop: nothing more is accepted, requests under way are answered (at most `stop_seconds`), the publication in
progress ends, the database is closed, exit code 0. A second signal ends the process at once, as that signal
does; what was answered before is on disk all the same.
"""

from __future__ import annotations

import contextlib
import gc
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import structlog
import uvicorn

from ledger.errors import Unavailable
from registry.http.app import create_app
from registry.published.asking import heads_now
from registry.published.boot_gate import check_not_ahead
from registry.service import Service
from registry.serving.listening import local_names
from registry.serving.tls import CIPHERS

STOPPING = (signal.SIGTERM, signal.SIGINT)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Tls:
    """Certificate and key, in PEM."""

    certificate: Path
    key: Path


class Server(uvicorn.Server):
    """uvicorn's server, but that a signal is a stop and not a death; `ready` is called once it accepts."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begins to accept."""
        await super().startup(sockets)
        self._ready()

    def stop(self) -> None:
        """Ends as by a signal; callable from any thread, any number of times."""
        self.should_exit = True

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """uvicorn raises the signal again when it has stopped, which would be the end before the end."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        former = {one: signal.signal(one, self.handle_exit) for one in STOPPING}
        try:
            yield
        finally:
            for one, handler in former.items():
                signal.signal(one, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The first signal stops, the second ends."""
        if self.should_exit:
            signal.signal(sig, signal.SIG_DFL)
            signal.raise_signal(sig)
        self.stop()


def serve_until_stopped(
    service: Service,
    listener: socket.socket,
    *,
    address: str,
    tls: Tls | None,
    ready: Callable[[], None],
    watch: Callable[[Callable[[], None]], None] | None = None,
) -> None:
    """Runs service and publisher until a signal, then closes the service.

    `address` is the origin it is reached by; `watch` is given what stops the server.
    """
    scheme = "http" if tls is None else "https"
    service.addresses.extend(local_names(listener, scheme=scheme))
    if tls is not None:
        service.addresses.append(address)
    try:
        look_ahead(service)
        config = _config(service, tls)
        settle_memory()
        server = Server(config, ready)
        if watch is not None:
            watch(server.stop)
        server.run(sockets=[listener])
    finally:
        service.close()


def settle_memory() -> None:
    """Cycles are looked for seldom: what was loaded stays, and requests leave next to none behind.

    At Python's own thresholds the search costs a quarter of parsing a batch.
    """
    gc.set_threshold(20_000, 20, 100)


def look_ahead(service: Service) -> None:
    """A log that is ahead of its database makes the service read-only; reading goes on (design 21)."""
    try:
        check_not_ahead(service, witnessed=lambda: heads_now(service))
    except Unavailable as error:
        service.alarms.read_only = error
        log.error("read_only", code=error.code, fix=error.fix)


def _config(service: Service, tls: Tls | None) -> uvicorn.Config:
    settings = service.settings
    secured: dict[str, Any] = {}
    if tls is not None:
        secured = {"ssl_certfile": tls.certificate, "ssl_keyfile": tls.key, "ssl_ciphers": CIPHERS}
    return uvicorn.Config(
        create_app(service, publish=True),
        # No access log: its lines carry addresses and paths; the shield writes its own.
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_graceful_shutdown=settings.stop_seconds,
        **secured,
    )
