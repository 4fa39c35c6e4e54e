"""Door: rows of the ledger again, out of published bundles or a mirror of them, and what follows from them.

Promises: nothing is written before the whole source folds to a checkpoint our key signed and its chain holds;
entries go through the judge as they once did; a database that departs from the source is refused; a run that
broke off is simply run again. Rebuilt are ledger, facts, indexes, open claims and released holds; whoever
was erased meanwhile is erased here. What the log never held (names, documents, numbers, codes) comes from a
backup of the database or not at all, so numbers and status places that may have been given out in the lost
time are not given out again.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from issuers.acts import read_act
from issuers.authority.case import shanghai_date
from issuers.authority.class_facts import Claim, ClaimState, ClassFact, Hold, Passed
from issuers.authority.erasure_facts import Erased
from issuers.authority.judge import admit
from issuers.authority.party_facts import Party
from issuers.authority.view import Fact
from issuers.files import private_directory
from ledger.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint
from ledger.errors import ProofFailed, Unavailable
from ledger.fsck import check_log
from ledger.leaf import leaf_hash, parse_leaf
from ledger.note import parse_note
from ledger.publisher import CHECKPOINT
from ledger.statement import Statement, parse_statement
from ledger.store import Entry, NewEntry, insert, read_head, read_leaves
from ledger.tiles import WIDTH, TileReader
from registry.certificates.reservations import skip
from registry.clock import Clock
from registry.migrations import check_current
from registry.persons.erasing import erase_places
from registry.published.policy_file import write_names
from registry.secrets import read_secrets
from registry.service import Service, assemble, note_signer
from registry.settings import Settings
from registry.settings_check import check_settings
from registry.storage.database import Database
from registry.storage.facts import TableView, all_of
from registry.storage.places import add_places
from registry.storage.rows import Rows
from registry.storage.secret_marks import write_marks
from registry.storage.tables import open_claim, reservation, retired_code
from registry.storage.upgrading import upgrade
from registry.subsidy import holds
from verify.source import Source

STEP = 500  # entries in one transaction


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """The log had `before` entries and has `size`; of `sealed` new ones the personal part is not there.

    `skipped`: certificate numbers that will not be given out, for they may have been.
    """

    before: int
    size: int
    sealed: int
    skipped: int


def rebuild(settings: Settings, source: Source, *, clock: Clock | None = None) -> Rebuilt:
    """Appends what the database misses of the source's log; the service must not run meanwhile.

    Raises Unavailable CHECKPOINT_MISSING, TILE_MISSING, SCHEMA_OLD, SECRET_OTHER; ProofFailed ROWS_DEPART,
    SOURCE_DEPARTS or of a leaf; what the judge raises; what files and database raise.
    """
    check_settings(settings)
    clock = clock or Clock()
    raw = source.fetch(CHECKPOINT)
    if raw is None:
        raise _no_checkpoint()
    service = _service(settings, parse_checkpoint(parse_note(raw).text).origin, clock)
    try:
        log = _opened(service, source, raw)
        _need_database(settings)
        with service.database.transaction() as connection:
            check_current(connection, restoring=True)
            write_marks(connection, service.secrets)
        write_names(service)
        return _Rebuilding(service, log).run()
    finally:
        service.close()


def append_missing(service: Service, source: Source) -> Rebuilt:
    """As `rebuild`, of a database that is there. Raises as it does."""
    raw = source.fetch(CHECKPOINT)
    if raw is None:
        raise _no_checkpoint()
    return _Rebuilding(service, _opened(service, source, raw)).run()


def _opened(service: Service, source: Source, raw: bytes) -> _Log:
    """The source, checked as far as its checkpoint goes."""
    log = _Log(source, open_checkpoint(raw, log_keys=[note_signer(service).key]).checkpoint)
    log.check()
    return log


def _no_checkpoint() -> Unavailable:
    return Unavailable("CHECKPOINT_MISSING", "there is no checkpoint at the source", where=CHECKPOINT)


def _service(settings: Settings, origin: str, clock: Clock) -> Service:
    database = Database(settings.database_url, busy_timeout_ms=settings.busy_timeout_ms)
    return assemble(settings, database, read_secrets(settings.secret_file), clock=clock, origin=origin)


def _need_database(settings: Settings) -> None:
    """SQLite makes its file; a PostgreSQL database is made and migrated by its owner before."""
    if settings.database:
        return
    private_directory(settings.home)
    path = settings.home / "malan.db"
    if not path.exists():
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    upgrade(settings)


class _Log:
    """The source at the size of its checkpoint."""

    def __init__(self, source: Source, checkpoint: Checkpoint) -> None:
        self.checkpoint = checkpoint
        self._reader = TileReader(size=checkpoint.size, fetch=source.fetch)

    def check(self) -> None:
        """The chain holds from the first entry on, and the entries are under the signed root."""
        found = check_log(self.checkpoint.origin, self.entries(0, self.checkpoint.size))
        if (found.size, found.root) != (self.checkpoint.size, self.checkpoint.root):
            raise ProofFailed(
                "SOURCE_DEPARTS",
                "The entries at the source are not those its checkpoint was signed for.",
                where=CHECKPOINT,
                fix="Take another mirror, and keep this one: it is evidence.",
            )

    def entries(self, start: int, stop: int) -> Iterator[bytes]:
        """The entries [start, stop), one bundle at a time."""
        for index in range(start // WIDTH, -(-stop // WIDTH)):
            first = index * WIDTH
            yield from self._reader.bundle(index)[max(0, start - first) : stop - first]


class _Rebuilding:
    """One run: `_log` was checked."""

    def __init__(self, service: Service, log: _Log) -> None:
        self._service = service
        self._log = log
        self._sealed = 0

    def run(self) -> Rebuilt:
        """In transactions of `STEP` entries."""
        with self._service.database.reading() as connection:
            before = read_head(connection, self._service.origin).size
            self._compare(connection, before)
        size, skipped = self._log.checkpoint.size, 0
        for start in range(before, size, STEP):
            leaves = list(self._log.entries(start, min(start + STEP, size)))
            with self._service.database.transaction() as connection:
                if read_head(connection, self._service.origin).size != start:
                    raise Unavailable("DATABASE_BUSY", "somebody else appends", fix="Stop the service first.")
                self._append(connection, leaves)
                if start + STEP >= size:
                    # Together with the last entries: a run that is complete has skipped, and once.
                    skipped = self._skip(connection, before)
                # Crash here: the entries before stand; the next run goes on behind them.
        return Rebuilt(before, max(before, size), self._sealed, skipped)

    def _compare(self, connection: sa.Connection, before: int) -> None:
        """The last entry both have links to all before it."""
        last = min(before, self._log.checkpoint.size) - 1
        if last < 0:
            return
        if read_leaves(connection, last, last + 1) != list(self._log.entries(last, last + 1)):
            raise ProofFailed(
                "ROWS_DEPART",
                "The database holds another entry than the log: it was written to after it was restored.",
                where=f"entry {last}",
                fix="Restore the backup again and rebuild before the service is started.",
            )

    def _append(self, connection: sa.Connection, leaves: Sequence[bytes]) -> None:
        view, rows, entries = TableView(connection), Rows(), list[Entry]()
        for data in leaves:
            leaf = parse_leaf(data)
            statement = parse_statement(leaf.statement)
            changes = admit(view, statement, seq=leaf.seq, time_ms=leaf.time_ms)
            view.put(changes, seq=leaf.seq)
            act = read_act(statement)
            add_places(rows, statement, act, seq=leaf.seq)
            self._sealed += bool(getattr(act, "entries", ()))
            _follow_claims(connection, changes, statement)
            erased = [(one.statement, one.place) for one in changes if isinstance(one, Erased)]
            erase_places(connection, self._service.people, erased)
            entries.append(
                Entry(leaf, data, leaf_hash(data), NewEntry(statement.raw, statement.cti, statement.hash))
            )
        insert(connection, entries)
        rows.write(connection)
        view.flush()

    def _skip(self, connection: sa.Connection, before: int) -> int:
        """Whoever passed and has no reservation here may have had one: so many numbers are left out."""
        known = {(row.class_id, row.candidate) for row in connection.execute(sa.select(reservation))}
        erased = set(connection.execute(sa.select(retired_code.c.certificate)).scalars())  # known once
        view, lost = TableView(connection), Counter[str]()
        for one in all_of(connection, Passed):
            if (one.class_id, one.candidate) not in known and one.certificate not in erased:
                course = view.get(ClassFact, one.class_id.hex())
                body = None if course is None else view.get(Party, course.body)
                if body is not None and body.code is not None:
                    lost[f"{int(body.code):03d}"] += 1
        (first,) = read_leaves(connection, before, before + 1)
        since = shanghai_date(parse_leaf(first).time_ms).year
        now = max(since, shanghai_date(self._service.clock.now_ms()).year)
        for year in range(since, now + 1):
            for issuer, count in sorted(lost.items()):
                skip(connection, issuer=issuer, year2=year % 100, count=count)
        return sum(lost.values()) * (now + 1 - since)


def _follow_claims(connection: sa.Connection, changes: Sequence[Fact], statement: Statement) -> None:
    """The list of claims that wait, and the holds that a decision frees."""
    for fact in changes:
        if isinstance(fact, Claim) and fact.state is ClaimState.SUBMITTED:
            waits = {"claim": fact.id, "district": fact.district, "submitted_ms": fact.submitted_ms}
            connection.execute(sa.insert(open_claim).values(**waits, statement=statement.hash))
        elif isinstance(fact, Claim):
            connection.execute(sa.delete(open_claim).where(open_claim.c.claim == fact.id))
        elif isinstance(fact, Hold) and fact.released:
            holds.release(connection, fact.claim)
