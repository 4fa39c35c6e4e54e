"""Days are those of Shanghai's calendar, whatever the hour in UTC."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from issuers.authority.case import SHANGHAI, TIME_MAX_MS, shanghai_date
from ledger.errors import Malformed


@given(st.integers(0, TIME_MAX_MS - 1))
@example(1_772_380_799_999)  # the last millisecond of a day
@example(1_772_380_800_000)
@example(TIME_MAX_MS - 1)
def test_the_day_is_that_of_the_clock_eight_hours_ahead(time_ms: int) -> None:
    moment = datetime.fromtimestamp(time_ms // 1000, UTC)
    assert shanghai_date(time_ms) == moment.astimezone(SHANGHAI).date()


@pytest.mark.parametrize("time_ms", [-1, TIME_MAX_MS])
def test_times_beyond_the_calendar_are_refused(time_ms: int) -> None:
    with pytest.raises(Malformed) as caught:
        shanghai_date(time_ms)
    assert caught.value.code == "TIME_RANGE"
