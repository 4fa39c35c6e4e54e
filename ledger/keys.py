"""Signature keys behind one interface; two suites today, a third (SM2 with SM3) fits in the same table. Pure.

A suite signs and verifies raw messages with fixed-size 64-byte signatures. A key is named by `kid`, the first
eight bytes of SHA-256 over its SubjectPublicKeyInfo (the EU DCC rule). ES256 signatures are low-S, always:
a second valid spelling of a signature would be a second spelling of a signed fact.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from ledger.edwards import check_ed25519_point
from ledger.errors import BadSignature, Malformed

ES256 = -7  # RFC 9053 section 2.1: ECDSA with SHA-256, on P-256
EDDSA = -8  # RFC 9053 section 2.2: EdDSA, on Ed25519
ALGORITHMS = {ES256: "ES256", EDDSA: "EdDSA"}
KID_BYTES = 8
SIGNATURE_BYTES = 64
ED25519_SPKI = bytes.fromhex("302a300506032b6570032100")  # RFC 8410 section 4: stands before the 32 bytes

_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_HALF_ORDER = _P256_ORDER // 2
_SHA256 = ec.ECDSA(hashes.SHA256())
# RFC 6979: the same key and message give the same signature, so a retry after a crash signs the same bytes.
_SHA256_DETERMINISTIC = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


class Signer(Protocol):
    """Whoever holds a private key: a key file today, a token or a browser elsewhere."""

    @property
    def public(self) -> PublicKey:
        """The public half."""

    def sign(self, message: bytes) -> bytes:
        """64 bytes that `public.verify` accepts for `message`."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A verification key: `alg` (COSE), `spki` (DER), `kid`. Make it with `public_key`."""

    alg: int
    spki: bytes
    kid: bytes
    _verify: Callable[[bytes, bytes], None] = field(repr=False, compare=False)

    def verify(self, message: bytes, signature: bytes) -> None:
        """Raises BadSignature SIGNATURE_SIZE, SIGNATURE_HIGH_S or SIGNATURE_BAD."""
        if len(signature) != SIGNATURE_BYTES:
            raise BadSignature("SIGNATURE_SIZE", f"a signature has {SIGNATURE_BYTES} bytes")
        self._verify(message, signature)


@lru_cache(maxsize=4096)
def public_key(alg: int, spki: bytes) -> PublicKey:
    """The key of a SubjectPublicKeyInfo, if it is one of the suite `alg` in its only DER spelling.

    Raises Malformed KEY_ALG (unknown suite), KEY_SPKI (not a key of that suite), or as `edwards` does.
    """
    if alg not in ALGORITHMS:
        raise Malformed("KEY_ALG", "unknown signature algorithm")
    try:
        key = serialization.load_der_public_key(spki)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Malformed("KEY_SPKI", "not a SubjectPublicKeyInfo") from error
    if _spki(key) != spki:  # type: ignore[arg-type]  # any other type fails the suite check below
        raise Malformed("KEY_SPKI", "not the one DER encoding of its key")
    if alg == ES256 and isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == "secp256r1":
        return PublicKey(alg, spki, kid_of(spki), _es256_verifier(key))
    if alg == EDDSA and isinstance(key, ed25519.Ed25519PublicKey):
        check_ed25519_point(key.public_bytes_raw())
        return PublicKey(alg, spki, kid_of(spki), _ed25519_verifier(key))
    raise Malformed("KEY_SPKI", f"not a key for {ALGORITHMS[alg]}")


def kid_of(spki: bytes) -> bytes:
    """First eight bytes of SHA-256 over the SubjectPublicKeyInfo."""
    return hashlib.sha256(spki).digest()[:KID_BYTES]


class SoftwareSigner:
    """A private key in this process's memory."""

    __slots__ = ("_key", "public")

    def __init__(self, key: PrivateKey) -> None:
        self._key = key
        alg = ES256 if isinstance(key, ec.EllipticCurvePrivateKey) else EDDSA
        self.public = public_key(alg, _spki(key.public_key()))

    def sign(self, message: bytes) -> bytes:
        """Low-S, deterministic ES256 (RFC 6979) or Ed25519 (RFC 8032)."""
        if isinstance(self._key, ed25519.Ed25519PrivateKey):
            return self._key.sign(message)
        r, s = decode_dss_signature(self._key.sign(message, _SHA256_DETERMINISTIC))
        return r.to_bytes(32, "big") + min(s, _P256_ORDER - s).to_bytes(32, "big")

    def pkcs8(self) -> bytes:
        """The private key itself, DER, not encrypted: only for sealing into a key file."""
        encoding, form = serialization.Encoding.DER, serialization.PrivateFormat.PKCS8
        return self._key.private_bytes(encoding, form, serialization.NoEncryption())

    def raw_ed25519(self) -> bytes:
        """The 32-byte seed of an Ed25519 key (a signed note needs it). Raises Malformed KEY_ALG otherwise."""
        if not isinstance(self._key, ed25519.Ed25519PrivateKey):
            raise Malformed("KEY_ALG", "not an Ed25519 key")
        return self._key.private_bytes_raw()


def load_private(pkcs8: bytes) -> SoftwareSigner:
    """The signer of a DER PKCS #8 key of a known suite. Raises Malformed KEY_PKCS8."""
    try:
        key = serialization.load_der_private_key(pkcs8, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise Malformed("KEY_PKCS8", "not a PKCS #8 private key") from error
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return SoftwareSigner(key)
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name == "secp256r1":
        return SoftwareSigner(key)
    raise Malformed("KEY_PKCS8", "not a P-256 or Ed25519 key")


def from_seed(alg: int, seed: bytes) -> SoftwareSigner:
    """A signer from 32 bytes of randomness (48 for ES256, reduced as FIPS 186-5 A.2.1 does)."""
    if alg == EDDSA and len(seed) == 32:
        return SoftwareSigner(ed25519.Ed25519PrivateKey.from_private_bytes(seed))
    if alg == ES256 and len(seed) == 48:
        scalar = int.from_bytes(seed, "big") % (_P256_ORDER - 1) + 1
        return SoftwareSigner(ec.derive_private_key(scalar, ec.SECP256R1()))
    raise Malformed("KEY_SEED", "32 random bytes for Ed25519, 48 for ES256")


def _spki(key: ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey) -> bytes:
    encoding, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(encoding, form)


def _es256_verifier(key: ec.EllipticCurvePublicKey) -> Callable[[bytes, bytes], None]:
    def verify(message: bytes, signature: bytes) -> None:
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        if s > _HALF_ORDER:
            raise BadSignature("SIGNATURE_HIGH_S", "the signature is not in its low-S form")
        try:
            key.verify(encode_dss_signature(r, s), message, _SHA256)
        except InvalidSignature as error:
            raise BadSignature("SIGNATURE_BAD", "the signature does not verify") from error

    return verify


def _ed25519_verifier(key: ed25519.Ed25519PublicKey) -> Callable[[bytes, bytes], None]:
    def verify(message: bytes, signature: bytes) -> None:
        try:
            key.verify(signature, message)
        except InvalidSignature as error:
            raise BadSignature("SIGNATURE_BAD", "the signature does not verify") from error

    return verify
