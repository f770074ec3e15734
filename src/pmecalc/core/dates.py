"""Calendar dates as day numbers (days since 1970-01-01), the form of all date arithmetic."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TypeAlias

from pmecalc.core.errors import InputError

DateLike: TypeAlias = "date | str"

_EPOCH = date(1970, 1, 1).toordinal()
_ISO_FORM = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)  # no week dates, no compact forms


def day_number(value: object, *, row: int | None = None, field: str = "date") -> int:
    """Days since 1970-01-01 of a date.

    Parameters
    ----------
    value
        A `datetime.date` (the time of day of a `datetime` is dropped), or ISO text.
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
        text = str(value)
        if not _ISO_FORM.fullmatch(text):
            raise ValueError  # noqa: TRY301  (one message for all that is no date)
        return date.fromisoformat(text).toordinal() - _EPOCH
    except ValueError:  # of pandas.NaT too, which calls itself a datetime
        raise InputError(
            f"{str(value)[:40]!r} is not a day of the calendar.",
            code="BAD_DATE",
            row=row,
            field=field,
            value=value,
            hint="Expected YYYY-MM-DD, such as 2021-12-31.",
        ) from None


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
