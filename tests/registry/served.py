"""`malan serve` in a process of its own, on a free port, for as long as a test talks to it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any


@dataclass
class Served:
    """`with Served(home, "--tls") as served:`; `lines` is what it logged, once it ended."""

    home: Path
    arguments: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    told: dict[str, Any] = field(default_factory=dict)
    stderr: str = ""

    def __post_init__(self) -> None:
        command = [
            sys.executable,
            "-m",
            "registry",
            "serve",
            "--json",
            "--port",
            "0",
            "--home",
            str(self.home),
        ]
        self.process = subprocess.Popen(
            [*command, *self.arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **self.environment},
        )

    def __enter__(self) -> Served:
        assert self.process.stdout is not None
        text = ""
        while not text.endswith("}\n"):
            line = self.process.stdout.readline()
            if not line:
                self.stop()
                raise AssertionError(f"it ended with {self.process.returncode}: {self.stderr}")
            text += line
        self.told = json.loads(text)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def address(self) -> str:
        address: str = self.told["address"]
        return address

    @property
    def port(self) -> int:
        return int(self.address.rsplit(":", 1)[1])

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stderr.splitlines() if line.startswith("{")]

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Sends the signal; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.wait()

    def wait(self) -> int:
        """The exit code of one that is told to stop already."""
        if not self.stderr:
            try:
                _, self.stderr = self.process.communicate(timeout=60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                raise
        return self.process.returncode
