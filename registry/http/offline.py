"""What the scanner's page needs with the network off: its files, found by following what each loads. Pure.

Promises: the list is complete for every script that names what it imports, and its version changes with any
byte of any file, so a browser holds one version whole or none of it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

PAGE: Final = "/"
_ADDRESS: Final = r"/(?:js|assets)/[a-z0-9_./-]+"
_LOADED: Final = re.compile(
    rf"""(?:\bfrom|\bimport|\bsrc=|\bhref=|\bask\(|\bimportScripts\(|"src":) *\(?["']({_ADDRESS})["']"""
)
_NAMED: Final = re.compile(rf"""^const [A-Z_]+ = "({_ADDRESS})";""", re.MULTILINE)
_TEXTS: Final = (".js", ".html", ".css", ".webmanifest")

Read = Callable[[str], tuple[bytes, str] | None]
"""The bytes and the ETag at an address of ours; None where there is nothing."""


def files_of(read: Read) -> dict[str, str]:
    """Address to ETag of the page and all it loads, in order of address."""
    found: dict[str, str] = {}
    waiting = [PAGE]
    while waiting:
        address = waiting.pop()
        got = None if address in found else read(address)
        if got is None:
            continue
        data, found[address] = got
        if address == PAGE or address.endswith(_TEXTS):
            waiting += _loads(data)
    return dict(sorted(found.items()))


@lru_cache(maxsize=256)  # a browser asks at each visit, and looking takes as long as forty verdicts
def _loads(data: bytes) -> tuple[str, ...]:
    """The addresses of ours that a file loads."""
    text = data.decode("utf-8")
    return (*_LOADED.findall(text), *_NAMED.findall(text))


def service_worker(script: bytes, read: Read) -> bytes:
    """The script with the list in front: a browser takes a new one when a byte of it differs."""
    files = files_of(read)
    told = {"version": _version(script, files), "files": list(files)}
    return b"self.MALAN_OFFLINE = " + json.dumps(told, separators=(",", ":")).encode() + b";\n" + script


def _version(script: bytes, files: dict[str, str]) -> str:
    parts = json.dumps(files).encode() + script
    return hashlib.sha256(parts).hexdigest()[:16]
