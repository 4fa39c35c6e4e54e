"""Door: the parts of one running service, put together once, at its start; no part is global.

Promises that a `Service` stands on a migrated database with a genesis, and on secrets that belong to it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from issuers.authority.party_facts import GenesisFact
from ledger.errors import Refused, Unavailable
from ledger.lock_store import LockStore
from ledger.note import NoteSigner
from registry.callers.limit_counts import CountsInMemory
from registry.certificates.told_verdicts import ToldVerdicts
from registry.clock import Clock
from registry.free_disk import FreeDisk
from registry.metrics.counts import Counts
from registry.migrations import check_current
from registry.persons.people import People
from registry.published.lock import open_lock_store
from registry.published.logged_places import LoggedPlaces
from registry.published.proofs import PublishedLog
from registry.published.trust_file import TrustFile
from registry.published.witness_clock import WitnessClock
from registry.published.witnessed_notes import WitnessedNotes
from registry.secrets import Secrets, read_secrets
from registry.settings import Settings
from registry.settings_check import check_settings
from registry.storage.database import Database
from registry.storage.facts import TableView
from registry.storage.secret_marks import check_marks
from registry.supervision.book import Book
from registry.supervision.runs import Runs
from registry.writing.enrolled_keys import EnrolledKeys
from registry.writing.group_commit import GroupCommit
from registry.writing.kept_facts import KeptFacts
from registry.writing.work import Work

GROUP_MAX = 1_000  # statements in one transaction
WAITING_MAX = 20_000  # statements that may wait for theirs: some seconds' worth


@dataclass
class Alarms:
    """What stands against appending, or is wrong with publishing; codes of errors, seen by `readyz`."""

    read_only: Refused | Unavailable | None = None
    publishing: str | None = None


@dataclass(frozen=True)
class Service:
    """Everything a request needs. `origin` names the log; `addresses` are local ones listened on now."""

    settings: Settings
    database: Database
    secrets: Secrets
    people: People
    clock: Clock
    origin: str
    log: PublishedLog
    lock: LockStore
    counts: CountsInMemory
    disk: FreeDisk
    witnessed: WitnessedNotes
    witness_clock: WitnessClock
    alarms: Alarms = field(default_factory=Alarms)
    trust: TrustFile = field(default_factory=TrustFile)
    places: LoggedPlaces = field(default_factory=LoggedPlaces)
    told: ToldVerdicts = field(default_factory=ToldVerdicts)
    addresses: list[str] = field(default_factory=list)
    keys: EnrolledKeys = field(default_factory=EnrolledKeys)
    kept: KeptFacts = field(default_factory=KeptFacts)
    commits: GroupCommit[list[Work]] = field(
        default_factory=lambda: GroupCommit(group_max=GROUP_MAX, waiting_max=WAITING_MAX)
    )
    book: Book = field(default_factory=Book)
    audits: Runs = field(default_factory=Runs)
    metrics: Counts = field(default_factory=Counts)

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """As `Database.transaction`; how long it took, commit and all, is counted.

        Raises Unavailable DISK_LOW as well.
        """
        self.disk.check()
        begun = time.perf_counter()
        with self.database.transaction() as connection:
            yield connection
        self.metrics.wrote(time.perf_counter() - begun)

    def need_writable(self) -> None:
        """Raises the alarm that stands against writing: what would be given out now may have been before."""
        if self.alarms.read_only is not None:
            raise self.alarms.read_only
        self.disk.check()

    def close(self) -> None:
        """Ends what goes on and the connections of this process."""
        self.audits.stop()
        self.lock.close()
        self.database.close()


def open_service(settings: Settings, *, clock: Clock | None = None, restoring: bool = False) -> Service:
    """The service of an initialised home; `restoring`: also of one whose restore has not ended.

    Raises Refused RESTORE_UNFINISHED; Unavailable HOME_MISSING, GENESIS_MISSING, SCHEMA_OLD, SECRET_OTHER,
    and what settings, secrets and database raise.
    """
    check_settings(settings)
    if not settings.database and not (settings.home / "malan.db").exists():
        raise Unavailable(
            "HOME_MISSING", "there is no registry here", where="MALAN_HOME", fix="Run `malan init`."
        )
    secrets = read_secrets(settings.secret_file)
    database = Database(settings.database_url, busy_timeout_ms=settings.busy_timeout_ms)
    with database.reading() as connection:
        check_current(connection, restoring=restoring)
        genesis = TableView(connection).get(GenesisFact, "log")
        check_marks(connection, secrets)
    if genesis is None:
        raise Unavailable("GENESIS_MISSING", "the log has no genesis", fix="Run `malan init` to its end.")
    return assemble(settings, database, secrets, clock=clock or Clock(), origin=genesis.origin)


def assemble(
    settings: Settings, database: Database, secrets: Secrets, *, clock: Clock, origin: str
) -> Service:
    """The parts in one value; `init` and tests that have no genesis yet use it directly."""
    witnessed = WitnessedNotes(settings.home)
    log = PublishedLog(settings.log_directory, final=witnessed.final)
    lock = open_lock_store(settings, origin)
    counts = CountsInMemory(clock.now_ms)
    disk = FreeDisk(settings.home, floor_mib=settings.free_disk_min_mib)
    return Service(
        settings,
        database,
        secrets,
        People(secrets),
        clock,
        origin,
        log,
        lock,
        counts,
        disk,
        witnessed,
        WitnessClock(settings.home),
    )


def note_signer(service: Service) -> NoteSigner:
    """The checkpoint key as a signed note wants it: its name is the origin."""
    seed = service.secrets.checkpoint.raw_ed25519()
    return NoteSigner(service.origin, Ed25519PrivateKey.from_private_bytes(seed))
