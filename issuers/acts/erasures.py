"""The act that has a person's data destroyed: it names places of the log, and nobody. Pure.

Source: design 11 and the authority table (erasure order); PIPL (个人信息保护法) Art. 47.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final

from issuers.acts.words import PEOPLE_MAX, act
from issuers.shape import Hash, Range, Size

PLACES_MAX: Final = 500  # of 53 bytes each: with a second copy in the waiting act's fact it stays small


class ErasureReason(StrEnum):
    """The five grounds of PIPL Art. 47; a closed list leaves no room for a name."""

    PURPOSE_DONE = "purpose-done"
    RETENTION_OVER = "retention-over"
    CONSENT_WITHDRAWN = "consent-withdrawn"
    UNLAWFUL = "unlawful"
    LAW = "law"


@dataclass(frozen=True, slots=True)
class EntryPlace:
    """A committed entry: the hash of its statement, and which of the statement's entries."""

    statement: Hash
    place: Annotated[int, Range(0, PEOPLE_MAX - 1)]


@act("erasure-order")
@dataclass(frozen=True, slots=True)
class ErasureOrder:
    """What stands behind these entries is destroyed, whole persons at a time; the order itself stays."""

    reason: ErasureReason
    places: Annotated[tuple[EntryPlace, ...], Size(1, PLACES_MAX)]
