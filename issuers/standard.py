"""The published standard a class pins, and the arithmetic that turns score sheets into results. Pure.

Promises: anyone who holds the standard, the sheets and the attendance computes the same results to the digit,
in integers only; the figures a person is shown are the figures that decide. Knows candidates and evaluators
by their ids only.

Source: notice 三(一), 三(六); domain B6, C9. The notice states no weights, marks or attendance: every number
is a parameter of a published version.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Final, TypeVar

from issuers.acts.words import CertificateKind, Code3
from issuers.shape import Pattern, Range, Size, Slug, Title, from_map, to_map
from ledger import cbor
from ledger.errors import Malformed

Staff = TypeVar("Staff", bound=Hashable)
Candidate = TypeVar("Candidate", bound=Hashable)
Marks = Mapping[str, int]

TENTHS: Final = 10
"""Marks are counted in tenths of a point: 85 points are 850."""

TOTAL_MAX_TENTHS: Final = 1_000
_PERMILLE: Final = 1_000

Permille = Annotated[int, Range(0, _PERMILLE)]
Key = Annotated[str, Pattern(r"[a-z][a-z0-9_]*"), Size(1, 24)]

# Reasons why somebody has not passed.
THIRD_MARK_NEEDED: Final = "THIRD_MARK_NEEDED"
MARKS_MISSING: Final = "MARKS_MISSING"
NOT_ON_ROSTER: Final = "NOT_ON_ROSTER"
ATTENDANCE_SHORT: Final = "ATTENDANCE_SHORT"
COMPONENT_BELOW_PASS: Final = "COMPONENT_BELOW_PASS"  # noqa: S105  # a reason, no password
TOTAL_BELOW_PASS: Final = "TOTAL_BELOW_PASS"  # noqa: S105


@dataclass(frozen=True, slots=True)
class Component:
    """One part of an evaluation; `key` also names its committed field in a sheet."""

    key: Key
    title: Title
    title_en: Title
    weight_permille: Permille
    max_tenths: Annotated[int, Range(10, 10_000)]
    pass_tenths: Annotated[int, Range(0, 10_000)]


@dataclass(frozen=True, slots=True)
class Standard:
    """A version of a course standard with its evaluation norm.

    `kind` and `stage` are those of its certificates, `hours` lesson hours. `divergence_permille`: two marks
    further apart than this part of the component's maximum need a third. `pass_total_tenths` is on the scale
    of 0 to 1000 whatever the maxima. `project` is the three digits that stand in certificate numbers.
    Raises Malformed STANDARD_WEIGHTS, STANDARD_KEYS, STANDARD_PASS.
    """

    id: Slug
    version: Annotated[int, Range(1, 9_999)]
    project: Code3
    title: Title
    title_en: Title
    stage: Annotated[int, Range(1, 4)]
    kind: CertificateKind
    hours: Annotated[int, Range(1, 9_999)]
    min_attendance_permille: Permille
    components: Annotated[tuple[Component, ...], Size(1, 8)]
    pass_total_tenths: Annotated[int, Range(0, TOTAL_MAX_TENTHS)]
    divergence_permille: Permille
    evaluators_min: Annotated[int, Range(2, 9)]

    def __post_init__(self) -> None:
        if sum(part.weight_permille for part in self.components) != _PERMILLE:
            raise Malformed("STANDARD_WEIGHTS", "the weights do not add up to 1000", where="standard")
        keys = {part.key for part in self.components}
        titles = {part.title for part in self.components}
        if len(keys) < len(self.components) or len(titles) < len(self.components) or "candidate" in keys:
            raise Malformed("STANDARD_KEYS", "two components share a key or title", where="standard")
        if any(part.pass_tenths > part.max_tenths for part in self.components):
            raise Malformed("STANDARD_PASS", "a pass mark is above its maximum", where="standard")

    def to_body(self) -> dict[str, cbor.Value]:
        """The map that is published in an act."""
        return to_map(self)

    @classmethod
    def from_body(cls, body: object) -> Standard:
        """The standard in a published map, strictly. Raises Malformed SHAPE_… or STANDARD_…

        Nobody changes a published map in place: what was read of this very one once is its standard still.
        """
        return _of_same(_Same(body))


class _Same:
    """An object as a key: equal to nothing but itself, and alive as long as the key."""

    __slots__ = ("it",)

    def __init__(self, it: object) -> None:
        self.it = it

    def __hash__(self) -> int:
        return id(self.it)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.it is self.it


@lru_cache(maxsize=256)  # every act about a class asks for its standard
def _of_same(body: _Same) -> Standard:
    return from_map(Standard, body.it, where="standard")


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one candidate.

    `averages` by component key in tenths, None where marks are missing or diverge; `total_tenths` 0 to 1000,
    None while any average is None; `reasons` are empty exactly when `passed`.
    """

    passed: bool
    total_tenths: int | None
    averages: Mapping[str, int | None]
    reasons: tuple[str, ...]


def evaluate(
    standard: Standard,
    sheets: Mapping[Staff, Mapping[Candidate, Marks]],
    attended: Mapping[Candidate, int],
) -> dict[Candidate, Result]:
    """The result of everybody on the roster and on a sheet, in roster order.

    `sheets`: marks in tenths by evaluator, candidate and component; `attended`: lesson hours by candidate.
    The mark of a component is the average of all its marks, rounded to a tenth, half up. Fewer marks than
    `evaluators_min` give MARKS_MISSING; two marks that diverge give THIRD_MARK_NEEDED until a third is there,
    and then all three count. The total is the exact weighted sum of the rounded averages, each brought to the
    scale of its maximum, rounded once in the same way. Attendance is compared exactly.
    Raises Malformed MARK_RANGE, COMPONENT_UNKNOWN, HOURS_RANGE.
    """
    for sheet in sheets.values():
        for marks in sheet.values():
            check_marks(standard, marks)
    if any(not 0 <= hours <= standard.hours for hours in attended.values()):
        raise Malformed("HOURS_RANGE", "attended hours are 0 to the hours of the standard")
    candidates = dict.fromkeys((*attended, *(one for sheet in sheets.values() for one in sheet)))
    return {
        one: _result(standard, [sheet[one] for sheet in sheets.values() if one in sheet], attended.get(one))
        for one in candidates
    }


def check_marks(standard: Standard, marks: Marks) -> None:
    """Raises Malformed COMPONENT_UNKNOWN or MARK_RANGE for marks the standard does not know."""
    limits = {part.key: part.max_tenths for part in standard.components}
    for key, mark in marks.items():
        if key not in limits:
            raise Malformed("COMPONENT_UNKNOWN", "the standard has no such component")
        if not 0 <= mark <= limits[key]:
            raise Malformed("MARK_RANGE", f"a mark is 0 to {limits[key]} tenths", where=key)


def _result(standard: Standard, sheets: list[Marks], attended: int | None) -> Result:
    reasons: list[str] = []
    averages: dict[str, int | None] = {}
    for part in standard.components:
        marks = [sheet[part.key] for sheet in sheets if part.key in sheet]
        obstacle = _obstacle(standard, part, marks)
        averages[part.key] = None if obstacle else _half_up(sum(marks), len(marks))
        if obstacle:
            reasons.append(obstacle)
    total = _total(standard, averages)
    if attended is None:
        reasons.append(NOT_ON_ROSTER)
    elif attended * _PERMILLE < standard.min_attendance_permille * standard.hours:
        reasons.append(ATTENDANCE_SHORT)
    if any(_is_below(averages[part.key], part.pass_tenths) for part in standard.components):
        reasons.append(COMPONENT_BELOW_PASS)
    if _is_below(total, standard.pass_total_tenths):
        reasons.append(TOTAL_BELOW_PASS)
    distinct = tuple(dict.fromkeys(reasons))
    return Result(not distinct, total, averages, distinct)


def _obstacle(standard: Standard, part: Component, marks: list[int]) -> str | None:
    """Why no average can be formed yet. Three marks always average: there is nobody further to ask."""
    if len(marks) < standard.evaluators_min:
        return MARKS_MISSING
    apart = max(marks) - min(marks)
    if len(marks) == 2 and apart * _PERMILLE > standard.divergence_permille * part.max_tenths:
        return THIRD_MARK_NEEDED
    return None


def _total(standard: Standard, averages: Mapping[str, int | None]) -> int | None:
    """Σ average / maximum · weight over one common denominator, so that nothing is rounded on the way."""
    common = 1
    for part in standard.components:
        common *= part.max_tenths
    numerator = 0
    for part in standard.components:
        average = averages[part.key]
        if average is None:
            return None
        numerator += average * part.weight_permille * (common // part.max_tenths)
    return _half_up(numerator, common)


def _is_below(mark: int | None, limit: int) -> bool:
    return mark is not None and mark < limit


def _half_up(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)


DEFAULT_COMPONENTS: Final = (
    Component("theory", "理论成绩", "Theory", 400, 1_000, 600),
    Component("plan", "创业计划书", "Business plan", 400, 1_000, 600),
    Component("defence", "答辩", "Defence", 200, 1_000, 600),
)
"""Weights and pass marks of domain C9, used while no norm is published; not a rule of the notice."""

DEFAULT_STANDARD: Final = Standard(
    id="startup-default-1",
    version=1,
    project="001",
    title="创业初创期培训评价规范（默认参数）",
    title_en="Start-up stage training, evaluation norm (default parameters)",
    stage=3,
    kind=CertificateKind.QUALIFICATION,
    hours=40,
    min_attendance_permille=800,
    components=DEFAULT_COMPONENTS,
    pass_total_tenths=600,
    divergence_permille=300,
    evaluators_min=2,
)
"""The defaults of domain C9 as one standard; a real one is published by the city centre."""
