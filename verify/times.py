"""Seconds since 1970 as dates and texts, for any number a signed claim may hold. Pure.

Promises: no number raises; what lies beyond the calendar becomes its last day, or stays a number in text.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Final

from issuers.authority.case import SHANGHAI, shanghai_date

LAST_SECOND: Final = 253_402_214_399
"""2^40 seconds, which a claim may hold, are the year 36812; this is the last day that both calendars have."""


def day_of(seconds: int) -> date:
    """The Shanghai date; the last one there is for anything later."""
    return shanghai_date(min(seconds, LAST_SECOND) * 1000)


def instant(seconds: int) -> str:
    """RFC 3339 in UTC, as documents have it."""
    return _format(seconds, "%Y-%m-%dT%H:%M:%SZ", local=False)


def shanghai(seconds: int) -> str:
    """Date and minute in Shanghai, as people read it."""
    return _format(seconds, "%Y-%m-%d %H:%M", local=True)


def _format(seconds: int, form: str, *, local: bool) -> str:
    if not 0 <= seconds <= LAST_SECOND:
        return str(seconds)
    return datetime.fromtimestamp(seconds, SHANGHAI if local else UTC).strftime(form)
