"""Scaled PME: contributions scaled so that the index investor ends with the fund's NAV."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pmecalc.core.irr import irr, nearest_choice, rate_metric, solve_at
from pmecalc.core.measure import measure
from pmecalc.core.metric import Metric, derived
from pmecalc.core.pme.kaplan_schoar import index_log_rate, ks_pme

if TYPE_CHECKING:
    from pmecalc.core.valuation import Valuation


@measure(index=True, nav=True)
def scaled_pme_irr(at: Valuation) -> Metric:
    """The IRR of scaled contributions, distributions and the NAV, `> -1`; never short.

    Hamilton Lane scales contributions by KS-PME, Bison divides distributions and NAV by it: the
    streams are proportional, so the IRR is one. Defined where KS-PME is above 0.

    References
    ----------
    METHODS 4.8; Cobalt LP and Bison platform notes; docs/methods/scaled.md.

    Examples
    --------
    >>> from pmecalc import Benchmark, Fund
    >>> world = Benchmark.of([("2021-01-01", 500), ("2022-01-01", 600)])
    >>> fund = Fund.of(flows=[("2021-01-01", 100, 0), ("2022-01-01", 0, 150)])
    >>> round(scaled_pme_irr(fund, world), 12)
    0.2
    """
    ratio = ks_pme.at(at)
    if ratio.value is None:
        return Metric(None, ratio.status, roots=(), reason=ratio.reason)
    if ratio.number <= 0:
        reason = f"KS-PME is {ratio.number:g}, so the scaled contributions buy no index"
        status = "no_flows" if ratio.number == 0 else "no_investment"
        return Metric(None, status, roots=(), reason=reason)
    return rate_metric(
        solve_at(at, at.distributions, ratio.number * at.contributions),
        nearest_choice(index_log_rate(at)),
    )


@measure(index=True, nav=True)
def scaled_pme_spread(at: Valuation) -> Metric:
    """The fund's IRR less that of the scaled PME, per year.

    References
    ----------
    METHODS 4.8, 4.3; docs/methods/scaled.md.

    Examples
    --------
    >>> from pmecalc import Benchmark, Fund
    >>> world = Benchmark.of([("2021-01-01", 500), ("2022-01-01", 600)])
    >>> fund = Fund.of(flows=[("2021-01-01", 100, 0), ("2022-01-01", 0, 150)])
    >>> round(scaled_pme_spread(fund, world), 12)
    0.3
    """
    return derived(lambda fund, index: fund - index, irr.at(at), scaled_pme_irr.at(at))
