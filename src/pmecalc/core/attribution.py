"""Where the return comes from: the index, the sector, the manager; and for how long."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Unpack

import numpy as np

from pmecalc.core.conventions import Options
from pmecalc.core.daycount import year_fractions
from pmecalc.core.errors import NotDefinedError
from pmecalc.core.irr import irr
from pmecalc.core.measure import measure
from pmecalc.core.metric import Metric, first_status, undefined
from pmecalc.core.money import money_sum
from pmecalc.core.multiples import nothing_paid_in
from pmecalc.core.pme.direct_alpha import direct_alpha
from pmecalc.core.pme.kaplan_schoar import nfv
from pmecalc.core.valuation import value

if TYPE_CHECKING:
    from pmecalc.core.benchmark import Benchmark
    from pmecalc.core.conventions import Conventions
    from pmecalc.core.dates import DateLike
    from pmecalc.core.fund import Fund
    from pmecalc.core.valuation import Valuation


@dataclass(frozen=True, slots=True)
class LogSplit:
    """The return in two parts that add up, all continuous and per year.

    Parameters
    ----------
    total
        `ln(1 + IRR)`.
    index
        The index return with the fund's own timing.
    alpha
        The continuous direct alpha.
    status
        `ok`, or `multiple` where one of the rates was chosen among several.
    """

    total: float
    index: float
    alpha: float
    status: str


@dataclass(frozen=True, slots=True)
class TwoIndexSplit:
    """What the fund added to a broad index, in two parts that add up.

    Parameters
    ----------
    alpha, selection, sector
        The continuous direct alpha over the broad index; over the sector index (selection within
        the sector); and the difference (choice of the sector). Per year.
    nfv, nfv_selection, nfv_sector
        The same of the value added at the as-of date, in fund currency.
    status
        `ok`, or `multiple` where one of the rates was chosen among several.
    """

    alpha: float
    selection: float
    sector: float
    nfv: float
    nfv_selection: float
    nfv_sector: float
    status: str


def log_attribution(
    fund: Fund,
    benchmark: Benchmark,
    *,
    as_of: DateLike | None = None,
    **options: Unpack[Conventions],
) -> LogSplit:
    """Split the continuous IRR into the index return and direct alpha; exact.

    Parameters
    ----------
    fund, benchmark, as_of, **options
        As for `evaluate`.

    Returns
    -------
    LogSplit
        Rates per year, continuous.

    Raises
    ------
    NotDefinedError
        With the status of the rate that has no value.
    BenchmarkError
        `INDEX_NOT_COVERED`, `INDEX_STALE`.

    References
    ----------
    METHODS 9, 4.7; docs/methods/attribution.md.

    Examples
    --------
    >>> from pmecalc import Benchmark, Fund
    >>> world = Benchmark.of([("2021-01-01", 500), ("2022-01-01", 600)])
    >>> fund = Fund.of(flows=[("2021-01-01", 100, 0), ("2022-01-01", 0, 150)])
    >>> split = log_attribution(fund, world)
    >>> round(math.exp(split.index), 12), round(math.exp(split.alpha), 12)
    (1.2, 1.25)
    """
    at = value(fund, benchmark, as_of=as_of, options=Options.of(**options))
    own, excess = irr.at(at), direct_alpha.at(at)
    total, alpha = _log_rate("log_attribution", own), _log_rate("log_attribution", excess)
    return LogSplit(total, total - alpha, alpha, first_status(own, excess)[0])


def two_index_split(
    fund: Fund,
    broad: Benchmark,
    sector: Benchmark,
    *,
    as_of: DateLike | None = None,
    **options: Unpack[Conventions],
) -> TwoIndexSplit:
    """Split direct alpha and value added into selection within a sector and choice of the sector.

    Parameters
    ----------
    fund, as_of, **options
        As for `evaluate`.
    broad, sector
        The two indices, in the fund's currency.

    Returns
    -------
    TwoIndexSplit
        Rates per year, continuous, and money.

    Raises
    ------
    NotDefinedError
        With the status of the alpha that has no value.
    BenchmarkError
        `INDEX_NOT_COVERED`, `INDEX_STALE`.

    References
    ----------
    METHODS 9; docs/methods/attribution.md.

    Examples
    --------
    The broad index grew by a fifth, the sector by a quarter, the fund by half:

    >>> from pmecalc import Benchmark, Fund
    >>> broad = Benchmark.of([("2021-01-01", 500), ("2022-01-01", 600)])
    >>> sector = Benchmark.of([("2021-01-01", 100), ("2022-01-01", 125)])
    >>> fund = Fund.of(flows=[("2021-01-01", 100, 0), ("2022-01-01", 0, 150)])
    >>> split = two_index_split(fund, broad, sector)
    >>> round(math.exp(split.selection), 12), split.nfv_selection, split.nfv_sector
    (1.2, 25.0, 5.0)
    """
    made = Options.of(**options)
    over_broad = value(fund, broad, as_of=as_of, options=made)
    over_sector = value(fund, sector, as_of=as_of, options=made)
    rates = direct_alpha.at(over_broad), direct_alpha.at(over_sector)
    alpha, selection = (_log_rate("two_index_split", rate) for rate in rates)
    added, selected = nfv.at(over_broad).number, nfv.at(over_sector).number
    return TwoIndexSplit(
        alpha=alpha,
        selection=selection,
        sector=alpha - selection,
        nfv=added,
        nfv_selection=selected,
        nfv_sector=added - selected,
        status=first_status(*rates)[0],
    )


@measure(index=True, nav=True)
def duration(at: Valuation) -> Metric:
    """Years from the average money paid in to the average money received, index-discounted.

    Continuous direct alpha is about `ln(KS-PME)` over it; exactly so with one flow each way.

    References
    ----------
    METHODS 9; Phalippou and Gottschalg (2009), Review of Financial Studies 22(4);
    docs/methods/duration.md.

    Examples
    --------
    >>> from pmecalc import Benchmark, Fund
    >>> world = Benchmark.of([("2021-01-01", 500), ("2022-01-01", 600)])
    >>> duration(Fund.of(flows=[("2021-01-01", 100, 0), ("2022-01-01", 0, 150)]), world)
    1.0
    """
    if at.start is None:
        return undefined("no_flows")
    paid = at.contributions * at.growth
    received = np.append(at.distributions * at.growth, at.nav)
    all_paid, all_received = money_sum(paid), money_sum(received)
    if all_paid <= 0:
        return nothing_paid_in(at)
    if all_received <= 0:
        return undefined("no_distributions", "nothing came back and nothing is left")
    times = year_fractions(at.start, np.append(at.days, at.as_of), at.options.day_count)
    end = math.fsum(received * times) / all_received
    return Metric(end - math.fsum(paid * times[:-1]) / all_paid)


@measure()
def average_holding(at: Valuation) -> Metric:
    """Years that a unit paid in was invested on average, `>= 0`.

    Invested is what was paid in less what came back, 0 where more came back.

    References
    ----------
    METHODS 9; docs/methods/duration.md.

    Examples
    --------
    Half of it comes back after one of two years:

    >>> from pmecalc import Fund
    >>> flows = [("2021-01-01", 100, 0), ("2022-01-01", 0, 50)]
    >>> average_holding(Fund.of(flows=flows, navs=[("2023-01-01", 60)]))
    1.5
    """
    if at.paid_in <= 0 or at.start is None:
        return nothing_paid_in(at)
    times = year_fractions(at.start, np.append(at.days, at.as_of), at.options.day_count)
    invested = np.maximum(np.cumsum(-at.net), 0.0)
    return Metric(math.fsum(invested * np.diff(times)) / at.paid_in)


def _log_rate(name: str, rate: Metric) -> float:
    if rate.log_rate is None:
        raise NotDefinedError(name, rate.status, rate.reason)
    return rate.log_rate
