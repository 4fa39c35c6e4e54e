"""C2SP tlog-proof: one file that shows, offline, that an entry stands in a log under a cosigned checkpoint.

Promises: one spelling only (a parsed proof renders to the same bytes). `extra` is carried, never trusted: who
reads it must bind it to the leaf hash itself.
May not know: what the entry or `extra` means, how many cosignatures suffice (`policy`), files, clocks.

Source: c2sp.org/tlog-proof (header `c2sp.org/tlog-proof@v1`); file extension `.tlog-proof`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from ledger.checkpoint import (
    Checkpoint,
    CosignerKey,
    OpenedCheckpoint,
    open_checkpoint,
    parse_checkpoint,
    parse_decimal,
)
from ledger.errors import Malformed
from ledger.merkle import HASH_SIZE, MAX_SIZE, Read, check_inclusion, inclusion_proof
from ledger.note import MAX_NOTE_BYTES, NoteKey, decode_base64, encode_base64, parse_note

HEADER = "c2sp.org/tlog-proof@v1"
MAX_HASHES = 63
MAX_PROOF_BYTES = MAX_NOTE_BYTES + 1_000_000


@dataclass(frozen=True, slots=True)
class Proof:
    """An entry's index, its inclusion proof (leaf sibling first), the checkpoint note verbatim, extra data.

    Raises Malformed PROOF_* or HASH_WIDTH, or what the note's and the checkpoint's parse raises.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.index <= MAX_SIZE:
            raise Malformed("PROOF_INDEX", "An index is a whole number below 2^63.")
        if len(self.hashes) > MAX_HASHES:
            raise Malformed("PROOF_LENGTH", f"A proof has at most {MAX_HASHES} hashes.")
        if any(len(one) != HASH_SIZE for one in self.hashes):
            raise Malformed("HASH_WIDTH", "A hash is not 32 bytes long.")
        if self.extra == b"":
            raise Malformed("PROOF_EXTRA", "Extra data that is empty is left out.")
        self.unverified_checkpoint()

    def unverified_checkpoint(self) -> Checkpoint:
        """What the checkpoint says; nobody has checked a signature yet."""
        return parse_checkpoint(parse_note(self.checkpoint).text)

    def render(self) -> bytes:
        """The bytes of the `.tlog-proof` file."""
        extra = [] if self.extra is None else [f"extra {encode_base64(self.extra)}"]
        hashes = [encode_base64(one) for one in self.hashes]
        lines = [HEADER, *extra, f"index {self.index}", *hashes, "", ""]
        return "\n".join(lines).encode() + self.checkpoint


def parse_proof(data: bytes) -> Proof:
    """Read a `.tlog-proof` file, verifying nothing. Malformed PROOF_*, DECIMAL, BASE64, or as `Proof`."""
    if len(data) > MAX_PROOF_BYTES:
        raise Malformed("PROOF_SIZE", f"A proof has at most {MAX_PROOF_BYTES} bytes.")
    head, edge, checkpoint = data.partition(b"\n\n")
    if not edge or not head.isascii():
        raise Malformed("PROOF_SHAPE", "A proof is ASCII lines, an empty line and a checkpoint.")
    lines = head.decode("ascii").split("\n")
    if lines.pop(0) != HEADER:
        raise Malformed("PROOF_HEADER", f"The first line must be {HEADER}.")
    extra = None
    if lines and lines[0].startswith("extra "):
        extra = decode_base64(lines.pop(0).removeprefix("extra "), where="extra line")
    if not lines or not lines[0].startswith("index "):
        raise Malformed("PROOF_INDEX", "The index line is missing.")
    index = parse_decimal(lines.pop(0).removeprefix("index "), where="index line")
    if len(lines) > MAX_HASHES:
        raise Malformed("PROOF_LENGTH", f"A proof has at most {MAX_HASHES} hashes.")
    hashes = tuple(decode_base64(line, where="proof hash") for line in lines)
    return Proof(index, hashes, checkpoint, extra)


def make_proof(*, index: int, checkpoint: bytes, read: Read, extra: bytes | None = None) -> Proof:
    """The proof that the entry at `index` stands under this checkpoint note, from tree nodes of its size."""
    size = parse_checkpoint(parse_note(checkpoint).text).size
    return Proof(index, tuple(inclusion_proof(index=index, size=size, read=read)), checkpoint, extra)


def check_proof(
    proof: Proof, *, leaf_hash: bytes, log_keys: Collection[NoteKey], cosigners: Collection[CosignerKey] = ()
) -> OpenedCheckpoint:
    """The checkpoint under which a leaf with this hash is shown to stand; the caller judges the quorum.

    Raises BadSignature or Malformed as `open_checkpoint`, ProofFailed as `check_inclusion`.
    """
    opened = open_checkpoint(proof.checkpoint, log_keys=log_keys, cosigners=cosigners)
    check_inclusion(
        index=proof.index,
        size=opened.checkpoint.size,
        leaf_hash=leaf_hash,
        proof=proof.hashes,
        root=opened.checkpoint.root,
    )
    return opened
