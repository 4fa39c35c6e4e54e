"""The words acts are made of, and the register of kinds: a kind and version is defined once. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Annotated

from issuers.shape import Pattern, Range, Size, Slug, from_map
from ledger.errors import Malformed
from ledger.statement import Statement

PEOPLE_MAX = 160  # a roster of so many still fits the 65,535 bytes of a leaf
Commitments = Annotated[tuple[Mapping[str, bytes], ...], Size(1, PEOPLE_MAX)]
OneCommitment = Annotated[tuple[Mapping[str, bytes], ...], Size(1, 1)]
Region = Annotated[str, Pattern(r"31[0-9]{4}")]
Code3 = Annotated[str, Pattern(r"[0-9]{3}")]
Reason = Annotated[str, Pattern(r"[a-z]+(-[a-z]+)*"), Size(1, 40)]
Uscc = Annotated[str, Pattern(r"[0-9A-HJ-NPQRTUWXY]{18}")]
Enrolment = Annotated[bytes, Size(1, 1024)]
Projects = Annotated[tuple[Slug, ...], Size(1, 64)]
VERSION_MAX = 99
Version = Annotated[int, Range(2, VERSION_MAX)]
StatusList = Annotated[int, Range(0, 9999)]
StatusIndex = Annotated[int, Range(0, 2**20 - 1)]  # a status list of 256 KiB before compression


class Role(StrEnum):
    """What a party is."""

    CITY = "city"
    DISTRICT = "district"
    BODY = "body"
    INSTITUTION = "institution"
    OPERATOR = "operator"


class Duty(StrEnum):
    """What an officer is appointed to do for the party."""

    ROOT = "root"
    ADMIN = "admin"
    STANDARDS = "standards"
    SUPERVISOR = "supervisor"
    REVIEWER = "reviewer"
    INTAKE = "intake"
    REGISTRAR = "registrar"
    INSTRUCTOR = "instructor"
    EVALUATOR = "evaluator"
    SIGNATORY = "signatory"


class ServicePurpose(StrEnum):
    """One purpose for each key of the service."""

    CHECKPOINT = "checkpoint"
    RECEIPT = "receipt"
    STATUS = "status"


class CertificateKind(StrEnum):
    """C 合格证书 (qualification), J 结业证书 (completion)."""

    QUALIFICATION = "C"
    COMPLETION = "J"


class Outcome(StrEnum):
    """A decided claim."""

    APPROVED = "approved"
    REJECTED = "rejected"


class RevocationCause(StrEnum):
    """Why a key stops."""

    ROTATED = "rotated"
    LEFT = "left"
    LOST = "lost"
    COMPROMISED = "compromised"


KINDS: dict[tuple[str, int], type] = {}


def act(kind: str, version: int = 1) -> Callable[[type], type]:
    """Registers a dataclass as the body of an act; a kind and version is defined once."""

    def register(body: type) -> type:
        if (kind, version) in KINDS:
            raise TypeError(f"{kind} v{version} is defined twice")
        KINDS[kind, version] = body
        return body

    return register


def read_act(statement: Statement) -> object:
    """The act in a statement. Raises Malformed ACT_UNKNOWN for a kind this program does not know."""
    body = KINDS.get((statement.kind, statement.version))
    if body is None:
        raise Malformed("ACT_UNKNOWN", "an act of a kind or version this program does not know")
    return from_map(body, statement.body, where=statement.kind)


# The committed fields of an entry, in the order openings show them. A sheet adds the components of the
# pinned standard to its candidate.
COMMITTED: dict[str, tuple[str, ...]] = {
    "roster": (
        "candidate",
        "name",
        "id_type",
        "id_number",
        "organisation",
        "uscc",
        "role",
        "founded_on",
        "attended",
    ),
    "sheet": ("candidate",),
    "certificate-issued": ("name", "number"),
    "number-voided": ("number",),
    "certificate-corrected": ("name", "number"),
    "certificate-reissued": ("name", "number"),
    "claim-submitted": ("id_type", "id_number", "organisation", "uscc", "role", "founded_on"),
}
