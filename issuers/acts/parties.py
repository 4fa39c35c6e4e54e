"""Acts about parties, their people and their keys, from genesis to revocation. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from issuers.acts.words import (
    Code3,
    Duty,
    Enrolment,
    Projects,
    Reason,
    Region,
    RevocationCause,
    Role,
    Uscc,
    act,
)
from issuers.shape import Hash, Id16, Pattern, Range, Seconds, Size, Slug, Title


@dataclass(frozen=True, slots=True)
class GenesisKey:
    """One of the city's three: the holder's staff id and the proof of possession."""

    staff: Id16
    enrolment: Enrolment


@act("genesis")
@dataclass(frozen=True, slots=True)
class Genesis:
    """The first act: which log, whose, under which rules."""

    origin: Annotated[str, Pattern(r"[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9.-]+)*"), Size(1, 100)]
    city: Title
    city_en: Title
    keys: Annotated[tuple[GenesisKey, ...], Size(3, 3)]
    rules: Annotated[int, Range(1, 1)]


@act("log-continued")
@dataclass(frozen=True, slots=True)
class LogContinued:
    """This log goes on where another ended for ever: the last checkpoint of it that anybody kept.

    `checkpoint` is SHA-256 of that note as it was published, cosignatures included.
    """

    origin: Annotated[str, Pattern(r"[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9.-]+)*"), Size(1, 100)]
    size: Annotated[int, Range(1, 2**53)]
    root: Hash
    checkpoint: Hash


@act("approve")
@dataclass(frozen=True, slots=True)
class Approve:
    """A second officer's yes to a statement already in the log."""


@act("party-admitted")
@dataclass(frozen=True, slots=True)
class PartyAdmitted:
    """`region` is the GB/T 2260 code; `code` the three digits a body has in certificate numbers."""

    role: Role
    name: Title
    name_en: Title
    region: Region
    uscc: Uscc | None = None
    code: Code3 | None = None


@act("party-withdrawn")
@dataclass(frozen=True, slots=True)
class PartyWithdrawn:
    reason: Reason


@act("admin-appointed")
@dataclass(frozen=True, slots=True)
class AdminAppointed:
    """A party's admin with the first key; terms are inclusive Shanghai dates."""

    staff: Id16
    enrolment: Enrolment
    first_day: date
    last_day: date


@act("service-key")
@dataclass(frozen=True, slots=True)
class ServiceKey:
    enrolment: Enrolment


@act("body-appointed")
@dataclass(frozen=True, slots=True)
class BodyAppointed:
    """The city selects an evaluation body for projects (notice 三(二) 遴选)."""

    projects: Projects
    first_day: date
    last_day: date


@act("body-suspended")
@dataclass(frozen=True, slots=True)
class BodySuspended:
    reason: Reason


@act("officer-appointed")
@dataclass(frozen=True, slots=True)
class OfficerAppointed:
    """Replaces an earlier appointment of the same person at the same party."""

    duties: Annotated[tuple[Duty, ...], Size(1, 6)]
    projects: Annotated[tuple[Slug, ...], Size(0, 64)]
    first_day: date
    last_day: date


@act("officer-dismissed")
@dataclass(frozen=True, slots=True)
class OfficerDismissed:
    reason: Reason


@act("key-enrolled")
@dataclass(frozen=True, slots=True)
class KeyEnrolled:
    enrolment: Enrolment


@act("key-revoked")
@dataclass(frozen=True, slots=True)
class KeyRevoked:
    """`compromised_since` in seconds since 1970, exactly when the cause is a compromise."""

    cause: RevocationCause
    compromised_since: Seconds | None = None


@dataclass(frozen=True, slots=True)
class NamedWitness:
    """A district's witness. `possession`: a checkpoint of this log that its key cosigned of late, a note."""

    party: Slug
    vkey: Annotated[str, Size(1, 300)]
    possession: Annotated[str, Size(1, 1000)]
    url: Annotated[str, Pattern(r"https?://[A-Za-z0-9.:/_~-]+"), Size(9, 200)] | None = None


@act("witness-set")
@dataclass(frozen=True, slots=True)
class WitnessSet:
    """Who cosigns the log, and how many are enough; in force under a checkpoint the former set cosigned."""

    witnesses: Annotated[tuple[NamedWitness, ...], Size(1, 32)]
    quorum: Annotated[int, Range(1, 32)]
    first_day: date
