"""Door: a registry comes back from a backup: the order in which that is safe.

1. Nothing is touched before the target is seen to be empty and every file to be the one that was written.
2. The rows are loaded, in one transaction, and the database stays closed to every program.
3. Entries that a published log has beyond the backup are appended, where such a log is given; then whoever an
   order in force has erased is erased again.
4. fsck: rows that contradict the log keep the database closed; what the log never held is only named.
5. The boot gate: lock store, published checkpoint, bundle, what districts hold and what witnesses show.
6. The database is opened. Until then steps 3 to 6 may be run any number of times.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from issuers.files import create_file, private_directory, read_file
from ledger.errors import ProofFailed, Refused, Unavailable
from ledger.store import read_head
from registry.backups import shelf
from registry.backups.loading import load, need_empty
from registry.backups.manifest import PERSON_KEYS, ROWS, Manifest, decode
from registry.backups.row_files import check_file
from registry.backups.taking import BESIDE_BYTES_MAX, DAY_MS, KEYS_DAYS, KEYS_SHELF, POLICY, Tell, need_room
from registry.clock import Clock
from registry.fsck.kept import keep
from registry.fsck.run import check
from registry.migrations import check_current, is_restoring, set_restoring
from registry.persons.erasing import replay_erasures
from registry.persons.people import People
from registry.published.asking import heads_now
from registry.published.boot_gate import check_known, known_elsewhere, known_here
from registry.published.lead import Lead
from registry.published.policy_file import write_names
from registry.published.witnessed_notes import HANDOVERS
from registry.rebuilding import Rebuilt, append_missing
from registry.secrets import Secrets
from registry.service import Service, open_service
from registry.settings import Settings
from registry.storage.upgrading import owning
from verify.source import Source

LOST: Final = frozenset(
    {
        *("OPENING_MISSING", "OPENING_BROKEN", "RESERVATION_MISSING", "RESERVATION_BROKEN"),
        *("CREDENTIAL_MISSING", "CREDENTIAL_BROKEN", "HOLD_MISSING", "STAFF_MISSING", "STAFF_BROKEN"),
        *("CANDIDATE_MISSING", "CANDIDATE_DIFFERS", "NUMBER_GAP", "PERSON_KEY", "RETIRED_MISSING"),
        *("REVISION_MISSING", "REVISION_BROKEN"),
        "LIST_MISSING",  # the publisher writes it again
    }
)
"""What fsck finds where the personal part of an entry is not there: keys too old, entries out of the log."""

_SKEW_MS: Final = 3_600_000  # clocks of two machines


@dataclass(frozen=True, slots=True)
class Whole:
    """A backup whose every file was looked at; `keys` are folder and manifest of its person keys."""

    place: Path
    manifest: Manifest
    keys: tuple[Path, Manifest] | None


@dataclass(frozen=True, slots=True)
class Finished:
    """The registry may be served. `compared`: where checkpoints of its key were found; `lost`: by code."""

    size: int
    rebuilt: Rebuilt | None
    compared: tuple[str, ...]
    lost: Mapping[str, int]


def inspect(place: Path, *, keys: Path | None, without_keys: bool, secrets: Secrets, now_ms: int) -> Whole:
    """The backup at `place`, or the newest on that shelf, wholly read; `keys`: the same of person keys.

    Raises Unavailable BACKUP_MISSING, BACKUP_UNFINISHED, BACKUP_FILE_MISSING, PERSON_KEYS_MISSING; Refused
    PERSON_KEYS_OLD, BACKUP_OTHER; ProofFailed BACKUP_DIFFERS; what `manifest.decode` raises.
    """
    found, people = shelf.find(place), People(secrets)
    manifest = _read(found, people, ROWS)
    if without_keys:
        return Whole(found, manifest, None)
    folder = _keys_folder(found, keys)
    told = _read(folder, people, PERSON_KEYS)
    _check_age(told, folder.name, now_ms)
    if told.origin != manifest.origin:
        raise Refused("BACKUP_OTHER", "rows and person keys are of two registries", where=folder.name)
    return Whole(found, manifest, (folder, told))


def put_back(settings: Settings, whole: Whole, *, secrets: Secrets, tell: Tell) -> None:
    """Steps 1 and 2. Raises as `loading.load`, and Unavailable DISK_LOW."""
    need_empty(settings)
    private_directory(settings.home)
    if not settings.database:
        need_room(settings, settings.home, (2 * whole.manifest.length, 0))
    # These first: without the handovers the next step would write the policy of former witnesses.
    for name in {POLICY, HANDOVERS} & {one.name for one in whole.manifest.beside}:
        if not (settings.home / name).exists():
            data = read_file(whole.place / name, bytes_max=BESIDE_BYTES_MAX)
            create_file(settings.home / name, data, mode=0o644)
    load(settings, whole.place, whole.manifest, keys=whole.keys, secrets=secrets, tell=tell)


def adopt(settings: Settings) -> None:
    """Closes a database that came back by other means (a WAL archive, a copied file), for `finish` to open.

    A service of this home that runs would not notice, and go on writing: of several hosts each stops its own.
    Raises Refused SERVICE_RUNNING; Unavailable SCHEMA_OLD, SCHEMA_UNKNOWN, DATABASE_OWNER, and what the
    database raises.
    """
    lead = Lead(settings.home)
    if not lead.take():
        fix = "Stop it on every host, then run this again."
        raise Refused("SERVICE_RUNNING", "a service of this home is running", where="MALAN_HOME", fix=fix)
    try:
        with owning(settings) as (connection, _):
            check_current(connection, restoring=True)
            if not is_restoring(connection):
                set_restoring(connection, True)
    finally:
        lead.leave()


def finish(settings: Settings, *, source: Source | None, held: Sequence[bytes], clock: Clock) -> Finished:
    """Steps 3 to 6. `source`: a published log or a mirror; `held`: checkpoints as districts hold them.

    Raises Refused RESTORE_NOT_BEGUN; ProofFailed RESTORE_DEPARTS; Unavailable LOG_AHEAD; what
    `append_missing` and the database raise.
    """
    service = open_service(settings, clock=clock, restoring=True)
    try:
        with service.database.reading() as connection:
            if not is_restoring(connection):
                what = "no restore has begun here, or it has ended"
                raise Refused("RESTORE_NOT_BEGUN", what, fix="Name the folder of a backup.")
        write_names(service)
        rebuilt = None if source is None else append_missing(service, source)
        with service.database.transaction() as connection:
            replay_erasures(connection, service.people)
        lost, departs = _looked_at(service)
        known = [*known_here(service), *known_elsewhere(service, lambda: held)]
        known += known_elsewhere(service, lambda: heads_now(service))
        try:
            check_known(service, known)
        except Unavailable as error:
            raise _ahead(error) from error
        if departs:
            raise _departing(departs)
        with service.database.reading() as connection:
            size = read_head(connection, service.origin).size
    finally:
        service.close()
    with owning(settings) as (connection, _):
        check_current(connection, restoring=True)
        set_restoring(connection, False)
    return Finished(size, rebuilt, tuple(sorted({one.where for one in known})), lost)


def _read(place: Path, people: People, kind: str) -> Manifest:
    """The manifest of a backup, after every file it names was hashed."""
    manifest = decode(shelf.read_manifest(place), lambda data: people.seal_of("backup", data))
    if manifest.kind != kind:
        what = "this folder holds the other half of a backup"
        raise Refused("BACKUP_OTHER", what, where=place.name, fix="Rows first, person keys by --person-keys.")
    for table in manifest.tables:
        check_file(place / table.file, length=table.written.length, sha256=table.written.sha256)
    for one in manifest.beside:
        check_file(place / one.name, length=one.length, sha256=one.sha256)
    return manifest


def _keys_folder(place: Path, keys: Path | None) -> Path:
    wanted = place.parent / KEYS_SHELF / place.name if keys is None else keys
    try:
        return shelf.find(wanted)
    except Unavailable as error:
        if error.code != "BACKUP_MISSING":
            raise
        raise Unavailable(
            "PERSON_KEYS_MISSING",
            "the keys of persons are not beside the backup, and without them nothing personal opens",
            where=wanted.name,
            fix="Name their folder with --person-keys, or say --without-person-keys if they are gone.",
        ) from error


def _check_age(keys: Manifest, name: str, now_ms: int) -> None:
    """Who asked to be erased must not come back out of an old backup."""
    age_ms = now_ms - keys.made_ms
    if -_SKEW_MS <= age_ms <= KEYS_DAYS * DAY_MS:
        return
    what = f"these person keys are not of the last {KEYS_DAYS} days by this machine's clock"
    raise Refused(
        "PERSON_KEYS_OLD",
        what,
        where=name,
        fix="Take newer person keys (they need not be of the same day as the rows) and destroy these; "
        "if there are none, --without-person-keys restores everything else.",
    )


def _looked_at(service: Service) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """fsck's departures by code: what is lost, and what contradicts the log."""
    report = check(service)
    keep(service.settings.home, report, now_ms=service.clock.now_ms())
    codes = Counter(one.code for one in report.departures)
    lost = {code: count for code, count in sorted(codes.items()) if code in LOST}
    return lost, {code: count for code, count in sorted(codes.items()) if code not in LOST}


def _ahead(error: Unavailable) -> Unavailable:
    return Unavailable(
        "LOG_AHEAD",
        "the log signed more than this backup holds; the registry stays closed",
        where=error.where,
        fix="Append what is missing: `malan restore --finish --log LOG`, with the published folder or a "
        "mirror that goes so far. If nobody has those entries, this log has ended: see Recover.",
    )


def _departing(departs: Mapping[str, int]) -> ProofFailed:
    return ProofFailed(
        "RESTORE_DEPARTS",
        "rows or published files are not what the log says; the registry stays closed",
        where=", ".join(f"{code} {count}" for code, count in departs.items()),
        fix="`malan fsck` names each place. Take another backup, or repair the files; then --finish again.",
    )
