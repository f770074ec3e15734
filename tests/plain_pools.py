"""A process that never loads the compiled loops pools the funds of one file into another."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np

from plain_measures import ragged, world
from pmecalc.core.conventions import Options
from pmecalc.core.rate_window import RateWindow
from pmecalc.core.resampling import Plan
from pmecalc.core.streams import Holdings, Streams

AS_OF = (11400, 13000, 14990, 16500)
ANY_GAP = Options(max_staleness_days=None)


def pools(table):
    """Rows, NAVs and log rates of random pools of the funds: columns, one after another."""
    funds, index = ragged(table), world(table["levels"])
    rng = np.random.default_rng(8)
    rows, navs, log_rates = [], [], []
    for place in range(180):
        picked = rng.choice(len(funds), int(rng.integers(2, 12)), replace=False)
        members = [funds.fund(each) for each in picked.tolist()]
        held = Holdings.of(members, index, AS_OF[place % 4], ANY_GAP)
        if place % 3:  # the rates of those whose NAV is known; the others have none
            members = [
                each for each, nav in zip(members, held.navs, strict=True) if not np.isnan(nav)
            ]
            held = Holdings.of(members, index, AS_OF[place % 4], ANY_GAP)
        rows.append(np.column_stack([held.days, held.contributions, held.distributions]))
        navs.append(held.navs)
        known = replace(held, navs=np.nan_to_num(held.navs))
        window = RateWindow.around(Streams.of(known, carried=bool(place % 2)))
        log_rates.append(np.full(len(picked) + 1, np.nan) if window is None else _rates(window))
    return {
        "rows": np.concatenate(rows),
        "navs": np.concatenate(navs),
        "log_rates": np.concatenate(log_rates),
    }


def _rates(window):
    count = window.table.shape[1]
    plan = Plan.of([place // 2 for place in range(count)], "simple" if count % 2 else "stratified")
    found = window.log_rates_left_out(plan)
    np.testing.assert_allclose(found, window.log_rates(plan.leave_one_out()), rtol=0, atol=1e-12)
    return found


if __name__ == "__main__":
    source, target = sys.argv[1:]
    made = pools(np.load(source))
    assert "numba" not in sys.modules
    np.savez(target, **made)
