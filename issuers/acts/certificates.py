"""Acts of certificates and of the subsidy claims that rest on them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, TypeAlias

from issuers.acts.reasons import CancellationReason, CorrectionReason, ReissueReason
from issuers.acts.words import (
    CertificateKind,
    OneCommitment,
    Outcome,
    Reason,
    StatusIndex,
    StatusList,
    Version,
    act,
)
from issuers.shape import Hash, Id16, Pattern, Range, Size, Slug


@act("certificate-issued")
@dataclass(frozen=True, slots=True)
class CertificateIssued:
    """`credential` is SHA-256 of the exact bytes in the QR; `issued_on` the Shanghai date of the leaf."""

    class_id: Id16
    candidate: Id16
    evaluation: Hash
    standard: Slug
    kind: CertificateKind
    credential: Hash
    status_list: StatusList
    status_index: StatusIndex
    issued_on: date
    entries: OneCommitment
    expires_on: date | None = None


@act("number-voided")
@dataclass(frozen=True, slots=True)
class NumberVoided:
    """A reserved number that will never be used."""

    class_id: Id16
    candidate: Id16
    status_list: StatusList
    status_index: StatusIndex
    reason: Reason
    entries: OneCommitment


@act("certificate-suspended")
@dataclass(frozen=True, slots=True)
class CertificateSuspended:
    reason: Reason


@act("certificate-restored")
@dataclass(frozen=True, slots=True)
class CertificateRestored:
    reason: Reason


@act("certificate-revoked")
@dataclass(frozen=True, slots=True)
class CertificateRevoked:
    reason: Reason


@act("certificate-cancelled")
@dataclass(frozen=True, slots=True)
class CertificateCancelled:
    """注销: the body takes it back without blame to anybody."""

    reason: CancellationReason


@dataclass(frozen=True, slots=True)
class _NextVersion:
    """What the next version of a certificate says, whatever it is made for; number and `issued_on` stay.

    `former` is the credential it replaces; `version_on` the Shanghai date of the leaf.
    """

    version: Version
    former: Hash
    standard: Slug
    kind: CertificateKind
    credential: Hash
    status_list: StatusList
    status_index: StatusIndex
    issued_on: date
    version_on: date
    entries: OneCommitment
    expires_on: date | None = None


@act("certificate-corrected")
@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateCorrected(_NextVersion):
    """The next version says something else."""

    reason: CorrectionReason


@act("certificate-reissued")
@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateReissued(_NextVersion):
    """The next version says the same."""

    reason: ReissueReason


NewVersion: TypeAlias = CertificateCorrected | CertificateReissued


@act("claim-submitted")
@dataclass(frozen=True, slots=True)
class ClaimSubmitted:
    """Nullifiers are HMACs that hold (person, project) and (person, slot) without naming the person."""

    certificate: Id16
    project: Slug
    policy: Slug
    district: Slug
    project_nullifier: Hash
    slot_nullifier: Hash
    entries: OneCommitment


@act("claim-decided")
@dataclass(frozen=True, slots=True)
class ClaimDecided:
    """`release` frees the project and the slot (a rejection on substance keeps them, domain B9.8)."""

    outcome: Outcome
    reasons: Annotated[tuple[Annotated[str, Pattern(r"[A-Z0-9_]{2,40}")], ...], Size(0, 20)]
    amount_fen: Annotated[int, Range(0, 10_000_000)]
    release: bool


@act("claim-withdrawn")
@dataclass(frozen=True, slots=True)
class ClaimWithdrawn:
    reason: Reason
