"""Year fractions between dates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

from pmecalc.core.errors import InputError

if TYPE_CHECKING:
    from pmecalc.core.fund import FloatArray, IntArray

DayCount: TypeAlias = Literal["ACT/365F"]
_DAYS_A_YEAR = 365.0


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

    Returns
    -------
    FloatArray
        Years, of the shape of `days`, negative before `start`.

    Raises
    ------
    InputError
        `UNSUPPORTED_OPTION` for any other day count.

    References
    ----------
    METHODS 1.4.

    Examples
    --------
    >>> import numpy as np
    >>> year_fractions(0, np.array([365, 730]), "ACT/365F").tolist()
    [1.0, 2.0]
    """
    if day_count != "ACT/365F":
        raise InputError(
            f"day_count={day_count!r} is not offered.",
            code="UNSUPPORTED_OPTION",
            field="day_count",
            value=day_count,
            hint="Offered: ACT/365F.",
        )
    return (days - start) / _DAYS_A_YEAR
