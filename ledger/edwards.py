"""Which 32 bytes are an Ed25519 public key: the library takes more than a verifier should. Pure."""

from __future__ import annotations

from functools import lru_cache

from ledger.errors import BadSignature, Malformed

_PRIME = 2**255 - 19
_CURVE_D = -121665 * pow(121666, -1, _PRIME) % _PRIME


@lru_cache(maxsize=1_024)  # a log has few keys and names them in every note and act; refusals are not kept
def check_ed25519_point(public_key: bytes) -> None:
    """Refuse 32 bytes that are no point of edwards25519, spell it otherwise, or have order 1, 2, 4 or 8.

    Under such a key one signature can fit many texts. Source: RFC 8032 section 5.1.3.
    Raises Malformed KEY_LENGTH, BadSignature KEY_NOT_CANONICAL, KEY_NOT_ON_CURVE or KEY_SMALL_ORDER.
    """
    if len(public_key) != 32:
        raise Malformed("KEY_LENGTH", "An Ed25519 public key has 32 bytes.")
    y = int.from_bytes(public_key, "little") & (2**255 - 1)
    if y >= _PRIME:
        raise BadSignature("KEY_NOT_CANONICAL", "The public key is not in its one encoding.")
    y2 = y * y % _PRIME
    x2 = (y2 - 1) * pow(_CURVE_D * y2 + 1, -1, _PRIME) % _PRIME
    if x2 and pow(x2, (_PRIME - 1) // 2, _PRIME) != 1:
        raise BadSignature("KEY_NOT_ON_CURVE", "The public key is not a point of the curve.")
    # Order 1 and 2: x = 0. Order 4: y = 0. Order 8: doubling gives y = 0, that is x^2 + y^2 = 0.
    if x2 == 0 or y == 0 or (x2 + y2) % _PRIME == 0:
        raise BadSignature("KEY_SMALL_ORDER", "The public key is a point of small order.")
