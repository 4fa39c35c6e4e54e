"""The standard and its arithmetic: exact, replayable, decided by the figures that are shown."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from issuers.acts.words import CertificateKind
from issuers.standard import DEFAULT_STANDARD, Component, Marks, Result, Standard, evaluate
from ledger import cbor
from ledger.errors import Malformed

MARK = st.integers(0, 1000)


def marks(theory: int, plan: int, defence: int) -> Marks:
    return {"theory": theory, "plan": plan, "defence": defence}


def result(*sheets: Marks, attended: int = 40, standard: Standard = DEFAULT_STANDARD) -> Result:
    return evaluate(
        standard, {staff: {"one": sheet} for staff, sheet in enumerate(sheets)}, {"one": attended}
    )["one"]


def code_of(body: object) -> str:
    with pytest.raises(Malformed) as caught:
        Standard.from_body(body)
    return caught.value.code


def test_the_body_comes_back_through_the_codec_of_acts() -> None:
    body = cbor.decode(cbor.encode(DEFAULT_STANDARD.to_body()))
    assert Standard.from_body(body) == DEFAULT_STANDARD
    assert Standard.from_body(body).kind is CertificateKind.QUALIFICATION


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"version": "1"}, "SHAPE_TYPE"),
        ({"version": True}, "SHAPE_TYPE"),
        ({"version": 0}, "SHAPE_RANGE"),
        ({"id": "Upper"}, "SHAPE_FORM"),
        ({"stage": 5}, "SHAPE_RANGE"),
        ({"kind": "X"}, "SHAPE_FORM"),
        ({"evaluators_min": 1}, "SHAPE_RANGE"),
        ({"components": []}, "SHAPE_SIZE"),
        ({"project": "12"}, "SHAPE_FORM"),
        ({"surprise": 1}, "SHAPE_UNKNOWN"),
    ],
)
def test_a_body_of_another_shape_is_refused(change: dict[str, object], code: str) -> None:
    assert code_of({**DEFAULT_STANDARD.to_body(), **change}) == code


def test_a_body_that_lacks_a_field_is_refused() -> None:
    body = DEFAULT_STANDARD.to_body()
    del body["hours"]
    assert code_of(body) == "SHAPE_MISSING"
    assert code_of([]) == "SHAPE_MAP"


def test_components_must_make_sense_together() -> None:
    theory, plan, defence = DEFAULT_STANDARD.components
    for parts, code in (
        ((theory, plan), "STANDARD_WEIGHTS"),
        ((theory, plan, replace(defence, key="plan")), "STANDARD_KEYS"),
        ((theory, plan, replace(defence, title=plan.title)), "STANDARD_KEYS"),
        ((theory, plan, replace(defence, key="candidate")), "STANDARD_KEYS"),
        ((theory, plan, replace(defence, pass_tenths=1001)), "STANDARD_PASS"),
    ):
        with pytest.raises(Malformed, match=code):
            replace(DEFAULT_STANDARD, components=parts)


def test_two_agreeing_marks_are_averaged_and_weighted() -> None:
    assert result(marks(850, 860, 850), marks(780, 840, 780)) == Result(
        True, 829, {"theory": 815, "plan": 850, "defence": 815}, ()
    )


@pytest.mark.parametrize(("second", "average"), [(851, 851), (852, 851), (849, 850), (850, 850)])
def test_an_average_is_rounded_to_a_tenth_half_up(second: int, average: int) -> None:
    assert result(marks(850, 850, 850), marks(second, 850, 850)).averages["theory"] == average


@pytest.mark.parametrize(
    ("apart", "reasons"), [(300, ()), (301, ("THIRD_MARK_NEEDED",)), (0, ()), (400, ("THIRD_MARK_NEEDED",))]
)
def test_marks_diverge_only_beyond_the_limit(apart: int, reasons: tuple[str, ...]) -> None:
    diverging = result(marks(1000, 700, 700), marks(1000 - apart, 700, 700))
    assert diverging.reasons == reasons
    assert (diverging.total_tenths is None) is bool(reasons)
    assert not (reasons and diverging.passed)


def test_the_limit_is_a_part_of_the_components_own_maximum() -> None:
    parts = (Component("short", "短", "Short", 1000, 100, 50),)
    small = replace(DEFAULT_STANDARD, components=parts)
    assert result({"short": 90}, {"short": 60}, standard=small).reasons == ()
    assert result({"short": 90}, {"short": 59}, standard=small).reasons == ("THIRD_MARK_NEEDED",)


def test_the_third_mark_settles_a_divergence_and_all_three_count() -> None:
    first, second = marks(730, 750, 770), marks(690, 330, 730)
    assert result(first, second).averages["plan"] is None
    settled = result(first, second, {"plan": 780})
    assert settled.averages == {"theory": 710, "plan": 620, "defence": 750}
    assert settled.passed
    assert result(first, second, {"plan": 400}).reasons == ("COMPONENT_BELOW_PASS",)


def test_a_missing_mark_is_no_zero_and_no_pass() -> None:
    alone = result(marks(900, 900, 900))
    assert (alone.passed, alone.total_tenths, alone.reasons) == (False, None, ("MARKS_MISSING",))
    assert result(marks(900, 900, 900), {"theory": 900, "plan": 900}).averages["defence"] is None
    assert result().reasons == ("MARKS_MISSING",)


def test_who_is_on_a_sheet_but_not_on_the_roster_does_not_pass() -> None:
    good = {"stranger": marks(900, 900, 900)}
    results = evaluate(DEFAULT_STANDARD, {1: good, 2: good}, {"member": 40})
    assert list(results) == ["member", "stranger"]
    assert results["stranger"].reasons == ("NOT_ON_ROSTER",)
    assert results["member"].reasons == ("MARKS_MISSING",)


@pytest.mark.parametrize(("attended", "passed"), [(40, True), (32, True), (31, False), (0, False)])
def test_attendance_is_eighty_percent_of_the_hours_exactly(attended: int, passed: bool) -> None:
    outcome = result(marks(700, 700, 700), marks(700, 700, 700), attended=attended)
    assert outcome.passed is passed
    assert outcome.reasons == (() if passed else ("ATTENDANCE_SHORT",))


@pytest.mark.parametrize(
    ("scores", "reasons"),
    [
        ((600, 600, 600), ()),
        ((599, 700, 700), ("COMPONENT_BELOW_PASS",)),
        ((1000, 1000, 599), ("COMPONENT_BELOW_PASS",)),
        ((500, 500, 500), ("COMPONENT_BELOW_PASS", "TOTAL_BELOW_PASS")),
    ],
)
def test_every_component_and_the_total_must_reach_sixty(
    scores: tuple[int, int, int], reasons: tuple[str, ...]
) -> None:
    assert result(marks(*scores), marks(*scores)).reasons == reasons


def test_the_figure_that_is_shown_decides() -> None:
    """59.9 and 60.0 average 59.95, shown as 60.0: passed. 59.9 twice is shown as 59.9: not."""
    assert result(marks(599, 600, 600), marks(600, 600, 600)).passed
    assert not result(marks(599, 600, 600), marks(599, 600, 600)).passed


def test_a_total_can_fail_alone() -> None:
    parts = tuple(replace(part, pass_tenths=0) for part in DEFAULT_STANDARD.components)
    lenient = replace(DEFAULT_STANDARD, components=parts)
    assert result(marks(599, 599, 599), marks(599, 599, 599), standard=lenient).reasons == (
        "TOTAL_BELOW_PASS",
    )


@pytest.mark.parametrize("bad", [{"theory": 1001}, {"theory": -1}, {"oral": 10}])
def test_marks_the_standard_does_not_know_are_refused(bad: Marks) -> None:
    with pytest.raises(Malformed, match=r"MARK_RANGE|COMPONENT_UNKNOWN"):
        result(bad, marks(700, 700, 700))


@pytest.mark.parametrize("hours", [-1, 41])
def test_impossible_attendance_is_refused(hours: int) -> None:
    with pytest.raises(Malformed, match="HOURS_RANGE"):
        result(marks(700, 700, 700), marks(700, 700, 700), attended=hours)


def half_up(value: Fraction) -> int:
    return int(value + Fraction(1, 2))


@given(st.lists(st.tuples(MARK, MARK, MARK), min_size=3, max_size=4), st.integers(0, 40))
def test_the_result_equals_that_of_exact_fractions(rows: list[tuple[int, int, int]], attended: int) -> None:
    outcome = result(*(marks(*row) for row in rows), attended=attended)
    averages = [half_up(Fraction(sum(column), len(rows))) for column in zip(*rows, strict=True)]
    exact = sum(
        (Fraction(mark * weight, 1000) for mark, weight in zip(averages, (400, 400, 200), strict=True)),
        Fraction(0),
    )
    assert list(outcome.averages.values()) == averages
    assert outcome.total_tenths == half_up(exact)
    assert outcome.passed is (min(*averages, half_up(exact)) >= 600 and attended >= 32)


@given(MARK, MARK)
def test_the_order_of_the_sheets_changes_nothing(first: int, second: int) -> None:
    one, other = marks(first, 700, 700), marks(second, 700, 700)
    assert result(one, other) == result(other, one)
