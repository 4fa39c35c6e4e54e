"""Door: `malan backup` and `malan restore`."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from issuers.files import read_file
from ledger.errors import Malformed
from ledger.note import MAX_NOTE_BYTES
from registry.backups.restoring import Finished, Whole, adopt, finish, inspect, put_back
from registry.backups.taking import DAY_MS, KEYS_DAYS, Taken, take
from registry.clock import Clock
from registry.commands.reporting import HomeOption, JsonOption, Out, reporting, settings_for
from registry.secrets import read_secrets
from registry.settings import SETTINGS_FILE, Settings
from registry.settings_check import check_settings
from verify.source import open_source

_SAY_SECONDS: Final = 1.0


def backup(
    shelf: Annotated[
        Path, typer.Argument(metavar="DIR", help="The folder of the backups; this one gets a folder in it.")
    ],
    person_keys: Annotated[
        Path | None,
        typer.Option(help="Where the keys of persons go, apart from the rows; default DIR/person-keys."),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Back up the registry while it runs. No secret and no lock store is in it."""
    with reporting("backup", as_json=as_json) as out:
        taken = take(settings_for(home), shelf, keys_shelf=person_keys, tell=_Pace(out, "written"))
        out.result(_taken_text(taken), _taken_document(taken))


def restore(
    place: Annotated[
        Path | None,
        typer.Argument(metavar="[DIR]", help="A backup, or a folder of backups: then the newest of them."),
    ] = None,
    finish_only: Annotated[
        bool, typer.Option("--finish", help="Go on with a restore that did not come to its end.")
    ] = False,
    adopt_it: Annotated[
        bool, typer.Option("--adopt", help="The database was put back by other means: do what has to follow.")
    ] = False,
    person_keys: Annotated[
        Path | None, typer.Option(help="The keys of persons, if they are not beside the backup.")
    ] = None,
    without_person_keys: Annotated[
        bool, typer.Option("--without-person-keys", help="They are gone: nothing personal will open.")
    ] = False,
    log: Annotated[
        str | None,
        typer.Option(metavar="LOG", help="Folder or URL of the published log: what it has more is appended."),
    ] = None,
    known: Annotated[
        list[Path] | None, typer.Option(help="A checkpoint that a district holds, to compare with.")
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put a backup into an empty home or database; it opens when all that follows has passed."""
    with reporting("restore", as_json=as_json) as out:
        keys_asked = person_keys is not None or without_person_keys
        if [place is not None, finish_only, adopt_it].count(True) != 1 or (place is None and keys_asked):
            raise Malformed(
                "RESTORE_WHAT",
                "not clear what to restore",
                where="DIR, --finish, --adopt",
                fix="Name a folder, and the keys of persons with it; or --finish to go on with one that is "
                "loaded, or --adopt.",
            )
        notes = [read_file(path, bytes_max=MAX_NOTE_BYTES) for path in known or ()]
        source = None if log is None else open_source(log)
        settings, clock = settings_for(home), Clock()
        check_settings(settings)
        whole = None
        if place is not None:
            secrets = read_secrets(settings.secret_file)
            now_ms = clock.now_ms()
            whole = inspect(
                place, keys=person_keys, without_keys=without_person_keys, secrets=secrets, now_ms=now_ms
            )
            out.say(f"{whole.place.name}: {whole.manifest.size} entries; every file is as it was written.")
            put_back(settings, whole, secrets=secrets, tell=_Pace(out, "loaded"))
            out.say("Loaded. The registry stays closed until the checks that follow have passed.")
        if adopt_it:
            adopt(settings)
        finished = finish(settings, source=source, held=notes, clock=clock)
        if whole is not None and not (settings.home / SETTINGS_FILE).exists() and _has_settings(whole):
            out.say(f"The settings of then are in {whole.place / SETTINGS_FILE}; they were not put back.")
        out.result(_finished_text(settings, finished), _finished_document(finished, whole))


def _has_settings(whole: Whole) -> bool:
    return any(one.name == SETTINGS_FILE for one in whole.manifest.beside)


class _Pace:
    """Says how far it is, once a second."""

    def __init__(self, out: Out, word: str) -> None:
        self._out, self._word = out, word
        self._said = time.monotonic()

    def __call__(self, done: int, total: int) -> None:
        if time.monotonic() - self._said >= _SAY_SECONDS:
            self._said = time.monotonic()
            self._out.say(f"{done} of {total} rows {self._word}")


def _until(taken: Taken) -> str:
    moment = datetime.fromtimestamp((taken.manifest.made_ms + KEYS_DAYS * DAY_MS) // 1000, UTC)
    return moment.date().isoformat()


def _taken_text(taken: Taken) -> str:
    lines = [
        f"{taken.place}: {taken.manifest.size} entries, {taken.manifest.length} bytes.",
        f"{taken.keys}: the keys of {taken.persons} persons. Keep them apart from the rows, on",
        f"  another medium, and destroy every copy by {_until(taken)}: whoever is erased must not come back",
        "  out of it.",
    ]
    if taken.removed:
        lines.append(f"{len(taken.removed)} backups of person keys were older than that and are removed.")
    lines.append("Not in it, each with its own place: secrets, lock store, the published log.")
    return "\n".join(lines)


def _taken_document(taken: Taken) -> dict[str, Any]:
    manifest = taken.manifest
    return {
        "backup": str(taken.place),
        "person_keys": str(taken.keys),
        "person_keys_until": _until(taken),
        "person_keys_removed": list(taken.removed),
        "persons": taken.persons,
        "origin": manifest.origin,
        "schema": manifest.revision,
        "size": manifest.size,
        "root": manifest.root.hex(),
        "bytes": manifest.length,
    }


def _finished_text(settings: Settings, finished: Finished) -> str:
    lines = [f"The registry is open again: {finished.size} entries."]
    if finished.rebuilt is not None and finished.rebuilt.before < finished.rebuilt.size:
        rebuilt = finished.rebuilt
        lines.append(
            f"{rebuilt.size - rebuilt.before} of them came out of the log; of {rebuilt.sealed} the personal "
            f"part is lost, and {rebuilt.skipped} certificate numbers will not be given out."
        )
    if finished.lost:
        told = ", ".join(f"{code} {count}" for code, count in finished.lost.items())
        lines.append(f"Personal parts that are not there ({told}); `malan fsck` names each.")
    if finished.compared:
        lines.append(f"Compared with: {', '.join(finished.compared)}.")
    else:
        lines.append("Compared with nothing: no checkpoint was found. Ask a district for one (--known).")
    if not (settings.log_directory / "checkpoint").exists():
        lines.append(
            "The published log is not there: put its folder or a mirror's copy back into `log`, or let "
            "`malan publish` write it again from the rows, before you serve."
        )
    return "\n".join(lines)


def _finished_document(finished: Finished, whole: Whole | None) -> dict[str, Any]:
    rebuilt = finished.rebuilt
    return {
        "backup": None if whole is None else str(whole.place),
        "size": finished.size,
        "backup_size": None if whole is None else whole.manifest.size,
        "rebuilt": 0 if rebuilt is None else rebuilt.size - rebuilt.before,
        "numbers_skipped": 0 if rebuilt is None else rebuilt.skipped,
        "compared_with": list(finished.compared),
        "lost": dict(finished.lost),
    }
