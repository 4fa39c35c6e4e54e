"""How long until a registered statement is under a checkpoint that anybody can read."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from issuers.authority.case import shanghai_date
from issuers.identifiers.districts import DISTRICTS
from issuers.sign.desk.parties import act, approve
from ledger.checkpoint import CosignerKey, parse_checkpoint, parse_cosigner_vkey
from ledger.note import parse_note
from registry.demo.cast import CITY, ROOTS
from tests.bench.meter import Meter
from tests.bench.service import serving
from tests.bench.witnesses import COUNT, possession, sixteen
from tests.bench.world import ready
from tests.main_job import Job

SAMPLES = 100
LOOK_SECONDS = 0.01
PATIENCE_SECONDS = 60.0
QUORUM = 11


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


def witnessed(meter: Meter) -> None:
    """The same until eleven of sixteen witnesses on this machine cosigned, each with a disk to write to."""
    with tempfile.TemporaryDirectory(prefix="malan-bench-") as folder:
        home, places = Path(folder) / "home", Path(folder) / "witnesses"
        with ready(home, statements=SAMPLES) as made:
            vkey = (home / "log.vkey").read_text().strip()
            with sixteen(places, vkey) as known, serving(home) as port:
                _appoint(made.job, places, known)
                keys = [parse_cosigner_vkey(one["vkey"]) for one in known]
                with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
                    seen = [waits(client, one, lambda note: _quorum(note, keys)) for one in made.statements]
    report(meter, "witnessed: from the answer to eleven of sixteen cosignatures", seen, witnesses=COUNT)


def _appoint(job: Job, places: Path, known: list[dict[str, str]]) -> None:
    """Two officers of the city say who witnesses, through the service that runs in this process."""
    note, now = job.service.log.checkpoint(), job.service.clock.now_ms()
    named = [
        {
            "party": f"district-{code}",
            "possession": possession(places, number, note, time=now // 1000),
            **one,
        }
        for number, (code, one) in enumerate(zip(DISTRICTS, known, strict=True), start=1)
    ]
    body = {"witnesses": named, "quorum": QUORUM, "first_day": shanghai_date(now).isoformat()}
    statement, _ = act(job.office.desk(CITY, ROOTS[0]), "witness-set", "log", body)
    approve(job.office.desk(CITY, ROOTS[1]), statement.hash)


def _quorum(note: bytes, keys: list[CosignerKey]) -> int:
    """The size of the checkpoint if enough have cosigned it."""
    lines = parse_note(note).signatures
    enough = sum(any(line.is_by(key) for line in lines) for key in keys) >= QUORUM
    return _size(note) if enough else 0


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
