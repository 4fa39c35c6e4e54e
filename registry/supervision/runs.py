"""Door: the audit this process runs, if any: one worker at a time, watched, bounded in time."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

SECONDS_MAX: Final = 3_600.0
WORKER: Final = (sys.executable, "-m", "registry.supervision.audit_worker")
_REPORT_BYTES_MAX: Final = 64 * 2**20
_STOP_SECONDS: Final = 10.0
# Enough to run Python; where the database and the secrets are is none of a worker's business.
_ENVIRONMENT: Final = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "PYTHONPATH", "VIRTUAL_ENV")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a worker answered, whole."""

    state: str
    departures: int
    doubts: int
    json: bytes = field(repr=False)
    html: bytes = field(repr=False)
    checkpoint: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Task:
    """What a worker is told: a header, and named files that go with it."""

    header: dict[str, Any]
    files: Sequence[tuple[str, bytes]] = field(repr=False)


class Runs:
    """At most one audit. `progress` and `ended` are called on a thread of its own."""

    def __init__(self, *, seconds_max: float = SECONDS_MAX, worker: Sequence[str] = WORKER) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._stopped = False
        self.seconds_max, self.worker = seconds_max, tuple(worker)

    @property
    def busy(self) -> bool:
        """Whether an audit goes on in this process."""
        thread = self._thread
        return thread is not None and thread.is_alive()

    def start(
        self,
        task: Task,
        *,
        progress: Callable[[int, int], None],
        ended: Callable[[Outcome | None], None],
    ) -> bool:
        """Begins; False when one goes on already. `ended` gets None for a worker that did not answer."""
        with self._lock:
            if self.busy:
                return False
            self._stopped = False
            self._thread = threading.Thread(
                target=self._run, args=(task, progress, ended), name="audit", daemon=True
            )
            self._thread.start()
            return True

    def stop(self) -> None:
        """Ends what goes on, and waits for its end."""
        with self._lock:  # a worker about to begin sees it, one that has begun is seen
            self._stopped = True
            thread, process = self._thread, self._process
        if process is not None:
            _kill(process)
        if thread is not None and thread is not threading.current_thread():
            thread.join(_STOP_SECONDS)

    def wait(self, seconds: float) -> None:
        """Until the audit has ended, or so long."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _run(
        self, task: Task, progress: Callable[[int, int], None], ended: Callable[[Outcome | None], None]
    ) -> None:
        outcome = None
        try:
            outcome = self._answer(task, progress)
        finally:
            ended(outcome)

    def _answer(self, task: Task, progress: Callable[[int, int], None]) -> Outcome | None:
        with self._lock:
            if self._stopped:
                return None
            given = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
            process = self._process = subprocess.Popen(  # noqa: S603  # our own program, by its module name
                self.worker,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=given,
            )
        timer = threading.Timer(self.seconds_max, _kill, (process,))
        timer.daemon = True
        timer.start()
        try:
            _tell(process, task)
            return _read(process, progress)
        except (OSError, ValueError):
            return None  # it went away, or speaks another language
        finally:
            timer.cancel()
            _end(process)
            self._process = None


def _tell(process: subprocess.Popen[bytes], task: Task) -> None:
    assert process.stdin is not None
    header = {**task.header, "files": [(name, len(data)) for name, data in task.files]}
    process.stdin.write(json.dumps(header).encode() + b"\n")
    for _, data in task.files:
        process.stdin.write(data)
    process.stdin.close()


def _read(process: subprocess.Popen[bytes], progress: Callable[[int, int], None]) -> Outcome | None:
    out = process.stdout
    assert out is not None
    while line := out.readline():
        match line.split():
            case [b"progress", done, total]:
                progress(int(done), int(total))
            case [b"report", state, departures, doubts, *sizes]:
                lengths = [int(size) for size in sizes]
                if sum(lengths) > _REPORT_BYTES_MAX:
                    return None
                parts = [out.read(length) for length in lengths]
                whole = [len(part) for part in parts] == lengths
                counts = (int(departures), int(doubts))
                return Outcome(state.decode(), *counts, *parts) if whole else None
    return None


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()


def _end(process: subprocess.Popen[bytes]) -> None:
    _kill(process)
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
    process.wait()
