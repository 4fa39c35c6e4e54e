"""The databases the service is measured on, each on the disk of this machine and durable."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.ground import PostgresGround
from tests.postgres import Server


@dataclass(frozen=True)
class Place:
    """`settle` makes an empty database for a home and leaves its settings there."""

    name: str
    settle: Callable[[Path], object]


def sqlite() -> Place:
    """A file in the home, which is what a home without settings has."""
    return Place("sqlite", lambda _: None)


@contextmanager
def places() -> Iterator[list[Place]]:
    """SQLite, and PostgreSQL from the wheel's binaries, with fsync and all."""
    server = Server(on_disk=True)
    try:
        yield [sqlite(), Place("postgresql", PostgresGround(server).fresh)]
    finally:
        server.stop()
