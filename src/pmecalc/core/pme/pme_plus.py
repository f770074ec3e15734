"""PME+: distributions scaled so that the index investor ends with the fund's NAV."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pmecalc.core.irr import irr, nearest_choice, rate_metric, solve_at
from pmecalc.core.measure import measure
from pmecalc.core.metric import Metric, derived, undefined
from pmecalc.core.money import money_sum
from pmecalc.core.multiples import nothing_paid_in
from pmecalc.core.pme.kaplan_schoar import (
    carried_size,
    fv_contributions,
    fv_distributions,
    index_log_rate,
)

if TYPE_CHECKING:
    from pmecalc.core.valuation import Valuation


@measure(index=True, nav=True)
def pme_plus_lambda(at: Valuation) -> Metric:
    """The factor on distributions: a ratio, below 1 where the fund beat the benchmark.

    Negative where the NAV exceeds what the contributions would be worth in the index.

    References
    ----------
    METHODS 4.4; Rouvinez (2003), Venture Capital Journal, August; docs/methods/pme_plus.md.

    Examples
    --------
    >>> from pmecalc import Benchmark, Fund
    >>> world = Benchmark.of([("2020-01-01", 500), ("2021-01-01", 600)])
    >>> flows = [("2020-01-01", 100, 0), ("2021-01-01", 0, 80)]
    >>> pme_plus_lambda(Fund.of(flows=flows, navs=[("2021-01-01", 60)]), world)
    0.75
    """
    if fv_contributions.at(at).number <= 0:
        return nothing_paid_in(at)
    returned = fv_distributions.at(at).number
    if returned <= 0:
        return undefined("no_distributions")
    terms = [*(at.contributions * at.growth).tolist(), -at.nav]
    factor = money_sum(terms, abs(at.nav) + carried_size(at)) / returned
    return Metric(factor, warnings=("LAMBDA_NEGATIVE",) if factor < 0 else ())


@measure(index=True, nav=True)
def pme_plus_irr(at: Valuation) -> Metric:
    """The IRR of contributions, scaled distributions and the NAV, `> -1`.

    References
    ----------
    METHODS 4.4; Rouvinez (2003), Venture Capital Journal, August; docs/methods/pme_plus.md.

    Examples
    --------
    >>> from pmecalc import Benchmark, Fund
    >>> world = Benchmark.of([("2021-01-01", 500), ("2022-01-01", 600)])
    >>> flows = [("2021-01-01", 100, 0), ("2022-01-01", 0, 80)]
    >>> round(pme_plus_irr(Fund.of(flows=flows, navs=[("2022-01-01", 60)]), world), 12)
    0.2
    """
    factor = pme_plus_lambda.at(at)
    if factor.value is None:
        return Metric(None, factor.status, roots=(), reason=factor.reason)
    return rate_metric(
        solve_at(at, factor.number * at.distributions, at.contributions),
        nearest_choice(index_log_rate(at)),
        warnings=factor.warnings,
    )


@measure(index=True, nav=True)
def pme_plus_spread(at: Valuation) -> Metric:
    """IRR less the PME+ IRR, per year.

    References
    ----------
    METHODS 4.4; docs/methods/pme_plus.md.

    Examples
    --------
    >>> from pmecalc import Benchmark, Fund
    >>> world = Benchmark.of([("2021-01-01", 500), ("2022-01-01", 600)])
    >>> flows = [("2021-01-01", 100, 0), ("2022-01-01", 0, 80)]
    >>> round(pme_plus_spread(Fund.of(flows=flows, navs=[("2022-01-01", 60)]), world), 12)
    0.2
    """
    return derived(lambda fund, index: fund - index, irr.at(at), pme_plus_irr.at(at))
