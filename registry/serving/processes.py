"""Door: several service processes on one listener, looked after by the one that started them.

Promises: a process that ends unasked is started again, after a pause that doubles each time up to half a
minute; if none ever served, nothing is tried again; a stop reaches all, and those that do not end in time are
killed; a second signal kills all at once. Knows nothing of what the processes do but that each says a line
when it serves, and stops when its own line ends.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog

from ledger.errors import Unavailable

PAUSE_SECONDS: Final = 0.5
PAUSE_SECONDS_MAX: Final = 30.0
LONG_SECONDS: Final = 60.0  # a process that served that long had no trouble with starting
_LOOK_SECONDS: Final = 0.25
_GRACE_SECONDS: Final = 40.0  # beside the time for requests: a publication may end, the database closes

log = structlog.get_logger()

Command = Callable[[int, int], Sequence[str]]
"""The command of a process, from its number and the descriptor of its line."""


@dataclass(slots=True)
class _Slot:
    """One of the processes, and how often it ended unasked of late."""

    number: int
    process: subprocess.Popen[bytes] | None = None
    line: socket.socket | None = None
    started: float = 0.0
    ready: bool = False
    ended: int = 0
    next: float = 0.0


@dataclass(slots=True)
class Processes:
    """`run` keeps `count` of them until a signal comes; `inherited` are descriptors they may use."""

    command: Command
    count: int
    inherited: Sequence[int]
    environment: dict[str, str]
    stop_seconds: float
    on_ready: Callable[[], None] = lambda: None
    on_death: Callable[[int], None] = lambda _pid: None
    on_stop: Callable[[], None] = lambda: None
    pause_seconds: float = PAUSE_SECONDS
    _slots: list[_Slot] = field(default_factory=list)
    _signals: int = 0

    def run(self) -> None:
        """Until a signal. Raises Unavailable WORKER_START when no process ever came to serve."""
        self._slots = [_Slot(number) for number in range(1, self.count + 1)]
        served = False
        with self._signals_counted(), selectors.DefaultSelector() as selector:
            try:
                for slot in self._slots:
                    self._start(slot, selector)
                while not self._signals:
                    self._listen(selector)
                    if not served and all(slot.ready for slot in self._slots):
                        served = True
                        self.on_ready()
                    for slot in self._slots:
                        self._look_after(slot, selector, served=served)
            finally:
                self._stop()

    def pids(self) -> list[int]:
        """Of the processes that run."""
        return [slot.process.pid for slot in self._slots if slot.process is not None]

    def _start(self, slot: _Slot, selector: selectors.BaseSelector) -> None:
        ours, theirs = socket.socketpair()
        try:
            slot.process = subprocess.Popen(  # noqa: S603  # our own program
                self.command(slot.number, theirs.fileno()),
                pass_fds=[theirs.fileno(), *self.inherited],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                start_new_session=True,  # ^C at a terminal is for us alone: theirs would be the second signal
            )
        finally:
            theirs.close()
        ours.setblocking(False)
        slot.line, slot.started, slot.ready = ours, time.monotonic(), False
        selector.register(ours, selectors.EVENT_READ, slot)

    def _listen(self, selector: selectors.BaseSelector) -> None:
        for key, _ in selector.select(_LOOK_SECONDS):
            slot: _Slot = key.data
            assert slot.line is not None
            try:
                said = slot.line.recv(64)
            except OSError:
                said = b""
            if said:
                slot.ready = True
            else:
                selector.unregister(slot.line)  # it ended, or is about to

    def _look_after(self, slot: _Slot, selector: selectors.BaseSelector, *, served: bool) -> None:
        now = time.monotonic()
        if slot.process is None:
            if now >= slot.next:
                self._start(slot, selector)
            return
        code = slot.process.poll()
        if code is None:
            return
        self._forget(slot, selector)
        if not served:
            raise Unavailable(
                "WORKER_START",
                "a service process ended before it served",
                where=f"process {slot.number}",
                fix="What it said stands above.",
            )
        slot.ended = 1 if now - slot.started > LONG_SECONDS else slot.ended + 1
        pause = min(self.pause_seconds * 2 ** (slot.ended - 1), PAUSE_SECONDS_MAX)
        slot.next = now + pause
        log.error("process_ended", process=slot.number, code=code, again_in_seconds=pause)

    def _forget(self, slot: _Slot, selector: selectors.BaseSelector | None = None) -> None:
        assert slot.process is not None
        if slot.line is not None:
            if selector is not None:
                with contextlib.suppress(KeyError):
                    selector.unregister(slot.line)
            slot.line.close()
        self.on_death(slot.process.pid)
        slot.process = slot.line = None
        slot.ready = False

    def _stop(self) -> None:
        """Ends every line; kills whoever is not gone in time, or everybody at a second signal."""
        self.on_stop()
        running = [slot for slot in self._slots if slot.process is not None]
        for slot in running:
            if slot.line is not None:
                slot.line.close()
                slot.line = None
        deadline = time.monotonic() + self.stop_seconds + _GRACE_SECONDS
        while any(_lives(slot) for slot in running):
            if time.monotonic() > deadline or self._signals > 1:
                for slot in running:
                    if _lives(slot) and slot.process is not None:
                        log.error("process_killed", process=slot.number)
                        slot.process.kill()
                        slot.process.wait()
            time.sleep(0.05)
        for slot in running:
            self._forget(slot)

    @contextlib.contextmanager
    def _signals_counted(self) -> Iterator[None]:
        def count(_sig: int, _frame: object) -> None:
            self._signals += 1

        former = {one: signal.signal(one, count) for one in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for one, handler in former.items():
                signal.signal(one, handler)


def _lives(slot: _Slot) -> bool:
    return slot.process is not None and slot.process.poll() is None


def environment(**more: str) -> dict[str, str]:
    """That of this process, with more."""
    return {**os.environ, **more}
