"""What grows with the log, and what does not: `python -m tests.bench.growth [LARGEST] [--plot FILE]`.

From ten thousand entries to ten million in one SQLite database and one directory: an append, a publication, a
proof, an audit of the bytes, and bytes on disk. Statements are 400 bytes that say nothing: what is measured
here is the ledger. One JSON line a size; the plot is drawn from the very lines.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger import merkle, store
from ledger.checkpoint import parse_checkpoint
from ledger.lock_store import MemoryLockStore
from ledger.note import NoteSigner, parse_note
from ledger.publisher import publish
from ledger.statement import statement_hash, uuid7
from ledger.tiles import TileReader
from registry.storage.database import Database
from tests.bench.growth_plot import draw
from verify.audit.walk import walk
from verify.source import DirectorySource

ORIGIN: Final = "growth.malan.example/log"
SIZES: Final = (10_000, 100_000, 1_000_000, 10_000_000)
BATCH: Final = 1_000
PROOFS: Final = 5_000
_FILLER: Final = bytes(392)


def grow(folder: Path, largest: int) -> Iterator[dict[str, Any]]:
    """The figures at each size up to `largest`."""
    database = Database(f"sqlite:///{folder / 'malan.db'}", busy_timeout_ms=5_000)
    with database.transaction() as connection:
        store.metadata.create_all(connection)
        for guard in store.SQLITE_GUARDS:
            connection.exec_driver_sql(guard)
    signer = NoteSigner(ORIGIN, Ed25519PrivateKey.from_private_bytes(bytes(32)))
    lock = MemoryLockStore()
    for size in (one for one in SIZES if one <= largest):
        appended = _append(database, size)
        begun = time.perf_counter()
        before = _published(folder)
        publish(
            folder / "log",
            origin=ORIGIN,
            size=size,
            read_leaves=lambda start, stop: _read(database, start, stop),
            signer=signer,
            lock=lock,
        )
        published = (time.perf_counter() - begun) / (size - before)
        yield {
            "entries": size,
            "append_us": round(appended * 1e6, 2),
            "publish_us": round(published * 1e6, 2),
            "proof_us": round(_prove(folder, size) * 1e6, 2),
            "audit_us": round(_audit(folder, size) * 1e6, 2),
            "database_bytes": round((folder / "malan.db").stat().st_size / size, 1),
            "log_bytes": round(_bytes(folder / "log") / size, 1),
            "memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        }
    database.close()


def _append(database: Database, size: int) -> float:
    """Seconds an entry, over the last tenth of the way, a thousand in a transaction."""
    with database.reading() as connection:
        count = store.read_head(connection, ORIGIN).size
    timed_from, spent = size - size // 10, 0.0
    while count < size:
        items = []
        for number in range(count, count + BATCH):
            raw = number.to_bytes(8, "big") + _FILLER
            cti = uuid7(time_ms=2**40 + number, randomness=number.to_bytes(10, "big"))
            items.append(store.NewEntry(raw, cti, statement_hash(raw)))
        begun = time.perf_counter()
        with database.transaction() as connection:
            head = store.read_head(connection, ORIGIN)
            store.append(connection, head=head, items=items, time_ms=2**40 + count)
        if count >= timed_from:
            spent += time.perf_counter() - begun
        count += BATCH
        if count % 100_000 == 0:
            sys.stderr.write(f"\r{count:,} entries")
    sys.stderr.write("\n")
    return spent / (size - timed_from)


def _read(database: Database, start: int, stop: int) -> list[bytes]:
    with database.reading() as connection:
        return store.read_leaves(connection, start, stop)


def _published(folder: Path) -> int:
    place = folder / "log" / "checkpoint"
    return parse_checkpoint(parse_note(place.read_bytes()).text).size if place.exists() else 0


def _prove(folder: Path, size: int) -> float:
    reader, draw_from = TileReader(size=size, fetch=DirectorySource(folder / "log").fetch), random.Random(1)
    begun = time.perf_counter()
    for _ in range(PROOFS):
        merkle.inclusion_proof(index=draw_from.randrange(size), size=size, read=reader.read)
    return (time.perf_counter() - begun) / PROOFS


def _audit(folder: Path, size: int) -> float:
    source = DirectorySource(folder / "log")
    checkpoint = parse_checkpoint(parse_note(source.fetch("checkpoint") or b"").text)
    begun = time.perf_counter()
    walked = walk(source.fetch, checkpoint)
    assert walked.root == checkpoint.root, "the log is not what was published"
    return (time.perf_counter() - begun) / size


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def main() -> None:
    """JSON lines, and a plot where one is asked for."""
    parser = argparse.ArgumentParser(description="What grows with the log.")
    parser.add_argument("largest", nargs="?", type=int, default=SIZES[-1])
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for row in grow(Path(folder), options.largest):
            rows.append(row)
            sys.stdout.write(json.dumps(row) + "\n")
            sys.stdout.flush()
    if options.plot is not None:
        draw(rows).save(options.plot, optimize=True)


if __name__ == "__main__":
    main()
