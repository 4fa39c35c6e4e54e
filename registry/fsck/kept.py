"""Door: the last fsck of this home, kept beside it, so that a supervisor sees when there was one.

Promises codes and counts only; a file that is away or cannot be read is no fsck at all.
"""

from __future__ import annotations

import json
from pathlib import Path

from issuers.files import read_file, replace_file
from ledger.errors import MalanError
from registry.fsck.run import Report

FILE = "fsck.json"
_BYTES_MAX = 65_536
_CODES_MAX = 20
_MODE = 0o644


def keep(home: Path, report: Report, *, now_ms: int) -> None:
    """Writes what was found, instead of what was found before."""
    codes = sorted({one.code for one in report.departures})[:_CODES_MAX]
    told = {
        "time_ms": now_ms,
        "size": report.size,
        "departures": len(report.departures),
        "codes": codes,
    }
    replace_file(home / FILE, json.dumps(told).encode(), mode=_MODE)


def read_last(home: Path) -> dict[str, object] | None:
    """Time, size, number of departures and their codes; None when nothing is known."""
    try:
        told = json.loads(read_file(home / FILE, bytes_max=_BYTES_MAX))
    except (MalanError, OSError, ValueError):
        return None
    match told:
        case {"time_ms": int(time_ms), "size": int(size), "departures": int(count), "codes": list(codes)}:
            texts = [str(code) for code in codes]
            return {"time_ms": time_ms, "size": size, "departures": count, "codes": texts}
    return None
