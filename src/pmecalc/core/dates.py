"""Calendar dates as day numbers (days since 1970-01-01), the form of all date arithmetic."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TypeAlias

from pmecalc.core.errors import InputError

DateLike: TypeAlias = "date | str"

_EPOCH = date(1970, 1, 1).toordinal()
# No week dates, no compact forms; the time of day and its zone are dropped (METHODS 1.4).
_ISO_FORM = re.compile(
    r"(\d{4}-\d\d-\d\d)([T ]([01]\d|2[0-4]):[0-5]\d(:[0-5]\d([.,]\d+)?)?(Z|[+-]\d\d(:?\d\d)?)?)?",
    re.ASCII | re.IGNORECASE,
)


def day_number(value: object, *, row: int | None = None, field: str = "date") -> int:
    """Days since 1970-01-01 of a date.

    Parameters
    ----------
    value
        A `datetime.date` or ISO text; a time of day and its zone are dropped, the written day
        counts.
    row, field
        Where the value stood, for the message.

    Returns
    -------
    int
        Days, negative before 1970.

    Raises
    ------
    InputError
        `BAD_DATE`: it is no day of the calendar.

    References
    ----------
    METHODS 1.4: time of day and time zones are dropped.

    Examples
    --------
    >>> day_number("1970-01-31")
    30
    """
    try:
        if isinstance(value, datetime):
            return value.date().toordinal() - _EPOCH
        if isinstance(value, date):
            return value.toordinal() - _EPOCH
        return written_day(str(value)).toordinal() - _EPOCH
    except ValueError:  # of pandas.NaT too, which calls itself a datetime
        raise InputError(
            why_no_day(str(value)[:40]),
            code="BAD_DATE",
            row=row,
            field=field,
            value=value,
            hint="Expected YYYY-MM-DD, such as 2021-12-31.",
        ) from None


def written_day(text: str) -> date:
    """The day that ISO text names, with or without a time; ValueError where it names none.

    >>> written_day("2020-03-31T23:30:00+02:00")
    datetime.date(2020, 3, 31)
    """
    found = _ISO_FORM.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return date.fromisoformat(found[1])


def why_no_day(text: str) -> str:
    """The sentence that says why a text is no date.

    >>> why_no_day("2021-02-30")
    "'2021-02-30' is not a day of the calendar."
    >>> why_no_day("01/15/2018")
    "'01/15/2018' is not written as YYYY-MM-DD."
    """
    if _ISO_FORM.fullmatch(text):
        return f"{text!r} is not a day of the calendar."
    return f"{text!r} is not written as YYYY-MM-DD."


def date_of(day: int) -> date:
    """The calendar date of a day number.

    >>> date_of(30)
    datetime.date(1970, 1, 31)
    """
    return date.fromordinal(int(day) + _EPOCH)


def iso(day: int) -> str:
    """The ISO text of a day number.

    >>> iso(30)
    '1970-01-31'
    """
    return date_of(day).isoformat()
