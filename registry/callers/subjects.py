"""Names of objects in requests and URLs: one spelling each. Pure."""

from __future__ import annotations

import re

from ledger.errors import Malformed

_HEX = re.compile(r"[0-9a-f]{32}", re.ASCII)


def hex_id(text: str, noun: str) -> bytes:
    """The 16 bytes of `noun/` and 32 lower-case hex digits. Raises Malformed SUBJECT_ID."""
    prefix, _, rest = text.partition("/")
    if prefix != noun or not _HEX.fullmatch(rest):
        raise Malformed("SUBJECT_ID", f"the subject is {noun}/ and 32 hex digits", where="sub")
    return bytes.fromhex(rest)
