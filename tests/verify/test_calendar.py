"""Days as the law counts them: every row of the computed tables, and nothing beyond the known calendar."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import Malformed, Unavailable
from verify.subsidy.calendar import add_months, add_workdays, is_rest, last_day, loaded_years


def day(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("issued", "unrolled", "rolled"),
    [
        ("2024-02-29", "2025-02-28", "2025-02-28"),
        ("2023-05-01", "2024-05-01", "2024-05-06"),
        ("2023-08-31", "2024-08-31", "2024-09-02"),
        ("2024-10-01", "2025-10-01", "2025-10-09"),
        ("2025-01-31", "2026-01-31", "2026-02-02"),
        ("2025-02-28", "2026-02-28", "2026-02-28"),  # a Saturday on which people work
        ("2025-02-16", "2026-02-16", "2026-02-24"),
        ("2025-08-30", "2026-08-30", "2026-08-31"),
        ("2025-12-31", "2026-12-31", "2026-12-31"),
    ],
)
def test_the_window_of_twelve_months(issued: str, unrolled: str, rolled: str) -> None:
    assert last_day(day(issued), 12, roll_holiday=False) == day(unrolled)
    assert last_day(day(issued), 12, roll_holiday=True) == day(rolled)


@pytest.mark.parametrize(
    ("founded", "young_until"),
    [("2020-02-29", "2023-02-28"), ("2022-11-30", "2025-11-30"), ("2023-05-04", "2026-05-04")],
)
def test_three_years_of_an_organisation(founded: str, young_until: str) -> None:
    assert add_months(day(founded), 36) == day(young_until)


@pytest.mark.parametrize(("start", "end"), [("2025-09-26", "2025-10-10"), ("2026-02-12", "2026-02-26")])
def test_five_workdays_of_public_notice_do_not_count_the_first_day(start: str, end: str) -> None:
    assert add_workdays(day(start), 5) == day(end)


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2024-01-31", 1, "2024-02-29"),
        ("2023-01-31", 1, "2023-02-28"),
        ("2025-12-31", 2, "2026-02-28"),
        ("2025-03-31", -1, "2025-02-28"),
        ("2025-01-15", 0, "2025-01-15"),
        ("2025-11-30", 13, "2026-12-30"),
    ],
)
def test_months_end_on_the_same_day_or_on_the_last(start: str, months: int, end: str) -> None:
    assert add_months(day(start), months) == day(end)


def test_months_past_the_last_year_of_all_end_on_its_last_day() -> None:
    assert add_months(date(9999, 12, 30), 0) == date(9999, 12, 30)
    assert add_months(date(9998, 12, 31), 13) == date.max
    assert last_day(date.max, 36, roll_holiday=False) == date.max


def test_a_last_day_beyond_the_known_years_is_never_guessed() -> None:
    _, last = loaded_years()
    for ask in (
        lambda: last_day(date(last, 1, 1), 12, roll_holiday=True),
        lambda: add_workdays(date(last, 12, 31), 1),
        lambda: add_workdays(date(last, 12, 28), 5),
        lambda: is_rest(date(last + 1, 1, 1)),
        lambda: is_rest(date(2003, 12, 31)),
    ):
        with pytest.raises(Unavailable, match="CALENDAR_UNKNOWN"):
            ask()
    assert last_day(date(last, 1, 1), 12, roll_holiday=False) == date(last + 1, 1, 1)


def test_a_roll_across_the_end_of_the_known_years_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """2022-12-31 was a Saturday, and rest until 2023-01-03: with 2022 as the last year, nobody can know."""
    assert last_day(date(2021, 12, 31), 12, roll_holiday=True) == date(2023, 1, 3)
    monkeypatch.setattr("verify.subsidy.calendar.loaded_years", lambda: (2004, 2022))
    with pytest.raises(Unavailable, match="CALENDAR_UNKNOWN"):
        last_day(date(2021, 12, 31), 12, roll_holiday=True)
    assert last_day(date(2021, 12, 30), 12, roll_holiday=True) == date(2022, 12, 30)


@pytest.mark.parametrize("workdays", [0, -1, 1001])
def test_a_period_has_at_least_one_workday(workdays: int) -> None:
    with pytest.raises(Malformed, match="WORKDAYS_RANGE"):
        add_workdays(date(2025, 9, 26), workdays)


KNOWN = st.dates(min_value=date(2004, 1, 1), max_value=date(2024, 6, 30))


@given(KNOWN, st.integers(0, 24))
def test_rolling_only_lengthens_and_ends_on_a_workday(start: date, months: int) -> None:
    unrolled = last_day(start, months, roll_holiday=False)
    rolled = last_day(start, months, roll_holiday=True)
    assert rolled >= unrolled
    assert not is_rest(rolled)
    between = [unrolled + timedelta(days=n) for n in range((rolled - unrolled).days)]
    assert all(map(is_rest, between))


@given(KNOWN, st.integers(1, 30))
def test_a_period_holds_exactly_its_workdays(start: date, workdays: int) -> None:
    end = add_workdays(start, workdays)
    days = [start + timedelta(days=n) for n in range(1, (end - start).days + 1)]
    assert sum(not is_rest(one) for one in days) == workdays
    assert not is_rest(end)
