"""The measures of one fund by the compiled loops, where these are loaded and the case is theirs."""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from pmecalc.core import engine
from pmecalc.core.dates import iso
from pmecalc.core.daycount import year_fractions
from pmecalc.core.methods import METHODS
from pmecalc.core.metric import Metric

if TYPE_CHECKING:
    from pmecalc.core.fund import FloatArray, IntArray
    from pmecalc.core.valuation import Options, Valuation

_ROOTED = frozenset({"irr", "ln_irr", "pme_plus_irr", "direct_alpha", "mpme_irr", "scaled_pme_irr"})
PLACES = MappingProxyType({name: place for place, name in enumerate(METHODS)})
_CLOCKS = frozenset({"ACT/ACT ISDA", "30E/360"})  # a table of times; the others divide days
_ALL = np.ones(6, np.bool_)
_OK = engine.STATUSES.index("ok")


class Rows(NamedTuple):
    """Outcomes on some days, shape (n_days, n_measures) each, in the order of `METHODS`.

    Parameters
    ----------
    values
        Numbers, NaN where there is none; `ln_short_from` is a day number.
    codes
        Places in `engine.STATUSES`; below 0 where the plain engine must say.
    log_rates
        `ln(1+r)` of rates that a stream earns, NaN for the others.
    """

    values: FloatArray
    codes: npt.NDArray[np.int8]
    log_rates: FloatArray


def rows_on(at: Valuation, days: IntArray, navs: FloatArray, end_levels: FloatArray) -> Rows | None:
    """Every measure of a fund on some days up to the as-of date; None where that is not for here.

    Parameters
    ----------
    at
        The valuation whose fund, index levels and conventions are used.
    days, navs, end_levels
        Ascending day numbers, the NAV and the index level of each, shape (n_days,).

    Returns
    -------
    Rows | None
        None without the compiled loops, and under conventions that they do not know.

    Examples
    --------
    >>> from pmecalc.core.fund import Fund
    >>> from pmecalc.core.valuation import value
    >>> at = value(Fund.of(flows=[("2020-01-01", 100, 0)], navs=[("2021-01-01", 120)]))
    >>> rows = rows_on(at, np.array([at.as_of]), np.array([at.nav]), np.ones(1))
    >>> rows is None or float(rows.values[0, PLACES["tvpi"]]) == 1.2
    True
    """
    loops, options, fund = engine.fund_kernels(), at.options, at.fund
    if loops is None or not knows(options) or len(fund.recallable):
        return None
    found: tuple[FloatArray, npt.NDArray[np.int8], FloatArray] = loops.valued_rows(
        (fund.days.astype(np.int32), fund.contributions, fund.distributions),
        (fund.nav_days.astype(np.int32), fund.navs),
        (days.astype(np.int32), navs, end_levels if at.benchmark else np.zeros(0)),
        at.levels,
        np.nan if fund.commitment is None else fund.commitment,
        conventions(options, int(fund.days[0]), int(max(at.as_of, fund.days[-1]))),
    )
    return Rows(*found)


def knows(options: Options) -> bool:
    """Whether the compiled loops know the conventions.

    Not 30/360 US, where the time between two days depends on where a stream begins, nor NAVs that
    grow with the index.

    Examples
    --------
    >>> from pmecalc.core.valuation import Options
    >>> knows(Options(day_count="30E/360")), knows(Options(day_count="30/360 US"))
    (True, False)
    """
    return options.day_count in engine.YEARS and options.nav_growth == "none"


def conventions(
    options: Options, first: int, last: int, wanted: npt.NDArray[np.bool_] = _ALL
) -> tuple[bool, float, tuple[int, FloatArray], npt.NDArray[np.bool_]]:
    """Conventions as the compiled loops take them, for days from `first` to `last`.

    Examples
    --------
    >>> from pmecalc.core.valuation import Options
    >>> float(conventions(Options(day_count="ACT/ACT ISDA"), 0, 365)[2][1][-1])
    365.0
    """
    year, clock = engine.YEARS[options.day_count], np.zeros(0)
    if options.day_count in _CLOCKS:
        clock = year * year_fractions(first, np.arange(first, last + 1), options.day_count)
    return options.netting == "same_day", year, (first, clock), wanted


def outcomes(at: Valuation) -> dict[str, Metric]:
    """The measures whose outcome the compiled loops know in full: those with the status `ok`.

    Examples
    --------
    >>> from pmecalc.core.fund import Fund
    >>> from pmecalc.core.valuation import value
    >>> found = outcomes(value(Fund.of(flows=[("2020-01-01", 100, 0)])))
    >>> found.get("dpi", Metric(0.0)).value
    0.0
    """
    rows = rows_on(at, np.array([at.as_of]), np.array([at.nav]), np.array([at.end_level]))
    if rows is None:
        return {}
    values, codes, log_rates = (row[0].tolist() for row in rows)
    warned = warnings_by_measure(
        at, values[PLACES["ln_short_from"]], values[PLACES["pme_plus_lambda"]]
    )
    found = {}
    for name, value, code, log_rate in zip(PLACES, values, codes, log_rates, strict=True):
        if code != _OK:
            continue
        if log_rate == log_rate:  # noqa: PLR0124  (it is not NaN)
            roots = (value,) if name in _ROOTED else None
            found[name] = Metric(value, "ok", warned.get(name, ()), roots, None, None, log_rate)
        else:
            found[name] = Metric(value, "ok", warned.get(name, ()))
    if "ln_short_from" in found:
        short_from = values[PLACES["ln_short_from"]]
        found["ln_short_from"] = Metric(None if math.isnan(short_from) else iso(int(short_from)))
    return found


def warnings_by_measure(
    at: Valuation, short_from: float, factor: float
) -> dict[str, tuple[str, ...]]:
    """The warnings of each measure that has any, but for double roots.

    Parameters
    ----------
    at
        The valuation.
    short_from, factor
        The values of `ln_short_from`, a day number, and of `pme_plus_lambda`; NaN for none.

    Examples
    --------
    >>> from pmecalc.core.fund import Fund
    >>> from pmecalc.core.valuation import value
    >>> at = value(Fund.of(flows=[("2020-01-01", 100, 0)]))
    >>> warnings_by_measure(at, 18262.0, math.nan)
    {'ln_irr': ('LN_SHORT',)}
    """
    warned: dict[str, tuple[str, ...]] = {}
    if not math.isnan(short_from):
        warned["ln_irr"] = ("LN_SHORT",)
    if factor < 0:
        warned["pme_plus_lambda"] = warned["pme_plus_irr"] = ("LAMBDA_NEGATIVE",)
    if at.benchmark is not None and _estimates(at):
        warned["mpme_nav"] = warned["mpme_irr"] = ("MPME_NAV_ESTIMATED",)
    return warned


def _estimates(at: Valuation) -> bool:
    """Whether a distribution falls on a day whose NAV was not reported."""
    fund = at.fund
    days = at.days[at.distributions > 0]
    if len(days) == 0 or len(fund.nav_days) == 0:
        return len(days) > 0
    places = np.minimum(fund.nav_days.searchsorted(days), len(fund.nav_days) - 1)
    reported = (fund.nav_days[places] == days) & ~fund.nav_estimated[places]
    return not reported.all()
