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
from pmecalc.core.irr import Solution, rate_metric
from pmecalc.core.methods import METHODS
from pmecalc.core.metric import Metric
from pmecalc.core.pme.long_nickels import why_rootless
from pmecalc.core.pme.mpme import estimated_share
from pmecalc.core.valuation import once

if TYPE_CHECKING:
    from pmecalc.core.conventions import Options
    from pmecalc.core.fund import FloatArray, IntArray
    from pmecalc.core.valuation import Valuation

_SCALED = frozenset({"pme_plus_lambda", "pme_plus_irr"})
MODIFIED = frozenset({"mpme_nav", "mpme_irr", "mpme_spread"})
_MONEY_OF = MappingProxyType(  # the rate and the money whose signs must agree
    {
        "irr": ("irr", "gain"),
        "irr_gips": ("irr", "gain"),
        "direct_alpha": ("direct_alpha", "nfv"),
        "direct_alpha_log": ("direct_alpha", "nfv"),
    }
)
_ROOTED = frozenset({"irr", "ln_irr", "pme_plus_irr", "direct_alpha", "mpme_irr", "scaled_pme_irr"})
PLACES = MappingProxyType({name: place for place, name in enumerate(METHODS)})
_CLOCKS = frozenset({"ACT/ACT ISDA", "30E/360"})  # a table of whole times; the others divide days
_ALL = np.ones(6, np.bool_)
_OK, _NO_ROOT = (engine.STATUSES.index(status) for status in ("ok", "no_root"))


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
    if loops is None or not knows(options) or len(fund.recallable) or fund.nav_remarks:
        return None
    found: tuple[FloatArray, npt.NDArray[np.int8], FloatArray] = loops.valued_rows(
        (fund.days.astype(np.int32), fund.contributions, fund.distributions),
        (fund.nav_days.astype(np.int32), fund.navs, fund.nav_estimated),
        (days.astype(np.int32), navs, end_levels if at.benchmark else np.zeros(0)),
        at.levels,
        np.nan if fund.commitment is None else fund.commitment,
        conventions(options, int(fund.days[0]), int(max(at.as_of, fund.days[-1]))),
    )
    return Rows(*found)


def knows(options: Options) -> bool:
    """Whether the compiled loops know the conventions.

    Not 30/360 US, where the time between two days depends on where a stream begins, nor NAVs that
    grow with the index or are taken at cost.

    Examples
    --------
    >>> from pmecalc.core.conventions import Options
    >>> knows(Options(day_count="30E/360")), knows(Options(day_count="30/360 US"))
    (True, False)
    """
    return (
        options.day_count in engine.YEARS
        and options.nav_growth == "none"
        and options.before_first_nav == "none"
    )


def conventions(
    options: Options, first: int, last: int, wanted: npt.NDArray[np.bool_] = _ALL
) -> tuple[bool, float, tuple[int, FloatArray], npt.NDArray[np.bool_]]:
    """Conventions as the compiled loops take them, for days from `first` to `last`.

    Examples
    --------
    >>> from pmecalc.core.conventions import Options
    >>> float(conventions(Options(day_count="ACT/ACT ISDA"), 0, 365)[2][1][-1])
    133590.0
    """
    year, clock = engine.YEARS[options.day_count], np.zeros(0)
    if options.day_count in _CLOCKS:
        days = np.arange(first, last + 1)
        clock = np.rint(year * year_fractions(first, days, options.day_count))
    return options.netting == "same_day", year, (first, clock), wanted


def outcome(at: Valuation, name: str) -> Metric | None:
    """The outcome of a measure that the compiled loops know in full; None for any other.

    Examples
    --------
    >>> from pmecalc.core.fund import Fund
    >>> from pmecalc.core.valuation import value
    >>> found = outcome(value(Fund.of(flows=[("2020-01-01", 100, 0)])), "dpi")
    >>> found is None or found.value == 0.0
    True
    """
    place = PLACES.get(name)
    row = None if place is None else _row(at)
    if place is None or row is None:
        return None
    code, value, log_rate = row.codes[place], row.values[place], row.log_rates[place]
    if code == _NO_ROOT and name in _ROOTED:
        return _rootless(at, name, row)
    if code != _OK:
        return None
    if name == "ln_short_from":
        return Metric(None if math.isnan(value) else iso(int(value)))
    warned = warnings_of(at, name, row)
    estimated = name in MODIFIED and estimated_share(at) > 0
    if log_rate != log_rate:  # noqa: PLR0124  (it is NaN)
        return Metric(value, "ok", warned, estimated=estimated)
    roots = (value,) if name in _ROOTED else None
    return Metric(value, "ok", warned, roots, None, None, log_rate, estimated)


def _rootless(at: Valuation, name: str, row: _Row) -> Metric:
    """The outcome of a stream that no rate brings to zero."""
    reason = None
    if name == "ln_irr":
        day = row.values[PLACES["ln_short_from"]]
        reason = why_rootless(None if math.isnan(day) else iso(int(day)))
    warned = warnings_of(at, name, row)
    return rate_metric(Solution("no_root"), warnings=warned, reason=reason)


class _Row(NamedTuple):
    """`Rows` of one day, as lists in the order of `METHODS`."""

    values: list[float]
    codes: list[int]
    log_rates: list[float]


@once
def _row(at: Valuation) -> _Row | None:
    rows = rows_on(at, np.array([at.as_of]), np.array([at.nav]), np.array([at.end_level]))
    return None if rows is None else _Row(*(column[0].tolist() for column in rows))


def warnings_of(at: Valuation, name: str, row: _Row) -> tuple[str, ...]:
    """The warnings of an outcome, but for double roots.

    Examples
    --------
    >>> from pmecalc.core.fund import Fund
    >>> from pmecalc.core.valuation import value
    >>> at = value(Fund.of(flows=[("2020-01-01", 100, 0)]))
    >>> nothing = [math.nan] * len(METHODS)
    >>> warnings_of(at, "irr", _Row(nothing, [0] * len(METHODS), nothing))
    ()
    """
    value_of = row.values
    if name == "ln_irr":
        return () if math.isnan(value_of[PLACES["ln_short_from"]]) else ("LN_SHORT",)
    if name in _SCALED:
        return ("LAMBDA_NEGATIVE",) if value_of[PLACES["pme_plus_lambda"]] < 0 else ()
    if name in MODIFIED and name != "mpme_spread":
        return ("MPME_NAV_ESTIMATED",) if estimated_share(at) > 0 else ()
    if name in _MONEY_OF:
        rate, money = _MONEY_OF[name]
        opposed = row.log_rates[PLACES[rate]] * value_of[PLACES[money]] < 0
        return ("RATE_AGAINST_GAIN",) if opposed else ()
    return ()
