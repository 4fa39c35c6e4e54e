"""Files of a log's directory that its size does not imply: leftovers, work under way, or intruders.

Pure. Promises that every such file is either an older partial file that begins as the log does, a file of a
checkpoint yet to come that continues the log, a scratch file of the publisher, or named. A publisher leaves
the first two kinds beside a sound log whenever it is stopped between two steps.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from typing import Final

from ledger.checkpoint import Checkpoint, parse_checkpoint
from ledger.errors import MalanError, Malformed, Unavailable
from ledger.leaf import check_link, parse_leaf
from ledger.merkle import HASH_SIZE, leaf_hash
from ledger.note import parse_note
from ledger.tiles import WIDTH, Fetch, Tile, decode_bundle, parse_path, tile_at
from verify.audit.findings import Findings
from verify.audit.reading import try_fetch
from verify.audit.walk import Walked
from verify.source import Source

CHECKPOINT: Final = "checkpoint"
CHECKPOINT_FULL: Final = "checkpoint.full"
SCRATCH: Final = frozenset({".new", ".tidy"})  # ledger.publisher


def check_listed(source: Source, checkpoint: Checkpoint, walked: Walked) -> Findings | None:
    """As `check_files`, of a source whose files can be listed; None where they cannot."""
    try:
        files = source.list_files()
    except Unavailable as error:
        findings = Findings()
        findings.could_not_check("FILE_UNAVAILABLE", error.where or "directory")
        return findings
    return None if files is None else check_files(source.fetch, files, checkpoint, walked)


def check_files(fetch: Fetch, files: Iterable[str], checkpoint: Checkpoint, walked: Walked) -> Findings:
    """Looks at every file that the walk had no reason to read."""
    findings = Findings()
    older, ahead = list[Tile](), list[Tile]()
    for path in files:
        if path == CHECKPOINT:
            continue
        if path == CHECKPOINT_FULL:
            _check_full(fetch, checkpoint, findings)
            continue
        if path in SCRATCH:
            findings.note("FILE_SCRATCH", path)
            continue
        try:
            tile = parse_path(path)
        except Malformed:
            findings.departure("FILE_UNEXPECTED", path)
            continue
        now = tile_at(tile.level, tile.index, size=checkpoint.size)
        if now != tile:
            (older if now is not None and tile.width < now.width else ahead).append(tile)
    good = sum([_is_prefix(fetch, tile, checkpoint.size, findings) for tile in older])
    if good:
        findings.note("FILES_LEFT_OVER", CHECKPOINT, n=good)
    if ahead:
        _check_ahead(fetch, ahead, checkpoint.size, walked, findings)
    return findings


def _check_full(fetch: Fetch, checkpoint: Checkpoint, findings: Findings) -> None:
    """The same checkpoint with more lines below it; of another size only while a publisher replaces both."""
    raw = try_fetch(fetch, CHECKPOINT_FULL, findings)
    if not isinstance(raw, bytes):
        return
    try:
        full = parse_checkpoint(parse_note(raw).text)
    except MalanError:
        findings.departure("FILE_UNEXPECTED", CHECKPOINT_FULL)
        return
    if full.size == checkpoint.size and full != checkpoint:
        findings.departure("FULL_DIFFERS", CHECKPOINT_FULL)
    elif full != checkpoint:
        findings.note("FULL_OF_ANOTHER_SIZE", CHECKPOINT_FULL)


def _is_prefix(fetch: Fetch, tile: Tile, size: int, findings: Findings) -> bool:
    """An older, narrower file must begin as the present one at its place, which the walk has checked."""
    now = tile_at(tile.level, tile.index, size=size)
    assert now is not None
    old = try_fetch(fetch, tile.path, findings)
    new = try_fetch(fetch, now.path, findings)
    if new is None:
        new = try_fetch(fetch, now.full.path, findings)
    if not isinstance(old, bytes):
        return False
    good = isinstance(new, bytes) and new.startswith(old) and _has_width(tile, old)
    if not good:
        findings.departure("FILE_LEFTOVER_DIFFERS", tile.path)
    return good


def _has_width(tile: Tile, data: bytes) -> bool:
    if tile.level is not None:
        return len(data) == tile.width * HASH_SIZE
    try:
        return len(decode_bundle(data, width=tile.width)) == tile.width
    except Malformed:
        return False


def _check_ahead(fetch: Fetch, tiles: list[Tile], size: int, walked: Walked, findings: Findings) -> None:
    """Follows the entries beyond the checkpoint as if they were signed; all other files must agree."""
    expected = _extension(fetch, tiles, size, walked)
    good = 0
    for tile in tiles:
        whole = expected.get((tile.level, tile.index))
        data = try_fetch(fetch, tile.path, findings)
        if not isinstance(data, bytes):
            continue  # tidied away meanwhile, or named as unreadable
        if whole is not None and whole.startswith(data) and _has_width(tile, data):
            good += 1
        else:
            findings.departure("FILE_UNEXPECTED", tile.path)
    if good:
        findings.note("FILES_AHEAD", CHECKPOINT, n=good)


def _extension(
    fetch: Fetch, tiles: list[Tile], size: int, walked: Walked
) -> dict[tuple[int | None, int], bytes]:
    """What each place holds once the bundles beyond the checkpoint are counted in, as far as they link."""
    widest: dict[int, Tile] = {}
    for tile in tiles:
        if tile.level is None and tile.width > widest.get(tile.index, Tile(None, tile.index, 1)).width:
            widest[tile.index] = tile
        elif tile.level is None:
            widest.setdefault(tile.index, tile)
    builder, prev, time_ms = deepcopy(walked.builder), walked.prev, walked.last_ms
    expected: dict[tuple[int | None, int], bytes] = {}
    index = size // WIDTH
    while prev is not None and builder.size == max(size, index * WIDTH) and index in widest:
        tile = widest[index]
        try:
            data = fetch(tile.path) or b""
            entries = decode_bundle(data, width=tile.width)
            known = [tile_data for place, tile_data in builder.partial() if place.level == 0]
            hashes = [leaf_hash(entry) for entry in entries]
            if not b"".join(hashes).startswith(b"".join(known)):
                break
            for entry in entries[builder.size % WIDTH :]:
                leaf = parse_leaf(entry)
                check_link(leaf, seq=builder.size, prev=prev, not_before_ms=time_ms)
                prev, time_ms = leaf_hash(entry), leaf.time_ms
                expected |= {(done.level, done.index): hashed for done, hashed in builder.add([prev])}
        except MalanError:
            break
        expected[None, index] = data
        index += 1
    expected |= {(tile.level, tile.index): data for tile, data in builder.partial()}
    return expected
