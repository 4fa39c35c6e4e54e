"""Door: one of several service processes, as `malan serve --processes` starts it.

It is told by one JSON argument: home, the number of the process, two descriptors it inherits (the listener;
the line to whoever started it), TLS files. On the line it says `ready` once; when the line ends, it stops as
by a signal, so no process outlives the one that started it.
"""

from __future__ import annotations

import json
import signal
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import structlog

from ledger.errors import MalanError
from registry import logs
from registry.service import open_service
from registry.serving.server import Tls, serve_until_stopped
from registry.settings import read_settings

READY: Final = b"ready\n"
COULD_NOT: Final = 2


@dataclass(frozen=True, slots=True)
class Task:
    """What a worker is told."""

    home: str
    number: int
    listener: int
    line: int
    address: str
    certificate: str | None = None
    key: str | None = None

    def arguments(self) -> list[str]:
        """After the name of the module."""
        return [json.dumps(asdict(self))]


def main(argument: str) -> int:
    """Serves until it is told to stop; the exit code."""
    task = Task(**json.loads(argument))
    line = socket.socket(fileno=task.line)
    tls = None
    if task.certificate is not None and task.key is not None:
        tls = Tls(Path(task.certificate), Path(task.key))
    try:
        settings = read_settings(home=Path(task.home))
        logs.configure(settings.log_level)
        structlog.contextvars.bind_contextvars(process=task.number)
        service = open_service(settings)
        serve_until_stopped(
            service,
            socket.socket(fileno=task.listener),
            address=task.address,
            tls=tls,
            ready=lambda: line.sendall(READY),
            watch=lambda stop: _watch(line, stop),
        )
    except MalanError as error:
        sys.stderr.write(f"{error}\n")
        return COULD_NOT
    return 0


def _watch(line: socket.socket, stop: Callable[[], None]) -> None:
    """Calls `stop` when the other end of the line is gone."""

    def wait() -> None:
        try:
            while line.recv(64):
                continue
        except OSError:
            pass
        stop()

    threading.Thread(target=wait, name="line", daemon=True).start()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # until the server listens for it
    sys.exit(main(sys.argv[1]))
