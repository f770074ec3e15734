"""How the NAV of one date became that of another."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from pmecalc.core.conventions import Options
from pmecalc.core.dates import day_number, iso
from pmecalc.core.errors import InputError
from pmecalc.core.money import money_sum
from pmecalc.core.residual_nav import ResidualNav, residual_nav
from pmecalc.core.valuation import default_as_of, value_on

if TYPE_CHECKING:
    from pmecalc.core.dates import DateLike
    from pmecalc.core.fund import Fund


@dataclass(frozen=True, slots=True)
class ValueBridge:
    """Opening + contributions - distributions + gain = closing, in fund currency.

    Parameters
    ----------
    start, as_of
        ISO text; flows after the one and up to the other count. A start of None is before the
        first flow.
    opening, closing
        NAVs: reported, else rolled forward; None where nothing is known.
    contributions, distributions
        Money paid in and received in between.
    gain
        The residual; None where one of the NAVs is not known.
    estimated
        Whether one of the NAVs was rolled forward.
    """

    start: str | None
    as_of: str
    opening: float | None
    contributions: float
    distributions: float
    gain: float | None
    closing: float | None
    estimated: bool


def value_bridge(
    fund: Fund, *, start: DateLike | None = None, as_of: DateLike | None = None
) -> ValueBridge:
    """The roll of the NAV over one period.

    Parameters
    ----------
    fund
        Flows and NAVs.
    start
        The day of the opening NAV; by default before the first flow, with nothing.
    as_of
        The day of the closing NAV; by default the latest NAV's.

    Returns
    -------
    ValueBridge
        Money, in fund currency.

    Raises
    ------
    InputError
        `BAD_DATE`, where the start is not before the as-of date too.

    References
    ----------
    METHODS 5.4; docs/methods/value_bridge.md.

    Examples
    --------
    >>> from pmecalc import Fund
    >>> navs = [("2021-01-01", 100), ("2022-01-01", 90)]
    >>> fund = Fund.of(flows=[("2020-01-01", 80, 0), ("2021-07-01", 10, 35)], navs=navs)
    >>> value_bridge(fund, start="2021-01-01").gain
    15.0
    """
    last = default_as_of(fund) if as_of is None else day_number(as_of, field="as_of")
    if start is None:
        return _bridge(fund, None, last)
    first = day_number(start, field="start")
    if first >= last:
        raise InputError(
            f"The start {iso(first)} is not before the as-of date {iso(last)}.",
            code="BAD_DATE",
            field="start",
            value=start,
            hint="Choose an earlier start.",
        )
    return _bridge(fund, first, last)


def nav_roll(fund: Fund, *, as_of: DateLike | None = None) -> list[ValueBridge]:
    """One bridge for each period between reported NAVs, from before the first flow on.

    Parameters
    ----------
    fund
        Flows and NAVs.
    as_of
        The end; a last period up to it is added where no NAV was reported on it.

    Returns
    -------
    list[ValueBridge]
        In order of time; each opens with what the one before closed with.

    Raises
    ------
    InputError
        `BAD_DATE`.

    References
    ----------
    METHODS 5.4; docs/methods/value_bridge.md.

    Examples
    --------
    >>> from pmecalc import Fund
    >>> navs = [("2020-12-31", 100), ("2021-12-31", 90)]
    >>> fund = Fund.of(flows=[("2020-01-01", 80, 0), ("2021-07-01", 10, 35)], navs=navs)
    >>> [each.gain for each in nav_roll(fund)]
    [20.0, 15.0]
    """
    last = default_as_of(fund) if as_of is None else day_number(as_of, field="as_of")
    days = np.unique(np.append(fund.nav_days[fund.nav_days <= last], last)).tolist()
    return [_bridge(fund, first, end) for first, end in pairwise([None, *days])]


def _bridge(fund: Fund, first: int | None, last: int) -> ValueBridge:
    at = value_on(fund, None, last, Options())
    within = np.ones(len(at.days), np.bool_) if first is None else at.days > first
    paid, received = math.fsum(at.contributions[within]), math.fsum(at.distributions[within])
    begin = ResidualNav(0.0)
    if first is not None:
        before = residual_nav(fund, first, until=last)
        unmoved = at.start is None or first < at.start
        begin = begin if before.missing and unmoved else before
    unknown = begin.missing is not None or at.residual.missing is not None
    return ValueBridge(
        start=None if first is None else iso(first),
        as_of=iso(last),
        opening=None if begin.missing else begin.value,
        contributions=paid,
        distributions=received,
        gain=None if unknown else money_sum([at.nav, received, -begin.value, -paid]),
        closing=None if at.residual.missing else at.nav,
        estimated=begin.estimated or at.residual.estimated,
    )
