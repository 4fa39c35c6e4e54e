"""Values with one place changed: what a fuzzer makes of genuine structures before they are signed again."""

from __future__ import annotations

import random
from typing import Any

from ledger.errors import MalanError
from ledger.keys import Signer
from ledger.statement import Statement, sign_statement

INTEGERS = (0, 1, -1, 2, 24, 255, 65_536, 2**32, 2**40, 2**53, 2**63 - 1, -(2**63))
TEXTS = (
    "",
    "a",
    "city",
    "2026-03-09",
    "9999-12-31",
    "\x00",
    "é",
    "\u202e",
    "𝟙",
    "x" * 130,
    "signatory",
    "001",
)


def anything(chooser: random.Random, depth: int = 0) -> Any:
    """A value of the codec's kinds."""
    kind = chooser.randrange(7 if depth < 3 else 4)
    if kind == 0:
        return chooser.choice(INTEGERS)
    if kind == 1:
        return chooser.randbytes(chooser.choice((0, 1, 8, 16, 32, 33, 64)))
    if kind == 2:
        return chooser.choice(TEXTS)
    if kind == 3:
        return chooser.choice((True, False, None))
    if kind == 4:
        return [anything(chooser, depth + 1) for _ in range(chooser.randrange(4))]
    if kind == 5:
        return {chooser.choice(TEXTS): anything(chooser, depth + 1)}
    return {chooser.choice(INTEGERS): anything(chooser, depth + 1)}


def mutated(value: Any, chooser: random.Random) -> Any:
    """The value with one place in it changed, dropped, doubled or added."""
    deeper = chooser.random() < 0.85
    if isinstance(value, dict) and value and deeper:
        key, roll = chooser.choice(list(value)), chooser.random()
        if roll < 0.1:
            return {name: item for name, item in value.items() if name != key}
        if roll < 0.15:
            return {**value, "extra": anything(chooser)}
        return {**value, key: mutated(value[key], chooser)}
    if isinstance(value, list | tuple) and value and deeper:
        items, place = list(value), chooser.randrange(len(value))
        if chooser.random() < 0.2:
            return [*items[:place], items[place], *items[place:]]
        return [*items[:place], mutated(items[place], chooser), *items[place + 1 :]]
    if isinstance(value, bytes) and value and chooser.random() < 0.6:
        place = chooser.randrange(len(value))
        return value[:place] + bytes([value[place] ^ 1 << chooser.randrange(8)]) + value[place + 1 :]
    if type(value) is int and chooser.random() < 0.5:
        return value + chooser.choice((-1, 1, 86_400, 2**32))
    if isinstance(value, str) and value and chooser.random() < 0.5:
        place = chooser.randrange(len(value))
        return value[:place] + chooser.choice(("", "0", "a", "/", "-", "\n", "١")) + value[place + 1 :]
    return anything(chooser)


def bitten(data: bytes, chooser: random.Random, *, start: int = 0) -> bytes:
    """Bytes with one to four places from `start` on flipped, replaced, cut out or doubled."""
    raw = bytearray(data)
    for _ in range(chooser.choice((1, 1, 2, 4))):
        if len(raw) <= start:
            break
        place, roll = chooser.randrange(start, len(raw)), chooser.random()
        if roll < 0.5:
            raw[place] ^= 1 << chooser.randrange(8)
        elif roll < 0.65:
            raw[place] = chooser.randrange(256)
        elif roll < 0.8:
            del raw[place : place + chooser.choice((1, 2, 8))]
        else:
            raw[place:place] = raw[place : place + chooser.choice((1, 2, 8))]
    return bytes(raw)


def signed_again(said: Statement, signer: Signer, body: Any) -> bytes | None:
    """The statement with another body, signed by the same key; None for what the codec does not write."""
    assert said.message.claims is not None
    try:
        return sign_statement(
            signer, kind=said.kind, version=said.version, claims=said.message.claims, body=body
        )
    except MalanError:
        return None
