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
    """The streams of a table of pointers, days and amounts as funds."""
    bounds = table["pointers"].tolist()
    for first, last in pairwise(bounds):
        dates = (EPOCH + table["days"][first:last]).tolist()
        yield Fund.of(
            flows=list(zip(dates, table["amounts"][first:last].tolist(), strict=True)),
        )


def resampled(funds, vintages):
    """The resampled pooled IRRs of each scheme, one after another."""
    return np.concatenate(
        [
            bootstrap(funds, as_of=LAST, metric="irr", scheme=scheme, vintages=vintages).values
            for scheme in SCHEMES
        ]
    )


if __name__ == "__main__":
    source, target = sys.argv[1:]
    table = np.load(source)
    values = resampled(list(members(table)), table["vintages"].tolist())
    assert "numba" not in sys.modules
    np.savez(target, values=values)
