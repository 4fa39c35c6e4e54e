"""Check characters written from the standards, apart from the library the code uses."""

from __future__ import annotations


def mod_37_36(text: str) -> str:
    """ISO 7064 as domain C6 writes it down, apart from the library the code uses."""
    p = 36
    for character in text:
        p = (p + int(character, 36)) % 36 or 36
        p = 2 * p % 37
    return "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[(37 - p) % 36]


def mod_11_10(digits: str) -> str:
    """ISO 7064 MOD 11,10, written from the standard's recursion."""
    p = 10
    for digit in digits:
        p = (p + int(digit)) % 10 or 10
        p = 2 * p % 11
    return str((11 - p) % 10)
