"""The running service in processes of its own: statements, certificates and verifications over HTTP."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx

from issuers.sign.desk.issuing import issue
from registry.demo.cast import BODY
from tests.bench import load
from tests.bench.databases import Place, places, sqlite
from tests.bench.meter import Meter
from tests.bench.world import TRAINEES, Ready, ready

SINGLE_MAX = 12_000  # statements a second no machine of ours answers
BULK = 500  # statements in one request
BULK_CONNECTIONS = 4
CLASSES = 12
VERIFY_CONNECTIONS = 32
SENDERS = 2
SETTLE_SECONDS = 2.0
SIGN, VERIFY, DISK = "raw ES256 sign", "raw ES256 verify", "fdatasync of 400 bytes appended"


def singles(meter: Meter) -> None:
    """One statement a request, answered after it is durable, at 1 and at 64 connections."""
    with places() as found:
        for place in found:
            for connections, processes in ((1, 1), (64, 1), (64, 2)):
                _single(meter, place, connections, processes)


def _single(meter: Meter, place: Place, connections: int, processes: int) -> None:
    wanted = 1_000 if connections == 1 else int(SINGLE_MAX * meter.seconds)
    with _world(place, statements=wanted) as made, serving(made.home, processes=processes) as port:
        told = load.once(
            port, "/api/statements", made.statements, connections=connections, seconds=meter.seconds
        )
    meter.report(
        "durable single statements",
        told.per_s,
        bound=DISK if connections == 1 else VERIFY,
        database=place.name,
        connections=connections,
        processes=processes,
        p50_ms=told.quantile_ms(0.5),
        p99_ms=told.quantile_ms(0.99),
    )


def bulk(meter: Meter) -> None:
    """Five hundred statements a request, four requests at a time."""
    with places() as found:
        for place in found:
            for processes in (1, 2):
                _bulk(meter, place, processes)


def _bulk(meter: Meter, place: Place, processes: int) -> None:
    wanted = 40 * BULK
    with _world(place, statements=wanted) as made, serving(made.home, processes=processes) as port:
        bodies = [{"items": made.statements[start : start + BULK]} for start in range(0, wanted, BULK)]
        told = load.once(port, "/api/statements", bodies, connections=BULK_CONNECTIONS, seconds=60)
    meter.report(
        "bulk statements",
        len(told.latencies) * BULK / told.seconds,
        bound=VERIFY,
        database=place.name,
        processes=processes,
        batch=BULK,
        p50_ms=told.quantile_ms(0.5),
    )


def issuing(meter: Meter) -> None:
    """Certificates of prepared classes: signed at the desk, sent, judged, sealed, on disk, answered.

    The desk signs the next class while the service registers the one before.
    """
    with places() as found:
        for place in found:
            for processes in (1, 2):
                _issuing(meter, place, processes)


def _issuing(meter: Meter, place: Place, processes: int) -> None:
    with _world(place, classes=CLASSES) as made, serving(made.home, processes=processes) as port:
        started = time.perf_counter()
        with ThreadPoolExecutor(SENDERS) as senders:
            sent = []
            for prepared in made.prepared:
                items = made.certificates(prepared)
                body = [{"items": items}]
                sent.append((len(items), senders.submit(_send, port, body)))
            signed = time.perf_counter() - started
            issued = sum(number for number, answered in sent if answered.result())
        seconds = time.perf_counter() - started
    meter.report(
        "certificates issued in bulk, signed and registered",
        issued / seconds,
        bound=SIGN,
        database=place.name,
        processes=processes,
        images=False,
        signed_per_s=round(issued / signed, 1),
    )


def _send(port: int, bodies: list[dict[str, object]]) -> bool:
    """Raises RuntimeError where one of them is refused."""
    return len(load.once(port, "/api/statements", bodies, connections=1, seconds=60).latencies) == len(bodies)


def desk(meter: Meter) -> None:
    """A class of 150 by `malan-sign issue`: outbox, receipts and folders as well, without pictures."""
    with tempfile.TemporaryDirectory() as folder, ready(Path(folder) / "home", classes=3) as made:
        rates = []
        for prepared in made.prepared:
            started = time.perf_counter()
            report = issue(made.job.office.desk(BODY, "signatory"), prepared.class_id, cards=False)
            rates.append(report.new / (time.perf_counter() - started))
    meter.report(
        "certificates issued by malan-sign", sorted(rates)[1], bound=SIGN, batch=TRAINEES, images=False
    )


def verifying(meter: Meter) -> None:
    """POST /api/verify: every certificate once, then the same ones over and over."""
    with _world(sqlite(), classes=CLASSES) as made:
        texts = _texts(made)
        for processes in (1, 2):
            with serving(made.home, processes=processes) as port:
                bodies = [{"qr": text} for text in texts]
                for name, ask in (("each once", load.once), ("again and again", load.repeat)):
                    told = ask(
                        port,
                        "/api/verify",
                        bodies,
                        connections=VERIFY_CONNECTIONS,
                        seconds=meter.seconds,
                    )
                    meter.report(
                        f"POST /api/verify, {len(texts)} certificates {name}",
                        told.per_s,
                        bound=VERIFY,
                        connections=VERIFY_CONNECTIONS,
                        processes=processes,
                        p50_ms=told.quantile_ms(0.5),
                        p99_ms=told.quantile_ms(0.99),
                    )


def _texts(made: Ready) -> list[str]:
    """The QR texts of all prepared classes, issued and published."""
    texts = []
    for prepared in made.prepared:
        report = issue(made.job.office.desk(BODY, "signatory"), prepared.class_id, cards=False)
        texts += [(one.folder / "qr.txt").read_text().strip() for one in report.issued if one.folder]
    made.job.publish()
    return texts


@contextmanager
def _world(place: Place, *, statements: int = 0, classes: int = 0) -> Iterator[Ready]:
    with tempfile.TemporaryDirectory(prefix="malan-bench-") as folder:
        home = Path(folder) / "home"
        place.settle(home)
        with ready(home, statements=statements, classes=classes) as made:
            yield made


@contextmanager
def serving(home: Path, *, processes: int = 1) -> Iterator[int]:
    """`malan serve` on a free port, its log thrown away."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    command = [sys.executable, "-m", "registry", "serve", "--home", str(home), "--port", str(port)]
    command += ["--processes", str(processes)] if processes > 1 else []
    # A caller of a test asks more often than any one caller may.
    environment = {**os.environ, "MALAN_LIMIT_FACTOR": "1000"}
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    try:
        _wait_for(port, server)
        yield port
    finally:
        server.terminate()
        server.wait(30)


def _wait_for(port: int, server: subprocess.Popen[bytes]) -> None:
    """Until the service answers, not only listens: the address is bound before any process is ready.

    Of several processes the others may be a moment later than the first; that moment is not measured.
    """
    deadline = time.monotonic() + 60
    while True:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/healthz", timeout=30).status_code == 200:
                break
        except httpx.TransportError:
            if time.monotonic() > deadline or server.poll() is not None:
                raise
        time.sleep(0.05)
    time.sleep(SETTLE_SECONDS)
