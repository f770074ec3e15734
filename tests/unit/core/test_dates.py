"""Day numbers."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest

from pmecalc import InputError
from pmecalc.core.dates import date_of, day_number, iso


@pytest.mark.parametrize(
    "value",
    [
        "2020-02-29",
        date(2020, 2, 29),
        datetime(2020, 2, 29, 23, 59, tzinfo=UTC),
        np.datetime64("2020-02-29"),
        pd.Timestamp("2020-02-29 12:00"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_day_is_a_day_however_it_is_written(value):
    """The time of day and the kind of date do not matter."""
    assert day_number(value) == 18_321
    assert iso(18_321) == "2020-02-29"
    assert date_of(18_321) == date(2020, 2, 29)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "2021-02-29",
        "2021-13-01",
        "20210131",
        "2020-W01-1",
        "31.12.2020",
        "2020-1-1",
        "2020-01-01T25:00",
        " 2020-01-01",
        "２０２０-01-01",
        44_197,
        20201231,
        1.5,
        float("nan"),
        pd.NaT,
        b"2020-01-01",
    ],
)
def test_what_is_no_iso_date_is_refused_with_its_place(value):
    """Serial numbers, week dates and impossible days are BAD_DATE, never guessed at."""
    with pytest.raises(InputError) as caught:
        day_number(value, row=7, field="as_of")
    error = caught.value
    assert (error.code, error.row, error.field) == ("BAD_DATE", 7, "as_of")
    assert error.value is value
    assert "YYYY-MM-DD" in error.hint


@pytest.mark.parametrize("text", ["0001-01-01", "1969-12-31", "9999-12-31"])
def test_the_whole_calendar_goes_there_and_back(text):
    """A day before 1970 is a negative number."""
    assert iso(day_number(text)) == text
    assert (day_number(text) < 0) == (text < "1970")
