"""Door: one run of fsck over database and published log. It may run beside a working service.

The leaves are walked in short reads; the tables are compared in one read at the end, at the size they stand
at then. Nothing is repaired.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from ledger.store import entry
from registry.fsck import erased, persons, published, reports, rows, sealed, store, versions
from registry.fsck.departure import Departure
from registry.fsck.persons import Seen
from registry.fsck.replay import Replay, Row
from registry.service import Service

STEP = 500  # leaves in one read


@dataclass(frozen=True, slots=True)
class Report:
    """`size` leaves were walked; `published` is the size of the checkpoint, None without one."""

    size: int
    published: int | None
    departures: tuple[Departure, ...]


def check(service: Service) -> Report:
    """Everything that follows from the log, recomputed. Raises Unavailable when it cannot be read."""
    found = published.read(service)
    size = None if found.checkpoint is None else found.checkpoint.size
    with service.database.reading() as connection:
        departures = [
            *store.check_schema(service.database, connection),
            *store.check_types(service.database, connection),
        ]
    if any(one.code == "VALUE_TYPE" for one in departures):
        return Report(0, size, tuple(departures))  # nothing else can be read as what it should be
    replay = Replay(service.origin, watch=found.sizes)
    departures += _walk(service, replay)
    departures += [*replay.departures, *found.departures]
    departures += published.check_tree(found, replay)
    directory = service.settings.log_directory
    departures += published.check_tiles(directory, found, replay, lambda: _size(service))
    departures += published.check_bundle(found, replay)
    return Report(replay.size, size, tuple(departures))


def _walk(service: Service, replay: Replay) -> list[Departure]:
    """The log in short reads, the tables in one, and what takes long to open after that."""
    people, seen = service.people, Seen()
    while True:
        with service.database.reading() as connection:
            found = _next_rows(connection, replay.size)
        if len(found) < STEP:
            break
        _feed(replay, found)
    with service.database.reading() as connection:
        while found := _next_rows(connection, replay.size):
            _feed(replay, found)
        persons_then = persons.snapshot(connection)
        gone = erased.Explained(connection, replay)
        departures = [
            *rows.check_facts(connection, replay),
            *rows.check_places(connection, replay),
            *rows.check_holds(connection, replay, gone, service.secrets.nullifier),
            *rows.check_open_claims(connection, replay),
            *rows.check_reservations(connection, replay, gone),
            *rows.check_credentials(connection, replay, gone),
            *erased.check_undone(connection, gone),
            *erased.check_marks(connection),
            *versions.check_rows(connection, replay, gone),
            *sealed.check_strays(connection, replay),
            *store.check_secrets(connection, service.secrets),
            *store.check_read_audit(connection, people),
            *reports.check_reports(connection),
        ]
    with service.database.reading() as connection:
        departures += sealed.check_numbers(connection, people, gone)
    with service.database.reading() as connection:
        departures += sealed.check_credentials(connection, people, replay)
        departures += versions.check_sealed(connection, people, replay)
    for seq in sorted(replay.committed.values()):
        with service.database.reading() as connection:
            departures += sealed.check_openings(connection, people, seq, seen, gone)
    with service.database.reading() as connection:
        departures += persons.check_staff(connection, people, replay, persons_then, seen)
    departures += persons.check_candidates(persons_then, replay, gone)
    departures += persons.check_persons(persons_then, seen)
    return departures


def _size(service: Service) -> int:
    with service.database.reading() as connection:
        newest = connection.execute(sa.select(sa.func.max(entry.c.seq))).scalar_one()
    return 0 if newest is None else int(newest) + 1


def _next_rows(connection: sa.Connection, start: int) -> list[Row]:
    query = sa.select(entry).where(entry.c.seq >= start).order_by(entry.c.seq).limit(STEP)
    return [
        Row(row.seq, row.leaf, row.leaf_hash, row.cti, row.statement_hash)
        for row in connection.execute(query)
    ]


def _feed(replay: Replay, found: list[Row]) -> None:
    for row in found:
        replay.feed(row)
