"""The databases the service is measured on, each on the disk of this machine and durable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """`fresh` gives the URL of an empty database; empty means SQLite in the home."""

    name: str
    fresh: Callable[[], str]


def places() -> list[Place]:
    """SQLite first."""
    return [Place("sqlite", lambda: "")]
