"""Calls compiled loops that have no Python wrapper of their own."""

from __future__ import annotations

from pmecalc.core import engine
from requirements import require


def inner_loop(name):
    """The compiled function of that name in the solver, to be called from a test."""
    require("numba", present=engine.load())
    from numba import njit  # noqa: PLC0415  (it may not be installed)

    loop = getattr(engine.kernels(), name)
    return njit(lambda *columns: loop(*columns))  # noqa: PLW0108  (`loop` is compiled already)
