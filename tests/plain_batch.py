"""A process without Numba computes a batch and a series, and prints what it found."""

# ruff: noqa: E402  (Numba is hidden before anything looks for it)
from __future__ import annotations

import sys

sys.modules["numba"] = None  # type: ignore[assignment]  # as where it is not installed

import numpy as np

from pmecalc import Benchmark, Ragged, batch
from pmecalc.core import engine
from pmecalc.core.batch import irrs, stream_irr
from pmecalc.core.series import irr_series, ratio_series

if __name__ == "__main__":
    day = np.array([0, 200], np.int32)
    funds = Ragged.of(
        [0, 2], day, [100, 0], [0, 30], nav_pointers=[0, 1], nav_days=[365], navs=[85]
    )
    world = Benchmark.of([("1970-01-01", 100), ("1970-12-01", 107)])
    made = batch(funds, world, max_staleness_days=None)
    stream = np.array([0, 200, 365], np.int32), np.array([-100.0, 30.0, 85.0])
    last = np.array([365], np.int32), np.array([85.0])
    ratios = ratio_series(
        day,
        np.array([100.0, 0.0]),
        np.array([0.0, 30.0]),
        np.array([100.0, 100.0]),
        nav_days=last[0],
        navs=last[1],
        nav_levels=np.array([107.0]),
    )
    rates = [
        made["irr"][0],
        irrs(np.array([0, 3]), *stream)[0][0],
        stream_irr(*stream),
        irr_series(day, np.array([-100.0, 30.0]), *last)[0][0],
    ]
    assert not engine.load()
    print(*(rate.hex() for rate in map(float, rates)))
    print(float(made["ks_pme"][0]).hex(), float(ratios[3, 0]).hex())
