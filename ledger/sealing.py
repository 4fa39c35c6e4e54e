"""Sealing what may one day be erased: AES-256-GCM under a key that can be destroyed. Pure.

A sealed value is `nonce (12) || ciphertext || tag (16)`. `context` says what the value is and whose; a sealed
value moved to another row or another person does not open.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger.errors import Malformed

KEY_BYTES = 32
NONCE_BYTES = 12


def seal(plaintext: bytes, *, key: bytes, nonce: bytes, context: bytes) -> bytes:
    """`nonce` must be 12 fresh random bytes (NIST SP 800-38D section 8.2.2)."""
    if len(key) != KEY_BYTES or len(nonce) != NONCE_BYTES:
        raise Malformed("SEAL_KEY", "sealing takes a 32-byte key and a 12-byte nonce")
    return nonce + AESGCM(key).encrypt(nonce, plaintext, context)


def unseal(sealed: bytes, *, key: bytes, context: bytes) -> bytes:
    """Raises Malformed SEAL_BROKEN when key, context or bytes are not those of `seal`."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context)
    except (InvalidTag, ValueError) as error:
        raise Malformed("SEAL_BROKEN", "a sealed value does not open with this key and context") from error
