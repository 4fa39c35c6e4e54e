"""Door: a mirror keeps every entry and tile of a log, so that the log outlives whoever runs it.

Promises: nothing is kept under its name that does not fold to a root the log's key signed and this witness
found consistent; what the log gave wrong is thrown away, and asked for again. The directory is one that
`malan-verify audit`, `malan rebuild` and every reader of C2SP tlog-tiles take as it is.
May not know: what an entry says.

Order of a run: fetch the missing bundles aside (`.<name>.incoming` beside the directory), each only if it
stands under the signed root, so that no host fills the disk with what nobody signed; fold them, compare; only
then write them as the publisher does, read back, and show the checkpoint last. A log can sign any size: some
space on the disk stays free for what the witness must remember.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from issuers.files import private_directory, read_file, replace_file
from ledger.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint
from ledger.errors import MalanError, ProofFailed, Refused, Unavailable
from ledger.filling import CHECKPOINT, fill, frontier_at, last_bundle
from ledger.log_directory import Site, locked, require
from ledger.merkle import MemoryTree, Node, check_inclusion, inclusion_proof, leaf_hash
from ledger.note import NoteKey, parse_note
from ledger.partial_files import remember, tidy
from ledger.tiles import ENTRIES, WIDTH, Fetch, TileReader, decode_bundle, encode_bundle, tile_at

_BUNDLE_BYTES_MAX: Final = WIDTH * 65_537
RESERVE_BYTES: Final = 256 * 2**20

Progress = Callable[[int, int], None]
"""Told after each bundle: entries here, entries in all."""


def follow(
    directory: Path,
    note: bytes,
    *,
    keys: Sequence[NoteKey],
    fetch: Fetch,
    tidy_before: float,
    progress: Progress = lambda _done, _total: None,
) -> Checkpoint:
    """All entries under a signed checkpoint, durable in `directory`; then `checkpoint` is this note.

    `tidy_before`: POSIX seconds, as `ledger.publisher.publish`. A run broken off continues where it was.
    Raises ProofFailed MIRROR_ROOT (what the log gives is not what it signed) or MIRROR_BACKWARDS, Refused
    MIRROR_ORIGIN, Unavailable MIRROR_SPACE, TILE_MISSING or LOG_DIRECTORY, and what `fetch` raises.
    """
    checkpoint = open_checkpoint(note, log_keys=keys).checkpoint
    with locked(directory) as site:
        raw = site.read(CHECKPOINT)
        # Verified when it was written, by a key that may no longer be believed. Whatever it says, what is
        # here has to lead to the root that is signed now.
        public = None if raw is None else parse_checkpoint(parse_note(raw).text)
        if public is not None and public.origin != checkpoint.origin:
            raise Refused("MIRROR_ORIGIN", "the directory mirrors another log", fix="Choose another one.")
        if public is not None and checkpoint.size < public.size:
            raise ProofFailed("MIRROR_BACKWARDS", "the log shows less than this mirror holds already")
        start = last_bundle(public)
        aside = _Aside(directory.with_name(f".{directory.name}.incoming"), fetch, checkpoint, start=start)
        _check(site, aside, public, checkpoint, progress)
        root = fill(site, start, checkpoint.size, public, aside.read)
        require(root == checkpoint.root, "PUBLISHED_ROOT_DIFFERS", CHECKPOINT)
        base = 0 if public is None else public.size
        waiting = tidy(site, base, before=tidy_before)
        remember(site, base=base, size=checkpoint.size, waiting=waiting)
        site.replace(CHECKPOINT, note)
        # Crash here: what lies aside is fetched no more and goes with the next run.
        aside.clear()
        tidy(site, checkpoint.size, before=tidy_before)
    return checkpoint


def _check(
    site: Site, aside: _Aside, public: Checkpoint | None, checkpoint: Checkpoint, progress: Progress
) -> None:
    """What was fetched folds to the root, on top of what is here already."""
    frontier = frontier_at(site, aside.start, public)
    for index in range(aside.start // WIDTH, -(-checkpoint.size // WIDTH)):
        for entry in aside.bundle(index):
            frontier.append(leaf_hash(entry))
            # What the mirror holds, in its last bundle, must be where it was.
            if public is not None and frontier.size == public.size and frontier.root() != public.root:
                raise _wrong(aside)
        progress(frontier.size, checkpoint.size)
    if frontier.root() != checkpoint.root:
        raise _wrong(aside)


def _wrong(aside: _Aside) -> ProofFailed:
    aside.clear()
    return ProofFailed(
        "MIRROR_ROOT",
        "the entries the log gives are not those it signed; nothing of them was kept",
        fix="Ask again later. If it goes on, tell the city and the other districts.",
    )


class _Aside:
    """Bundles fetched that stand under the checkpoint; they survive a run that breaks off."""

    def __init__(self, place: Path, fetch: Fetch, checkpoint: Checkpoint, *, start: int) -> None:
        self.start = start
        self._place = place
        self._checkpoint = checkpoint
        self._reader = TileReader(size=checkpoint.size, fetch=fetch)
        self._bytes = 0

    def bundle(self, index: int) -> list[bytes]:
        """The entries of a bundle, from aside or else from the log."""
        tile = tile_at(None, index, size=self._checkpoint.size)
        assert tile is not None
        path = self._place / f"{ENTRIES}.{index}.{tile.width}"
        with suppress(MalanError):  # not there, torn, or of another history
            data = read_file(path, bytes_max=_BUNDLE_BYTES_MAX)
            entries = decode_bundle(data, width=tile.width)
            self._check(index, entries)
            self._bytes += len(data)
            return entries
        entries = self._reader.bundle(index)
        try:
            self._check(index, entries)
        except ProofFailed as error:
            raise _wrong(self) from error
        self._keep(path, encode_bundle(entries))
        return entries

    def _check(self, index: int, entries: Sequence[bytes]) -> None:
        """The whole bundle, by the inclusion of its first entry: inside the bundle the proof is made of it.

        Raises ProofFailed, and what `fetch` raises.
        """
        first, end = index * WIDTH, index * WIDTH + len(entries)
        own = MemoryTree(leaf_hash(entry) for entry in entries)

        def read(nodes: Sequence[Node]) -> list[bytes]:
            return [hash_of(node) for node in nodes]

        def hash_of(node: Node) -> bytes:
            if first <= node.index << node.level and (node.index + 1) << node.level <= end:
                return own.read([Node(node.level, node.index - (first >> node.level))])[0]
            return self._reader.read([node])[0]

        size, root = self._checkpoint.size, self._checkpoint.root
        proof = inclusion_proof(index=first, size=size, read=read)
        check_inclusion(index=first, size=size, leaf_hash=leaf_hash(entries[0]), proof=proof, root=root)

    def _keep(self, path: Path, data: bytes) -> None:
        self._bytes += len(data)
        # What lies aside is written a second time under its name.
        if shutil.disk_usage(self._place.parent).free < RESERVE_BYTES + self._bytes:
            raise Unavailable(
                "MIRROR_SPACE",
                "the disk has no space for more of the log",
                fix="Make space, or pull without --mirror. What was cosigned needs the space that is left.",
            )
        private_directory(self._place)
        replace_file(path, data, mode=0o644)

    def read(self, start: int, end: int) -> Sequence[bytes]:
        """As `ledger.filling.ReadLeaves`; `start` is that of a bundle, as the filler asks."""
        found: list[bytes] = []
        for index in range(start // WIDTH, -(-end // WIDTH)):
            found += self.bundle(index)
        return found[: end - start]

    def clear(self) -> None:
        """Forgets what was fetched."""
        shutil.rmtree(self._place, ignore_errors=True)
