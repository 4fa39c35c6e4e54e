"""C2SP signed notes: a text, an empty line, and one signature line for each key that stands behind it.

Promises: one spelling only (a parsed note renders to the same bytes); `open_note` hands out a text only after
a known key has verified it. Signature type here: 0x01, Ed25519 over the text.
May not know: what a text says (checkpoints live in `checkpoint`), files, clocks, randomness.

Source: c2sp.org/signed-note@v1.0.0; RFC 8032 for Ed25519; RFC 4648 section 4 for base64.
"""

from __future__ import annotations

import base64
import re
from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256
from typing import ClassVar, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ledger.edwards import check_ed25519_point
from ledger.errors import BadSignature, Malformed

MAX_SIGNATURES = 100  # C2SP asks verifiers to accept 16 at least
MAX_NOTE_BYTES = 1_000_000
_OFTEN_BYTES_MAX = 16_384
_DASH = "\u2014"


def decode_base64(text: str, *, where: str) -> bytes:
    """Standard base64 with padding, in its one spelling (RFC 4648 section 4). Raises Malformed BASE64."""
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        data = b""
    if encode_base64(data) != text:
        raise Malformed("BASE64", "Not base64 in its one spelling.", where=where)
    return data


def encode_base64(data: bytes) -> str:
    """Standard base64 with padding."""
    return base64.b64encode(data).decode("ascii")


def check_key_name(name: str) -> None:
    """Refuse an empty name and one with a Unicode space, `+` or control character. Malformed KEY_NAME."""
    if not name or any(char.isspace() or char < " " or char == "+" for char in name) or not _is_utf8(name):
        raise Malformed("KEY_NAME", "A key name must be without spaces, plus signs and control characters.")


def _is_utf8(text: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in text)


@dataclass(frozen=True, slots=True)
class Ed25519Key(ABC):
    """A named Ed25519 public key (32 raw bytes) for one type of note signature."""

    TYPE: ClassVar[int]
    name: str
    public_key: bytes

    def __post_init__(self) -> None:
        check_key_name(self.name)
        check_ed25519_point(self.public_key)

    @property
    def key_id(self) -> bytes:
        """Four bytes: SHA-256(name || 0x0A || type || public key)[:4]."""
        return sha256(self.name.encode() + b"\n" + bytes([self.TYPE]) + self.public_key).digest()[:4]

    @property
    def vkey(self) -> str:
        """`<name>+<key id, hex>+<base64(type || public key)>`."""
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(bytes([self.TYPE]) + self.public_key)}"

    @classmethod
    def parse(cls, vkey: str) -> Self:
        """The key of a vkey of this type. Raises Malformed VKEY, KEY_*, BASE64, or BadSignature KEY_*."""
        parts = vkey.split("+", 2)
        if len(parts) != 3 or not re.fullmatch("[0-9a-f]{8}", parts[1]):
            raise Malformed("VKEY", "A verifier key is written name+id+base64.")
        data = decode_base64(parts[2], where="verifier key")
        if data[:1] != bytes([cls.TYPE]):
            raise Malformed("VKEY_TYPE", f"The verifier key is not of signature type 0x{cls.TYPE:02x}.")
        key = cls(parts[0], data[1:])
        if key.key_id.hex() != parts[1]:
            raise Malformed("VKEY_ID", "The key id does not belong to this name and key.")
        return key

    @abstractmethod
    def check(self, text: str, signature: bytes) -> None:
        """Raise BadSignature unless `signature`, as its line carries it, is by this key over `text`."""

    def check_raw(self, message: bytes, signature: bytes) -> None:
        """Raise BadSignature SIGNATURE unless the 64 bytes are this key's Ed25519 signature of `message`."""
        try:
            if len(signature) != 64:
                raise InvalidSignature
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, message)
        except InvalidSignature:
            raise BadSignature("SIGNATURE", "A signature by a known key does not verify.") from None


@dataclass(frozen=True, slots=True)
class NoteKey(Ed25519Key):
    """Type 0x01: an Ed25519 signature over the text itself."""

    TYPE: ClassVar[int] = 0x01

    def check(self, text: str, signature: bytes) -> None:
        self.check_raw(text.encode(), signature)


def parse_vkey(vkey: str) -> NoteKey:
    """The key of a type 0x01 vkey; see `Ed25519Key.parse`."""
    return NoteKey.parse(vkey)


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """One line under a note: key name, four-byte key id, signature (at least one byte)."""

    name: str
    key_id: bytes
    signature: bytes

    def __post_init__(self) -> None:
        check_key_name(self.name)
        if len(self.key_id) != 4 or not self.signature:
            raise Malformed("SIGNATURE_LINE", "A signature line carries a four-byte key id and a signature.")

    def render(self) -> str:
        """The line, with its newline."""
        return f"{_DASH} {self.name} {encode_base64(self.key_id + self.signature)}\n"

    def is_by(self, key: Ed25519Key) -> bool:
        """Whether the line claims this key: same name and same id. Says nothing about the signature."""
        return self.name == key.name and self.key_id == key.key_id


def parse_signature_line(line: str) -> SignatureLine:
    """Read one line without its newline. Raises Malformed SIGNATURE_LINE, KEY_NAME or BASE64."""
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != _DASH:
        raise Malformed("SIGNATURE_LINE", "A signature line is a dash, a key name and base64.")
    data = decode_base64(parts[2], where="signature line")
    return SignatureLine(parts[1], data[:4], data[4:])


@dataclass(frozen=True, slots=True)
class NoteSigner:
    """A named Ed25519 private key that signs notes (type 0x01)."""

    name: str
    private_key: Ed25519PrivateKey

    @property
    def key(self) -> NoteKey:
        """The public half."""
        return NoteKey(self.name, self.private_key.public_key().public_bytes_raw())

    def sign(self, text: str) -> SignatureLine:
        """The signature line over a text that ends with a newline."""
        check_text(text)
        return SignatureLine(self.name, self.key.key_id, self.private_key.sign(text.encode()))


@dataclass(frozen=True, slots=True)
class Note:
    """A text and its signature lines, none of them verified."""

    text: str
    signatures: tuple[SignatureLine, ...]

    def __post_init__(self) -> None:
        check_text(self.text)
        if not 1 <= len(self.signatures) <= MAX_SIGNATURES:
            raise Malformed("NOTE_SIGNATURES", f"A note has 1 to {MAX_SIGNATURES} signature lines.")

    def render(self) -> bytes:
        """The note's bytes."""
        return f"{self.text}\n{''.join(line.render() for line in self.signatures)}".encode()

    def with_lines(self, lines: Sequence[SignatureLine]) -> Note:
        """The same note with more signature lines below."""
        return replace(self, signatures=(*self.signatures, *lines))


def check_text(text: str) -> None:
    """Refuse a text that ends without a newline or has another control character. Malformed NOTE_TEXT."""
    if not text.endswith("\n") or re.search("[\x00-\x09\x0b-\x1f]", text) or not _is_utf8(text):
        raise Malformed("NOTE_TEXT", "A note must be UTF-8 lines without control characters.")


def sign_note(text: str, signers: Sequence[NoteSigner]) -> bytes:
    """The note over `text` with one signature line for each signer. Raises Malformed NOTE_*."""
    return Note(text, tuple(signer.sign(text) for signer in signers)).render()


def parse_note(raw: bytes) -> Note:
    """Split a note at its last empty line, verifying nothing.

    Raises Malformed NOTE_SIZE, NOTE_UTF8, NOTE_SHAPE, NOTE_TEXT, NOTE_SIGNATURES, SIGNATURE_LINE, KEY_NAME or
    BASE64.
    """
    # Long ones are not held: anybody may send a witness notes of half a megabyte.
    return _parse_often(raw) if len(raw) <= _OFTEN_BYTES_MAX else _parse(raw)


@lru_cache(maxsize=64)  # one checkpoint is read for every proof under it
def _parse_often(raw: bytes) -> Note:
    return _parse(raw)


def _parse(raw: bytes) -> Note:
    if len(raw) > MAX_NOTE_BYTES:
        raise Malformed("NOTE_SIZE", f"A note has at most {MAX_NOTE_BYTES} bytes.")
    try:
        whole = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("NOTE_UTF8", "A note must be valid UTF-8.") from None
    edge = whole.rfind("\n\n")
    if edge < 0 or not whole.endswith("\n"):
        raise Malformed(
            "NOTE_SHAPE", "A note is a text, an empty line and signature lines, each with a newline."
        )
    # Only "\n" ends a line; a limited split keeps a hostile note from costing more than its limit.
    lines = whole[edge + 2 : -1].split("\n", MAX_SIGNATURES)
    if len(lines) > MAX_SIGNATURES:
        raise Malformed("NOTE_SIGNATURES", f"A note has 1 to {MAX_SIGNATURES} signature lines.")
    return Note(whole[: edge + 1], tuple(parse_signature_line(line) for line in lines))


@dataclass(frozen=True, slots=True)
class OpenedNote:
    """A note whose text at least one known key signed."""

    note: Note
    verified: tuple[SignatureLine, ...]

    @property
    def text(self) -> str:
        """The verified text."""
        return self.note.text


def open_note(raw: bytes, keys: Collection[Ed25519Key]) -> OpenedNote:
    """Verify a note: lines of unknown keys are ignored, one bad line of a known key rejects the note.

    Raises Malformed as `parse_note`, Malformed KEYS_AMBIGUOUS (two known keys share name and id),
    BadSignature SIGNATURE or NO_KNOWN_SIGNATURE.
    """
    known = {(key.name, key.key_id): key for key in keys}
    if len(known) != len(set(keys)):
        raise Malformed("KEYS_AMBIGUOUS", "Two of the known keys share a name and a key id.")
    note = parse_note(raw)
    verified = []
    for line in note.signatures:
        key = known.get((line.name, line.key_id))
        if key is not None:
            key.check(note.text, line.signature)
            verified.append(line)
    if not verified:
        raise BadSignature("NO_KNOWN_SIGNATURE", "No line of the note is by a known key.")
    return OpenedNote(note, tuple(verified))


def strangers(note: Note, keys: Collection[Ed25519Key]) -> tuple[SignatureLine, ...]:
    """The signature lines that claim none of these keys."""
    return tuple(line for line in note.signatures if not any(line.is_by(key) for key in keys))
