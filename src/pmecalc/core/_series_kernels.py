"""Compiled loops over the valuation dates of one fund; needs Numba."""

from __future__ import annotations

import numpy as np
from numba import njit

from pmecalc.core._kernels import rate_until

_entry = njit(cache=True, nogil=True, no_cfunc_wrapper=True, error_model="numpy")


@_entry
def ratio_series(days, contributions, distributions, levels, nav_days, navs, nav_levels):
    """DPI, RVPI, TVPI and KS-PME at every NAV date in one sweep, shape (4, n_navs).

    `levels` is the index on the flow dates, `nav_levels` on the NAV dates. No term is negative, so
    the running sums lose nothing but rounding.
    """
    ratios = np.empty((4, len(nav_days)))
    dpi, rvpi, tvpi, ks_pme = ratios
    row = 0
    paid = received = bought = sold = 0.0
    for place in range(len(nav_days)):
        while row < len(days) and days[row] <= nav_days[place]:
            paid += contributions[row]
            received += distributions[row]
            bought += contributions[row] / levels[row]
            sold += distributions[row] / levels[row]
            row += 1
        dpi[place], rvpi[place], tvpi[place], ks_pme[place] = received, paid, sold, bought
    for place in range(len(nav_days)):  # apart, as divisions come several at a time
        received, paid, sold, bought = dpi[place], rvpi[place], tvpi[place], ks_pme[place]
        nav, level = navs[place], nav_levels[place]
        dpi[place] = received / paid
        rvpi[place] = nav / paid
        tvpi[place] = (received + nav) / paid
        ks_pme[place] = (sold * level + nav) / (bought * level)
    return ratios


@_entry
def rate_series(days, amounts, nav_days, navs):
    """Status codes and rates of the flows up to each NAV date, closed by its NAV."""
    count = len(days)
    codes, rates = np.empty(len(nav_days), np.int8), np.empty(len(nav_days))
    stream_days, stream = np.empty(count + 1, np.int32), np.empty(count + 1)
    stream_days[:count], stream[:count] = days, amounts
    scratch = np.empty((6, count + 1))
    row = 0
    for place in range(len(nav_days)):
        last = nav_days[place]
        while row < count and days[row] <= last:
            row += 1
        # The NAV stands for a moment where the next flow is.
        stream_days[row], stream[row] = last, navs[place]
        codes[place], rates[place] = rate_until(
            stream_days[: row + 1], stream[: row + 1], last, scratch
        )
        if row < count:
            stream_days[row], stream[row] = days[row], amounts[row]
    return codes, rates
