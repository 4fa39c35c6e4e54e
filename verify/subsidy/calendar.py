"""Days as the law counts them: months, last days, workdays. Pure.

Promises: a day that depends on holidays nobody has announced yet is never guessed. All dates are dates in
Shanghai; nothing here knows what time it is.

Sources: 民法典 201 (the first day is not counted), 202 (a period of months ends on the corresponding day, or
on the last day of a month that lacks it), 203 (a last day that is a day of rest moves to the day after the
rest). Days of rest are those of the State Council's yearly notices, as `chinesecalendar` holds them: moved
workdays (调休) are workdays even on a Saturday. The notice for a coming year may still change the last
days of the December before it.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from functools import cache

import chinese_calendar
from chinese_calendar.constants import holidays

from ledger.errors import Malformed, Unavailable

_DAY = timedelta(days=1)
_MONTHS = 12


def add_months(day: date, months: int) -> date:
    """The day `months` later; the month's last day where it has no such day (民法典 202).

    Past the last year a date can have, the last day there is: no day that is compared with it comes after.
    """
    years, month = divmod(day.month - 1 + months, _MONTHS)
    year, month = day.year + years, month + 1
    if year > date.max.year:
        return date.max
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def last_day(start: date, months: int, *, roll_holiday: bool) -> date:
    """The last day of a period of months that begins on `start`, which is not counted (民法典 201, 202).

    With `roll_holiday`, a last day of rest moves to the first workday after it (203).
    Raises Unavailable CALENDAR_UNKNOWN where that needs a year whose holidays are not loaded.
    """
    day = add_months(start, months)
    if not roll_holiday:
        return day
    while is_rest(day):
        day += _DAY
    return day


def add_workdays(start: date, workdays: int) -> date:
    """The last of `workdays` workdays after `start`, which is not counted, as for a public notice (公示).

    Raises Malformed WORKDAYS_RANGE, Unavailable CALENDAR_UNKNOWN.
    """
    if not 1 <= workdays <= 1_000:
        raise Malformed("WORKDAYS_RANGE", "a period has 1 to 1000 workdays")
    day = start
    for _ in range(workdays):
        day += _DAY
        while is_rest(day):
            day += _DAY
    return day


def is_rest(day: date) -> bool:
    """Whether people rest on `day`: holidays and weekends, less moved workdays. Raises CALENDAR_UNKNOWN."""
    first, last = loaded_years()
    if not first <= day.year <= last:
        raise Unavailable(
            "CALENDAR_UNKNOWN",
            f"the days of rest are known for the years {first} to {last} only",
            fix="Load the calendar of that year once it is announced.",
        )
    return bool(chinese_calendar.is_holiday(day))  # type: ignore[no-untyped-call]  # the package has no types


@cache
def loaded_years() -> tuple[int, int]:
    """The first and last year whose days of rest are known."""
    return min(holidays).year, max(holidays).year
