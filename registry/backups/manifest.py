"""What a backup says of itself, as JSON with one encoding, sealed by the registry. Pure.

The seal is an HMAC under a key that is in no backup: whoever holds a backup alone cannot change it, nor make
one. May not know: where a backup lies, what a database is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from ledger.errors import BadSignature, Malformed
from registry.backups.row_files import Written

FORMAT: Final = "malan-backup/1"
BYTES_MAX: Final = 2**20
ROWS: Final = "rows"
PERSON_KEYS: Final = "person-keys"

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}", re.ASCII)
_FILE: Final = re.compile(r"[a-z][a-z.]{0,30}", re.ASCII)
_HEX: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)

Seal = Callable[[bytes], bytes]
"""32 bytes over other bytes, which only this registry can make."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one table: the columns in the order of their values; `written` is their file."""

    name: str
    columns: tuple[str, ...]
    written: Written

    @property
    def file(self) -> str:
        """Below the folder of the backup."""
        return f"{self.name}.rows"


@dataclass(frozen=True, slots=True)
class Beside:
    """A small file of the home."""

    name: str
    length: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Manifest:
    """`kind`: `ROWS` or `PERSON_KEYS`; `made_ms`: before the moment the rows are of, milliseconds since 1970.

    `revision` is that of the schema; `size` and `root` are the log's. `tables` are in an order in which they
    can be loaded.
    """

    kind: str
    made_ms: int
    origin: str
    revision: str
    program: str
    size: int
    root: bytes
    tables: tuple[Table, ...]
    beside: tuple[Beside, ...] = ()

    @property
    def length(self) -> int:
        """Of all files together."""
        return sum(one.written.length for one in self.tables) + sum(one.length for one in self.beside)

    def rows_of(self, name: str) -> int:
        """How many rows of a table there are."""
        return sum(one.written.rows for one in self.tables if one.name == name)


def encode(manifest: Manifest, seal: Seal) -> bytes:
    """The file `manifest.json`."""
    told = _told(manifest)
    return _json({**told, "seal": seal(_json(told)).hex()})


def decode(data: bytes, seal: Seal) -> Manifest:
    """Raises Malformed BACKUP_FORM, BACKUP_VERSION; BadSignature BACKUP_SEAL."""
    try:
        told = json.loads(data)
        sealed = told.pop("seal")
        version = told["format"]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _form() from None
    if version != FORMAT:
        raise Malformed(
            "BACKUP_VERSION",
            "the backup has a form that this program does not know",
            where="manifest.json",
            fix="Restore it with the program that made it, or a newer one.",
        )
    if not isinstance(sealed, str) or not _HEX.fullmatch(sealed):
        raise _form()
    if bytes.fromhex(sealed) != seal(_json(told)):
        raise BadSignature(
            "BACKUP_SEAL",
            "the manifest is not sealed by this registry: it was changed, or the secrets are another's",
            where="manifest.json",
            fix="Put the registry's own secrets into place, from their envelopes; else take another copy.",
        )
    manifest = _read(told)
    if encode(manifest, seal) != data:
        raise _form()
    return manifest


def _told(manifest: Manifest) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "kind": manifest.kind,
        "made_ms": manifest.made_ms,
        "origin": manifest.origin,
        "revision": manifest.revision,
        "program": manifest.program,
        "size": manifest.size,
        "root": manifest.root.hex(),
        "tables": [
            {
                "name": one.name,
                "columns": list(one.columns),
                "rows": one.written.rows,
                "bytes": one.written.length,
                "sha256": one.written.sha256.hex(),
            }
            for one in manifest.tables
        ],
        "beside": [
            {"name": one.name, "bytes": one.length, "sha256": one.sha256.hex()} for one in manifest.beside
        ],
    }


def _json(told: dict[str, Any]) -> bytes:
    return (json.dumps(told, ensure_ascii=False, indent=1) + "\n").encode()


def _read(told: dict[str, Any]) -> Manifest:
    try:
        found = Manifest(
            kind=str(told["kind"]),
            made_ms=_count(told["made_ms"]),
            origin=str(told["origin"]),
            revision=str(told["revision"]),
            program=str(told["program"]),
            size=_count(told["size"]),
            root=_hash(told["root"]),
            tables=tuple(_table(one) for one in told["tables"]),
            beside=tuple(
                Beside(_word(_FILE, one["name"]), _count(one["bytes"]), _hash(one["sha256"]))
                for one in told["beside"]
            ),
        )
    except (KeyError, TypeError, ValueError):
        raise _form() from None
    if found.kind not in (ROWS, PERSON_KEYS) or len({one.name for one in found.tables}) != len(found.tables):
        raise _form()
    return found


def _table(told: dict[str, Any]) -> Table:
    columns = tuple(_word(_NAME, one) for one in told["columns"])
    written = Written(_count(told["rows"]), _count(told["bytes"]), _hash(told["sha256"]))
    return Table(_word(_NAME, told["name"]), columns, written)


def _word(form: re.Pattern[str], value: object) -> str:
    if not isinstance(value, str) or not form.fullmatch(value):
        raise ValueError
    return value


def _count(value: object) -> int:
    if type(value) is not int or value < 0:
        raise ValueError
    return value


def _hash(value: object) -> bytes:
    return bytes.fromhex(_word(_HEX, value))


def _form() -> Malformed:
    return Malformed(
        "BACKUP_FORM",
        "not a manifest as this program writes it",
        where="manifest.json",
        fix="Take another copy of this backup, or an older backup.",
    )
