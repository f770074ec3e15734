"""Kaplan-Schoar PME and the excess value over the index."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from pmecalc.core.measure import measure
from pmecalc.core.metric import Metric, rate_of, undefined
from pmecalc.core.money import money_sum
from pmecalc.core.multiples import nothing_paid_in
from pmecalc.core.valuation import once

if TYPE_CHECKING:
    from pmecalc.core.fund import FloatArray
    from pmecalc.core.valuation import Valuation


@measure(index=True)
def fv_contributions(at: Valuation) -> Metric:
    """Contributions, each carried to the as-of date at the index return; fund currency, `>= 0`.

    References
    ----------
    METHODS 1.1 (FC); docs/methods/kaplan_schoar.md.

    Examples
    --------
    >>> from pmecalc import Benchmark, Fund
    >>> world = Benchmark.of([("2020-01-01", 500), ("2021-01-01", 600)])
    >>> fv_contributions(Fund.of(flows=[("2020-01-01", 100, 0), ("2021-01-01", 0, 150)]), world)
    120.0
    """
    return Metric(future_value(at, at.contributions))


@measure(index=True, opening=False)
def fv_distributions(at: Valuation) -> Metric:
    """Distributions, each carried to the as-of date at the index return; fund currency, `>= 0`.

    References
    ----------
    METHODS 1.1 (FD); docs/methods/kaplan_schoar.md.

    Examples
    --------
    >>> from pmecalc import Benchmark, Fund
    >>> world = Benchmark.of([("2020-01-01", 500), ("2021-01-01", 600)])
    >>> fv_distributions(Fund.of(flows=[("2020-01-01", 100, 0), ("2021-01-01", 0, 150)]), world)
    150.0
    """
    return Metric(future_value(at, at.distributions))


@measure(index=True, nav=True)
def ks_pme(at: Valuation) -> Metric:
    """Total value over paid-in, each flow carried to the end at the index return: a ratio.

    Above 1 the fund beat the benchmark.

    References
    ----------
    METHODS 4.1; Kaplan and Schoar (2005), Journal of Finance 60(4); docs/methods/kaplan_schoar.md.

    Examples
    --------
    100 paid in, 150 back, while the benchmark grew by a fifth:

    >>> from pmecalc import Benchmark, Fund
    >>> fund = Fund.of(flows=[("2020-01-01", 100, 0), ("2021-01-01", 0, 150)])
    >>> ks_pme(fund, Benchmark.of([("2020-01-01", 500), ("2021-01-01", 600)]))
    1.25
    """
    invested = fv_contributions.at(at).number
    if invested <= 0:
        return nothing_paid_in(at)
    received = money_sum([fv_distributions.at(at).number, at.nav])
    return Metric(received / invested)


@measure(index=True, nav=True)
def nfv(at: Valuation) -> Metric:
    """Value added over the index, in fund currency of the as-of date.

    References
    ----------
    METHODS 4.2; docs/methods/kaplan_schoar.md.

    Examples
    --------
    >>> from pmecalc import Benchmark, Fund
    >>> world = Benchmark.of([("2020-01-01", 500), ("2021-01-01", 600)])
    >>> nfv(Fund.of(flows=[("2020-01-01", 100, 0), ("2021-01-01", 0, 150)]), world)
    30.0
    """
    return Metric(money_sum([at.nav, *(-_carried(at)).tolist()], abs(at.nav) + carried_size(at)))


@measure(index=True, nav=True)
def npv(at: Valuation) -> Metric:
    """Value added over the index, discounted with the index to the first flow.

    References
    ----------
    METHODS 4.2; docs/methods/kaplan_schoar.md.

    Examples
    --------
    >>> from pmecalc import Benchmark, Fund
    >>> world = Benchmark.of([("2020-01-01", 500), ("2021-01-01", 600)])
    >>> npv(Fund.of(flows=[("2020-01-01", 100, 0), ("2021-01-01", 0, 150)]), world)
    25.0
    """
    if at.start is None:
        return undefined("no_flows")
    return Metric(nfv.at(at).number * start_level(at) / at.end_level)


@measure(index=True, opening=False)
def index_cagr(at: Valuation) -> Metric:
    """The index's own annualised return from the first flow to the as-of date, `> -1`.

    References
    ----------
    METHODS 2.4; docs/methods/kaplan_schoar.md.

    Examples
    --------
    >>> from pmecalc import Benchmark, Fund
    >>> world = Benchmark.of([("2021-01-01", 500), ("2022-01-01", 600)])
    >>> round(index_cagr(Fund.of(flows=[("2021-01-01", 1, 0), ("2022-01-01", 0, 1)]), world), 12)
    0.2
    """
    if at.start is None:
        return undefined("no_flows")
    if at.years == 0:
        return undefined("zero_duration")
    return rate_of(index_log_rate(at))


def future_value(at: Valuation, amounts: FloatArray) -> float:
    """The sum of amounts by day, each carried to the as-of date at the index return."""
    return money_sum((amounts * at.growth).tolist())


@once
def icm_nav(at: Valuation) -> float:
    """FC - FD, the terminal position of an index investor with the fund's flows."""
    return money_sum(_carried(at).tolist(), carried_size(at))


def carried_size(at: Valuation) -> float:
    """All that moved, before netting, carried to the as-of date: what rounding is measured by."""
    return float(at.moved @ at.growth)


@once
def _carried(at: Valuation) -> FloatArray:
    """Money paid in (positive) and received, each carried to the as-of date, shape (2 n_days,)."""
    return np.concatenate([at.growth * at.contributions, -at.growth * at.distributions])


@once
def start_level(at: Valuation) -> float:
    """The index level on the day of the first flow."""
    return float(at.levels[at.days == at.start][0])


@once
def index_log_rate(at: Valuation) -> float:
    """`ln(1 + index_cagr)`, 0 where there is no time."""
    if at.start is None or at.years == 0:
        return 0.0
    return math.log(at.end_level / start_level(at)) / at.years
