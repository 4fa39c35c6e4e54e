"""The running service in a process of its own: certificates issued end to end, verifications over HTTP."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from issuers.authority.case import shanghai_date
from issuers.sign.desk.issuing import issue
from registry.demo.cast import BODY
from registry.demo.people import invent, roster_csv, sheets_csv
from registry.demo.setup import STANDARD
from tests.bench.load import hammer
from tests.bench.meter import Meter
from tests.main_job import main_job

TRAINEES = 150
CONNECTIONS = 32


def issuing(meter: Meter) -> None:
    """A class of 150 through desk, HTTP, judge, sealing and commit, without pictures and without proofs."""
    with tempfile.TemporaryDirectory() as folder, main_job(Path(folder) / "home") as job:
        today = shanghai_date(job.service.clock.now_ms())
        rates = []
        for seed in range(3):
            people = invent(TRAINEES, today=today, hours=STANDARD.hours, seed=seed)
            class_id = job.open_class()
            job.seal(class_id, roster_csv(people))
            for name, sheet in zip(
                ("evaluator-1", "evaluator-2"), sheets_csv(people, seed=seed), strict=True
            ):
                job.score(class_id, name, sheet)
            job.confirm(class_id)
            started = time.perf_counter()
            report = issue(job.office.desk(BODY, "signatory"), class_id, cards=False)
            rates.append(report.new / (time.perf_counter() - started))
        rate = sorted(rates)[1]
        meter.report(
            "certificates issued end to end", rate, bound="raw ES256 sign", batch=TRAINEES, images=False
        )


def verifying(meter: Meter) -> None:
    """POST /api/verify with 32 connections, server and client on the same machine."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "demo"
        made = subprocess.run(
            [sys.executable, "-m", "registry", "demo", "--home", str(home), "--json"],
            capture_output=True,
            check=True,
        )
        certificates = json.loads(made.stdout)["certificates"]
        texts = [Path(one["qr"]).read_text().strip() for one in certificates]
        with serving(home) as port:
            answered, seconds, latencies = asyncio.run(
                hammer(port, "/api/verify", [{"qr": text} for text in texts], CONNECTIONS, meter.seconds)
            )
    latencies.sort()
    meter.report(
        "POST /api/verify",
        answered / seconds,
        bound="raw ES256 verify",
        connections=CONNECTIONS,
        p50_ms=round(latencies[len(latencies) // 2] * 1000, 1),
        p99_ms=round(latencies[len(latencies) * 99 // 100] * 1000, 1),
    )


@contextmanager
def serving(home: Path) -> Iterator[int]:
    """`malan serve` as a process, its log thrown away."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    command = [sys.executable, "-m", "registry", "serve", "--home", str(home), "--port", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ)
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
        yield port
    finally:
        server.terminate()
        server.wait(20)
