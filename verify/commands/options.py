"""Door: what the commands of `malan-verify` share: options, the document they print, how an error is said.

The one place of a check or an audit that looks at the clock.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import typer

from issuers.authority.case import SHANGHAI
from ledger.errors import MalanError, Malformed

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout")]
At = Annotated[str | None, typer.Option("--at", help="Judge as of this time (RFC 3339; default now)")]
Genesis = Annotated[
    str | None, typer.Option("--genesis", help="Published genesis fingerprint (64 hex digits)")
]


def time_asked(at: str | None) -> int:
    """Milliseconds of now, or of the time the user gives; without an offset it is Shanghai's.

    Raises Malformed TIME_FORM.
    """
    if at is None:
        return time.time_ns() // 1_000_000
    try:
        given = datetime.fromisoformat(at)
        aware = given if given.tzinfo is not None else given.replace(tzinfo=SHANGHAI)
        time_ms = int(aware.timestamp() * 1000)
    except (ValueError, OverflowError):
        time_ms = -1
    if time_ms < 0:
        raise Malformed("TIME_FORM", "not a time such as 2026-03-13T10:00:00+08:00", where="--at")
    return time_ms


def print_json(document: Mapping[str, Any], *, indent: int | None = 2) -> None:
    """One document on stdout; JSON is UTF-8, whatever the terminal speaks."""
    text = json.dumps(document, ensure_ascii=False, indent=indent)
    sys.stdout.buffer.write(f"{text}\n".encode())
    sys.stdout.buffer.flush()


def complain(error: MalanError) -> None:
    """Code, place, what and what to do, on stderr."""
    place = f" ({error.where})" if error.where else ""
    sys.stderr.write(f"{error.code}{place}: {error.what}\n" + (f"→ {error.fix}\n" if error.fix else ""))
