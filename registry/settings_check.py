"""Door: what no single setting shows: settings that contradict each other, and names nobody reads.

Promises that a refusal names the variables and what to do, and that no value is ever told.
"""

from __future__ import annotations

import difflib
import os
import stat
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from issuers.qr import check_origin
from ledger.errors import Malformed, Unavailable
from registry.secrets import PURPOSES
from registry.settings import PREFIX, SETTINGS_FILE, Settings

# Of the other programs on the same machine, and of the tests.
_OTHERS: Final = frozenset(
    f"{PREFIX}{name}"
    for name in (
        *("SERVER", "PARTY", "ORIGIN", "KEY", "GENESIS", "PASSPHRASE_FILE", "CERTIFICATE"),
        *("CAMPAIGN", "CI", "SHARED", "SHOTS"),
    )
)
_LIST_PARTS: Final = 2  # a list is signed anew in half its time to live


def check_settings(settings: Settings) -> None:
    """Raises Malformed SETTING_CONFLICT or QR_ORIGIN; Unavailable SETTINGS_MODE."""
    _check_origins(settings)
    _check_times(settings)
    _check_secret_files(settings)
    _check_database(settings)
    _check_mode(settings.home / SETTINGS_FILE)


def strays(home: Path) -> list[str]:
    """Variables MALAN_… of the environment or of `malan.env` that no setting reads, with a guess."""
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    told = {name.upper() for name in os.environ if name.upper().startswith(PREFIX)}
    try:
        text = (home / SETTINGS_FILE).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        text = ""
    for line in text.splitlines():
        name = line.split("=")[0].removeprefix("export ").strip().upper()
        if name.startswith(PREFIX):
            told.add(name)
    found = []
    for name in sorted(told - known - _OTHERS):
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
        found.append(f"{name} (did you mean {near[0]}?)" if near else name)
    return found


def _check_origins(settings: Settings) -> None:
    named = [("QR_ORIGIN", settings.qr_origin)]
    named += [("QR_HOSTS", one) for one in settings.qr_hosts]
    named += [("CONSOLE_ORIGINS", one) for one in settings.console_origins]
    for name, origin in named:
        try:
            check_origin(origin)
        except Malformed as error:
            raise Malformed(
                error.code,
                "an origin that no verifier would take: plain http is for local addresses only",
                where=PREFIX + name,
                fix="Write https://host, or for a demonstration the address of this machine.",
            ) from None


def _check_times(settings: Settings) -> None:
    interval_s = settings.publish_interval_ms / 1000
    if interval_s * _LIST_PARTS > settings.status_ttl_seconds:
        raise _conflict(
            "PUBLISH_INTERVAL_MS", "STATUS_TTL_SECONDS", "lists would be stale before they are renewed"
        )
    if interval_s * _LIST_PARTS > settings.publish_lag_alarm_seconds:
        raise _conflict("PUBLISH_INTERVAL_MS", "PUBLISH_LAG_ALARM_SECONDS", "the alarm would never rest")


def _check_secret_files(settings: Settings) -> None:
    places: dict[Path, str] = {}
    for purpose in PURPOSES:
        path = settings.secret_file(purpose).absolute()
        name = "KEK_FILE" if purpose == "kek" else f"{purpose.upper()}_KEY_FILE"
        if path in places:
            raise _conflict(places[path], name, "two secrets cannot share a file")
        places[path] = name


def _check_database(settings: Settings) -> None:
    for name in ("database", "database_owner", "lock_store"):
        text = getattr(settings, name, "")
        if name == "lock_store" and "://" not in text:
            continue  # a folder
        try:
            password = sa.make_url(text).password if text else None
        except sa.exc.ArgumentError:
            raise Malformed(
                "SETTING", "not the URL of a database", where=PREFIX + name.upper(), fix="See databases.md."
            ) from None
        if password is not None:
            raise Malformed(
                "SETTING_CONFLICT",
                "a setting holds no secret, and this URL holds a password",
                where=PREFIX + name.upper(),
                fix="Take it out; use a password file (~/.pgpass, PGPASSFILE) or peer authentication.",
            )


def _check_mode(path: Path) -> None:
    """Whoever may write the settings names the secret files and the database."""
    if os.name != "posix" or not path.exists():
        return
    if stat.S_IMODE(path.stat().st_mode) & (stat.S_IWGRP | stat.S_IWOTH):
        raise Unavailable(
            "SETTINGS_MODE", "others may write the settings", where=path.name, fix=f"chmod 644 {path.name}"
        )


def _conflict(first: str, second: str, why: str) -> Malformed:
    return Malformed(
        "SETTING_CONFLICT",
        f"two settings contradict each other: {why}",
        where=f"{PREFIX}{first}, {PREFIX}{second}",
        fix="`malan settings` shows both; change one.",
    )
