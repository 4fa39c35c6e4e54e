"""Door: proofs of inclusion out of the published files, never out of the database (design 8)."""

from __future__ import annotations

from pathlib import Path

from ledger.checkpoint import parse_checkpoint
from ledger.errors import Refused, Unavailable
from ledger.note import MAX_NOTE_BYTES, parse_note
from ledger.proof import make_proof
from ledger.publisher import CHECKPOINT
from ledger.tiles import WIDTH, TileReader


def proof_of(directory: Path, seq: int) -> bytes:
    """The `.tlog-proof` of entry `seq` under the newest checkpoint, its leaf in the `extra` line.

    Raises Refused PROOF_NOT_PUBLISHED; Unavailable TILE_MISSING when a file of the log is gone.
    """
    if not 0 <= seq < published_size(directory):
        raise Refused("PROOF_NOT_PUBLISHED", "the published log has no such entry", fix="Try again later.")
    note = read_checkpoint(directory)
    size = parse_checkpoint(parse_note(note).text).size
    reader = TileReader(size=size, fetch=lambda path: _fetch(directory, path))
    leaf = reader.bundle(seq // WIDTH)[seq % WIDTH]
    return make_proof(index=seq, checkpoint=note, read=reader.read, extra=leaf).render()


def published_size(directory: Path) -> int:
    """The size of the newest checkpoint; 0 before the first."""
    try:
        return parse_checkpoint(parse_note(read_checkpoint(directory)).text).size
    except Unavailable:
        return 0


def read_checkpoint(directory: Path) -> bytes:
    """The checkpoint note. Raises Unavailable LOG_NOT_PUBLISHED."""
    try:
        with (directory / CHECKPOINT).open("rb") as file:
            return file.read(MAX_NOTE_BYTES + 1)
    except OSError as error:
        raise Unavailable("LOG_NOT_PUBLISHED", "the log has no checkpoint yet") from error


def _fetch(directory: Path, path: str) -> bytes | None:
    try:
        return (directory / path).read_bytes()
    except FileNotFoundError:
        return None
