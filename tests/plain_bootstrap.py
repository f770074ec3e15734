"""A process that never loads the compiled loops resamples the funds of one file into another."""

from __future__ import annotations

import sys
from itertools import pairwise

import numpy as np

from pmecalc import Fund
from pmecalc.core.bootstrap import bootstrap

EPOCH = np.datetime64("1970-01-01")
SCHEMES = ("stratified", "block", "simple")
LAST = "2030-01-01"


def members(table):
    """The streams of a table as funds: a NAV on the first day, and in two of three a later one."""
    bounds = table["pointers"].tolist()
    for place, (first, last) in enumerate(pairwise(bounds)):
        dates = (EPOCH + table["days"][first:last]).tolist()
        amounts = table["amounts"][first:last].tolist()
        day = [dates[len(dates) // 2], LAST, None][place % 3]
        paid_in = -sum(min(amount, 0.0) for amount in amounts)
        navs = {dates[0]: max(-amounts[0], 0.0)} | ({day: paid_in} if day else {})
        yield Fund.of(flows=list(zip(dates, amounts, strict=True)), navs=list(navs.items()))


def resampled(funds, vintages, as_of):
    """Pooled IRRs under each scheme, one after another: of all, the BCa ends, of the resamples."""
    found = [
        bootstrap(funds, as_of=as_of, metric="irr", scheme=scheme, vintages=vintages)
        for scheme in SCHEMES
    ]
    return np.concatenate([[own.value, own.bca.low, own.bca.high, *own.values] for own in found])


if __name__ == "__main__":
    source, target, as_of = sys.argv[1:]
    table = np.load(source)
    values = resampled(list(members(table)), table["vintages"].tolist(), as_of)
    assert "numba" not in sys.modules
    np.savez(target, values=values)
