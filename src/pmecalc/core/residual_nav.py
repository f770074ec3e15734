"""The NAV of a fund on any day: reported, rolled forward, assumed, or not known."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pmecalc.core.conventions import Options, refused
from pmecalc.core.dates import iso
from pmecalc.core.fund import NavRemark
from pmecalc.core.lookup import levels_on
from pmecalc.core.money import money_sum, negligible

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pmecalc.core.benchmark import Benchmark
    from pmecalc.core.fund import BoolArray, FloatArray, Fund, IntArray

NO_DAY = -(2**62)
MAX_FRESH_DAYS = 200  # METHODS 1.5: an older NAV is stale


@dataclass(frozen=True, slots=True)
class ResidualNav:
    """The NAV of one day and where it comes from; build one with `residual_nav`.

    Parameters
    ----------
    value
        Money; NaN where nothing is known.
    day
        The day of the reported NAV it starts from; None where there was none before.
    estimated
        Whether it was rolled forward or taken at cost rather than reported.
    missing
        Why nothing is known; None where something is.
    warnings
        Codes of METHODS 11.2.
    max_index_gap_days
        The largest gap between a day and the index level that the NAV grew with.
    """

    value: float
    day: int | None = None
    estimated: bool = False
    missing: str | None = None
    warnings: tuple[str, ...] = ()
    max_index_gap_days: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class ResidualNavs:
    """Estimates of the NAV on several days; build one with `residual_navs`.

    Parameters
    ----------
    values
        Money, shape (n_days,); before the first NAV contributions less distributions, at least 0.
    known
        False where no NAV was reported up to the day and none may be assumed, shape (n_days,).
    reported
        True where the value was reported for that day, shape (n_days,).
    """

    values: FloatArray
    known: BoolArray
    reported: BoolArray


@dataclass(frozen=True, slots=True, eq=False)
class _Roll:
    """NAVs rolled forward: values, which of them were cut at 0, and the days they start from."""

    values: FloatArray
    floored: BoolArray
    source_days: IntArray
    max_index_gap_days: int


def residual_nav(
    fund: Fund,
    day: int,
    *,
    until: int | None = None,
    benchmark: Benchmark | None = None,
    options: Options | None = None,
) -> ResidualNav:
    """The NAV of a fund at the end of a day.

    Parameters
    ----------
    fund
        Flows and NAVs.
    day
        A day number.
    until
        The last day whose flows count for whether a fund without any NAV is realised; `day` by
        default.
    benchmark, options
        With `nav_growth="index"` a NAV grows with the benchmark from its own day on; flows since
        do not. With `before_first_nav="cost"` an unknown NAV is contributions less distributions.

    Returns
    -------
    ResidualNav
        In fund currency. A fund that never reported a NAV and whose last day with money brought
        more than it took is realised: 0, with `NAV_ASSUMED_ZERO`.

    Raises
    ------
    BenchmarkError
        `INDEX_NOT_COVERED`, `INDEX_STALE`: with `nav_growth="index"`, at either end of a roll.
    InputError
        `UNSUPPORTED_OPTION`: `nav_growth="index"` without a benchmark.

    References
    ----------
    METHODS 1.5.

    Examples
    --------
    >>> from pmecalc.core.fund import Fund
    >>> fund = Fund.of(
    ...     flows=[("1970-01-01", 100, 0), ("1970-01-21", 0, 30)], navs=[("1970-01-11", 110)]
    ... )
    >>> residual_nav(fund, 10).value, residual_nav(fund, 20).value
    (110.0, 80.0)
    >>> residual_nav(fund, 5).missing
    'the first NAV is that of 1970-01-11'
    """
    place = int(fund.nav_days.searchsorted(day, side="right")) - 1
    if place >= 0:
        return _reported(fund, place, day) or _rolled_forward(fund, day, benchmark, options)
    realised = realisation_day(fund, day if until is None else until)
    if realised is not None and realised <= day:
        return ResidualNav(0.0, warnings=("NAV_ASSUMED_ZERO",))
    if options is not None and options.before_first_nav == "cost":
        cost = float(_roll(fund, np.array([day]), None, None).values[0])
        return ResidualNav(cost, estimated=True, warnings=("NAV_AT_COST",))
    missing = "no NAV was reported"
    if len(fund.nav_days):
        missing = f"the first NAV is that of {iso(fund.nav_days[0])}"
    return ResidualNav(math.nan, missing=missing)


def residual_navs(
    fund: Fund,
    days: IntArray,
    *,
    until: int,
    benchmark: Benchmark | None = None,
    options: Options | None = None,
) -> ResidualNavs:
    """Estimates of the NAV at the end of several days.

    Parameters
    ----------
    fund
        Flows and NAVs.
    days
        Day numbers, shape (n_days,), ascending.
    until
        The last day whose flows count for whether a fund without any NAV is realised.
    benchmark, options
        See `residual_nav`.

    Raises
    ------
    BenchmarkError, InputError
        As `residual_nav`.

    References
    ----------
    METHODS 1.5, 4.5.

    Examples
    --------
    >>> from pmecalc.core.fund import Fund
    >>> fund = Fund.of(
    ...     flows=[("1970-01-01", 100, 0), ("1970-01-21", 0, 30)], navs=[("1970-01-11", 110)]
    ... )
    >>> navs = residual_navs(fund, np.array([5, 10, 20]), until=20)
    >>> navs.values.tolist(), navs.known.tolist(), navs.reported.tolist()
    ([100.0, 110.0, 80.0], [False, True, True], [False, True, False])
    """
    roll = _roll(fund, days, benchmark, options)
    known = roll.source_days != NO_DAY
    values = roll.values
    if len(fund.nav_days) == 0:
        realised = realisation_day(fund, until)
        known = np.full(len(days), fill_value=False) if realised is None else days >= realised
        values = np.where(known, 0.0, values)
    if options is not None and options.before_first_nav == "cost":
        known = ~_left_open(fund, days)
    return ResidualNavs(values, known, reported_on(fund, days))


def reported_on(fund: Fund, days: IntArray) -> BoolArray:
    """Whether the NAV of each day was reported for that day, shape (n_days,).

    Examples
    --------
    >>> from pmecalc.core.fund import Fund
    >>> fund = Fund.of(flows=[("1970-01-01", 100, 0)], navs=[("1970-01-11", 110)])
    >>> reported_on(fund, np.array([0, 10, 20])).tolist()
    [False, True, False]
    """
    if len(fund.nav_days) == 0:
        return np.zeros(len(days), np.bool_)
    places = fund.nav_days.searchsorted(days, side="right") - 1
    dated: BoolArray = fund.nav_days[places] == days
    return dated & ~fund.nav_estimated[places] & ~np.isnan(fund.navs[places])


def realisation_day(fund: Fund, until: int) -> int | None:
    """The last day with money of a fund that never reported a NAV, if it brought more than it took.

    Examples
    --------
    >>> from pmecalc.core.fund import Fund
    >>> fund = Fund.of(flows=[("1970-01-01", 100, 0), ("1970-01-21", 0, 30)])
    >>> realisation_day(fund, 30), realisation_day(fund, 10)
    (20, None)
    """
    if len(fund.nav_days):
        return None
    count = int(fund.days.searchsorted(until, side="right"))
    moving = ((fund.contributions[:count] != 0) | (fund.distributions[:count] != 0)).nonzero()[0]
    if len(moving) == 0:
        return None
    last = int(fund.days[moving[-1]])
    rows = slice(int(fund.days.searchsorted(last)), count)
    received = money_sum([*fund.distributions[rows], *(-fund.contributions[rows])])
    return last if received > 0 else None


def _left_open(fund: Fund, days: IntArray) -> BoolArray:
    """Whether the latest NAV up to each day is that of a pool and not known."""
    if len(fund.nav_days) == 0:
        return np.zeros(len(days), np.bool_)
    places = np.searchsorted(fund.nav_days, days, side="right") - 1
    return (places >= 0) & np.isnan(fund.navs[places])


def _reported(fund: Fund, place: int, day: int) -> ResidualNav | None:
    """The NAV of the day itself; None where it was not reported."""
    if fund.nav_days[place] != day:
        return None
    nav = float(fund.navs[place])
    if math.isnan(nav):
        return ResidualNav(nav, missing=_missing(fund, day))
    is_estimated = bool(fund.nav_estimated[place])
    rolled = ("NAV_ROLLED_FORWARD",) if is_estimated else ()
    negative = ("NAV_NEGATIVE",) if nav < 0 else ()
    of_members = _remark(fund, day).warnings
    return ResidualNav(nav, day, is_estimated, warnings=(*rolled, *of_members, *negative))


def _remark(fund: Fund, day: int) -> NavRemark:
    """What a pool knows of its NAV on one of its days."""
    found = (each for each in fund.nav_remarks if each.day == day)
    return next(found, NavRemark(day))


def _missing(fund: Fund, day: int) -> str:
    """Why the NAV of a pool is not known on one of its days."""
    return _remark(fund, day).missing or "the NAV is not known"


def _rolled_forward(
    fund: Fund, day: int, benchmark: Benchmark | None, options: Options | None
) -> ResidualNav:
    place = int(fund.nav_days.searchsorted(day, side="right")) - 1
    source, base, gap = int(fund.nav_days[place]), float(fund.navs[place]), 0
    if math.isnan(base):
        return ResidualNav(math.nan, missing=_missing(fund, source))
    if options is not None and options.nav_growth == "index":
        growth, gap = _growth(benchmark, np.array([source]), np.array([day]), options)
        base *= float(growth[0])
    (flows,) = _flows_since(fund, [day], [source])
    nav, floored = _rolled(base, *flows)
    facts = {
        "NAV_ROLLED_FORWARD": True,
        "NAV_FLOORED": floored,
        "NAV_STALE": day - source > MAX_FRESH_DAYS,
    }
    warnings = tuple(code for code, holds in facts.items() if holds)
    return ResidualNav(nav, source, True, None, warnings, gap)


def _rolled(base: float, net: float, count: int, size: float) -> tuple[float, bool]:
    """A NAV and the flows since, not below 0, and whether it was cut there."""
    total = base + net
    if negligible(total, count + 1, size + abs(base)):
        return 0.0, False
    return (0.0, True) if total < 0 else (total, False)


def _roll(
    fund: Fund, days: IntArray, benchmark: Benchmark | None, options: Options | None
) -> _Roll:
    """The last NAV before each day plus the flows since; from 0 where none is known."""
    if len(fund.nav_days):
        places = np.searchsorted(fund.nav_days, days, side="right") - 1
        based = (places >= 0) & ~np.isnan(fund.navs[places])
        source_days = np.where(based, fund.nav_days[places], NO_DAY)
        bases = np.where(based, fund.navs[places], 0.0)
    else:
        source_days, bases = np.full(len(days), NO_DAY, dtype=np.int64), np.zeros(len(days))
    gap = 0
    if options is not None and options.nav_growth == "index":
        moving = (source_days != NO_DAY) & (source_days != days)
        growth, gap = _growth(benchmark, source_days[moving], days[moving], options)
        bases[moving] *= growth
    values, floored = bases.copy(), np.zeros(len(days), np.bool_)
    for unknown in (True, False):
        moving = np.flatnonzero((source_days != days) & ((source_days == NO_DAY) == unknown))
        flows = _flows_since(fund, days[moving].tolist(), source_days[moving].tolist())
        for place, since in zip(moving.tolist(), flows, strict=True):
            values[place], floored[place] = _rolled(float(bases[place]), *since)
    return _Roll(values, floored, source_days, gap)


def _flows_since(
    fund: Fund, days: Sequence[int], source_days: Sequence[int]
) -> Iterator[tuple[float, int, float]]:
    """Contributions less distributions after each source day up to its day.

    Gives the sum, how many terms it has, and the sum of their absolute values: one sweep over the
    flows, with the rounding errors carried along (Neumaier).
    """
    flow_days = fund.days.tolist()
    paid, received = fund.contributions.tolist(), fund.distributions.tolist()
    row, source = 0, None
    total = error = size = 0.0
    count = 0
    for day, source_day in zip(days, source_days, strict=True):
        if source_day != source:
            source = source_day
            row = max(row, int(fund.days.searchsorted(source_day, side="right")))
            total = error = size = 0.0
            count = 0
        while row < len(flow_days) and flow_days[row] <= day:
            for term in (paid[row], -received[row]):
                new = total + term
                error += (total - new) + term if abs(total) >= abs(term) else (term - new) + total
                total = new
                size += abs(term)
            count += 2
            row += 1
        yield total + error, count, size


def _growth(
    benchmark: Benchmark | None, after: IntArray, until: IntArray, options: Options
) -> tuple[FloatArray, int]:
    """Index growth of each span, and the largest gap."""
    if benchmark is None:
        raise refused("nav_growth", "index", "none where there is no benchmark")
    levels, gap = levels_on(
        benchmark,
        np.concatenate([after, until]),
        lookup=options.lookup,
        max_staleness_days=options.max_staleness_days,
    )
    return levels[len(after) :] / levels[: len(after)], gap
