"""Which acts change what a status list says, and to what. Pure.

A place that was never taken is valid like any other (nobody can tell them apart), so a certificate that is
issued changes nothing in the bits; it is told all the same, because whoever follows wants to know of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from issuers.acts.certificates import CertificateIssued, NewVersion, NumberVoided
from issuers.acts.words import read_act
from issuers.status import REVOKED, SUPERSEDED, SUSPENDED, VALID
from ledger.leaf import Leaf
from ledger.statement import parse_statement

AFTER: Final = {
    "certificate-issued": VALID,
    "certificate-suspended": SUSPENDED,
    "certificate-restored": VALID,
    "certificate-revoked": REVOKED,
    "certificate-cancelled": REVOKED,
    "certificate-corrected": VALID,
    "certificate-reissued": VALID,
    "number-voided": REVOKED,
}
"""What the place in force says after an act; every kind of act about certificates and numbers stands here."""

Place: TypeAlias = tuple[int, int]
"""List and index."""

_ENDS: Final = frozenset({"certificate-revoked", "certificate-cancelled"})
_MARKS: Final = tuple(f"vnd.malan.{kind}.v".encode() for kind in AFTER)


@dataclass(frozen=True, slots=True)
class Change:
    """Leaf `seq` made place `status_index` of list `status_list` say `value` (0 to 3, `issuers.status`)."""

    seq: int
    time_ms: int
    status_list: int
    status_index: int
    value: int


def changes_in(leaf: Leaf, places_of: Callable[[str, int], Sequence[Place]]) -> tuple[Change, ...]:
    """The changes a leaf made, if any.

    `places_of`: where the versions stand that a certificate (hex) had before a leaf, oldest first.
    Raises as `parse_statement` and `read_act`: what is in a log was admitted to it.
    """
    if not any(mark in leaf.statement for mark in _MARKS):
        return ()  # most leaves: nothing is parsed
    statement = parse_statement(leaf.statement)
    if statement.kind not in AFTER:
        return ()
    act = read_act(statement)
    values: list[tuple[Place, int]] = []
    if isinstance(act, CertificateIssued | NumberVoided):
        values.append(((act.status_list, act.status_index), AFTER[statement.kind]))
    else:
        before = places_of(statement.subject.partition("/")[2], leaf.seq)
        if isinstance(act, NewVersion):
            values += [(before[-1], SUPERSEDED), ((act.status_list, act.status_index), VALID)]
        else:
            # An end is the end of every version; other acts are about the version in force.
            touched = before if statement.kind in _ENDS else before[-1:]
            values += [(place, AFTER[statement.kind]) for place in touched]
    return tuple(Change(leaf.seq, leaf.time_ms, *place, value) for place, value in values)
