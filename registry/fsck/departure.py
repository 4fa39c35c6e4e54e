"""What fsck found: a code, the place, and what is wrong there; never a value. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Departure:
    """One thing that is not as the log says."""

    code: str
    where: str
    what: str
