"""Door: what a verifier remembers between runs: the pin of each log, and the bundle last fetched.

Promises: its files in the folder are whole or absent; a pin never goes back to a smaller size or to another
genesis; a file that cannot be read stops the program, since forgetting a pin would undo it. The folder may be
shared with `malan-sign` or the service, so their `pins.json` and `trust.cbor` are never written. Knows no
network.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Final

from issuers.bundle import BYTES_MAX as BUNDLE_BYTES_MAX
from issuers.files import private_directory, read_file, replace_file
from issuers.json_in import from_hex, read_object
from ledger.errors import Malformed, Refused
from verify.trust import Pin

PINS: Final = "verify-pins.json"
TRUST: Final = "verify-trust.cbor"
PUBLISHED: Final = "trust.cbor"
"""Where the service, or the demo, leaves its bundle in its own folder."""

PINS_BYTES_MAX: Final = 1_000_000
_VERSION: Final = 2
_WITHOUT_PARTS: Final = 1
"""Pins of before the acts of bodies stood in parts: what they say of acts is of another set of them."""

_TOLD: Final = frozenset({"acts", "root", "bodies"})


class PinStore:
    """The folder `MALAN_HOME` of a verifier; it is made only when something is to be kept."""

    def __init__(self, home: Path) -> None:
        self._home = home

    @property
    def exists(self) -> bool:
        """Whether the folder is there already."""
        return self._home.is_dir()

    def read_trust(self) -> bytes | None:
        """The newest bundle in the folder, fetched or published there, unchecked; None if there is none.

        Raises Unavailable FILE_READ, Malformed FILE_TOO_LARGE.
        """
        found = [path for name in (PUBLISHED, TRUST) if (path := self._home / name).is_file()]
        if not found:
            return None
        newest = max(found, key=lambda path: path.stat().st_mtime_ns)
        return read_file(newest, bytes_max=BUNDLE_BYTES_MAX)

    def write_trust(self, raw: bytes) -> None:
        """Keeps a bundle that was opened against its pin. Raises Unavailable FILE_WRITE."""
        private_directory(self._home)
        replace_file(self._home / TRUST, raw)

    def read(self, origin: str) -> Pin | None:
        """The pin of a log. Raises Malformed PINS_SHAPE for a file this program did not write."""
        return self._all().get(origin)

    def write(self, origin: str, pin: Pin) -> None:
        """Remembers a pin. Raises Refused TRUST_GENESIS or TRUST_OLDER, Unavailable FILE_WRITE."""
        pins = self._all()
        known = pins.get(origin)
        if known == pin:
            return
        if known is not None and known.genesis != pin.genesis:
            raise Refused("TRUST_GENESIS", "this log is pinned with another genesis", where=PINS)
        if known is not None and pin.size < known.size:
            raise Refused("TRUST_OLDER", "a pin never goes back to a smaller size", where=PINS)
        pins[origin] = replace(pin)
        document = {"version": _VERSION, "logs": {name: _to_json(one) for name, one in sorted(pins.items())}}
        private_directory(self._home)
        text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
        replace_file(self._home / PINS, text.encode())

    def _all(self) -> dict[str, Pin]:
        path = self._home / PINS
        if not path.exists():
            return {}
        document = read_object(
            read_file(path, bytes_max=PINS_BYTES_MAX), where=PINS, bytes_max=PINS_BYTES_MAX
        )
        logs = document.get("logs")
        if (
            document.keys() != {"version", "logs"}
            or document["version"] not in (_WITHOUT_PARTS, _VERSION)
            or type(logs) is not dict
        ):
            raise _bad()
        pins = {origin: _from_json(item) for origin, item in logs.items()}
        if document["version"] == _WITHOUT_PARTS:
            pins = {origin: replace(pin, acts=None) for origin, pin in pins.items()}
        return pins


def _to_json(pin: Pin) -> dict[str, object]:
    document: dict[str, object] = {"genesis": pin.genesis.hex(), "size": pin.size, "policy": pin.policy}
    told = {"acts": pin.acts, "root": pin.root}
    document |= {name: value.hex() for name, value in told.items() if value is not None}
    if pin.bodies is not None:
        document["bodies"] = {code: name.hex() for code, name in sorted(pin.bodies.items())}
    return document


def _from_json(item: object) -> Pin:
    match item:
        case {"genesis": genesis, "size": int(size), "policy": str() | None as policy, **rest}:
            if type(size) is int and size >= 0 and rest.keys() <= _TOLD:
                # Files written before acts and root were pinned lack these two.
                acts, root = (_hash(rest[name]) if name in rest else None for name in ("acts", "root"))
                return Pin(_hash(genesis), size, policy, acts, root, _bodies(rest.get("bodies")))
    raise _bad()


def _bodies(item: object) -> dict[str, bytes] | None:
    if item is None:
        return None
    if not isinstance(item, dict):
        raise _bad()
    return {str(code): _hash(name) for code, name in item.items()}


def _hash(value: object) -> bytes:
    return from_hex(value, where=PINS, size=32)


def _bad() -> Malformed:
    fix = "Restore it, or move it away and pin the log anew by its published genesis fingerprint."
    return Malformed("PINS_SHAPE", "the file of pins is not one this program wrote", where=PINS, fix=fix)
