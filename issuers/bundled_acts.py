"""The acts of a bundle and of its parts: their bytes, their order, and what they add up to. Pure.

The acts of a body stand in a part of their own, since a certificate rests on those of its body and on the
bundle's own alone. A part is named by its hash, so whoever has it need not fetch it again. The bytes are in
`SPEC.md`.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from operator import attrgetter
from typing import Annotated

from issuers.authority.judge import admit, judge
from issuers.authority.view import Fact, MemoryView
from issuers.carried import TRUST, Form, body_of
from issuers.shape import Range
from ledger import cbor
from ledger.errors import MalanError, Malformed
from ledger.statement import parse_statement

_PLACE_MAX = 2**53


@dataclass(frozen=True, slots=True)
class BundledAct:
    """A statement with its place and time in the log.

    `body` is the code of the part it stands in, None among the bundle's own; it is no field of the bytes.
    """

    seq: Annotated[int, Range(0, _PLACE_MAX)]
    time_ms: Annotated[int, Range(0, _PLACE_MAX)]
    statement: bytes
    body: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """An act that was admitted, and the facts it changed."""

    seq: int
    time_ms: int
    changes: Sequence[Fact]


def encode_part(acts: Iterable[BundledAct]) -> bytes:
    """The bytes of a part."""
    return cbor.encode([[one.seq, one.time_ms, one.statement] for one in acts])


def read_part(raw: bytes, code: str, *, bytes_max: int) -> tuple[BundledAct, ...]:
    """The acts of a body's part. Raises Malformed BUNDLE_PART, or BUNDLE_ACTS where they are out of order."""
    try:
        items = cbor.decode(raw, bytes_max=bytes_max)
    except MalanError as error:
        raise _no_part(code) from error
    if not isinstance(items, list) or not items:
        raise _no_part(code)
    acts = tuple(_act(item, code) for item in items)
    if any(one.seq >= other.seq for one, other in pairwise(acts)):
        raise Malformed("BUNDLE_ACTS", "acts out of order or twice in the part of a body", where=code)
    return acts


def acts_hash(acts: Iterable[BundledAct], size: int) -> bytes:
    """SHA-256 over the part that the acts with seq below `size` would make: of a whole part, its name."""
    return sha256(encode_part(one for one in acts if one.seq < size)).digest()


def in_order(acts: Iterable[BundledAct]) -> list[BundledAct]:
    """Acts of several places, in the order of the log."""
    return sorted(acts, key=attrgetter("seq"))


def replay(
    acts: Iterable[BundledAct], form: Form = TRUST, *, checked: Container[int] = ()
) -> tuple[MemoryView, list[Step]]:
    """The facts of a run of acts, each admitted by the judge, and what each changed.

    `checked`: places of acts whose signatures were verified before. Raises Malformed BUNDLE_ACTS or
    BUNDLE_TIME, and Refused, BadSignature or Malformed from an act that its signer may not say.
    """
    view, steps = MemoryView(), list[Step]()
    last, time_ms, said = -1, 0, set[bytes]()
    for item in acts:
        statement = parse_statement(item.statement)
        if item.seq <= last or statement.kind not in form.kinds or statement.cti in said:
            raise Malformed("BUNDLE_ACTS", "acts out of order, twice, or of a kind a bundle does not carry")
        if item.time_ms < time_ms:
            raise Malformed("BUNDLE_TIME", "the times of the bundle's acts go back")
        said.add(statement.cti)
        last, time_ms = item.seq, item.time_ms
        admitted = judge if item.seq in checked else admit
        changes = admitted(view, statement, seq=item.seq, time_ms=item.time_ms)
        view.put(changes)
        if form is TRUST and body_of(view, statement) != item.body:
            raise Malformed("BUNDLE_ACTS", "an act stands in the part of another body, or in none")
        steps.append(Step(item.seq, item.time_ms, changes))
    return view, steps


def _act(item: object, code: str) -> BundledAct:
    match item:
        case [int(seq), int(time_ms), bytes(statement)]:
            # No bool, which Python counts among the integers.
            if all(type(one) is int and 0 <= one <= _PLACE_MAX for one in (seq, time_ms)):
                return BundledAct(seq, time_ms, statement, code)
    raise _no_part(code)


def _no_part(code: str) -> Malformed:
    return Malformed("BUNDLE_PART", "the part of a body is not a list of acts", where=code)
