"""Door: the settings of the service, read from the environment: one field each, with unit, limit and trust.

Promises that no secret stands in a setting: secrets are named by the path of their file. A relative path is
below `home`. Nothing is read when this module is imported.
"""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from ledger.errors import Malformed

PREFIX = "MALAN_"
SETTINGS_FILE = "malan.env"
_HTTP_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(?::[1-9][0-9]{0,4})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Told:
    """What `malan settings` says beside a value; `trust` names who must be trusted with it, and for what."""

    what: str
    unit: str
    trust: str


def _origin(text: str) -> str:
    if not _HTTP_ORIGIN.fullmatch(text):
        raise ValueError("an origin is https://host or https://host:port, lower case, without a path")
    return text


def _address(text: str) -> str:
    ipaddress.ip_network(text)
    return text


Address = Annotated[str, AfterValidator(_address)]
HttpOrigin = Annotated[str, AfterValidator(_origin)]
LogLevel = Literal["debug", "info", "warning", "error"]


class Settings(BaseSettings):
    """Every setting is also the environment variable MALAN_ and its name in capitals."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="ignore", hide_input_in_errors=True, validate_default=True
    )

    home: Annotated[
        Path,
        Told(
            "What the service keeps: database, log, lists, keys.",
            "path",
            "operator: whoever writes here can stop the service, not forge acts",
        ),
    ] = Path("malan-home")
    database: Annotated[
        str,
        Told(
            "SQLAlchemy URL; empty means SQLite in malan.db below home.",
            "URL without password",
            "database administrator: can delete, which the published log shows",
        ),
    ] = ""
    database_owner: Annotated[
        str,
        Told(
            "URL of the role that owns a PostgreSQL schema; only `init` and `migrate` need it.",
            "URL without password",
            "database administrator: could change rows, which log, receipts and witnesses show",
        ),
    ] = ""
    lock_store: Annotated[
        str,
        Told(
            "Where the last signed checkpoint is held: a folder, or the URL of another database.",
            "path or URL without password",
            "operator: as the checkpoint key; on another disk or host than database and log, in no backup",
        ),
    ] = "lock-store"
    checkpoint_key_file: Annotated[
        Path, Told("Signs the log (Ed25519).", "path", "operator: could fork, which witnesses show")
    ] = Path("keys/checkpoint.key")
    receipt_key_file: Annotated[
        Path, Told("Signs receipts (P-256).", "path", "operator: false receipts, which the log convicts")
    ] = Path("keys/receipt.key")
    status_key_file: Annotated[
        Path, Told("Signs lists and bundle (P-256).", "path", "operator: false lists, which the audit shows")
    ] = Path("keys/status.key")
    kek_file: Annotated[
        Path, Told("Wraps the keys of persons.", "path", "operator: with the database, reads personal data")
    ] = Path("keys/kek.key")
    index_key_file: Annotated[
        Path, Told("HMAC of look-ups by document.", "path", "operator: with the database, tests guesses")
    ] = Path("keys/index.key")
    nullifier_key_file: Annotated[
        Path, Told("HMAC of holds; never rotates.", "path", "operator: with the database, links claims")
    ] = Path("keys/nullifier.key")
    qr_origin: Annotated[
        HttpOrigin,
        Told("Origin in the QR of new certificates.", "http origin", "operator: where a camera leads"),
    ] = "https://cert.malan.example"
    qr_hosts: Annotated[
        tuple[HttpOrigin, ...],
        Told("Further origins verifiers accept.", "JSON list of http origins", "operator: as qr_origin"),
        Field(max_length=19),
    ] = ()
    console_origins: Annotated[
        tuple[HttpOrigin, ...],
        Told(
            "Further origins of the pages officers sign in at.",
            "JSON list of http origins",
            "operator: where an officer's key may open a session",
        ),
        Field(max_length=8),
    ] = ()
    limit_factor: Annotated[
        int,
        Told(
            "Multiplies every rate limit: for many offices behind one address.",
            "times",
            "operator: a thousandfold limit is none",
        ),
        Field(ge=1, le=1_000_000),
    ] = 1
    trusted_proxies: Annotated[
        tuple[Address, ...],
        Told(
            "Addresses of proxies whose X-Forwarded-For and -Proto are believed.",
            "JSON list of IP addresses or networks",
            "operator: whoever stands there can name any caller; limits are counted by caller",
        ),
        Field(max_length=32),
    ] = ()
    publish_interval_ms: Annotated[
        int,
        Told("How often the publisher looks for entries.", "milliseconds", "operator: freshness only"),
        Field(ge=50, le=600_000),
    ] = 1_000
    status_ttl_seconds: Annotated[
        int,
        Told(
            "How long a list counts as fresh; it is signed anew in half that time.",
            "seconds",
            "operator: how late a revocation is seen offline",
        ),
        Field(ge=60, le=604_800),
    ] = 43_200
    publish_lag_alarm_seconds: Annotated[
        int,
        Told(
            "How long an entry may wait to be published before that is an alarm.",
            "seconds",
            "operator: how soon trouble with publishing is seen",
        ),
        Field(ge=5, le=86_400),
    ] = 60
    stop_seconds: Annotated[
        int,
        Told(
            "How long a stop waits for requests under way.",
            "seconds",
            "operator: availability only; what was answered is on disk",
        ),
        Field(ge=1, le=600),
    ] = 20
    log_level: Annotated[
        LogLevel,
        Told(
            "The least of the log lines written: debug, info, warning or error.",
            "word",
            "operator: no level writes personal data",
        ),
    ] = "info"
    metrics_from: Annotated[
        tuple[Address, ...],
        Told(
            "Whose requests get /metrics; one that a proxy passed on never does.",
            "JSON list of IP addresses or networks",
            "operator: counts of what the service does, no person's data",
        ),
        Field(max_length=32),
    ] = ("127.0.0.0/8", "::1/128")
    busy_timeout_ms: Annotated[
        int,
        Told("How long a writer waits for the database.", "milliseconds", "operator: availability only"),
        Field(ge=100, le=120_000),
    ] = 30_000

    free_disk_min_mib: Annotated[
        int,
        Told(
            "Below so much free room on the disk of home nothing is appended.",
            "MiB",
            "operator: availability only; a disk that fills up loses nothing either",
        ),
        Field(ge=16, le=1_048_576),
    ] = 256

    @property
    def database_url(self) -> str:
        """The SQLAlchemy URL in use."""
        return self.database or f"sqlite:///{(self.home / 'malan.db').absolute()}"

    @property
    def log_directory(self) -> Path:
        """Where the publisher writes the log's files."""
        return self.home / "log"

    @property
    def accepted_hosts(self) -> tuple[str, ...]:
        """The QR origins of the bundle, the one in use first."""
        return tuple(dict.fromkeys((self.qr_origin, *self.qr_hosts)))

    def secret_file(self, purpose: str) -> Path:
        """The place of the secret for a purpose: checkpoint, receipt, status, kek, index or nullifier."""
        name = "kek_file" if purpose == "kek" else f"{purpose}_key_file"
        path: Path = getattr(self, name)
        return path if path.is_absolute() else self.home / path


def read_settings(**overrides: Any) -> Settings:
    """The settings of this process; `overrides` stand above the environment, that above `malan.env` in home.

    Raises Malformed SETTING.
    """
    try:
        home = Path(
            overrides.get("home") or os.environ.get(f"{PREFIX}HOME") or Settings.model_fields["home"].default
        )
        return Settings(_env_file=home / SETTINGS_FILE, **overrides)  # type: ignore[call-arg]  # pydantic's own
    except ValidationError as error:
        places = sorted({f"{PREFIX}{str(item['loc'][0]).upper()}" for item in error.errors() if item["loc"]})
        raise Malformed(
            "SETTING",
            "a setting has not its form, or is out of its limits",
            where=", ".join(places),
            fix="`malan settings` lists form and limits.",
        ) from None


def described(settings: Settings) -> list[dict[str, str]]:
    """For each setting: variable, value, what, unit, limit, trust. No value is secret."""
    return [_described(settings, name) for name in type(settings).model_fields]


def _described(settings: Settings, name: str) -> dict[str, str]:
    told, limits = None, []
    for item in type(settings).model_fields[name].metadata:
        if isinstance(item, Told):
            told = item
        else:
            limits += [
                f"{word} {getattr(item, key)}"
                for key, word in (("ge", "at least"), ("le", "at most"), ("max_length", "at most"))
                if getattr(item, key, None) is not None
            ]
    if told is None:
        raise TypeError(f"the setting {name} does not say what it is")
    value = getattr(settings, name)
    shown = " ".join(value) if isinstance(value, tuple) else str(value)
    return {
        "variable": PREFIX + name.upper(),
        "value": shown,
        "what": told.what,
        "unit": told.unit,
        "limit": ", ".join(limits),
        "trust": told.trust,
    }
