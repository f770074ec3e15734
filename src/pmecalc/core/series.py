"""Ratios and IRRs at many valuation dates of one fund, from prepared arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pmecalc.core import engine
from pmecalc.core.batch import irr_outcome

if TYPE_CHECKING:
    from pmecalc.core.fund import FloatArray
    from pmecalc.core.ragged import DayArray

RATIOS = ("dpi", "rvpi", "tvpi", "ks_pme")


def ratio_series(
    days: DayArray,
    contributions: FloatArray,
    distributions: FloatArray,
    levels: FloatArray,
    *,
    nav_days: DayArray,
    navs: FloatArray,
    nav_levels: FloatArray,
) -> FloatArray:
    """DPI, RVPI, TVPI and KS-PME at every NAV date: running sums, one sweep for all dates.

    Parameters
    ----------
    days, contributions, distributions, levels
        Flows, ascending by day, and the index level of each, shape (n_flows,).
    nav_days, navs, nav_levels
        NAVs, ascending by day, and the index level of each, shape (n_navs,).

    Returns
    -------
    FloatArray
        Ratios in the order of `RATIOS`, shape (4, n_navs); NaN or infinite where nothing was paid
        in.

    References
    ----------
    METHODS 3.2, 4.1, 5.1.

    Examples
    --------
    >>> day, nav_day = np.array([0], np.int32), np.array([365], np.int32)
    >>> one = np.ones(1)
    >>> valued = {"nav_days": nav_day, "navs": 150 * one, "nav_levels": 1.2 * one}
    >>> found = ratio_series(day, 100 * one, 0 * one, one, **valued)
    >>> dict(zip(RATIOS, found[:, 0].tolist(), strict=True))
    {'dpi': 0.0, 'rvpi': 1.5, 'tvpi': 1.5, 'ks_pme': 1.25}
    """
    loops = engine.series_kernels()
    columns = (days, contributions, distributions, levels, nav_days, navs, nav_levels)
    if loops is None:
        return _running_ratios(*columns)
    ratios: FloatArray = engine.call(loops.ratio_series, *columns)
    return ratios


def irr_series(
    days: DayArray, amounts: FloatArray, nav_days: DayArray, navs: FloatArray
) -> tuple[FloatArray, npt.NDArray[np.int8]]:
    """The IRR at every NAV date: of the flows so far and that NAV.

    Parameters
    ----------
    days, amounts
        Flows, ascending by day, paid in `< 0`, shape (n_flows,).
    nav_days, navs
        NAVs, ascending by day, not before the first flow, shape (n_navs,).

    Returns
    -------
    tuple[FloatArray, NDArray[int8]]
        Annual rates, NaN where there is none, and status codes, shape (n_navs,).

    References
    ----------
    METHODS 5.1.

    Examples
    --------
    >>> flows = np.array([0], np.int32), np.array([-100.0])
    >>> irr_series(*flows, np.array([365], np.int32), np.array([110.0]))[0].round(12).tolist()
    [0.1]
    """
    loops = engine.series_kernels()
    if loops is None:
        codes, rates = np.full(len(nav_days), -1, np.int8), np.full(len(nav_days), np.nan)
    else:
        codes, rates = engine.call(loops.rate_series, days, amounts, nav_days, navs)
    for place in np.flatnonzero(codes < 0).tolist():
        count = int(np.searchsorted(days, nav_days[place], side="right"))
        rates[place], codes[place] = irr_outcome(
            np.append(days[:count], nav_days[place]), np.append(amounts[:count], navs[place])
        )
    return rates, codes


def _running_ratios(  # noqa: PLR0917  (columns)
    days: DayArray,
    contributions: FloatArray,
    distributions: FloatArray,
    levels: FloatArray,
    nav_days: DayArray,
    navs: FloatArray,
    nav_levels: FloatArray,
) -> FloatArray:
    ends = np.searchsorted(days, nav_days, side="right")
    columns = (contributions, distributions, contributions / levels, distributions / levels)
    paid, received, bought, sold = (np.append(0.0, np.cumsum(each))[ends] for each in columns)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.stack(
            [
                received / paid,
                navs / paid,
                (received + navs) / paid,
                (sold * nav_levels + navs) / (bought * nav_levels),
            ]
        )
