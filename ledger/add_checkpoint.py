"""C2SP tlog-witness on the wire: the add-checkpoint request and the bodies of its answers. Pure.

Promises: one spelling only (a parsed request renders to the same bytes); nothing is verified here.
May not know: keys, what a witness has seen (`witnessing` decides), HTTP.

Source: c2sp.org/tlog-witness.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from ledger.checkpoint import parse_decimal
from ledger.errors import Malformed
from ledger.merkle import HASH_SIZE, MAX_SIZE
from ledger.note import (
    MAX_SIGNATURES,
    Note,
    SignatureLine,
    decode_base64,
    encode_base64,
    parse_note,
    parse_signature_line,
)

PROOF_LINES_MAX: Final = 63
REQUEST_BYTES_MAX: Final = 2**19
"""100 signature lines of the largest kind in use (ML-DSA-44, 3,300 characters), and the proof."""

LINES_BYTES_MAX: Final = REQUEST_BYTES_MAX
SIZE_BYTES_MAX: Final = 20  # 2^63 - 1 and a newline
SIZE_TYPE: Final = "text/x.tlog.size"
NOTE_TYPE: Final = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """`old`: the size last cosigned, as the client believes; the proof from there; the note verbatim.

    Raises Malformed ADD_OLD, ADD_PROOF, or what `parse_note` raises.
    """

    old: int
    proof: tuple[bytes, ...]
    note: bytes

    def __post_init__(self) -> None:
        if not 0 <= self.old <= MAX_SIZE:
            raise Malformed("ADD_OLD", "The old size is a whole number below 2^63.")
        if len(self.proof) > PROOF_LINES_MAX or any(len(one) != HASH_SIZE for one in self.proof):
            raise Malformed("ADD_PROOF", f"A proof is at most {PROOF_LINES_MAX} hashes of 32 bytes.")
        parse_note(self.note)

    @property
    def parsed_note(self) -> Note:
        """The note, none of its lines verified."""
        return parse_note(self.note)

    def render(self) -> bytes:
        """The body of the POST."""
        lines = [f"old {self.old}", *(encode_base64(one) for one in self.proof), "", ""]
        return "\n".join(lines).encode() + self.note


def parse_add_checkpoint(body: bytes) -> AddCheckpoint:
    """Raises Malformed ADD_*, DECIMAL, BASE64, or what `parse_note` raises."""
    if len(body) > REQUEST_BYTES_MAX:
        raise Malformed("ADD_SIZE", f"A request has at most {REQUEST_BYTES_MAX} bytes.")
    head, edge, note = body.partition(b"\n\n")
    if not edge or not head.isascii() or not head.startswith(b"old "):
        raise Malformed("ADD_SHAPE", "A request is an old size, a proof, an empty line and a checkpoint.")
    # A limited split keeps a hostile head from costing more than its limit.
    lines = head.decode("ascii").split("\n", PROOF_LINES_MAX + 1)
    if len(lines) > PROOF_LINES_MAX + 1:
        raise Malformed("ADD_PROOF", f"A proof is at most {PROOF_LINES_MAX} hashes of 32 bytes.")
    old = parse_decimal(lines[0].removeprefix("old "), where="old size")
    return AddCheckpoint(old, tuple(decode_base64(line, where="proof line") for line in lines[1:]), note)


def render_size(size: int) -> bytes:
    """The body of a 409, type `SIZE_TYPE`: the size last cosigned."""
    return f"{size}\n".encode()


def parse_size(body: bytes) -> int:
    """The size a 409 names. Raises Malformed SIZE_LINE, DECIMAL."""
    if len(body) > SIZE_BYTES_MAX or not body.endswith(b"\n") or not body.isascii():
        raise Malformed("SIZE_LINE", "Not a size and a newline.")
    return parse_decimal(body[:-1].decode("ascii"), where="size line")


def render_lines(lines: Sequence[SignatureLine]) -> bytes:
    """The body of a 200: signature lines as a note has them."""
    return "".join(line.render() for line in lines).encode()


def parse_lines(body: bytes) -> tuple[SignatureLine, ...]:
    """1 to 100 signature lines, unverified. Raises Malformed SIGNATURE_LINES, SIGNATURE_LINE, BASE64."""
    try:
        text = body.decode("utf-8") if len(body) <= LINES_BYTES_MAX else ""
    except UnicodeDecodeError:
        text = ""
    lines = text[:-1].split("\n", MAX_SIGNATURES)
    if not text.endswith("\n") or len(lines) > MAX_SIGNATURES:
        raise Malformed("SIGNATURE_LINES", f"Not 1 to {MAX_SIGNATURES} lines of a note.")
    return tuple(parse_signature_line(line) for line in lines)


def origin_hash(origin: str) -> str:
    """Where a witness shows its newest checkpoint of a log: `<monitoring prefix>/<this>/checkpoint`."""
    return sha256(origin.encode()).hexdigest()
