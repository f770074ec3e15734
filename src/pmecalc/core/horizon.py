"""A fund seen from a later start: its NAV then counts as paid in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from pmecalc.core.dates import day_number, iso
from pmecalc.core.errors import InputError
from pmecalc.core.evaluate import Report, report_at
from pmecalc.core.fund import frozen
from pmecalc.core.methods import METHODS
from pmecalc.core.metric import Metric
from pmecalc.core.valuation import Options, default_as_of, residual_values, value_on

if TYPE_CHECKING:
    from pmecalc.core.benchmark import Benchmark
    from pmecalc.core.dates import DateLike
    from pmecalc.core.fund import Fund


def horizon(
    fund: Fund,
    benchmark: Benchmark | None = None,
    *,
    start: DateLike,
    as_of: DateLike | None = None,
    **options: object,
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
        inception.
    as_of
        The valuation date; by default the latest NAV's.
    **options
        As for `evaluate`.

    Returns
    -------
    Report
        Every measure null with `no_contributions` where the NAV at the start is not positive.

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
    begun = value_on(fund, None, last, made).start
    if begun is None or first <= begun:
        return report_at(value_on(fund, benchmark, last, made))
    if first >= last:
        raise InputError(
            f"The start {iso(first)} is not before the as-of date {iso(last)}.",
            code="BAD_DATE",
            field="start",
            value=start,
            hint="Choose an earlier start.",
        )
    opening = residual_values(fund, np.array([first]))
    base = float(opening.values[0])
    report = report_at(value_on(_from(fund, first, base), benchmark, last, made))
    if not opening.reported[0]:
        codes = dict.fromkeys(("NAV_ROLLED_FORWARD", *report.warnings))
        report = replace(report, warnings=tuple(codes))
    return report if base > 0 else _null(report, first)


def _from(fund: Fund, first: int, base: float) -> Fund:
    """The fund of those who bought it at its NAV on a day."""
    kept, navs = fund.days > first, fund.nav_days > first
    return replace(
        fund,
        days=frozen(np.append(first, fund.days[kept])),
        contributions=frozen(np.append(max(base, 0.0), fund.contributions[kept])),
        distributions=frozen(np.append(0.0, fund.distributions[kept])),
        rows=frozen(np.append(0, fund.rows[kept])),
        nav_days=frozen(np.append(first, fund.nav_days[navs])),
        navs=frozen(np.append(base, fund.navs[navs])),
        nav_estimated=frozen(np.append(False, fund.nav_estimated[navs])),
    )


def _null(report: Report, first: int) -> Report:
    why = f"the NAV on {iso(first)} is not positive, so nothing was invested from then on"
    return replace(
        report,
        metrics={name: Metric(None, "no_contributions", reason=why) for name in METHODS},
    )
