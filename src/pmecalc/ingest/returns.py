"""Columns under `level` that hold returns or growth factors rather than levels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pmecalc.core.dates import date_of, day_number

if TYPE_CHECKING:
    from pmecalc.core.fund import FloatArray, IntArray
    from pmecalc.ingest.options import Levels

MIN_ROWS = 3
MIN_ROWS_FROM_ONE = 8  # of factors that begin with 1, as rebased levels do
_NEAR_ONE = 0.5
_MAX_RETURN = 0.5
_MAX_PERCENT = 100.0
_SHARE_OF_FALLS = 0.1
_MAX_LOG_CHANGE = 0.25  # mean change of a level from row to row, larger than that of any index


def other_readings(values: FloatArray) -> tuple[Levels, ...]:
    """The readings of a column, by date, that may not hold levels; none where it surely does.

    >>> other_readings(np.array([1.013, 0.987, 1.021]))
    ('growth_factors', 'levels')
    >>> other_readings(np.array([0.013, -0.01, 0.02]))
    ('returns', 'percent_returns')
    >>> other_readings(np.array([100.0, 101.3, 99.9]))
    ()
    """
    if len(values) < MIN_ROWS:
        return ()
    size = np.abs(values).max()
    if (values <= 0).any():
        return _of_falling(values, float(size))
    if size < _MAX_RETURN:
        return ("returns", "percent_returns", "levels")
    if _are_factors(values):
        return ("growth_factors", "levels")
    changes = np.abs(np.diff(np.log(values))).mean()
    if size < _MAX_PERCENT and changes > _MAX_LOG_CHANGE and len(values) >= MIN_ROWS_FROM_ONE:
        return ("percent_returns", "levels")
    return ()


def _of_falling(values: FloatArray, size: float) -> tuple[Levels, ...]:
    """The readings of a column with values of 0 or below, which are no levels."""
    if size < 1:
        return ("returns", "percent_returns")
    is_percent = size <= _MAX_PERCENT and (values <= 0).mean() >= _SHARE_OF_FALLS
    return ("percent_returns",) if is_percent else ()


def _are_factors(values: FloatArray) -> bool:
    """Whether values lie around 1 without drifting away from it, as a path of levels does."""
    distance = np.abs(values - 1)
    if distance.max() >= _NEAR_ONE or not distance.any():
        return False
    restless = np.abs(np.diff(values)).mean() / distance.mean()
    if values[0] == 1:
        return bool(len(values) >= MIN_ROWS_FROM_ONE and restless >= 1)
    return bool(restless >= 1 / 2)


def factors_of(values: FloatArray, reading: Levels) -> FloatArray:
    """The growth over each period."""
    if reading == "growth_factors":
        return values
    return 1 + values / (100 if reading == "percent_returns" else 1)


def day_before_first(days: IntArray) -> int:
    """The day of the level before the first return.

    That is the end of the month before, as many months back as lie between all dates; where these
    are not evenly spaced by months, the day before the first date.

    >>> import datetime as dt
    >>> ends = [dt.date(2020, 3, 31), dt.date(2020, 6, 30), dt.date(2020, 9, 30)]
    >>> str(date_of(day_before_first(np.array([day_number(day) for day in ends]))))
    '2019-12-31'
    """
    dates = [date_of(day) for day in days.tolist()]
    months = np.array([12 * each.year + each.month for each in dates])
    steps = np.unique(np.diff(months))
    if len(steps) != 1 or steps[0] < 1:
        return int(days[0]) - 1
    after = int(months[0] - steps[0])  # months count from 1, so this is the month after, from 0
    return day_number(f"{after // 12:04d}-{after % 12 + 1:02d}-01") - 1
