"""Types of the conventions that every measure takes as keywords."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from pmecalc.core.daycount import DayCount
    from pmecalc.core.lookup import Lookup
    from pmecalc.core.valuation import NavGrowth, Netting, Recallable


class Conventions(TypedDict, total=False):
    """Keywords of `evaluate` that other functions pass on; the defaults are those of `Options`."""

    day_count: DayCount
    netting: Netting
    lookup: Lookup
    max_staleness_days: int | None
    nav_growth: NavGrowth
    recallable: Recallable
