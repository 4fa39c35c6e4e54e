"""Bytes as text in our JSON: base64url without padding (RFC 4648 section 5), one spelling each. Pure."""

from __future__ import annotations

import base64
import binascii

from ledger.errors import Malformed


def to_b64(data: bytes) -> str:
    """The text of some bytes."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def from_b64(text: object, *, bytes_max: int, where: str) -> bytes:
    """The bytes of exactly the text `to_b64` writes. Raises Malformed BASE64URL, also for anything longer."""
    if isinstance(text, str) and text.isascii() and len(text) <= bytes_max * 4 // 3 + 2:
        try:
            data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            data = b""
        # Comparing the text again refuses what a lenient decoder lets pass: stray bits, "+" for "-".
        if to_b64(data) == text and len(data) <= bytes_max:
            return data
    raise Malformed("BASE64URL", "not base64url without padding, or too long", where=where)
