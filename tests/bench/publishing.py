"""How long until a registered statement is under a checkpoint that anybody can read."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from ledger.checkpoint import parse_checkpoint
from ledger.note import parse_note
from tests.bench.meter import Meter
from tests.bench.service import serving
from tests.bench.world import ready

SAMPLES = 100
LOOK_SECONDS = 0.01
PATIENCE_SECONDS = 60.0


def published(meter: Meter) -> None:
    """From the answer to a statement to the checkpoint that covers it, as a reader sees it over HTTP."""
    with tempfile.TemporaryDirectory(prefix="malan-bench-") as folder:
        home = Path(folder) / "home"
        with (
            ready(home, statements=SAMPLES) as made,
            serving(home) as port,
            httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client,
        ):
            waited = [waits(client, one, _size) for one in made.statements]
    report(meter, "published: from the answer to the checkpoint", waited)


def waits(client: httpx.Client, statement: dict[str, object], covered: Callable[[bytes], int]) -> float:
    """Seconds from the answer until `covered`, asked of the full checkpoint, is beyond the statement."""
    answer = client.post("/api/statements", json=statement)
    answer.raise_for_status()
    seq = answer.json()["results"][0]["seq"]
    begun = time.perf_counter()
    while time.perf_counter() - begun < PATIENCE_SECONDS:
        note = client.get("/log/checkpoint.full")
        if note.status_code == 200 and covered(note.content) > seq:
            return time.perf_counter() - begun
        time.sleep(LOOK_SECONDS)
    raise RuntimeError("the statement was not seen in time")


def report(meter: Meter, name: str, waited: list[float], **about: object) -> None:
    """Median, 99th percentile and the rate one caller after the other would see."""
    ordered = sorted(waited)
    meter.print(
        name,
        len(waited) / sum(waited),
        kind="figure",
        p50_ms=round(statistics.median(ordered) * 1000),
        p99_ms=round(ordered[int(len(ordered) * 0.99)] * 1000),
        samples=len(waited),
        **about,
    )


def _size(note: bytes) -> int:
    return parse_checkpoint(parse_note(note).text).size
