"""Reads bundles ahead of the replay, so that other processes verify signatures while the judge judges.

Promises: nothing is decided elsewhere. What comes back is the hash of a statement and the public key that
its signature verifies under; the replay compares both with what it knows itself, and verifies where nothing
came back. So a report is the same with and without.
May not know: what reads the log, facts, findings. The executor is an argument.
"""

from __future__ import annotations

from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import Final, TypeAlias

from issuers.authority.party_facts import Key
from ledger.cose import check_sign1, parse_sign1
from ledger.errors import MalanError
from ledger.keys import public_key
from ledger.leaf import parse_leaf
from ledger.statement import statement_hash
from ledger.tiles import WIDTH, Fetch, decode_bundle, parse_path, tile_at

AHEAD: Final = 6
"""Bundles read beyond the one that is judged."""

WORTH_IT = 2_048
"""Entries for which it pays to start other processes."""

Named: TypeAlias = "tuple[int, bytes]"
"""A public key as it travels: alg and SubjectPublicKeyInfo."""

Verified: TypeAlias = "tuple[bytes, Named]"
"""The hash of a statement, and the key its signature verifies under."""

_BUNDLES: Final = "tile/entries/"


@dataclass(frozen=True, slots=True)
class _Read:
    """A bundle read ahead: its bytes, or the trouble of reading it, and what another process makes of it."""

    data: bytes | None
    trouble: MalanError | None
    work: Future[list[Verified | None]] | None


class Ahead:
    """Of one walk over the log of `size` entries from entry `start` on; `fetch` reads the same bytes."""

    def __init__(self, fetch: Fetch, executor: Executor, *, size: int, start: int = 0) -> None:
        self._fetch, self._executor, self._size = fetch, executor, size
        self._next = start // WIDTH
        self._keys: dict[bytes, Named] = {}
        self._read: dict[str, _Read] = {}
        self._first = 0
        self._found: list[Verified | None] = []

    def learn(self, key: Key) -> None:
        """A key that statements from here on may be signed with."""
        self._keys[key.kid] = (key.alg, key.spki)

    def fetch(self, path: str) -> bytes | None:
        """As the fetch it was made with; the bundles that follow a bundle are read on the way."""
        if not path.startswith(_BUNDLES):
            return self._fetch(path)
        index = parse_path(path).index
        self._read_to(index + AHEAD)
        read = self._read.pop(path, None)
        self._first, self._found = index * WIDTH, []
        if read is None:  # the full file in the place of a partial one
            return self._fetch(path)
        if read.work is not None:
            self._found = read.work.result()
        if read.trouble is not None:
            raise read.trouble
        return read.data

    def verified(self, seq: int, statement: bytes) -> Named | None:
        """The key that signed the statement of this hash at `seq`, where another process found it."""
        place = seq - self._first
        found = self._found[place] if 0 <= place < len(self._found) else None
        return found[1] if found is not None and found[0] == statement else None

    def _read_to(self, index: int) -> None:
        while self._next <= index:
            tile = tile_at(None, self._next, size=self._size)
            if tile is None:
                return
            data, trouble, work = None, None, None
            try:
                data = self._fetch(tile.path)
            except FileNotFoundError:
                pass
            except MalanError as error:
                trouble = error
            if data is not None:
                first = self._next * WIDTH
                work = self._executor.submit(verify, data, first, tile.width, dict(self._keys))
            self._read[tile.path] = _Read(data, trouble, work)
            self._next += 1


def verify(data: bytes, first: int, width: int, keys: dict[bytes, Named]) -> list[Verified | None]:
    """Entry by entry; None for what is not well formed, not signed with a known key, or badly signed."""
    try:
        entries = decode_bundle(data, width=width)
    except MalanError:
        return []
    return [_verified(entry, first + place, keys) for place, entry in enumerate(entries)]


def _verified(entry: bytes, seq: int, keys: dict[bytes, Named]) -> Verified | None:
    try:
        leaf = parse_leaf(entry)
        message = parse_sign1(leaf.statement)
        named = keys.get(message.kid) if leaf.seq == seq else None
        if named is None:
            return None
        check_sign1(message, public_key(*named))
    except MalanError:
        return None
    return statement_hash(leaf.statement), named
