"""Checkpoints: a log's origin, size and root as a signed note, and the timed cosignatures of its witnesses.

Promises: one spelling only; `open_checkpoint` gives a checkpoint only under a log key whose name is its
origin, and only with cosignatures that verify.
May not know: whether the root is right (`merkle`), how many cosignatures suffice (`policy`), files, clocks.

Source: c2sp.org/tlog-checkpoint@v1.0.0, c2sp.org/tlog-cosignature@v1.0.1 (Ed25519 cosignature/v1, type 0x04).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.errors import BadSignature, Malformed, ProofFailed
from ledger.merkle import EMPTY_ROOT, HASH_SIZE, MAX_SIZE
from ledger.note import (
    Ed25519Key,
    Note,
    NoteKey,
    SignatureLine,
    check_key_name,
    decode_base64,
    encode_base64,
    open_note,
    strangers,
)

MAX_TIME = 2**63 - 1  # POSIX seconds, tlog-cosignature


def parse_decimal(text: str, *, where: str, most: int = MAX_SIZE) -> int:
    """An ASCII decimal without sign or leading zeros, at most `most`. Raises Malformed DECIMAL."""
    # Twenty digits are enough for 64 bits; a longer text is refused before it is turned into a number.
    if not re.fullmatch("0|[1-9][0-9]{0,19}", text) or int(text) > most:
        raise Malformed("DECIMAL", "Not a decimal number in its one spelling, or too large.", where=where)
    return int(text)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log commits to: `origin` (also its key name), `size` in leaves, `root` (32 bytes).

    Raises Malformed KEY_NAME, CHECKPOINT_SIZE or CHECKPOINT_ROOT; ProofFailed EMPTY_TREE_ROOT.
    """

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        check_key_name(self.origin)
        if not 0 <= self.size <= MAX_SIZE:
            raise Malformed("CHECKPOINT_SIZE", "A tree size is a whole number below 2^63.")
        if len(self.root) != HASH_SIZE:
            raise Malformed("CHECKPOINT_ROOT", "A root has 32 bytes.")
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise ProofFailed("EMPTY_TREE_ROOT", "Size 0 goes only with the root of the empty tree.")

    def body(self) -> str:
        """The note text: three lines."""
        return f"{self.origin}\n{self.size}\n{encode_base64(self.root)}\n"


@lru_cache(maxsize=64)  # one checkpoint is read for every proof under it
def parse_checkpoint(text: str) -> Checkpoint:
    """Read a checkpoint body. Extension lines are refused: nobody can audit them and this ledger writes none.

    Raises Malformed CHECKPOINT_LINES, DECIMAL, BASE64, or as `Checkpoint`.
    """
    lines = text.split("\n", 4)
    if len(lines) != 4 or lines[3]:
        raise Malformed("CHECKPOINT_LINES", "A checkpoint has exactly three lines: origin, size, root.")
    root = decode_base64(lines[2], where="checkpoint root")
    return Checkpoint(lines[0], parse_decimal(lines[1], where="checkpoint size"), root)


@dataclass(frozen=True, slots=True)
class CosignerKey(Ed25519Key):
    """Type 0x04: a witness's key. Its signature is a big-endian uint64 of POSIX seconds, then 64 bytes."""

    TYPE: ClassVar[int] = 0x04

    def check(self, text: str, signature: bytes) -> None:
        time = _time_of(signature)
        if time > MAX_TIME:
            raise BadSignature("SIGNATURE", "A cosignature time is beyond 2^63 - 1 seconds.")
        self.check_raw(_message(text, time), signature[8:])


def parse_cosigner_vkey(vkey: str) -> CosignerKey:
    """The key of a type 0x04 vkey; see `Ed25519Key.parse`."""
    return CosignerKey.parse(vkey)


def _time_of(signature: bytes) -> int:
    return int.from_bytes(signature[:8], "big")


def _message(body: str, time: int) -> bytes:
    return f"cosignature/v1\ntime {time}\n{body}".encode()


@dataclass(frozen=True, slots=True)
class Cosigner:
    """A witness's name and Ed25519 private key. Of no use for signing notes: the types differ."""

    name: str
    private_key: Ed25519PrivateKey

    @property
    def key(self) -> CosignerKey:
        """The public half."""
        return CosignerKey(self.name, self.private_key.public_key().public_bytes_raw())


def cosign(body: str, signer: Cosigner, *, time: int) -> SignatureLine:
    """The cosignature/v1 line over a checkpoint body at `time` (POSIX seconds). Raises as `parse_checkpoint`.

    Whoever calls has checked consistency with all that was cosigned before, and has stored the new size.
    """
    parse_checkpoint(body)
    if not 0 <= time <= MAX_TIME:
        raise Malformed("COSIGNATURE_TIME", "A cosignature time is POSIX seconds below 2^63.")
    signature = time.to_bytes(8, "big") + signer.private_key.sign(_message(body, time))
    return SignatureLine(signer.name, signer.key.key_id, signature)


def check_cosignature(body: str, line: SignatureLine, key: CosignerKey) -> int:
    """POSIX seconds at which `key` cosigned this body. Raises BadSignature WRONG_KEY or SIGNATURE."""
    if not line.is_by(key):
        raise BadSignature("WRONG_KEY", "The line is by another key.")
    key.check(body, line.signature)
    return _time_of(line.signature)


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A verified cosignature: the cosigner's key name, and when, in POSIX seconds."""

    name: str
    time: int


@dataclass(frozen=True, slots=True)
class OpenedCheckpoint:
    """A checkpoint under a known log key.

    `cosignatures`: one for each known cosigner that signed, its latest, in the order of their first lines.
    `strangers`: lines that claim no known key; an audit names each of them.
    """

    note: Note
    checkpoint: Checkpoint
    cosignatures: tuple[Cosignature, ...]
    strangers: tuple[SignatureLine, ...]


def open_checkpoint(
    raw: bytes, *, log_keys: Collection[NoteKey], cosigners: Collection[CosignerKey] = ()
) -> OpenedCheckpoint:
    """Verify a checkpoint note: a log key named as the origin signed it, and no line of a known key is bad.

    Raises Malformed or BadSignature as `open_note`, Malformed or ProofFailed as `parse_checkpoint`,
    Malformed COSIGNERS_SHARE_KEY (one key under two names would count twice), BadSignature NO_LOG_SIGNATURE.
    """
    return _opened(raw, tuple(log_keys), tuple(cosigners))


@lru_cache(maxsize=16)  # one checkpoint is verified for every proof under it
def _opened(
    raw: bytes, log_keys: tuple[NoteKey, ...], cosigners: tuple[CosignerKey, ...]
) -> OpenedCheckpoint:
    if len({key.public_key for key in cosigners}) != len(set(cosigners)):
        raise Malformed("COSIGNERS_SHARE_KEY", "Two cosigners have the same public key.")
    known: list[Ed25519Key] = [*log_keys, *cosigners]
    opened = open_note(raw, known)
    checkpoint = parse_checkpoint(opened.text)
    own = [key for key in log_keys if key.name == checkpoint.origin]
    if not any(line.is_by(key) for line in opened.verified for key in own):
        raise BadSignature("NO_LOG_SIGNATURE", "No known log key of that origin signed the checkpoint.")
    times: dict[str, int] = {}
    for line in opened.verified:
        for key in cosigners:
            if line.is_by(key):
                times[key.name] = max(times.get(key.name, 0), _time_of(line.signature))
    cosignatures = tuple(Cosignature(name, time) for name, time in times.items())
    return OpenedCheckpoint(opened.note, checkpoint, cosignatures, strangers(opened.note, known))
