"""A process that never loads the compiled loops solves the streams of one file into another."""

from __future__ import annotations

import sys

import numpy as np

from pmecalc.core.irr import rate_metric, solve


def outcomes(pointers, days, amounts):
    for first, last in zip(pointers[:-1].tolist(), pointers[1:].tolist(), strict=True):
        found = solve(
            days[first:last].astype(np.int64), amounts[first:last], last_day=int(days[last - 1])
        )
        metric = rate_metric(found)
        yield metric.status, np.nan if metric.value is None else metric.value


if __name__ == "__main__":
    source, target = sys.argv[1:]
    streams = np.load(source)
    solved = list(outcomes(streams["pointers"], streams["days"], streams["amounts"]))
    assert "numba" not in sys.modules
    np.savez(
        target,
        statuses=np.array([status for status, _ in solved]),
        rates=np.array([rate for _, rate in solved]),
    )
