"""Files of the log as values, or as findings: missing, unreadable, torn, of another width. Pure.

Promises that nothing is taken from a file of the wrong size except what the hashes beside it vouch for.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from ledger.errors import Malformed, Unavailable
from ledger.merkle import leaf_hash
from ledger.tiles import WIDTH, Fetch, Tile, decode_bundle, split_tile
from verify.audit.findings import Findings

Entries: TypeAlias = "list[bytes | None]"
_LENGTH_BYTES: Final = 2


def read_tile(fetch: Fetch, tile: Tile, findings: Findings) -> tuple[bytes, int] | None:
    """The bytes of a file that the size implies, and its width: the full file where a partial one is gone."""
    for place in dict.fromkeys((tile, tile.full)):
        data = try_fetch(fetch, place.path, findings)
        if isinstance(data, Unavailable):
            return None
        if data is not None:
            if place is not tile and place != tile:
                findings.note("FILE_FULL_INSTEAD", tile.path)
            return data, place.width
    findings.departure("FILE_MISSING", tile.path)
    return None


def try_fetch(fetch: Fetch, path: str, findings: Findings) -> bytes | Unavailable | None:
    """The bytes, None where there are none, or the failure, which is then among the findings."""
    try:
        return fetch(path)
    except FileNotFoundError:
        return None
    except Unavailable as error:
        findings.could_not_check("FILE_UNAVAILABLE", path)
        return error


def read_hashes(fetch: Fetch, tile: Tile, findings: Findings) -> list[bytes] | None:
    """The hashes of a tile, or None with a finding that says why not."""
    found = read_tile(fetch, tile, findings)
    if found is None:
        return None
    try:
        return split_tile(found[0], width=found[1])[: tile.width]
    except Malformed:
        findings.departure("TILE_WIDTH", tile.path)
        return None


def read_bundle(fetch: Fetch, tile: Tile, hashes: list[bytes] | None, findings: Findings) -> Entries | None:
    """The entries of a bundle, None for each that cannot be told apart; None when there is no file at all."""
    found = read_tile(fetch, tile, findings)
    if found is None:
        return None
    data, width = found
    try:
        return [*decode_bundle(data, width=width)[: tile.width]]
    except Malformed:
        entries = _readable(data, hashes, tile.width)
        findings.departure("BUNDLE_TORN", f"{tile.path}, seq {tile.index * WIDTH + len(entries)}")
        return [*entries, *[None] * (tile.width - len(entries))]


def _readable(data: bytes, hashes: list[bytes] | None, width: int) -> list[bytes]:
    """Entries from the front of a torn bundle, up to the first that its hash does not vouch for."""
    entries: list[bytes] = []
    position = 0
    while hashes is not None and len(entries) < width:
        start = position + _LENGTH_BYTES
        position = start + int.from_bytes(data[start - _LENGTH_BYTES : start], "big")
        entry = data[start:position]
        if position > len(data) or leaf_hash(entry) != hashes[len(entries)]:
            break
        entries.append(entry)
    return entries
