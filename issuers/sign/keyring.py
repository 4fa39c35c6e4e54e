"""Door: sealed key files. A private key rests on disk only under a passphrase its owner knows.

Promises: the passphrase goes through scrypt (RFC 7914) into an AES-256-GCM key that seals the PKCS #8 bytes;
everything else in the file (kid, algorithm, public key, parameters) is bound into the seal; a file appears
whole, with mode 0600, or not at all, and none is ever written over. Randomness comes in as an argument.

The file is JSON: {"malan-key":1,"kid":hex,"alg":"ES256","public":SPKI,"kdf":{"name":"scrypt","n","r","p",
"salt"},"sealed":…}, byte strings in base64url.
"""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from issuers.base64url import from_b64, to_b64
from issuers.files import create_file, read_file
from ledger import cbor, sealing
from ledger.errors import Malformed, Unavailable
from ledger.keys import ALGORITHMS, PublicKey, SoftwareSigner, load_private, public_key

FILE_BYTES_MAX: Final = 4_096
PASSPHRASE_CHARS_MIN: Final = 8
PASSPHRASE_BYTES_MAX: Final = 1_024
SALT_BYTES: Final = 16
_MEMORY_MAX: Final = 256 * 2**20  # scrypt needs 128 · n · r bytes; a hostile file must not ask for all
_N_MIN: Final = 2**10


@dataclass(frozen=True, slots=True)
class Kdf:
    """Cost of scrypt; `n` a power of two. Raises Malformed KEY_KDF outside the range a reader accepts."""

    n: int
    r: int
    p: int

    def __post_init__(self) -> None:
        whole = all(type(item) is int for item in (self.n, self.r, self.p))
        if not whole or not (1 <= self.r <= 16 and 1 <= self.p <= 4 and self.n >= _N_MIN):
            raise Malformed("KEY_KDF", "the cost of the key file is outside the accepted range", where="kdf")
        if self.n & (self.n - 1) or 128 * self.n * self.r > _MEMORY_MAX:
            raise Malformed("KEY_KDF", "the cost of the key file is outside the accepted range", where="kdf")


STRONG: Final = Kdf(2**17, 8, 1)
"""128 MiB and about a third of a second a guess (OWASP password storage, scrypt)."""


@dataclass(frozen=True, slots=True)
class SealedKey:
    """A key file as read: who it is, and the sealed private key."""

    public: PublicKey
    kdf: Kdf
    salt: bytes
    sealed: bytes


def seal_key(
    signer: SoftwareSigner, passphrase: str, *, salt: bytes, nonce: bytes, kdf: Kdf = STRONG
) -> bytes:
    """The bytes of a key file; `salt` 16 and `nonce` 12 fresh random bytes.

    Raises Malformed KEY_PASSPHRASE_SHORT or KEY_SALT.
    """
    if len(passphrase) < PASSPHRASE_CHARS_MIN or len(_bytes_of(passphrase)) > PASSPHRASE_BYTES_MAX:
        raise Malformed(
            "KEY_PASSPHRASE_SHORT",
            f"a passphrase has at least {PASSPHRASE_CHARS_MIN} characters",
            fix="Take several words nobody would join.",
        )
    if len(salt) != SALT_BYTES:
        raise Malformed("KEY_SALT", f"a salt has {SALT_BYTES} bytes")
    public = signer.public
    sealed = sealing.seal(
        signer.pkcs8(),
        key=_derive(passphrase, salt, kdf),
        nonce=nonce,
        context=_context(public, kdf, salt),
    )
    document = {
        "malan-key": 1,
        "kid": public.kid.hex(),
        "alg": ALGORITHMS[public.alg],
        "public": to_b64(public.spki),
        "kdf": {"name": "scrypt", "n": kdf.n, "r": kdf.r, "p": kdf.p, "salt": to_b64(salt)},
        "sealed": to_b64(sealed),
    }
    return json.dumps(document, indent=1).encode() + b"\n"


def parse_key_file(data: bytes) -> SealedKey:
    """The parts of a key file, still sealed. Raises Malformed KEY_FILE, KEY_KDF, or of the public key."""
    try:
        document = json.loads(data) if len(data) <= FILE_BYTES_MAX else None
    except (ValueError, RecursionError):
        document = None
    match document:
        case {
            "malan-key": 1,
            "kid": str(kid),
            "alg": str(alg),
            "public": spki,
            "kdf": {"name": "scrypt", "n": int(n), "r": int(r), "p": int(p), "salt": salt},
            "sealed": sealed,
            **rest,
        } if not rest:
            pass
        case _:
            raise Malformed("KEY_FILE", "not a key file of this program")
    algorithms = {name: number for number, name in ALGORITHMS.items()}
    if alg not in algorithms:
        raise Malformed("KEY_FILE", "a key of a suite this program does not know", where="alg")
    public = public_key(algorithms[alg], from_b64(spki, bytes_max=512, where="public"))
    if public.kid.hex() != kid:
        raise Malformed("KEY_FILE", "the key id is not that of the public key", where="kid")
    return SealedKey(
        public=public,
        kdf=Kdf(n, r, p),
        salt=from_b64(salt, bytes_max=SALT_BYTES, where="kdf.salt"),
        sealed=from_b64(sealed, bytes_max=1_024, where="sealed"),
    )


def open_key(key: SealedKey, passphrase: str) -> SoftwareSigner:
    """The signer. Raises Unavailable KEY_PASSPHRASE; a file that was tampered with looks no different."""
    derived = _derive(passphrase, key.salt, key.kdf)
    try:
        pkcs8 = sealing.unseal(key.sealed, key=derived, context=_context(key.public, key.kdf, key.salt))
    except Malformed as error:
        raise Unavailable(
            "KEY_PASSPHRASE", "the key does not open with this passphrase", fix="Type it again."
        ) from error
    signer = load_private(pkcs8)
    if signer.public != key.public:
        raise Malformed("KEY_FILE", "the sealed key is not the one the file names")
    return signer


def create_key_file(path: Path, data: bytes) -> None:
    """Writes a key file that was not there. Raises Unavailable FILE_EXISTS or FILE_WRITE."""
    create_file(path, data, mode=0o600)


def read_key_file(path: Path) -> SealedKey:
    """Raises Unavailable FILE_READ, and as `parse_key_file`."""
    return parse_key_file(read_file(path, bytes_max=FILE_BYTES_MAX))


def read_passphrase_file(path: Path) -> str:
    """The passphrase in a file, without the newline an editor adds.

    Raises Unavailable FILE_READ, Malformed KEY_PASSPHRASE_FILE.
    """
    try:
        text = read_file(path, bytes_max=PASSPHRASE_BYTES_MAX).decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed("KEY_PASSPHRASE_FILE", "the passphrase file is not UTF-8 text") from error
    return text.removesuffix("\n").removesuffix("\r")


def _bytes_of(passphrase: str) -> bytes:
    """One passphrase has one spelling, whichever keyboard composed its letters."""
    return unicodedata.normalize("NFC", passphrase).encode("utf-8", "surrogatepass")


def _derive(passphrase: str, salt: bytes, kdf: Kdf) -> bytes:
    scrypt = Scrypt(salt=salt, length=sealing.KEY_BYTES, n=kdf.n, r=kdf.r, p=kdf.p)
    return scrypt.derive(_bytes_of(passphrase))


def _context(public: PublicKey, kdf: Kdf, salt: bytes) -> bytes:
    return cbor.encode(["malan/key/1", public.alg, public.spki, kdf.n, kdf.r, kdf.p, salt])
