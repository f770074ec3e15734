"""Year fractions between dates: one row a convention."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from pmecalc.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pmecalc.core.fund import BoolArray, FloatArray, IntArray

DayCount: TypeAlias = Literal[
    "ACT/365F", "ACT/360", "ACT/365.25", "ACT/ACT ISDA", "30E/360", "30/360 US"
]
ISDA_YEAR = 365 * 366  # parts of a year: a day of a leap year has 365 of them, any other 366
SHARED_TIMES = frozenset({"30E/360", "30/360 US"})  # here two days may be one moment


def year_fractions(start: int, days: IntArray, day_count: str) -> FloatArray:
    """Years from one day to others.

    Parameters
    ----------
    start
        A day number.
    days
        Day numbers, any shape.
    day_count
        `ACT/365F`: calendar days over 365, leap days counted, as spreadsheet XIRR does.
        `ACT/360`, `ACT/365.25`: the same over another year. `ACT/ACT ISDA`: the days in leap
        years over 366, the others over 365. `30E/360`: months of 30 days, the 31st counts as
        the 30th. `30/360 US`: the same, but the 31st stays where the period starts before the
        30th, and a period between ends of February is whole years.

    Returns
    -------
    FloatArray
        Years, of the shape of `days`, negative before `start`. In conventions of 30 days two days
        may have one year fraction (`SHARED_TIMES`).

    Raises
    ------
    InputError
        `UNSUPPORTED_OPTION` for any other day count.

    References
    ----------
    METHODS 1.4; ISDA 2006 definitions 4.16.

    Examples
    --------
    >>> import numpy as np
    >>> year_fractions(0, np.array([365, 730]), "ACT/365F").tolist()
    [1.0, 2.0]
    """
    return convention_of(day_count)(start, days)


def convention_of(day_count: str) -> Callable[[int, IntArray], FloatArray]:
    """The function of a convention, or `UNSUPPORTED_OPTION`.

    Examples
    --------
    >>> convention_of("ACT/360")(0, np.array([180])).tolist()
    [0.5]
    """
    rule = DAY_COUNTS.get(day_count)
    if rule is None:
        raise InputError(
            f"day_count={day_count!r} is not offered.",
            code="UNSUPPORTED_OPTION",
            field="day_count",
            value=day_count,
            hint=f"Offered: {', '.join(DAY_COUNTS)}.",
        )
    return rule


def _act_365_fixed(start: int, days: IntArray) -> FloatArray:
    return (days - start) / 365.0


def _act_360(start: int, days: IntArray) -> FloatArray:
    return (days - start) / 360.0


def _act_365_25(start: int, days: IntArray) -> FloatArray:
    return (days - start) / 365.25


def _act_act_isda(start: int, days: IntArray) -> FloatArray:
    """The days in leap years over 366, the others over 365."""
    since: FloatArray = (isda_ticks(days) - isda_ticks(np.array([start]))[0]) / ISDA_YEAR
    return since


def isda_ticks(days: IntArray) -> IntArray:
    """Time since 1970 in whole parts of a year, `ISDA_YEAR` of them, shape of `days`.

    Examples
    --------
    >>> isda_ticks(np.array([0, 365])).tolist() == [0, ISDA_YEAR]
    True
    """
    dates = days.astype("datetime64[D]")
    years = dates.astype("datetime64[Y]")
    begin = years.astype("datetime64[D]").astype(np.int64)
    end = (years + 1).astype("datetime64[D]").astype(np.int64)
    ticks: IntArray = years.astype(np.int64) * ISDA_YEAR + (days - begin) * (
        ISDA_YEAR // (end - begin)
    )
    return ticks


def _thirty_european(start: int, days: IntArray) -> FloatArray:
    months, parts = _in_month(np.append(days.ravel(), start))
    parts = np.minimum(parts, 30)
    return _of_thirty(months[:-1] - months[-1], parts[:-1] - parts[-1]).reshape(days.shape)


def _thirty_us(start: int, days: IntArray) -> FloatArray:
    """The rules look at the earlier day first, so days before the start are counted from them."""
    starts = np.full_like(days, start)
    return np.where(days < start, -_from_first(days, starts), _from_first(starts, days))


def _from_first(first: IntArray, last: IntArray) -> FloatArray:
    first_months, first_parts = _in_month(first)
    last_months, last_parts = _in_month(last)
    from_february = _ends_february(first)
    last_parts = np.where(from_february & _ends_february(last), 30, last_parts)
    first_parts = np.where(from_february, 30, first_parts)
    last_parts = np.where((last_parts == 31) & (first_parts >= 30), 30, last_parts)  # noqa: PLR2004
    return _of_thirty(last_months - first_months, last_parts - np.minimum(first_parts, 30))


def _in_month(days: IntArray) -> tuple[IntArray, IntArray]:
    """The months of days, from January 1970, and the day of the month from 1."""
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    begin = months.astype("datetime64[D]").astype(np.int64)
    return months.astype(np.int64), days - begin + 1


def _ends_february(days: IntArray) -> BoolArray:
    months, _ = _in_month(days)
    following, _ = _in_month(days + 1)
    ends: BoolArray = (months % 12 == 1) & (following > months)
    return ends


def _of_thirty(months: IntArray, days: IntArray) -> FloatArray:
    return (30 * months + days) / 360.0


DAY_COUNTS: Mapping[str, Callable[[int, IntArray], FloatArray]] = MappingProxyType(
    {
        "ACT/365F": _act_365_fixed,
        "ACT/360": _act_360,
        "ACT/365.25": _act_365_25,
        "ACT/ACT ISDA": _act_act_isda,
        "30E/360": _thirty_european,
        "30/360 US": _thirty_us,
    }
)
