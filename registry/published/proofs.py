"""Door: proofs of inclusion out of the published files, never out of the database (design 8).

Promises what the files say now: the checkpoint is read each time; a tile is kept once it was read, because
the file of a path never changes.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ledger.checkpoint import parse_checkpoint
from ledger.errors import MalanError, Refused, Unavailable
from ledger.note import MAX_NOTE_BYTES, parse_note
from ledger.proof import make_proof
from ledger.publisher import CHECKPOINT
from ledger.tiles import WIDTH, TileReader

KEPT_BYTES_MAX: Final = 64 * 2**20
_BUNDLES_MAX: Final = 16


class PublishedLog:
    """The files of a log directory."""

    def __init__(self, directory: Path, *, final: Callable[[], bytes | None] = lambda: None) -> None:
        """`final`: the newest checkpoint under a quorum."""
        self._directory = directory
        self._final = final
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._kept_bytes = 0
        self._reader = TileReader(size=0, fetch=self._fetch)
        self._bundles: OrderedDict[int, list[bytes]] = OrderedDict()

    def proof(self, seq: int) -> bytes:
        """The `.tlog-proof` of entry `seq`, its leaf in the `extra` line.

        Under the newest checkpoint that a quorum of witnesses cosigned, where that holds the entry; else
        under the newest. The nodes of a smaller tree are all read from the files of the larger one.

        Raises Refused PROOF_NOT_PUBLISHED; Unavailable TILE_MISSING when a file of the log is gone.
        """
        try:
            note = self.checkpoint()
            size = parse_checkpoint(parse_note(note).text).size
        except Unavailable:
            note, size = b"", 0
        if not 0 <= seq < size:
            raise Refused(
                "PROOF_NOT_PUBLISHED", "the published log has no such entry", fix="Try again later."
            )
        with self._lock:
            self._read_at(size)
            leaf = self._bundle(seq // WIDTH)[seq % WIDTH]
            under = self._under(seq, size) or note
            return make_proof(index=seq, checkpoint=under, read=self._reader.read, extra=leaf).render()

    def _under(self, seq: int, size: int) -> bytes | None:
        """The checkpoint under a quorum, if it holds the entry and the published log holds it."""
        try:
            final = self._final()
            inside = final is not None and seq < parse_checkpoint(parse_note(final).text).size <= size
        except MalanError:
            return None
        return final if inside else None

    def leaves(self, index: int) -> list[bytes]:
        """Leaves 256 `index` and following, up to 256 of them, as many as are published now.

        Raises ProofFailed NODE_OUTSIDE_TREE; Unavailable TILE_MISSING.
        """
        size = self.size()
        with self._lock:
            self._read_at(size)
            return self._bundle(index)

    def size(self) -> int:
        """The size of the newest checkpoint; 0 before the first."""
        try:
            return parse_checkpoint(parse_note(self.checkpoint()).text).size
        except Unavailable:
            return 0

    def checkpoint(self) -> bytes:
        """The checkpoint note. Raises Unavailable LOG_NOT_PUBLISHED."""
        try:
            with (self._directory / CHECKPOINT).open("rb") as file:
                return file.read(MAX_NOTE_BYTES + 1)
        except OSError as error:
            raise Unavailable("LOG_NOT_PUBLISHED", "the log has no checkpoint yet") from error

    def _read_at(self, size: int) -> None:
        if self._reader.size != size:
            self._reader = TileReader(size=size, fetch=self._fetch)
            self._bundles.clear()

    def _bundle(self, index: int) -> list[bytes]:
        """The entries of a bundle; the last few stay taken apart."""
        entries = self._bundles.get(index)
        if entries is None:
            entries = self._bundles[index] = self._reader.bundle(index)
            while len(self._bundles) > _BUNDLES_MAX:
                self._bundles.popitem(last=False)
        return entries

    def _fetch(self, path: str) -> bytes | None:
        data = self._kept.get(path)
        if data is not None:
            self._kept.move_to_end(path)
            return data
        try:
            data = (self._directory / path).read_bytes()
        except FileNotFoundError:
            return None
        self._kept[path] = data
        self._kept_bytes += len(data)
        while self._kept_bytes > KEPT_BYTES_MAX:
            self._kept_bytes -= len(self._kept.popitem(last=False)[1])
        return data
