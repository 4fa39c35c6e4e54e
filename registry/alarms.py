"""What is wrong although the service runs: every alarm with its code, meaning and remedy.

Alarms never make the service unready: they stand beside `ready` in /readyz, in /metrics and on the
supervisor's page. An alarm of publishing carries the code of what went wrong; codes that are not listed are
shown as they are, and counted as PUBLISHING_FAILED.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from issuers.bundle import BYTES_MAX
from issuers.carried import FORMS, TRUST
from ledger.errors import MalanError
from registry.published.standing import log_standing
from registry.service import Service

OTHER: Final = "PUBLISHING_FAILED"
LAG: Final = "PUBLISHER_LAG"
QUORUM: Final = "QUORUM_MISSING"
QUORUM_SECONDS: Final = 900  # an office that pulls asks every few minutes
LISTS: Final = "LISTS_OLD"
LARGE: Final = "BUNDLES_LARGE"
LARGE_BYTES: Final = BYTES_MAX // 2


@dataclass(frozen=True, slots=True)
class Alarm:
    """`what` it means and what to `do`, in one sentence each."""

    code: str
    what: str
    do: str


_FSCK: Final = (
    "Stop the service, run `malan fsck`, restore rows or files from a backup; never delete the log."
)

CATALOGUE: Final = (
    Alarm(
        "LOG_AHEAD",
        "A checkpoint we signed holds more than the database: the service only reads.",
        "Stop, run `malan fsck`, restore a newer backup, then `malan rebuild` the rows it still misses.",
    ),
    Alarm("PUBLISH_BACKWARDS", "The database is smaller than the published log.", _FSCK),
    Alarm("ROWS_DEPART", "Rows of the database are not those that were published.", _FSCK),
    Alarm(
        "SIGNED_TWICE",
        "Two checkpoints of one size bear the log's key and have different roots.",
        "Stop every publisher; keep both notes, they are evidence; ask the districts which they saw.",
    ),
    Alarm("ROWS_MISSING", "The database does not give the rows it says it has.", _FSCK),
    Alarm("PUBLISHED_ROOT_DIFFERS", "The same size was published with another root.", _FSCK),
    Alarm("PUBLISHED_BYTES_DIFFER", "A published file is not what the rows make it.", _FSCK),
    Alarm("TILE_MISSING", "A published file is gone.", "Restore the folder `log` from a backup."),
    Alarm(
        "LOG_DIRECTORY",
        "The folder of the log cannot be written.",
        "Look at disk space, owner and mode of the folder `log`.",
    ),
    Alarm(
        "LOCK_STORE",
        "The lock store cannot be used: nothing is signed.",
        "Look at MALAN_LOCK_STORE, its disk or its database; the next run goes on.",
    ),
    Alarm(
        "LOCK_STORE_MISSING",
        "There is no lock store at its place: nothing is signed.",
        "Bring its disk or host back; if it is lost, see Recover.",
    ),
    Alarm(
        "LOCK_STORE_BEHIND",
        "The published checkpoint is newer than the lock store: an old store was brought back.",
        "Find the right store; if it is lost, see Recover.",
    ),
    Alarm(
        "SIGNED_ELSEWHERE",
        "Another publisher signed meanwhile; ours showed nothing.",
        "If two are meant to run, nothing; else find the other one.",
    ),
    Alarm(
        "FILE_WRITE", "A list or the bundle cannot be written.", "Look at disk space and at the mode of home."
    ),
    Alarm(
        "DISK_LOW",
        "The disk of the home is nearly full: nothing is appended, everything else goes on.",
        "Make room; appending comes back by itself. The floor is MALAN_FREE_DISK_MIN_MIB.",
    ),
    Alarm(
        "DATABASE_BUSY",
        "The database was busy for longer than a writer waits.",
        "It passes; if not, see `malan_database_write_seconds`.",
    ),
    Alarm(
        "DATABASE_FAILED",
        "The database could not do its work.",
        "Look at disk space and at the database's own log.",
    ),
    Alarm("DATABASE_LOST", "The database is gone.", "Start it; the service comes back by itself."),
    Alarm(
        "INTERNAL", "A fault of the publisher.", "Restart; if it stays, report the `fault` lines of the log."
    ),
    Alarm(
        OTHER, "Publishing failed for a reason not listed here.", "The log line `publishing_failed` says why."
    ),
    Alarm(
        LAG,
        "An entry has waited longer than MALAN_PUBLISH_LAG_ALARM_SECONDS to be published.",
        "Look for `publishing_failed` in the log, for a process that runs, and for the load of the database.",
    ),
    Alarm(
        QUORUM,
        "Published entries have waited 15 minutes for a quorum of witnesses; nothing new becomes final.",
        "Ask the districts whose witnesses are missing; issuing goes on.",
    ),
    Alarm(
        LISTS,
        "Status lists and bundle are older than MALAN_STATUS_TTL_SECONDS; verifiers say so.",
        "As for PUBLISHER_LAG.",
    ),
    Alarm(
        LARGE,
        "`trust.cbor` or `acts.cbor` has more than 8 MiB; beyond 16 MiB nobody opens it.",
        "Look for `ACTS_OF_THE_DAY` among the refusals: is somebody filling it? Else plan a new log in time.",
    ),
    Alarm(
        "CLOCK_WITNESSES",
        "The witnesses' clocks are more than ten minutes from ours; nothing is appended.",
        "Check the clock against a time server; appending goes on once the witnesses agree.",
    ),
    Alarm(
        "CLOCK_JUMPED",
        "The clock was set while the service ran; nothing is appended.",
        "Check it against a time server, then restart.",
    ),
)


def standing(service: Service) -> list[str]:
    """The codes of all alarms that stand now, the gravest first."""
    return [*at_hand(service), *looked_up(service)]


def at_hand(service: Service) -> list[str]:
    """Those this process knows without asking anybody."""
    alarms, found = service.alarms, []
    if alarms.read_only is not None:
        found.append(alarms.read_only.code)
    if alarms.publishing is not None and alarms.publishing not in found:
        found.append(alarms.publishing)
    checks = (service.disk.check, service.clock.check_steady, lambda: _agree_with_witnesses(service))
    for check in checks:
        try:
            check()
        except MalanError as error:
            found.append(error.code)
    return found


def _agree_with_witnesses(service: Service) -> None:
    service.witness_clock.check(service.clock.now_ms())


def looked_up(service: Service) -> list[str]:
    """Those that database and files show; none where the database cannot be read, for `readyz` says that."""
    try:
        log = log_standing(service)
    except MalanError:
        return []
    limit_s, found = service.settings.publish_lag_alarm_seconds, []
    if log.waiting_ms is not None and log.waiting_ms > limit_s * 1000:
        found.append(LAG)
    if (log.unfinal_ms or 0) > max(limit_s, QUORUM_SECONDS) * 1000:
        found.append(QUORUM)
    bundles = [_stat(service.settings.home / form.file) for form in FORMS]
    trust = bundles[FORMS.index(TRUST)]  # there is none before the keys of the service are enrolled
    if trust is not None and time.time() - trust.st_mtime > service.settings.status_ttl_seconds:
        found.append(LISTS)
    if any(one is not None and one.st_size > LARGE_BYTES for one in bundles):
        found.append(LARGE)
    return found


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None
