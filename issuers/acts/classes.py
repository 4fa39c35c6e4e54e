"""Acts of training: what is published, who is accredited, the class, its roster, sheets and result. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from issuers.acts.words import PEOPLE_MAX, Commitments, Reason, act
from issuers.shape import Document, Hash, Id16, Range, Size, Slug


@act("policy-published")
@dataclass(frozen=True, slots=True)
class PolicyPublished:
    """A dated version of the subsidy rules; `document` is read by the verify room."""

    document: Document


@act("standard-published")
@dataclass(frozen=True, slots=True)
class StandardPublished:
    """Course standard and evaluation norm of a project; `document` is read by `issuers.standard`."""

    document: Document


@act("institution-accredited")
@dataclass(frozen=True, slots=True)
class InstitutionAccredited:
    """A district's decision on 机构 × 项目 (notice 三(三))."""

    first_day: date
    last_day: date


@act("accreditation-withdrawn")
@dataclass(frozen=True, slots=True)
class AccreditationWithdrawn:
    reason: Reason


@act("class-opened")
@dataclass(frozen=True, slots=True)
class ClassOpened:
    """Pins the standard; names the body that will evaluate and everyone who teaches."""

    project: Slug
    standard: Slug
    body: Slug
    instructors: Annotated[tuple[Id16, ...], Size(1, 20)]
    first_day: date
    last_day: date


@act("roster")
@dataclass(frozen=True, slots=True)
class Roster:
    """One entry a trainee, ordered by digest; even the candidate id is committed: nobody is seen to fail."""

    entries: Commitments


@act("sheet")
@dataclass(frozen=True, slots=True)
class Sheet:
    """One evaluator's scores, one entry a candidate, in order of digest."""

    roster: Hash
    entries: Commitments


@act("evaluation-confirmed")
@dataclass(frozen=True, slots=True)
class EvaluationConfirmed:
    """The body answers for the result: which sheets, which standard, who passed."""

    roster: Hash
    sheets: Annotated[tuple[Hash, ...], Size(2, 20)]
    standard: Slug
    candidates: Annotated[int, Range(1, PEOPLE_MAX)]
    passed: Annotated[tuple[Id16, ...], Size(0, PEOPLE_MAX)]
