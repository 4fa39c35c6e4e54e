"""What an audit remembers, so that the next goes on where it ended, and a stopped one continues. Pure.

Promises: what is remembered is everything the detectors know of the first `size` entries (always whole
bundles), and only of a log in which they found nothing so far; the end of the tree is among it, so whatever
goes on from here still has to lead to a root that was signed. Bytes that are torn, of another program or of
another shape are no memory at all (Malformed KEPT_*): the auditor then reads the whole log.

The bytes: CBOR items, each after its length as a big-endian uint32; the first is the head, the last SHA-256
of all before. They are the auditor's own and in nobody else's hands, like its pins.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final, Protocol

from issuers.authority.class_facts import FACTS
from issuers.authority.view import Fact
from issuers.shape import Hash, from_map, to_map
from ledger import cbor
from ledger.errors import MalanError, Malformed
from ledger.merkle import HASH_SIZE

VERSION: Final = 2
"""Raised whenever the auditor looks at more than before: what it then remembers would be too little."""

ITEM_BYTES_MAX: Final = 2 * cbor.BYTES_MAX
_JOINED: Final = 1_000  # small things in one item
_LENGTH: Final = 4

Record = list[cbor.Value]
"""One thing a detector remembers: its name, and what it needs."""


@dataclass(frozen=True, slots=True)
class End:
    """Where the walk is: chain and tree after `size` entries; `edge` as `TileBuilder.edge` gives it."""

    origin: str
    size: int
    prev: Hash
    first_ms: int
    last_ms: int
    edge: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """`at_ms`: when it was written; `records` by the name of who wrote them."""

    end: End
    at_ms: int
    facts: tuple[Fact, ...]
    records: Mapping[str, tuple[Record, ...]]


class Keeper(Protocol):
    """Who keeps it."""

    def due(self) -> bool:
        """Whether it is time to keep what is known so far, although the audit goes on."""

    def take(self, data: bytes) -> None:
        """Keeps the bytes in the place of all earlier ones."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What the last audit left, None for nothing, and who keeps what this one will leave."""

    kept: Kept | None
    keeper: Keeper


@dataclass(frozen=True, slots=True)
class _Head:
    version: int
    shapes: Hash
    origin: str
    size: int
    prev: Hash
    first_ms: int
    last_ms: int
    at_ms: int


def shapes() -> bytes:
    """Of the facts this program knows: another shape is another program's memory."""
    known = [[name, [one.name for one in dataclasses.fields(kind)]] for name, kind in sorted(FACTS.items())]
    return sha256(repr(known).encode()).digest()


def encode(end: End, *, at_ms: int, facts: Iterable[Fact], records: Iterable[tuple[str, Record]]) -> bytes:
    """The bytes of a memory."""
    out = bytearray()
    head = _Head(VERSION, shapes(), end.origin, end.size, end.prev, end.first_ms, end.last_ms, at_ms)
    _put(out, to_map(head))
    for group in joined(end.edge):
        _put(out, ["edge", group])
    for fact in facts:
        _put(out, ["fact", type(fact).__name__, to_map(fact)])
    for owner, record in records:
        _put(out, ["of", owner, *record])
    _put(out, sha256(out).digest())
    return bytes(out)


def decode(data: bytes) -> Kept:
    """Raises Malformed KEPT_TORN or KEPT_OTHER, or as the shapes of facts do."""
    items = list(_items(data))
    if len(items) < 2 or items[-1] != sha256(data[: -_LENGTH - len(cbor.encode(items[-1]))]).digest():
        raise torn()
    head = from_map(_Head, items[0], where="kept")
    if (head.version, head.shapes) != (VERSION, shapes()):
        raise Malformed("KEPT_OTHER", "the memory is of another version of this program")
    edge: list[bytes] = []
    facts: list[Fact] = []
    records: dict[str, list[Record]] = {}
    for item in items[1:-1]:
        match item:
            case ["edge", bytes(group)]:
                edge += split(group, HASH_SIZE)
            case ["fact", str(name), body] if name in FACTS:
                facts.append(from_map(FACTS[name], body, where=name))
            case ["of", str(owner), *record]:
                records.setdefault(owner, []).append(record)
            case _:
                raise torn()
    end = End(head.origin, head.size, head.prev, head.first_ms, head.last_ms, tuple(edge))
    return Kept(end, head.at_ms, tuple(facts), {name: tuple(own) for name, own in records.items()})


def joined(parts: Iterable[bytes]) -> Iterator[bytes]:
    """Things of one length end to end, some thousand at a time."""
    group: list[bytes] = []
    for part in parts:
        group.append(part)
        if len(group) == _JOINED:
            yield b"".join(group)
            group.clear()
    if group:
        yield b"".join(group)


def split(data: bytes, width: int) -> list[bytes]:
    """What `joined` joined. Raises Malformed KEPT_TORN."""
    if len(data) % width:
        raise torn()
    return [data[start : start + width] for start in range(0, len(data), width)]


def _put(out: bytearray, item: Any) -> None:
    data = cbor.encode(item)
    out += len(data).to_bytes(_LENGTH, "big") + data


def _items(data: bytes) -> Iterator[cbor.Value]:
    place = 0
    while place < len(data):
        start = place + _LENGTH
        place = start + int.from_bytes(data[place:start], "big")
        if place > len(data):
            raise torn()
        try:
            yield cbor.decode(data[start:place], bytes_max=ITEM_BYTES_MAX)
        except MalanError as error:
            raise torn() from error


def torn() -> Malformed:
    """What is not the memory of an audit."""
    return Malformed("KEPT_TORN", "the file of the last audit is damaged, or no such file")
