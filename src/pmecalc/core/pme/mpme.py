"""mPME: an index investor who sells the same share of the position as the fund distributes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pmecalc.core.irr import irr, nearest_choice, rate_metric, solve_at
from pmecalc.core.measure import measure
from pmecalc.core.metric import Metric, derived
from pmecalc.core.pme.kaplan_schoar import index_log_rate
from pmecalc.core.residual_nav import reported_on, residual_navs
from pmecalc.core.valuation import once

if TYPE_CHECKING:
    from pmecalc.core.fund import FloatArray
    from pmecalc.core.valuation import Valuation


@dataclass(frozen=True, slots=True)
class Replica:
    """The index investor's sales and end.

    Parameters
    ----------
    purchases
        Money into the index, by day, shape (n_days,); negative where capital came back.
    sales
        Money from selling the index, by day, shape (n_days,), `>= 0`.
    end
        The position at the as-of date, `>= 0`.
    estimated_share
        The share of distributions whose NAV was rolled forward, from 0 to 1.
    """

    purchases: FloatArray
    sales: FloatArray
    end: float
    estimated_share: float


@measure(index=True)
def mpme_nav(at: Valuation) -> Metric:
    """The index position at the as-of date, in fund currency, `>= 0`.

    References
    ----------
    METHODS 4.5; Cambridge Associates (2013); docs/methods/mpme.md.

    Examples
    --------
    A third of the fund is paid out, so a third of the index position is sold:

    >>> from pmecalc import Benchmark, Fund
    >>> world = Benchmark.of([("2020-01-01", 500), ("2021-01-01", 600)])
    >>> flows = [("2020-01-01", 100, 0), ("2021-01-01", 0, 50)]
    >>> round(mpme_nav(Fund.of(flows=flows, navs=[("2021-01-01", 100)]), world), 9)
    80.0
    """
    held = replica(at)
    return _marked(Metric(held.end), held)


@measure(index=True)
def mpme_irr(at: Valuation) -> Metric:
    """The IRR of the contributions, the sales and the end of the index investor, `>= -1`.

    References
    ----------
    METHODS 4.5; Cambridge Associates (2013), Modified Public Market Equivalent;
    docs/methods/mpme.md.

    Examples
    --------
    >>> from pmecalc import Benchmark, Fund
    >>> world = Benchmark.of([("2021-01-01", 500), ("2022-01-01", 600)])
    >>> flows = [("2021-01-01", 100, 0), ("2022-01-01", 0, 50)]
    >>> round(mpme_irr(Fund.of(flows=flows, navs=[("2022-01-01", 100)]), world), 12)
    0.2
    """
    held = replica(at)
    rate = rate_metric(
        solve_at(at, held.sales, held.purchases, held.end), nearest_choice(index_log_rate(at))
    )
    return _marked(rate, held)


@measure(index=True, nav=True)
def mpme_spread(at: Valuation) -> Metric:
    """IRR less the mPME IRR, per year.

    References
    ----------
    METHODS 4.5; docs/methods/mpme.md.

    Examples
    --------
    >>> from pmecalc import Benchmark, Fund
    >>> world = Benchmark.of([("2021-01-01", 500), ("2022-01-01", 600)])
    >>> flows = [("2021-01-01", 100, 0), ("2022-01-01", 0, 50)]
    >>> round(mpme_spread(Fund.of(flows=flows, navs=[("2022-01-01", 100)]), world), 12)
    0.3
    """
    return derived(lambda fund, index: fund - index, irr.at(at), mpme_irr.at(at))


@once
def replica(at: Valuation) -> Replica:
    """Follow the index investor through the fund's flows."""
    residual = residual_navs(
        at.fund, at.days, until=at.as_of, benchmark=at.benchmark, options=at.options
    )
    navs = np.maximum(residual.values, 0.0)
    paying = at.distributions > 0
    shares = np.zeros(len(at.days))
    np.divide(at.distributions, at.distributions + navs, out=shares, where=paying)
    paid = at.contributions - np.minimum(at.distributions, 0.0)  # a clawback is paid in again
    bought = (paid / at.levels).tolist()
    reversed_ = bool((paid < 0).any())
    if reversed_:
        bought = _covered(bought, shares.tolist())
    units = 0.0
    sold = []
    for buy, share in zip(bought, shares.tolist(), strict=True):
        units += buy
        sold.append(share * units)
        units -= sold[-1]
    return Replica(
        purchases=np.array(bought) * at.levels if reversed_ else paid,
        sales=np.array(sold) * at.levels,
        end=units * at.end_level,
        estimated_share=estimated_share(at),
    )


@once
def estimated_share(at: Valuation) -> float:
    """The share of the distributions that fall on a day whose NAV was not reported, 0 to 1.

    References
    ----------
    METHODS 4.5.
    """
    paying = at.distributions > 0
    guessed = paying & ~reported_on(at.fund, at.days)
    received = math.fsum(at.distributions[paying].tolist())
    return math.fsum(at.distributions[guessed].tolist()) / received if received else 0.0


def _covered(bought: list[float], shares: list[float]) -> list[float]:
    """Units bought, where capital returned is sold as far as any is held."""
    units = 0.0
    covered = []
    for wanted, share in zip(bought, shares, strict=True):
        covered.append(max(wanted, -units))
        units = (units + covered[-1]) * (1 - share)
    return covered


def _marked(metric: Metric, held: Replica) -> Metric:
    """The outcome with a mark where interim NAVs were estimated."""
    if held.estimated_share <= 0:
        return metric
    codes = (*metric.warnings, "MPME_NAV_ESTIMATED")
    return replace(metric, warnings=codes, estimated=metric.value is not None)
