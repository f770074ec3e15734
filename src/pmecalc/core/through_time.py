"""The measures seen from every valuation date, and the J-curve."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pmecalc.core import engine
from pmecalc.core.batch import Task, dated_rows
from pmecalc.core.dates import iso
from pmecalc.core.methods import METHODS, method
from pmecalc.core.ragged import Ragged
from pmecalc.core.valuation import residual_values, value_on

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pmecalc.core.valuation import Valuation

Column = list[float | str | None]

_DAYS_A_YEAR = 365.0


@dataclass(frozen=True, slots=True)
class Trough:
    """The deepest point of the cumulative net flow.

    Parameters
    ----------
    value
        Money, in fund currency.
    date
        ISO text.
    years
        Years from the first flow.
    of_commitment
        The value over the commitment; None where that is not known.
    """

    value: float
    date: str
    years: float
    of_commitment: float | None


class JCurve(dict[str, Column]):
    """Columns `date`, `net` (cumulative net flow) and `with_nav`, and the `trough`."""

    def __init__(self, columns: dict[str, Column], trough: Trough | None) -> None:
        super().__init__(columns)
        self.trough = trough


def valuation_days(at: Valuation) -> list[int]:
    """NAV dates from the first flow to the as-of date, ascending day numbers."""
    if at.start is None:
        return []
    days = at.fund.nav_days
    return [int(day) for day in days[(days >= at.start) & (days <= at.as_of)]]


def through_time(at: Valuation, names: Iterable[str] | None = None) -> dict[str, Column]:
    """Measures recomputed at every reported NAV date up to the as-of date.

    Parameters
    ----------
    at
        The valuation whose fund, benchmark and conventions are used.
    names
        Measures; all by default.

    Returns
    -------
    dict[str, Column]
        Equal-length columns: `date` (ISO text), each measure (None where undefined), each
        measure's status as `<name>_status`.

    Raises
    ------
    BenchmarkError
        `INDEX_STALE`, where the index has a hole at a NAV date.
    NotFoundError
        There is no such measure.

    References
    ----------
    METHODS 5.1.

    Examples
    --------
    >>> from pmecalc import Fund, evaluate
    >>> navs = [("2020-12-31", 110), ("2021-12-31", 130)]
    >>> evaluate(Fund.of(flows=[("2020-01-01", 100, 0)], navs=navs)).through_time()["tvpi"]
    [1.1, 1.3]
    """
    measures = [method(name) for name in (METHODS if names is None else names)]
    compiled = _compiled(at, [row.name for row in measures])
    if compiled is not None:
        return compiled
    seen = [value_on(at.fund, at.benchmark, day, at.options) for day in valuation_days(at)]
    columns: dict[str, Column] = {"date": [iso(each.as_of) for each in seen]}
    for row in measures:
        metrics = [row.measure.at(each) for each in seen]
        columns[row.name] = [metric.value for metric in metrics]
        columns[f"{row.name}_status"] = [metric.status for metric in metrics]
    return columns


def _compiled(at: Valuation, names: list[str]) -> dict[str, Column] | None:
    """The same columns by the compiled loops, None where they are not loaded or leave some open."""
    days = np.array(valuation_days(at), np.int32)
    task = Task(Ragged.of_funds([at.fund]), at.benchmark, days, at.options, tuple(names))
    rows = dated_rows(task, days) if engine.fund_kernels() is not None else None
    if rows is None:
        return None
    columns: dict[str, Column] = {"date": [iso(day) for day in days]}
    places = {name: place for place, name in enumerate(METHODS)}
    for name in names:
        values, codes = rows[0][:, places[name]].tolist(), rows[1][:, places[name]].tolist()
        shown = iso if METHODS[name].unit == "date" else float
        columns[name] = [None if math.isnan(value) else shown(value) for value in values]
        columns[f"{name}_status"] = [engine.STATUSES[code] for code in codes]
    return columns


def j_curve(at: Valuation) -> JCurve:
    """Cumulative net flow, and the same with the NAV added, on every flow and NAV date.

    Parameters
    ----------
    at
        The valuation; only flows and NAVs up to its as-of date are used.

    Returns
    -------
    JCurve
        Columns `date`, `net`, `with_nav` in fund currency; `trough` is None without flows.

    References
    ----------
    METHODS 5.3.

    Examples
    --------
    >>> from pmecalc import Fund, evaluate
    >>> fund = Fund.of(flows=[("2020-01-01", 100, 0), ("2021-01-01", 0, 130)])
    >>> curve = evaluate(fund).j_curve()
    >>> curve["net"], curve.trough.value
    ([-100.0, 30.0], -100.0)
    """
    if at.start is None:
        return JCurve({"date": [], "net": [], "with_nav": []}, None)
    navs = at.fund.nav_days
    within = navs[(navs >= at.start) & (navs <= at.as_of)]
    flow_days = at.days[at.days >= at.start]
    days = np.unique(np.concatenate([flow_days, within, [at.as_of]]))
    ends = np.searchsorted(at.days, days, side="right").tolist()
    net = np.array([math.fsum(at.net[:end]) for end in ends])
    with_nav = net + residual_values(at.fund, days).values
    lowest = int(net.argmin())
    commitment = at.fund.commitment
    trough = Trough(
        value=float(net[lowest]),
        date=iso(days[lowest]),
        years=(int(days[lowest]) - at.start) / _DAYS_A_YEAR,
        of_commitment=None if commitment is None else float(net[lowest]) / commitment,
    )
    columns: dict[str, Column] = {
        "date": [iso(day) for day in days],
        "net": net.tolist(),
        "with_nav": with_nav.tolist(),
    }
    return JCurve(columns, trough)


def payback(at: Valuation) -> dict[str, float | None]:
    """Years from the first flow to break-even.

    Parameters
    ----------
    at
        The valuation.

    Returns
    -------
    dict[str, float | None]
        `dpi`: the first date with distributions at or above contributions; `tvpi` and `ks_pme`:
        the first NAV date from which the ratio stays at or above 1. None if never.

    References
    ----------
    METHODS 9.

    Examples
    --------
    >>> from pmecalc import Fund, evaluate
    >>> fund = Fund.of(flows=[("2021-01-01", 100, 0), ("2022-01-01", 0, 130)])
    >>> evaluate(fund).payback()["dpi"]
    1.0
    """
    if at.start is None:
        return {"dpi": None, "tvpi": None, "ks_pme": None}
    seen = [value_on(at.fund, at.benchmark, day, at.options) for day in valuation_days(at)]
    stays = {
        name: _stays_above(
            [(each.as_of, METHODS[name].measure.at(each).value) for each in [*seen, at]]
        )
        for name in ("tvpi", "ks_pme")
    }
    days = {"dpi": _paid_back(at), **stays}
    return {
        name: None if day is None else (day - at.start) / _DAYS_A_YEAR for name, day in days.items()
    }


def _paid_back(at: Valuation) -> int | None:
    paid, received = np.cumsum(at.contributions), np.cumsum(at.distributions)
    places = np.flatnonzero((received >= paid) & (paid > 0))
    return int(at.days[places[0]]) if len(places) else None


def _stays_above(points: list[tuple[int, float | str | None]]) -> int | None:
    """The first of the days from which every value is at or above 1 to the end."""
    first = None
    for day, ratio in reversed(points):
        if not isinstance(ratio, float) or ratio < 1:
            break
        first = day
    return first
