"""The modified IRR whose two rates are the index: what comes in is reinvested in it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from pmecalc.core.daycount import year_fractions
from pmecalc.core.irr import by_date
from pmecalc.core.measure import measure
from pmecalc.core.metric import Metric, rate_of, undefined

if TYPE_CHECKING:
    from pmecalc.core.fund import FloatArray, IntArray
    from pmecalc.core.valuation import Valuation


@measure(index=True, nav=True)
def mirr_index(at: Valuation) -> Metric:
    """The annual rate of money reinvested in, and set aside in, the index; `> -1`.

    References
    ----------
    METHODS 3.3; docs/methods/mirr.md.

    Examples
    --------
    55 come back half-way and grow with the index to 66; with 55 more that is 121 for 100:

    >>> from pmecalc import Benchmark, Fund
    >>> days = ["2021-01-01", "2022-01-01", "2023-01-01"]
    >>> fund = Fund.of(flows=[(days[0], 100, 0), (days[1], 0, 55), (days[2], 0, 55)])
    >>> world = Benchmark.of(zip(days, [100, 100, 120]))
    >>> round(mirr_index(fund, world, max_staleness_days=None), 12)
    0.1
    """
    days, amounts = by_date(*at.stream(at.distributions, at.contributions))
    if at.start is None or len(days) == 0:
        return undefined("no_flows")
    years = float(year_fractions(int(days[0]), np.array([at.as_of]), at.options.day_count)[0])
    if years == 0:
        return undefined("zero_duration")
    if not (amounts < 0).any():
        return undefined("no_investment")
    if not (amounts > 0).any():
        return undefined("no_distributions", "nothing came back and nothing is left")
    growth = _growth(at, days)
    grown = math.fsum((amounts * growth)[amounts > 0])
    set_aside = math.fsum((-amounts * growth)[amounts < 0])
    return rate_of(math.log(grown / set_aside * float(growth[0])) / years)


def _growth(at: Valuation, days: IntArray) -> FloatArray:
    """Index growth from each day to the as-of date."""
    places = np.minimum(np.searchsorted(at.days, days), len(at.days) - 1)
    return np.where(at.days[places] == days, at.growth[places], 1.0)
