"""A process that never loads the compiled loops writes whole reports, and reports at each date."""

from __future__ import annotations

import json
import sys
from itertools import product
from pathlib import Path

import numpy as np

from plain_measures import ragged, world
from pmecalc import Fund, evaluate
from pmecalc.core.dates import iso

CONVENTIONS = tuple(
    {"day_count": day_count, "netting": netting, "lookup": lookup, "nav_growth": growth}
    for (day_count, netting), (lookup, growth) in product(
        [("ACT/365F", "gross"), ("ACT/360", "same_day"), ("30/360 US", "gross")],
        [("previous", "none"), ("log_linear", "index")],
    )
)
TAKEN_BACK = Fund.of(
    flows=[("2000-03-01", 100, 0), ("2001-03-01", -20, 0), ("2004-03-01", 5, 90)],
    navs=[("2001-12-31", 95), ("2003-12-31", 110), ("2004-12-31", 35)],
    reversals="net",
)
CALLED_AGAIN = Fund.of(
    flows=[("2000-03-01", 100, 0), ("2001-03-01", 0, 30), ("2002-03-01", 20, 0)],
    navs=[("2001-12-31", 95), ("2003-12-31", 110)],
    recallable=[("2001-03-01", 30)],
    commitment=150,
)


def members(table):
    """Every fund of a file that has flows, and two that only the plain engine knows."""
    made = ragged(table)
    some = np.flatnonzero(np.diff(made.pointers))
    return [*(made.fund(place) for place in some.tolist()), TAKEN_BACK, CALLED_AGAIN]


def reports(table):
    """Reports of all funds under each convention in turn, and their series."""
    index = world(table["levels"])
    for place, fund in enumerate(members(table)):
        benchmark = None if place % 7 == 0 else index
        report = evaluate(fund, benchmark, **CONVENTIONS[place % len(CONVENTIONS)])
        yield report.to_dict(), report.through_time(), report.payback()


def at_each_date(table):
    """The values and statuses of each fund at each of its dates, evaluated one by one."""
    index = world(table["levels"])
    for place, fund in enumerate(members(table)):
        benchmark = None if place % 7 == 0 else index
        options = CONVENTIONS[place % len(CONVENTIONS)]
        first = int(
            fund.days[(fund.contributions != 0) | (fund.distributions != 0)].min(initial=2**40)
        )
        last = int(fund.nav_days[-1]) if len(fund.nav_days) else first
        days = [iso(day) for day in fund.nav_days.tolist() if first <= day <= last]
        seen = [evaluate(fund, benchmark, as_of=day, **options).metrics for day in days]
        yield [
            {
                name: {"value": metric.value, "status": metric.status}
                for name, metric in each.items()
            }
            for each in seen
        ]


if __name__ == "__main__":
    source, target = sys.argv[1:]
    columns = dict(np.load(source))
    found = {"reports": list(reports(columns)), "dates": list(at_each_date(columns))}
    assert "numba" not in sys.modules
    Path(target).write_text(json.dumps(found), encoding="utf-8")
