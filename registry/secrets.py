"""Door: the secret files of the service, one for each purpose, readable by their owner alone.

Promises: a file names its purpose and opens for no other; a file that others may read is refused; none is
ever written over. A file is two lines: `malan-service-secret 1 <purpose>` and base64url of a PKCS #8 key or
of 32 random bytes. What belongs into a safe, and what its loss means, stands in `ESCROW`.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from issuers.base64url import from_b64, to_b64
from issuers.files import create_file, read_file
from ledger.errors import Malformed, Unavailable
from ledger.keys import EDDSA, ES256, SoftwareSigner, from_seed, load_private

KEY_BYTES: Final = 32
_FILE_BYTES_MAX: Final = 1_024
_TITLE: Final = "malan-service-secret 1"

SIGNERS: Final = {"checkpoint": EDDSA, "receipt": ES256, "status": ES256}
SYMMETRIC: Final = ("kek", "index", "nullifier")
PURPOSES: Final = (*SIGNERS, *SYMMETRIC)


@dataclass(frozen=True, slots=True)
class Escrow:
    """What the operator must know about a secret."""

    holds: str
    loss: str
    theft: str
    keep: str


ESCROW: Final = {
    "checkpoint": Escrow(
        "Ed25519 key that signs the checkpoints of the log.",
        "No new checkpoint under this name; the city enrols a new key, every verifier needs the new log key.",
        "A second history could be signed; witnesses and pinned checkpoints show it.",
        "Two sealed copies with two officers; never in a backup of the database.",
    ),
    "receipt": Escrow(
        "P-256 key that signs receipts.",
        "New receipts need a new key, enrolled by the city; old ones stay checkable.",
        "False receipts; the log convicts them.",
        "One sealed copy, or none: a new key is cheap.",
    ),
    "status": Escrow(
        "P-256 key that signs status lists and the trust bundle.",
        "New lists need a new key, enrolled by the city.",
        "False lists and old bundles; the audit recomputes them.",
        "One sealed copy, or none: a new key is cheap.",
    ),
    "kek": Escrow(
        "Key that wraps the key of every person.",
        "Everything personal is lost: names, documents, credentials. The log stays whole, nothing opens.",
        "With the database: everything personal is read.",
        "Two sealed copies with two officers, apart from every backup of the database.",
    ),
    "index": Escrow(
        "HMAC key of look-ups by document and by code.",
        "Nobody is found again until the index is rebuilt from the opened rosters.",
        "With the database: guesses of ID numbers can be tested.",
        "Two sealed copies with two officers, apart from every backup of the database.",
    ),
    "nullifier": Escrow(
        "HMAC key of holds. It never rotates.",
        "Double claims can no longer be told from first ones. Claims stop.",
        "With person ids: the claims of one person can be linked in the public log.",
        "Three sealed copies with three officers, for as long as subsidies are paid.",
    ),
}


@dataclass(frozen=True, slots=True)
class Secrets:
    """What the service holds: three signers and three keys of 32 bytes."""

    checkpoint: SoftwareSigner = field(repr=False)
    receipt: SoftwareSigner = field(repr=False)
    status: SoftwareSigner = field(repr=False)
    kek: bytes = field(repr=False)
    index: bytes = field(repr=False)
    nullifier: bytes = field(repr=False)


def create_secrets(place: Callable[[str], Path]) -> None:
    """Writes a file for each purpose, with fresh randomness. Raises Unavailable FILE_EXISTS or FILE_WRITE."""
    taken = [purpose for purpose in PURPOSES if place(purpose).exists()]
    if taken:
        raise Unavailable(
            "FILE_EXISTS", "a secret file is there already", where=taken[0], fix="Keep it, or move it away."
        )
    for purpose in PURPOSES:
        path = place(purpose)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        create_file(path, encode_secret(purpose, _fresh(purpose)), mode=0o600)


def read_secrets(place: Callable[[str], Path]) -> Secrets:
    """The secrets. Raises Unavailable FILE_READ, SECRET_MODE; Malformed SECRET_FORM, SECRET_PURPOSE."""
    return Secrets(
        checkpoint=_signer("checkpoint", place),
        receipt=_signer("receipt", place),
        status=_signer("status", place),
        kek=_key("kek", place),
        index=_key("index", place),
        nullifier=_key("nullifier", place),
    )


def encode_secret(purpose: str, secret: bytes) -> bytes:
    """The bytes of a secret file."""
    return f"{_TITLE} {purpose}\n{to_b64(secret)}\n".encode()


def _fresh(purpose: str) -> bytes:
    if purpose in SYMMETRIC:
        return secrets.token_bytes(KEY_BYTES)
    alg = SIGNERS[purpose]
    return from_seed(alg, secrets.token_bytes(32 if alg == EDDSA else 48)).pkcs8()


def _signer(purpose: str, place: Callable[[str], Path]) -> SoftwareSigner:
    signer = load_private(_read(purpose, place(purpose)))
    if signer.public.alg != SIGNERS[purpose]:
        raise Malformed("SECRET_FORM", "a key of another suite than its purpose needs", where=purpose)
    return signer


def _key(purpose: str, place: Callable[[str], Path]) -> bytes:
    key = _read(purpose, place(purpose))
    if len(key) != KEY_BYTES:
        raise Malformed("SECRET_FORM", f"a key has {KEY_BYTES} bytes", where=purpose)
    return key


def _read(purpose: str, path: Path) -> bytes:
    data = read_file(path, bytes_max=_FILE_BYTES_MAX)
    if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise Unavailable(
            "SECRET_MODE", "others may read a secret file", where=purpose, fix=f"chmod 600 {path.name}"
        )
    lines = data.decode("ascii", "replace").split("\n")
    if len(lines) != 3 or lines[2] or not lines[0].startswith(f"{_TITLE} "):
        raise Malformed("SECRET_FORM", "not a secret file of the service", where=purpose)
    if lines[0] != f"{_TITLE} {purpose}":
        raise Malformed("SECRET_PURPOSE", "the file holds the secret of another purpose", where=purpose)
    return from_b64(lines[1], bytes_max=_FILE_BYTES_MAX, where=purpose)
