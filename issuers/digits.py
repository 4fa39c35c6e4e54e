"""Bytes as decimal digits, and back, in exactly one way.

Promises: `from_digits(to_digits(data)) == data`, and any text `from_digits` takes is what `to_digits` writes.
Knows nothing of credentials, URLs or QR codes.

The code is the `digitEncode` of FIDO CTAP 2.2, section 11.5 (hybrid transports): each 7 bytes, read as a
little-endian number, become 17 digits; the 1 to 6 bytes left over become 3, 5, 8, 10, 13 or 15 digits. A QR
code in numeric mode then spends 8.1 bits on a byte, and digits survive every URL parser untouched.
"""

from __future__ import annotations

from typing import Final

from ledger.errors import Malformed

DIGITS_MAX: Final = 1_200
"""Longest digit text. 1,190 digits are 70 full groups; the last 10 carry 4 bytes more: 494 bytes."""

BYTES_MAX: Final = 494

_GROUP_BYTES: Final = 7
_GROUP_DIGITS: Final = 17
_TAIL_DIGITS: Final = (0, 3, 5, 8, 10, 13, 15)
"""Digits for a tail of 0 to 6 bytes; index = bytes."""

_TAIL_BYTES: Final = {digits: size for size, digits in enumerate(_TAIL_DIGITS)}


def to_digits(data: bytes) -> str:
    """Encode at most 494 bytes. Empty bytes give the empty text. Raises `Malformed` DIGITS_TOO_LONG."""
    if len(data) > BYTES_MAX:
        raise Malformed(
            "DIGITS_TOO_LONG", f"more than {BYTES_MAX} bytes cannot be written as digits", fix="Shorten it."
        )
    groups = []
    for start in range(0, len(data), _GROUP_BYTES):
        group = data[start : start + _GROUP_BYTES]
        width = _GROUP_DIGITS if len(group) == _GROUP_BYTES else _TAIL_DIGITS[len(group)]
        groups.append(f"{int.from_bytes(group, 'little'):0{width}d}")
    return "".join(groups)


def from_digits(text: str) -> bytes:
    """Decode what `to_digits` writes, and refuse everything else.

    Raises `Malformed`: DIGITS_TOO_LONG over 1,200 digits; DIGITS_NOT_DIGITS for any character but ASCII 0-9;
    DIGITS_LENGTH when no number of bytes has that many digits; DIGITS_OVERFLOW when a group stands for a
    number its bytes cannot hold (two texts would otherwise mean the same bytes).
    """
    if len(text) > DIGITS_MAX:
        raise Malformed("DIGITS_TOO_LONG", f"more than {DIGITS_MAX} digits")
    if text and not (text.isascii() and text.isdigit()):
        raise Malformed("DIGITS_NOT_DIGITS", "only the ASCII digits 0 to 9 may stand here")
    tail = _TAIL_BYTES.get(len(text) % _GROUP_DIGITS)
    if tail is None:
        raise Malformed("DIGITS_LENGTH", "no number of bytes is written with that many digits")
    full = len(text) // _GROUP_DIGITS
    parts = []
    for group in range(full + (tail > 0)):
        start = group * _GROUP_DIGITS
        size = _GROUP_BYTES if group < full else tail
        number = int(text[start : start + _GROUP_DIGITS])
        if number >> (8 * size):
            raise Malformed(
                "DIGITS_OVERFLOW", "a group of digits exceeds its bytes", where=f"group {group + 1}"
            )
        parts.append(number.to_bytes(size, "little"))
    return b"".join(parts)
