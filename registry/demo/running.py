"""Door: the real service on a loopback port for as long as the demo talks to it."""

from __future__ import annotations

import socket
import threading
import time
from types import TracebackType

import uvicorn

from ledger.errors import Unavailable
from registry.http.app import create_app
from registry.service import Service

START_SECONDS = 20.0


class Running:
    """`with Running(service) as address:` serves over HTTP at http://127.0.0.1:<port>."""

    def __init__(self, service: Service) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        config = uvicorn.Config(create_app(service, publish=False), log_config=None, access_log=False)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True
        )

    def __enter__(self) -> str:
        self._thread.start()
        deadline = time.monotonic() + START_SECONDS
        while not self._server.started:
            if time.monotonic() > deadline or not self._thread.is_alive():
                raise Unavailable("SERVICE_START", "the service did not start")
            time.sleep(0.01)
        return self.address

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join(START_SECONDS)
        self._socket.close()
