"""Long-Nickels PME: an index investor with the fund's own flows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pmecalc.core.dates import iso
from pmecalc.core.irr import irr, nearest_choice, rate_metric, solve_at
from pmecalc.core.measure import DATE_OR_NONE, measure
from pmecalc.core.metric import Metric, derived, derived_rate, undefined
from pmecalc.core.money import settled
from pmecalc.core.pme.kaplan_schoar import icm_nav, index_log_rate
from pmecalc.core.valuation import once

if TYPE_CHECKING:
    from pmecalc.core.fund import FloatArray
    from pmecalc.core.valuation import Valuation


@measure(index=True)
def ln_nav(at: Valuation) -> Metric:
    """The terminal index position, in fund currency; negative where the investor ends short.

    References
    ----------
    METHODS 4.3; docs/methods/long_nickels.md.

    Examples
    --------
    >>> from pmecalc import Benchmark, Fund
    >>> world = Benchmark.of([("2020-01-01", 500), ("2021-01-01", 600)])
    >>> ln_nav(Fund.of(flows=[("2020-01-01", 100, 0)], navs=[("2021-01-01", 90)]), world)
    120.0
    """
    return Metric(icm_nav(at))


@measure(index=True)
def ln_irr(at: Valuation) -> Metric:
    """The IRR of the fund's flows with the index position in place of the NAV, `> -1`.

    References
    ----------
    METHODS 4.3; Long and Nickels (1996), AIMR conference; docs/methods/long_nickels.md.

    Examples
    --------
    >>> from pmecalc import Benchmark, Fund
    >>> world = Benchmark.of([("2021-01-01", 500), ("2022-01-01", 600)])
    >>> fund = Fund.of(flows=[("2021-01-01", 100, 0)], navs=[("2022-01-01", 90)])
    >>> round(ln_irr(fund, world), 12)
    0.2
    """
    short = ln_short_from.at(at).value
    return rate_metric(
        solve_at(at, at.distributions, at.contributions, icm_nav(at)),
        nearest_choice(index_log_rate(at)),
        warnings=() if short is None else ("LN_SHORT",),
        reason=why_rootless(short),
    )


def why_rootless(short_from: float | str | None) -> str | None:
    """Why the stream has no IRR, where the index position is short from a day on.

    Examples
    --------
    >>> why_rootless("2021-01-01")
    'the index position is short from 2021-01-01 and its stream has no IRR'
    """
    if short_from is None:
        return None
    return f"the index position is short from {short_from} and its stream has no IRR"


@measure(index=True, nav=True)
def ln_spread(at: Valuation) -> Metric:
    """IRR less the Long-Nickels IRR, per year.

    References
    ----------
    METHODS 4.3; docs/methods/long_nickels.md.

    Examples
    --------
    >>> from pmecalc import Benchmark, Fund
    >>> world = Benchmark.of([("2021-01-01", 500), ("2022-01-01", 600)])
    >>> fund = Fund.of(flows=[("2021-01-01", 100, 0)], navs=[("2022-01-01", 90)])
    >>> round(ln_spread(fund, world), 12)
    -0.3
    """
    return derived(lambda fund, index: fund - index, irr.at(at), ln_irr.at(at))


@measure(index=True, nav=True)
def ln_spread_geometric(at: Valuation) -> Metric:
    """(1 + IRR) over (1 + Long-Nickels IRR), less 1, per year.

    References
    ----------
    METHODS 4.3; docs/methods/long_nickels.md.

    Examples
    --------
    >>> from pmecalc import Benchmark, Fund
    >>> world = Benchmark.of([("2021-01-01", 500), ("2022-01-01", 600)])
    >>> fund = Fund.of(flows=[("2021-01-01", 100, 0)], navs=[("2022-01-01", 90)])
    >>> round(ln_spread_geometric(fund, world), 12)
    -0.25
    """
    fund, index = irr.at(at), ln_irr.at(at)
    if fund.status == "total_loss" and index.log_rate is not None:
        return Metric(-1.0, "total_loss", reason=fund.reason)
    return derived_rate(lambda own, replica: own - replica, fund, index)


@measure(index=True, answer=DATE_OR_NONE)
def ln_short_from(at: Valuation) -> Metric:
    """The first date on which the index position is negative, as ISO text; None if never.

    References
    ----------
    METHODS 4.3; docs/methods/long_nickels.md.

    Examples
    --------
    The index investor has 105 when 120 must be paid out:

    >>> from pmecalc import Benchmark, Fund
    >>> world = Benchmark.of([("2020-01-01", 100), ("2021-01-01", 105)])
    >>> flows = [("2020-01-01", 100, 0), ("2021-01-01", 0, 120)]
    >>> ln_short_from(Fund.of(flows=flows, navs=[("2021-03-31", 10)]), world)
    '2021-01-01'
    """
    below = np.flatnonzero(index_positions(at) < 0)
    if len(below):
        return Metric(iso(at.days[below[0]]))
    return Metric(iso(at.as_of) if icm_nav(at) < 0 else None)


@measure(index=True)
def ln_min(at: Valuation) -> Metric:
    """The smallest index position up to the as-of date, in fund currency.

    References
    ----------
    METHODS 4.3; docs/methods/long_nickels.md.

    Examples
    --------
    >>> from pmecalc import Benchmark, Fund
    >>> world = Benchmark.of([("2020-01-01", 100), ("2021-01-01", 105)])
    >>> ln_min(Fund.of(flows=[("2020-01-01", 100, 0), ("2021-01-01", 0, 120)]), world)
    -15.0
    """
    if at.start is None:
        return undefined("no_flows")
    return Metric(min(float(index_positions(at).min()), icm_nav(at)))


@once
def index_positions(at: Valuation) -> FloatArray:
    """The index position after each day's flows, shape (n_days,), in fund currency.

    Carried flows are added and brought back to the day, which is the recursion of METHODS 4.3
    without its chained rounding.
    """
    if len(at.days) == 0:
        return np.zeros(0)
    moved = np.cumsum(at.moved / at.levels)
    units = np.cumsum(-at.net / at.levels)
    return settled(units, 2 * np.arange(1, 1 + len(units)), moved) * at.levels
