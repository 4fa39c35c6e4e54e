"""Which acts change what a status list says, and to what. Pure.

A place that was never taken is valid like any other (nobody can tell them apart), so a certificate that is
issued changes nothing in the bits; it is told all the same, because whoever follows wants to know of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from issuers.acts.certificates import CertificateIssued, NumberVoided
from issuers.acts.words import read_act
from issuers.status import REVOKED, SUSPENDED, VALID
from ledger.leaf import Leaf
from ledger.statement import parse_statement

AFTER: Final = {
    "certificate-issued": VALID,
    "certificate-suspended": SUSPENDED,
    "certificate-restored": VALID,
    "certificate-revoked": REVOKED,
    "number-voided": REVOKED,
}
"""What a place says after an act; every kind of act about certificates and their numbers stands here."""

_MARKS: Final = tuple(f"vnd.malan.{kind}.v".encode() for kind in AFTER)


@dataclass(frozen=True, slots=True)
class Change:
    """Leaf `seq` made place `status_index` of list `status_list` say `value` (0 to 3, `issuers.status`)."""

    seq: int
    time_ms: int
    status_list: int
    status_index: int
    value: int


def change_in(leaf: Leaf, place_of: Callable[[str], tuple[int, int]]) -> Change | None:
    """The change a leaf made, if any. `place_of`: list and index of the certificate with this id (hex).

    Raises as `parse_statement` and `read_act`: what is in a log was admitted to it.
    """
    if not any(mark in leaf.statement for mark in _MARKS):
        return None  # most leaves: nothing is parsed
    statement = parse_statement(leaf.statement)
    value = AFTER.get(statement.kind)
    if value is None:
        return None
    match read_act(statement):
        case CertificateIssued(status_list=number, status_index=index):
            place = (number, index)
        case NumberVoided(status_list=number, status_index=index):
            place = (number, index)
        case _:
            place = place_of(statement.subject.partition("/")[2])
    return Change(leaf.seq, leaf.time_ms, *place, value)
