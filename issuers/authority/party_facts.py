"""Facts about the log, its parties, their people and keys. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from issuers.acts.words import Duty, RevocationCause, Role


@dataclass(frozen=True, slots=True)
class GenesisFact:
    """There is one. `statement` is the hash every verifier pins."""

    origin: str
    rules: int
    statement: bytes
    in_force: bool

    @property
    def key(self) -> str:
        return "log"


@dataclass(frozen=True, slots=True)
class Continued:
    """There is at most one: the last that is known of the log before this one."""

    origin: str
    size: int
    root: bytes
    checkpoint: bytes

    @property
    def key(self) -> str:
        return "log"


@dataclass(frozen=True, slots=True)
class Party:
    id: str
    role: Role
    name: str
    name_en: str
    region: str
    uscc: str | None = None
    code: str | None = None
    withdrawn_ms: int | None = None

    @property
    def key(self) -> str:
        return self.id


@dataclass(frozen=True, slots=True)
class BodyCode:
    """A code in numbers of certificates, given to one body for ever."""

    code: str
    party: str

    @property
    def key(self) -> str:
        return self.code


@dataclass(frozen=True, slots=True)
class Officer:
    """A named person acting for a party, by staff id; terms are inclusive Shanghai dates.

    `since_seq`: where this office began, through all later appointments that were not after a dismissal.
    """

    party: str
    staff: bytes
    duties: tuple[Duty, ...]
    projects: tuple[str, ...]
    first_day: date
    last_day: date
    dismissed_ms: int | None = None
    since_seq: int = 0

    @property
    def key(self) -> str:
        return officer_key(self.party, self.staff)


@dataclass(frozen=True, slots=True)
class Key:
    """`staff` is None for a key of the service or of a witness, whose `purpose` is then not None."""

    kid: bytes
    alg: int
    spki: bytes
    party: str
    since_seq: int
    since_ms: int
    staff: bytes | None = None
    purpose: str | None = None
    revoked_seq: int | None = None
    revoked_ms: int | None = None
    cause: RevocationCause | None = None
    compromised_since: int | None = None

    @property
    def key(self) -> str:
        return self.kid.hex()


@dataclass(frozen=True, slots=True)
class ServiceKeyFact:
    """The key in force for a purpose of the service."""

    purpose: str
    kid: bytes

    @property
    def key(self) -> str:
        return self.purpose


@dataclass(frozen=True, slots=True)
class Pending:
    """A statement that waits for a second officer."""

    statement: bytes
    raw: bytes
    seq: int
    time_ms: int
    signer: bytes
    done: bool = False

    @property
    def key(self) -> str:
        return self.statement.hex()


@dataclass(frozen=True, slots=True)
class Settled:
    """Where the last act of a family about a subject took force that needed two officers."""

    family: str
    subject: str
    seq: int

    @property
    def key(self) -> str:
        return settled_key(self.family, self.subject)


@dataclass(frozen=True, slots=True)
class Witnessing:
    """A witness of a set: the district, its cosigner key, and where it may be asked."""

    party: str
    vkey: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class WitnessSetFact:
    """A set of witnesses as appointed at leaf `seq`; whether it is in force, `issuers.witnesses` says."""

    seq: int
    first_day: date
    quorum: int
    witnesses: tuple[Witnessing, ...]

    @property
    def key(self) -> str:
        return str(self.seq)


@dataclass(frozen=True, slots=True)
class NewestWitnessSet:
    """There is one: which set was appointed last, and its start."""

    seq: int
    first_day: date

    @property
    def key(self) -> str:
        return "log"


@dataclass(frozen=True, slots=True)
class BodyAppointment:
    party: str
    projects: tuple[str, ...]
    first_day: date
    last_day: date
    suspended_ms: int | None = None

    @property
    def key(self) -> str:
        return self.party


@dataclass(frozen=True, slots=True)
class Accreditation:
    institution: str
    project: str
    district: str
    first_day: date
    last_day: date
    withdrawn_ms: int | None = None

    @property
    def key(self) -> str:
        return accreditation_key(self.institution, self.project)


def settled_key(family: str, subject: str) -> str:
    """Key of a Settled."""
    return f"{family} {subject}"


def officer_key(party: str, staff: bytes) -> str:
    """Key of an Officer."""
    return f"{party}/{staff.hex()}"


def accreditation_key(institution: str, project: str) -> str:
    """Key of an Accreditation."""
    return f"{institution}/{project}"
