"""Facts about standards, classes, certificates and claims, and the list of all kinds of fact. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from issuers.acts.words import CertificateKind, Outcome
from issuers.authority.erasure_facts import Erased
from issuers.authority.party_facts import (
    Accreditation,
    BodyAppointment,
    BodyCode,
    Continued,
    GenesisFact,
    Key,
    NewestWitnessSet,
    Officer,
    Party,
    Pending,
    ServiceKeyFact,
    Settled,
    WitnessSetFact,
)
from issuers.shape import Document


class State(StrEnum):
    """Life of a certificate."""

    VALID = "valid"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    CANCELLED = "cancelled"


class ClaimState(StrEnum):
    """Life of a claim in the log."""

    SUBMITTED = "submitted"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class StandardFact:
    id: str
    document: Document

    @property
    def key(self) -> str:
        return self.id


@dataclass(frozen=True, slots=True)
class PolicyFact:
    id: str
    document: Document

    @property
    def key(self) -> str:
        return self.id


@dataclass(frozen=True, slots=True)
class SheetRef:
    """`count` is the number of candidates scored."""

    staff: bytes
    statement: bytes
    count: int


@dataclass(frozen=True, slots=True)
class ClassFact:
    """`roster` and `evaluation` are statement hashes."""

    id: bytes
    institution: str
    district: str
    project: str
    standard: str
    body: str
    instructors: tuple[bytes, ...]
    first_day: date
    last_day: date
    opened_seq: int
    roster: bytes | None = None
    candidates: int = 0
    sheets: tuple[SheetRef, ...] = ()
    evaluation: bytes | None = None

    @property
    def key(self) -> str:
        return self.id.hex()


@dataclass(frozen=True, slots=True)
class Passed:
    """A passed candidate of a confirmed evaluation and what became of the number reserved for them."""

    class_id: bytes
    candidate: bytes
    confirmed_ms: int
    certificate: bytes | None = None
    voided: bool = False

    @property
    def key(self) -> str:
        return passed_key(self.class_id, self.candidate)


@dataclass(frozen=True, slots=True)
class Renewal:
    """The leaf that made the version in force, and the Shanghai date it did so."""

    version: int
    seq: int
    time_ms: int
    kid: bytes
    on: date


@dataclass(frozen=True, slots=True)
class CertificateFact:
    """`seq`, `time_ms` and `kid` are those of the issuing leaf; `credential` and place in the status list
    those of the version in force, which is the first where nothing was renewed."""

    id: bytes
    class_id: bytes
    candidate: bytes
    body: str
    project: str
    kind: CertificateKind
    credential: bytes
    status_list: int
    status_index: int
    issued_on: date
    kid: bytes
    seq: int
    time_ms: int
    state: State
    changed_ms: int
    reason: str | None = None
    expires_on: date | None = None
    renewed: Renewal | None = None

    @property
    def key(self) -> str:
        return self.id.hex()

    @property
    def version(self) -> int:
        """The version in force, counted from 1."""
        return 1 if self.renewed is None else self.renewed.version

    @property
    def proof_seq(self) -> int:
        """The leaf that names the credential in force."""
        return self.seq if self.renewed is None else self.renewed.seq

    @property
    def signed_ms(self) -> int:
        """When the credential in force entered the log."""
        return self.time_ms if self.renewed is None else self.renewed.time_ms

    @property
    def signer(self) -> bytes:
        """The kid of the key that signed the credential in force."""
        return self.kid if self.renewed is None else self.renewed.kid


@dataclass(frozen=True, slots=True)
class FormerVersion:
    """A version that a later one replaced, with its leaf; `ended` once the certificate itself has ended."""

    certificate: bytes
    version: int
    credential: bytes
    status_list: int
    status_index: int
    kid: bytes
    seq: int
    ended: bool = False

    @property
    def key(self) -> str:
        return version_key(self.certificate, self.version)


@dataclass(frozen=True, slots=True)
class StatusSlot:
    """A place in a status list, taken for ever."""

    status_list: int
    status_index: int
    certificate: bytes | None

    @property
    def key(self) -> str:
        return slot_key(self.status_list, self.status_index)


@dataclass(frozen=True, slots=True)
class CredentialFact:
    """A credential belongs to one certificate; `version` None is the first."""

    credential: bytes
    certificate: bytes
    version: int | None = None

    @property
    def key(self) -> str:
        return self.credential.hex()


@dataclass(frozen=True, slots=True)
class Claim:
    id: bytes
    certificate: bytes
    project: str
    policy: str
    district: str
    intake_staff: bytes
    project_nullifier: bytes
    slot_nullifier: bytes
    state: ClaimState
    submitted_ms: int
    amount_fen: int = 0
    outcome: Outcome | None = None

    @property
    def key(self) -> str:
        return self.id.hex()


@dataclass(frozen=True, slots=True)
class ClaimedCertificate:
    """A certificate that a claim rests on; free again once that claim let go."""

    certificate: bytes
    claim: bytes
    released: bool

    @property
    def key(self) -> str:
        return self.certificate.hex()


@dataclass(frozen=True, slots=True)
class Hold:
    """A nullifier in use by a claim, or free again."""

    nullifier: bytes
    claim: bytes
    released: bool

    @property
    def key(self) -> str:
        return self.nullifier.hex()


FACTS: dict[str, type] = {
    kind.__name__: kind
    for kind in (
        *(
            GenesisFact,
            Continued,
            Party,
            BodyCode,
            Officer,
            Key,
            ServiceKeyFact,
            Pending,
            BodyAppointment,
            Accreditation,
        ),
        *(StandardFact, PolicyFact, ClassFact, Passed, CertificateFact, StatusSlot, CredentialFact),
        *(Claim, ClaimedCertificate, Hold, Settled, Erased, FormerVersion),
        *(WitnessSetFact, NewestWitnessSet),
    )
}


def passed_key(class_id: bytes, candidate: bytes) -> str:
    """Key of a Passed."""
    return f"{class_id.hex()}/{candidate.hex()}"


def version_key(certificate: bytes, version: int) -> str:
    """Key of a FormerVersion."""
    return f"{certificate.hex()}/{version}"


def slot_key(status_list: int, status_index: int) -> str:
    """Key of a StatusSlot."""
    return f"{status_list}/{status_index}"
