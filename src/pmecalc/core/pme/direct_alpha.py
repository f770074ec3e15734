"""Direct alpha: the rate by which the fund beat the index, and the index return it implies."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pmecalc.core.irr import against, against_money, irr, rate_metric, solve_at
from pmecalc.core.measure import measure
from pmecalc.core.metric import Metric, derived_rate, log_of
from pmecalc.core.pme.kaplan_schoar import nfv

if TYPE_CHECKING:
    from pmecalc.core.metric import Metric
    from pmecalc.core.valuation import Valuation


@measure(index=True, nav=True)
def direct_alpha(at: Valuation) -> Metric:
    """The annual rate that index-carried flows and the NAV earn: discrete, `>= -1`.

    References
    ----------
    METHODS 4.6; Gredil, Griffiths and Stucke (2014), SSRN 2403521; docs/methods/direct_alpha.md.

    Examples
    --------
    >>> from pmecalc import Benchmark, Fund
    >>> world = Benchmark.of([("2021-01-01", 500), ("2022-01-01", 600)])
    >>> fund = Fund.of(flows=[("2021-01-01", 100, 0), ("2022-01-01", 0, 150)])
    >>> round(direct_alpha(fund, world), 12)
    0.25
    """
    rate = rate_metric(solve_at(at, at.distributions * at.growth, at.contributions * at.growth))
    return against_money(rate, nfv.at(at).number)


@measure(index=True, nav=True)
def direct_alpha_log(at: Valuation) -> Metric:
    """`ln(1 + direct_alpha)`: the continuous form of the paper, per year.

    References
    ----------
    METHODS 4.6; docs/methods/direct_alpha.md.

    Examples
    --------
    >>> import math
    >>> from pmecalc import Benchmark, Fund
    >>> world = Benchmark.of([("2021-01-01", 500), ("2022-01-01", 600)])
    >>> fund = Fund.of(flows=[("2021-01-01", 100, 0), ("2022-01-01", 0, 150)])
    >>> math.isclose(direct_alpha_log(fund, world), math.log(1.25))
    True
    """
    alpha = direct_alpha.at(at)
    return replace(log_of(alpha), warnings=against(alpha))


@measure(index=True, nav=True)
def implied_index_irr(at: Valuation) -> Metric:
    """The index return with the fund's own timing: (1 + IRR) over (1 + direct alpha), less 1.

    References
    ----------
    METHODS 4.7; docs/methods/direct_alpha.md.

    Examples
    --------
    >>> from pmecalc import Benchmark, Fund
    >>> world = Benchmark.of([("2021-01-01", 500), ("2022-01-01", 600)])
    >>> fund = Fund.of(flows=[("2021-01-01", 100, 0), ("2022-01-01", 0, 150)])
    >>> round(implied_index_irr(fund, world), 12)
    0.2
    """
    return derived_rate(lambda fund, excess: fund - excess, irr.at(at), direct_alpha.at(at))
