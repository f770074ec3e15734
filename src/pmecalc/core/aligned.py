"""Many funds as one that all began on the same day: time counts from each fund's first flow.

Index factors belong to calendar dates, so they are taken before anything is shifted. A day of the
shifted pool then holds money of several calendar days, each with a factor of its own; there is no
index level that a `Fund` could be compared with on it. Hence no `Fund` comes back but a prepared
value that holds both streams: money as it is, and money carried to the as-of date.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pmecalc.core.content import ByContent
from pmecalc.core.daycount import year_fractions
from pmecalc.core.fund import frozen
from pmecalc.core.irr import against_money, by_date, rate_metric, solve_times
from pmecalc.core.metric import Metric, log_of, undefined
from pmecalc.core.money import money_sum
from pmecalc.core.valuation import value_on

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pmecalc.core.benchmark import Benchmark
    from pmecalc.core.conventions import Options
    from pmecalc.core.fund import FloatArray, Fund
    from pmecalc.core.valuation import Valuation

_NEED_NAV = ("rvpi", "tvpi", "irr")
_NEED_INDEX = ("ks_pme", "nfv", "direct_alpha", "direct_alpha_log")


@dataclass(frozen=True, slots=True, eq=False)
class AlignedPool(ByContent):
    """Funds shifted to a common start; build one with `pool(..., align="time_zero")`.

    Parameters
    ----------
    times
        Years since the first flow of the row's own fund, shape (n_rows,).
    contributions, distributions
        Money, shape (n_rows,), in fund currency, `>= 0`.
    growth
        Index growth from the row's calendar day to the as-of date, shape (n_rows,); None without
        a benchmark.
    ages, navs
        Years since its first flow, and NAV, of each fund at the as-of date, shape (n_funds,).
    n_excluded
        Funds that had not begun by the as-of date.
    warnings
        Codes of METHODS 11.2 of the members, each once.
    missing
        The members whose NAV is not known, and why; None where all are.
    """

    times: FloatArray
    contributions: FloatArray
    distributions: FloatArray
    growth: FloatArray | None
    ages: FloatArray
    navs: FloatArray
    n_excluded: int
    warnings: tuple[str, ...]
    missing: str | None = None

    @property
    def metrics(self) -> dict[str, Metric]:
        """The measures that a shifted pool has, by name.

        Multiples, KS-PME and value added are those of the unshifted pool, since sums do not know
        of dates; `irr`, `direct_alpha` and `direct_alpha_log` are not.
        """
        if len(self.ages) == 0:
            names = ("dpi", *_NEED_NAV, *_NEED_INDEX)
            return dict.fromkeys(names, _without("no_flows"))
        paid, received = math.fsum(self.contributions), math.fsum(self.distributions)
        dpi = _ratio(received, paid)
        if self.missing is not None:
            unknown = undefined("no_nav", self.missing)
            indexed = undefined("no_index") if self.growth is None else unknown
            own = dict.fromkeys(_NEED_NAV, unknown)
            return {"dpi": dpi, **own, **dict.fromkeys(_NEED_INDEX, indexed)}
        nav = math.fsum(self.navs)
        found = {
            "dpi": dpi,
            "rvpi": _ratio(nav, paid),
            "tvpi": _ratio(math.fsum([*self.distributions, *self.navs]), paid),
            "irr": against_money(
                self._rate(self.distributions, self.contributions),
                money_sum([*self.distributions, *self.navs, *(-self.contributions)]),
            ),
        }
        if self.growth is None:
            return {**found, **dict.fromkeys(_NEED_INDEX, undefined("no_index"))}
        carried_in, carried_out = self.contributions * self.growth, self.distributions * self.growth
        added = money_sum([*carried_out, *self.navs, *(-carried_in)])
        alpha = against_money(self._rate(carried_out, carried_in), added)
        return {
            **found,
            "ks_pme": _ratio(math.fsum([*carried_out, *self.navs]), math.fsum(carried_in)),
            "nfv": Metric(added),
            "direct_alpha": alpha,
            "direct_alpha_log": log_of(alpha),
        }

    def _rate(self, received: FloatArray, paid: FloatArray) -> Metric:
        moments, places = np.unique(
            np.concatenate([self.times, self.times, self.ages]), return_inverse=True
        )
        kept, sums = by_date(places, np.concatenate([received, -paid, self.navs]))
        if len(kept) == 0:
            return _without("no_flows")
        if moments[kept[0]] == self.ages.max():
            return _without("zero_duration")
        times = moments[kept] - moments[kept[0]]
        return rate_metric(solve_times(times, sums))


def aligned_pool(
    funds: Sequence[Fund], benchmark: Benchmark | None, as_of: int, options: Options
) -> AlignedPool:
    """Shift funds to a common start; see `pool`.

    Parameters
    ----------
    funds
        Of one currency.
    benchmark
        The index, or None.
    as_of
        The common valuation date, a day number.
    options
        The conventions.

    Returns
    -------
    AlignedPool
        Each fund's NAV stands at its own age on the as-of date.

    Raises
    ------
    BenchmarkError
        `INDEX_NOT_COVERED`, `INDEX_STALE`: of the calendar dates.

    References
    ----------
    METHODS 6.1.

    Examples
    --------
    Two funds that each doubled in a year, three years apart:

    >>> from pmecalc import Fund
    >>> from pmecalc.core.conventions import Options
    >>> a = Fund.of(flows=[("2010-01-01", 100, 0), ("2011-01-01", 0, 200)])
    >>> b = Fund.of(flows=[("2013-01-01", 50, 0), ("2014-01-01", 0, 100)])
    >>> round(aligned_pool([a, b], None, 16071, Options()).metrics["irr"].value, 12)
    1.0
    """
    seen = [value_on(fund, benchmark, as_of, options) for fund in funds]
    begun = [(at, at.start) for at in seen if at.start is not None]
    growth = _joined([at.growth for at, _ in begun])
    return AlignedPool(
        times=_joined([year_fractions(start, at.days, options.day_count) for at, start in begun]),
        contributions=_joined([at.contributions for at, _ in begun]),
        distributions=_joined([at.distributions for at, _ in begun]),
        growth=None if benchmark is None else growth,
        ages=_joined([np.array([at.years]) for at, _ in begun]),
        navs=_joined([np.array([at.nav]) for at, _ in begun]),
        n_excluded=len(seen) - len(begun),
        warnings=tuple(sorted({code for at in seen for code in at.warnings})),
        missing=_missing(seen),
    )


def _joined(columns: list[FloatArray]) -> FloatArray:
    return frozen(np.concatenate([np.zeros(0), *columns]))


def _lacks_nav(at: Valuation) -> bool:
    return at.start is not None and at.residual.missing is not None


def _missing(seen: list[Valuation]) -> str | None:
    """The members whose NAV is not known, by name or position, and why; None where all are."""
    if len(seen) == 1:
        return seen[0].residual.missing if _lacks_nav(seen[0]) else None
    unknown = [
        f"{at.fund.name or f'fund {position}'}: {at.residual.missing}"
        for position, at in enumerate(seen, start=1)
        if _lacks_nav(at)
    ]
    return "; ".join(unknown) or None


def _ratio(money: float, paid: float) -> Metric:
    return undefined("no_contributions") if paid == 0 else Metric(money / paid)


def _without(status: str) -> Metric:
    return replace(undefined(status), roots=())
