"""Publishing reads rows in bounded pieces, however long the log is."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PEAK = """
import sys, tracemalloc
from pathlib import Path
from ledger.filling import MAX_READ
from tests.ledger.test_publisher import _publish, rows

pieces = []

def counting(start, end):
    pieces.append(end - start)
    return rows(start, end)

size = int(sys.argv[2])
_publish(Path(sys.argv[1]) / "warm", 600)  # what is imported or cached at first use is not the log's
tracemalloc.start()
_publish(Path(sys.argv[1]) / "log", size, counting)
assert max(pieces) <= MAX_READ and sum(pieces) == size
print(tracemalloc.get_traced_memory()[1])
"""


def _peak_bytes(directory: Path, size: int) -> int:
    """In a process of its own: threads that other tests of this worker left allocate as well."""
    run = [sys.executable, "-c", PEAK, str(directory), str(size)]
    return int(subprocess.run(run, check=True, capture_output=True, text=True).stdout)


def test_rows_are_read_in_bounded_pieces_and_memory_does_not_grow_with_the_log(tmp_path: Path) -> None:
    small, large = (_peak_bytes(tmp_path / str(size), size) for size in (5_000, 30_000))
    assert large < small * 1.5
