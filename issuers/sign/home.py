"""Door: MALAN_HOME, the folder of a party's own program.

    config.json  server, party, origin, key and what else does not change from day to day
    keys/        sealed key files, <name>.key
    outbox.db    what was signed, and the answers
    pins.json    genesis, size and acts of the bundle last believed
    certificates/<number>/  credential.cose, qr.txt, card.png, certificate.tlog-proof, certificate.pdf
    templates/   the texts that were pinned, by hash, and pins.json: which one prints what since when
    stock.db     every serial of paper, from receipt to destruction
    prints/      what was made for the printer

Promises: an environment variable MALAN_… stands above config.json; a pinned genesis is never replaced, a
pinned size never goes back, and what was told below it never changes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Final

from issuers.files import private_directory, read_file, replace_file
from issuers.json_in import from_object, read_object, to_plain
from issuers.shape import Hash, Pattern, Range, Size, Slug, to_map
from ledger.errors import Malformed, Refused, Unavailable

DEFAULT_HOME: Final = "malan-home"
PREFIX: Final = "MALAN_"
_CONFIG_BYTES_MAX: Final = 65_536
_ENVIRONMENT: Final = ("server", "certificate", "party", "origin", "key", "genesis")

Origin = Annotated[str, Pattern(r"[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9.-]+)*"), Size(1, 100)]
KeyName = Annotated[str, Pattern(r"[a-z0-9]+(-[a-z0-9]+)*"), Size(1, 40)]


@dataclass(frozen=True, slots=True)
class Config:
    """Settings of a party; None where not told yet.

    `server` the service's address; `certificate` a file (PEM) with the one certificate it is believed by,
    where no public authority vouches for it; `origin` the log's; `key` the name of the key file used;
    `genesis` the hash of the log's first act as the city published it; `responsible` the people a card
    names; `seal_certificate` a file (PEM) with an authority's certificate of the signing key, for sealing
    PDFs; `demo` marks cards.
    """

    server: Annotated[str, Size(1, 120)] | None = None
    certificate: Annotated[str, Size(1, 400)] | None = None
    party: Slug | None = None
    origin: Origin | None = None
    key: KeyName | None = None
    genesis: Hash | None = None
    responsible: Annotated[tuple[Annotated[str, Size(1, 50)], ...], Size(0, 8)] = ()
    demo: bool = False
    seal_certificate: Annotated[str, Size(1, 400)] | None = None


@dataclass(frozen=True, slots=True)
class Pin:
    """What was believed last: the genesis for good, the size as a lower bound.

    `acts`: the hash of the acts below that size; None in files of former versions.
    """

    genesis: Hash
    size: Annotated[int, Range(1, 2**53)]
    acts: Hash | None = None


@dataclass(frozen=True, slots=True)
class Home:
    """The folder; `out` is where certificates go instead. Nothing is made before something is written."""

    path: Path
    out: Path | None = None

    @property
    def outbox(self) -> Path:
        """The outbox file; its folder is made if need be."""
        return private_directory(self.path) / "outbox.db"

    @property
    def stock(self) -> Path:
        """The book of paper; its folder is made if need be."""
        return private_directory(self.path) / "stock.db"

    def key_file(self, name: str) -> Path:
        """Where the key of this name lies."""
        return self.path / "keys" / f"{name}.key"

    def key_names(self) -> list[str]:
        """The names of all key files."""
        return sorted(item.stem for item in (self.path / "keys").glob("*.key"))

    def certificate(self, number: str, version: int = 1) -> Path:
        """The folder of a certificate, one for each version."""
        name = number if version == 1 else f"{number}-v{version}"
        return (self.out or self.path / "certificates") / name

    def read_config(self, environment: Mapping[str, str]) -> Config:
        """config.json, if there is one, under the environment. Raises Malformed of JSON and shape."""
        config = Config()
        if (self.path / "config.json").exists():
            config = _read(Config, self.path / "config.json")
        told = {name: environment.get(PREFIX + name.upper()) for name in _ENVIRONMENT}
        # An empty variable is an unset one, as container files have it.
        return merged(config, {name: value for name, value in told.items() if value})

    def write_config(self, config: Config) -> None:
        """Replaces config.json."""
        private_directory(self.path)
        replace_file(self.path / "config.json", _document(config))

    def pin(self, *, genesis: bytes, size: int, acts: Callable[[int], bytes], expected: bytes | None) -> bool:
        """Believes a bundle of this genesis and size, or raises; True when it pins a genesis never seen
        before. `acts`: the hash of its acts below a size.

        Raises Refused GENESIS_OTHER when it is not the one pinned (or the `expected` one of the settings),
        BUNDLE_OLD when the log was larger before, BUNDLE_ACTS_OTHER when it told other acts before.
        """
        path = self.path / "pins.json"
        former = _read(Pin, path) if path.exists() else None
        pinned = expected if expected is not None else former.genesis if former is not None else None
        if pinned is not None and pinned != genesis:
            raise Refused(
                "GENESIS_OTHER",
                "the service shows another log than the one this home trusts",
                fix="Compare the genesis hash with the one the city published.",
            )
        same = former is not None and former.genesis == genesis
        if same and former is not None and size < former.size:
            raise Refused("BUNDLE_OLD", "the service shows an older state of the log than before")
        if same and former is not None and former.acts not in (None, acts(former.size)):
            # Or the service could show a key that was stopped as good again, to this desk alone.
            what = "acts that the service showed before are missing or changed"
            raise Refused(
                "BUNDLE_ACTS_OTHER", what, fix="Report this: the city and its districts audit the log."
            )
        new = Pin(genesis, size, acts(size))
        if not same or former != new:
            private_directory(self.path)
            replace_file(path, _document(new))
        return pinned is None


def merged(config: Config, told: Mapping[str, Any]) -> Config:
    """The settings with what was told in their place; values as they stand in JSON."""
    known = from_object(Config, {**to_plain(to_map(config)), **told}, where="settings")
    return replace(known)


def need(value: str | None, name: str) -> str:
    """A setting that must be there. Raises Unavailable SETTING_MISSING."""
    if value is None:
        fix = f"Say it with --{name}, {PREFIX}{name.upper()} or in config.json."
        raise Unavailable("SETTING_MISSING", "a setting is missing", where=name, fix=fix)
    return value


def _read(kind: type[Any], path: Path) -> Any:
    where = path.name
    try:
        return from_object(
            kind, read_object(read_file(path, bytes_max=_CONFIG_BYTES_MAX), where=where), where=where
        )
    except Malformed as error:
        raise Malformed(
            error.code, error.what, where=error.where or where, fix=f"Correct {where}."
        ) from error


def _document(value: object) -> bytes:
    return json.dumps(to_plain(to_map(value)), indent=1, ensure_ascii=False).encode() + b"\n"
