"""Door: one run of fsck over database and published log. It may run beside a working service.

The leaves are walked in short reads; the tables are compared in one read at the end, at the size they stand
at then. Nothing is repaired.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.errors import MalanError
from ledger.store import entry
from registry.fsck import rows, sealed
from registry.fsck.departure import Departure
from registry.fsck.replay import Replay, Row
from registry.proofs import read_checkpoint
from registry.service import Service, note_signer

STEP = 500  # leaves in one read


@dataclass(frozen=True, slots=True)
class Report:
    """`size` leaves were walked; `published` is the size of the checkpoint, None without one."""

    size: int
    published: int | None
    departures: tuple[Departure, ...]


def check(service: Service) -> Report:
    """Everything that follows from the log, recomputed. Raises Unavailable when it cannot be read."""
    checkpoint, departures = _published(service)
    replay = Replay(service.origin, watch=checkpoint.size if checkpoint else 0)
    while True:
        with service.database.reading() as connection:
            found = _next_rows(connection, replay.size)
        if len(found) < STEP:
            break
        _feed(replay, found)
    with service.database.reading() as connection:
        while found := _next_rows(connection, replay.size):
            _feed(replay, found)
        departures += rows.check_facts(connection, replay)
        departures += rows.check_places(connection, replay)
        departures += rows.check_holds(connection, replay, service.secrets.nullifier)
        departures += rows.check_reservations(connection, replay)
        departures += rows.check_credentials(connection, replay)
        departures += sealed.check_strays(connection, replay)
    # Opening takes long; what was added meanwhile is checked against itself only.
    with service.database.reading() as connection:
        departures += sealed.check_numbers(connection, service.people)
    with service.database.reading() as connection:
        departures += sealed.check_credentials(connection, service.people, replay)
    departures += _openings(service, replay)
    departures += _tree(replay, checkpoint)
    published = None if checkpoint is None else checkpoint.size
    return Report(replay.size, published, (*replay.departures, *departures))


def _published(service: Service) -> tuple[Checkpoint | None, list[Departure]]:
    directory = service.settings.log_directory
    if not (directory / "checkpoint").exists():
        return None, []
    try:
        keys = [note_signer(service).key]
        return open_checkpoint(read_checkpoint(directory), log_keys=keys).checkpoint, []
    except MalanError as error:
        what = f"it is not a checkpoint of our key: {error.code}"
        return None, [Departure("CHECKPOINT_BROKEN", "log/checkpoint", what)]


def _tree(replay: Replay, checkpoint: Checkpoint | None) -> list[Departure]:
    if checkpoint is None:
        return []
    if checkpoint.size > replay.size:
        return [Departure("LOG_AHEAD", "log/checkpoint", "it is larger than the database")]
    if replay.root != checkpoint.root:
        where = f"log/checkpoint size {checkpoint.size}"
        return [Departure("ROOT_DIFFERS", where, "the rows fold to another root than the published one")]
    return []


def _openings(service: Service, replay: Replay) -> list[Departure]:
    departures: list[Departure] = []
    for seq in sorted(replay.committed.values()):
        with service.database.reading() as connection:
            departures += sealed.check_openings(connection, service.people, seq)
    return departures


def _next_rows(connection: sa.Connection, start: int) -> list[Row]:
    query = sa.select(entry).where(entry.c.seq >= start).order_by(entry.c.seq).limit(STEP)
    return [
        Row(row.seq, row.leaf, row.leaf_hash, row.cti, row.statement_hash)
        for row in connection.execute(query)
    ]


def _feed(replay: Replay, found: list[Row]) -> None:
    for row in found:
        replay.feed(row)
