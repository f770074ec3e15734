"""A fund seen from a later start: its NAV then counts as paid in."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import replace
from typing import TYPE_CHECKING, Unpack

import numpy as np

from pmecalc.core.conventions import Options
from pmecalc.core.dates import date_of, day_number, iso
from pmecalc.core.errors import BenchmarkError, InputError
from pmecalc.core.evaluate import Report
from pmecalc.core.fund import frozen
from pmecalc.core.irr import irr
from pmecalc.core.measure import measure
from pmecalc.core.metric import Metric, undefined
from pmecalc.core.residual_nav import residual_nav
from pmecalc.core.valuation import default_as_of, value_on

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from pmecalc.core.benchmark import Benchmark
    from pmecalc.core.conventions import Conventions
    from pmecalc.core.dates import DateLike
    from pmecalc.core.fund import Fund
    from pmecalc.core.residual_nav import ResidualNav
    from pmecalc.core.valuation import Valuation

STANDARD_YEARS = (1, 3, 5, 10)


def horizon(
    fund: Fund,
    benchmark: Benchmark | None = None,
    *,
    start: DateLike,
    as_of: DateLike | None = None,
    **options: Unpack[Conventions],
) -> Report:
    """All measures from a start to the as-of date.

    Parameters
    ----------
    fund
        Flows and NAVs.
    benchmark
        The index, or None.
    start
        The NAV of this day is paid in; flows after it count. On or before the first flow: since
        inception, with the warning `SINCE_INCEPTION`.
    as_of
        The valuation date; by default the latest NAV's.
    **options
        As for `evaluate`.

    Returns
    -------
    Report
        Every measure null with `no_nav` where no NAV is known at the start, `stale_start` where it
        is older than half the horizon, `no_contributions` where it is not positive. Outcomes carry
        the warnings of a NAV at the start that was not reported on the day.

    Raises
    ------
    InputError
        `BAD_DATE`, where the start is not before the as-of date too.
    BenchmarkError
        As for `evaluate`, from the start on.

    References
    ----------
    METHODS 5.2; docs/methods/horizon.md.

    Examples
    --------
    >>> from pmecalc import Fund
    >>> navs = [("2021-01-01", 100), ("2022-01-01", 110)]
    >>> fund = Fund.of(flows=[("2015-01-01", 50, 0)], navs=navs)
    >>> round(horizon(fund, start="2021-01-01").irr, 12)
    0.1
    """
    made = Options.of(**options)
    first = day_number(start, field="start")
    last = default_as_of(fund) if as_of is None else day_number(as_of, field="as_of")
    begun = value_on(fund, None, last, Options(netting=made.netting)).start
    if begun is None or first <= begun:
        return Report(_since_inception(value_on(fund, benchmark, last, made)))
    if first >= last:
        raise InputError(
            f"The start {iso(first)} is not before the as-of date {iso(last)}.",
            code="BAD_DATE",
            field="start",
            value=start,
            hint="Choose an earlier start.",
        )
    return Report(_from_start(fund, benchmark, first, last, made))


def horizons(
    fund: Fund,
    benchmark: Benchmark | None = None,
    *,
    as_of: DateLike | None = None,
    years: Sequence[int] = STANDARD_YEARS,
    **options: Unpack[Conventions],
) -> dict[int, Report]:
    """All measures over the last 1, 3, 5 and 10 years, or others.

    Parameters
    ----------
    fund
        Flows and NAVs.
    benchmark
        The index, or None.
    as_of
        The valuation date; by default the latest NAV's.
    years
        Whole calendar years before it, `>= 1`; from the end of a month to the end of a month.
    **options
        As for `evaluate`.

    Returns
    -------
    dict[int, Report]
        By years; every measure null with `too_young` where the fund is younger.

    Raises
    ------
    InputError
        `BAD_DATE`, `UNSUPPORTED_OPTION`.
    BenchmarkError
        As for `evaluate`, from each start on.

    References
    ----------
    METHODS 5.2; docs/methods/horizon.md.

    Examples
    --------
    >>> from pmecalc import Fund
    >>> navs = [("2019-12-31", 100), ("2021-12-31", 121), ("2022-12-31", 121)]
    >>> seen = horizons(Fund.of(flows=[("2015-01-01", 50, 0)], navs=navs), years=(1, 3))
    >>> {span: round(report.irr, 3) for span, report in seen.items()}
    {1: 0.0, 3: 0.066}
    """
    last = default_as_of(fund) if as_of is None else day_number(as_of, field="as_of")
    for span in years:
        if not 1 <= span < date_of(last).year:
            raise InputError(
                f"years={span!r} is not offered.",
                code="UNSUPPORTED_OPTION",
                field="years",
                value=span,
                hint="Expected: whole years, 1 or more.",
            )
    made = Options.of(**options)
    seen = value_on(fund, None, last, replace(made, nav_growth="none"))
    return {span: Report(_named(seen, benchmark, span, made)) for span in years}


@measure(nav=True)
def irr_1y(at: Valuation) -> Metric:
    """Net IRR of the last year, per year; null with `too_young` where the fund is younger.

    References
    ----------
    METHODS 5.2; docs/methods/horizon.md.

    Examples
    --------
    >>> from pmecalc import Fund, evaluate
    >>> navs = [('2021-12-31', 100), ("2022-12-31", 110)]
    >>> report = evaluate(Fund.of(flows=[("2001-01-01", 50, 0)], navs=navs))
    >>> round(report.irr_1y, 12)
    0.1
    """
    return _span_irr(at, 1)


@measure(nav=True)
def irr_3y(at: Valuation) -> Metric:
    """Net IRR of the last three years, per year; null with `too_young` where the fund is younger.

    References
    ----------
    METHODS 5.2; docs/methods/horizon.md.

    Examples
    --------
    >>> from pmecalc import Fund, evaluate
    >>> navs = [('2019-12-31', 100), ("2022-12-31", 100 * 1.1 ** (1096 / 365))]
    >>> report = evaluate(Fund.of(flows=[("2001-01-01", 50, 0)], navs=navs))
    >>> round(report.irr_3y, 12)
    0.1
    """
    return _span_irr(at, 3)


@measure(nav=True)
def irr_5y(at: Valuation) -> Metric:
    """Net IRR of the last five years, per year; null with `too_young` where the fund is younger.

    References
    ----------
    METHODS 5.2; docs/methods/horizon.md.

    Examples
    --------
    >>> from pmecalc import Fund, evaluate
    >>> navs = [('2017-12-31', 100), ("2022-12-31", 100 * 1.1 ** (1826 / 365))]
    >>> report = evaluate(Fund.of(flows=[("2001-01-01", 50, 0)], navs=navs))
    >>> round(report.irr_5y, 12)
    0.1
    """
    return _span_irr(at, 5)


@measure(nav=True)
def irr_10y(at: Valuation) -> Metric:
    """Net IRR of the last ten years, per year; null with `too_young` where the fund is younger.

    References
    ----------
    METHODS 5.2; docs/methods/horizon.md.

    Examples
    --------
    >>> from pmecalc import Fund, evaluate
    >>> navs = [('2012-12-31', 100), ("2022-12-31", 100 * 1.1 ** (3652 / 365))]
    >>> report = evaluate(Fund.of(flows=[("2001-01-01", 50, 0)], navs=navs))
    >>> round(report.irr_10y, 12)
    0.1
    """
    return _span_irr(at, 10)


def _span_irr(at: Valuation, years: int) -> Metric:
    if at.start is None:
        return undefined("no_flows")
    index = at.benchmark if at.options.nav_growth == "index" else None
    try:
        return irr.at(_named(at, index, years, at.options))
    except BenchmarkError as error:
        return undefined(error.code.lower(), str(error))


def _named(seen: Valuation, benchmark: Benchmark | None, years: int, options: Options) -> Valuation:
    """The fund from whole years before the date on which it is seen; void where it is younger."""
    fund, last = seen.fund, seen.as_of
    first = day_number(_years_before(last, years), field="start")
    if seen.start is None:
        return value_on(fund, benchmark, last, options)
    if seen.residual.missing is not None:
        return _void(seen, "no_nav", seen.residual.missing)
    if first < seen.start:
        count = "1 year" if years == 1 else f"{years} years"
        return _void(seen, "too_young", f"the fund is younger than {count}")
    if first == seen.start:
        return _since_inception(value_on(fund, benchmark, last, options))
    return _from_start(fund, benchmark, first, last, options)


def _since_inception(at: Valuation) -> Valuation:
    return replace(at, warnings=("SINCE_INCEPTION", *at.warnings), known={}, shared={})


def _from_start(
    fund: Fund, benchmark: Benchmark | None, first: int, last: int, options: Options
) -> Valuation:
    """The fund from a day after its first flow, or why nothing is known of it."""
    opening = residual_nav(fund, first, until=last, benchmark=benchmark, options=options)
    missing = opening.missing
    if opening.estimated and opening.value == 0:
        missing = "the NAV before, rolled forward with the flows since, comes to nothing"
    if missing is not None:
        at = value_on(fund, None, last, replace(options, nav_growth="none"))
        return _void(at, "no_nav", f"on {iso(first)}: {missing}")
    warned = replace(opening, warnings=_of_the_start(opening))
    at = value_on(_bought(fund, first, opening), benchmark, last, options, warned)
    if opening.day is not None and 2 * (first - opening.day) > last - first:
        reason = f"the last NAV before {iso(first)} is that of {iso(opening.day)}"
        return _void(at, "stale_start", reason)
    if opening.value <= 0:
        why = f"the NAV on {iso(first)} is not positive, so nothing was invested from then on"
        return _void(at, "no_contributions", why)
    return at


def _of_the_start(opening: ResidualNav) -> tuple[str, ...]:
    """The warnings of a NAV that concern what starts from it."""
    return tuple(code for code in opening.warnings if code != "NAV_STALE")


def _void(at: Valuation, status: str, reason: str) -> Valuation:
    void = Metric(None, status, roots=(), reason=reason)
    return replace(at, void=void, opening=None, known={}, shared={})


def _years_before(last: int, years: int) -> date:
    """The same day of an earlier year, or the end of its month where `last` ends one."""
    end = date_of(last)
    longest = monthrange(end.year - years, end.month)[1]
    closes = end.day == monthrange(end.year, end.month)[1]
    return end.replace(year=end.year - years, day=longest if closes else min(end.day, longest))


def _bought(fund: Fund, first: int, opening: ResidualNav) -> Fund:
    """The fund of those who bought it at its NAV on a day."""
    kept, navs, again = (
        slice(int(days.searchsorted(first, side="right")), None)
        for days in (fund.days, fund.nav_days, fund.recallable_days)
    )
    return replace(
        fund,
        days=frozen(np.append(first, fund.days[kept])),
        contributions=frozen(np.append(max(opening.value, 0.0), fund.contributions[kept])),
        distributions=frozen(np.append(0.0, fund.distributions[kept])),
        rows=frozen(np.append(0, fund.rows[kept])),
        nav_days=frozen(np.append(first, fund.nav_days[navs])),
        navs=frozen(np.append(opening.value, fund.navs[navs])),
        nav_estimated=frozen(np.append(opening.estimated, fund.nav_estimated[navs])),
        recallable_days=fund.recallable_days[again],
        recallable=fund.recallable[again],
    )
