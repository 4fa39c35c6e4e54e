"""Door: the templates of a home: the texts a body pinned, by hash, and which one prints what since when.

Promises: what was pinned once stays, so that what it printed can be printed again; a text on the shelf is
used only while it has the hash it was pinned under. Without a pin the shipped template prints.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Annotated, Final

from issuers.acts.words import CertificateKind
from issuers.files import private_directory, read_file, replace_file
from issuers.json_in import from_object, read_object, to_plain
from issuers.printing.templates import TEMPLATE_BYTES_MAX, Template, check_template, shipped, template_hash
from issuers.shape import Pattern, Range, Size, to_map
from issuers.sign.home import Home
from ledger.errors import Malformed, Unavailable

_PINS_BYTES_MAX: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Pinned:
    """`version` counts from 1 for each kind; `hash` names the text; `since_ms` milliseconds since 1970."""

    kind: CertificateKind
    version: Annotated[int, Range(1, 99_999)]
    hash: Annotated[str, Pattern(r"[0-9a-f]{64}")]
    since_ms: Annotated[int, Range(0, 2**53)]


@dataclass(frozen=True, slots=True)
class _Pins:
    pins: Annotated[tuple[Pinned, ...], Size(0, 5_000)] = ()


def pins_of(home: Home) -> tuple[Pinned, ...]:
    """Every pin, oldest first. Raises Malformed of JSON and shape."""
    path = home.path / "templates" / "pins.json"
    if not path.exists():
        return ()
    told = read_object(
        read_file(path, bytes_max=_PINS_BYTES_MAX), where="pins.json", bytes_max=_PINS_BYTES_MAX
    )
    return from_object(_Pins, told, where="pins.json").pins


def template_of(home: Home, kind: CertificateKind) -> Template:
    """What prints a kind: the text pinned last, or the shipped one. Raises as `template_by_hash`."""
    pinned = [pin for pin in pins_of(home) if pin.kind is kind]
    return template_by_hash(home, pinned[-1].hash) if pinned else shipped(kind)


def template_by_hash(home: Home, hash_: str) -> Template:
    """A shipped text or one on the shelf. Raises Unavailable TEMPLATE_MISSING, Malformed TEMPLATE_CHANGED."""
    for kind in CertificateKind:
        if shipped(kind).hash == hash_:
            return shipped(kind)
    path = home.path / "templates" / f"{hash_}.typ"
    if not path.exists():
        raise Unavailable(
            "TEMPLATE_MISSING",
            "a template that was pinned is not on the shelf",
            where=f"templates/{hash_[:12]}….typ",
            fix="Put its text back from a backup, or pin another.",
        )
    text = read_file(path, bytes_max=TEMPLATE_BYTES_MAX)
    if template_hash(text) != hash_:
        raise Malformed(
            "TEMPLATE_CHANGED",
            "a pinned template was changed on the disk",
            where=f"templates/{hash_[:12]}….typ",
            fix="Put the text back; pin a changed text as a new version.",
        )
    return Template(text, hash_)


def pin_template(home: Home, kind: CertificateKind, text: bytes, *, now_ms: int) -> Pinned:
    """Checks a text and makes it what prints a kind from now on. Pinned again, the same text is no new
    version.

    Raises as `check_template`.
    """
    template = check_template(text, kind)
    pins = pins_of(home)
    own = [pin for pin in pins if pin.kind is kind]
    if own and own[-1].hash == template.hash:
        return own[-1]
    pin = Pinned(kind, len(own) + 1, template.hash, now_ms)
    folder = private_directory(home.path / "templates")
    # Crash between the two: a text on the shelf that nothing names.
    replace_file(folder / f"{template.hash}.typ", text)
    document = to_plain(to_map(_Pins((*pins, pin))))
    replace_file(folder / "pins.json", json.dumps(document, indent=1).encode() + b"\n")
    return pin
