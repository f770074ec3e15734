"""The measures seen from every valuation date, and the J-curve."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pmecalc.core.compiled import PLACES, rows_on
from pmecalc.core.content import digest_of
from pmecalc.core.dates import iso
from pmecalc.core.daycount import year_fractions
from pmecalc.core.engine import STATUSES
from pmecalc.core.lookup import levels_on
from pmecalc.core.methods import METHODS, any_method, measure_names
from pmecalc.core.money import running_minimum, settled
from pmecalc.core.residual_nav import residual_navs
from pmecalc.core.running import running
from pmecalc.core.valuation import once, value_on

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pmecalc.core.compiled import Rows
    from pmecalc.core.fund import FloatArray, IntArray
    from pmecalc.core.running import Outcome
    from pmecalc.core.valuation import Valuation

Column = list[float | str | None]


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

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, dict) or not super().__eq__(other):
            return False
        return self.trough == getattr(other, "trough", self.trough)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:  # type: ignore[override]  # a dict has none
        return hash((digest_of(dict(self)), self.trough))

    def __reduce__(self) -> tuple[type[JCurve], tuple[dict[str, Column], Trough | None]]:
        return JCurve, (dict(self), self.trough)


def valued_slice(at: Valuation) -> slice:
    """The positions of the NAVs from the first flow to the as-of date."""
    if at.start is None:
        return slice(0, 0)
    first, last = at.fund.nav_days.searchsorted([at.start, at.as_of + 1]).tolist()
    return slice(first, last)


def through_time(at: Valuation, names: str | Iterable[str] | None = None) -> dict[str, Column]:
    """Measures recomputed at every reported NAV date up to the as-of date.

    Parameters
    ----------
    at
        The valuation whose fund, benchmark and conventions are used.
    names
        Measures or one measure, further ones too; those of every report by default.

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
    METHODS 5.1; docs/methods/through_time.md.

    Examples
    --------
    >>> from pmecalc import Fund, evaluate
    >>> navs = [("2020-12-31", 110), ("2021-12-31", 130)]
    >>> evaluate(Fund.of(flows=[("2020-01-01", 100, 0)], navs=navs)).through_time()["tvpi"]
    [1.1, 1.3]
    """
    asked = measure_names(names)
    dates = _Dates.of(at)
    columns: dict[str, Column] = {"date": [iso(day) for day in dates.days.tolist()]}
    for name in asked:
        columns[name], columns[f"{name}_status"] = dates.column(name)
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
        Columns `date`, `net`, `with_nav` in fund currency, None where the NAV is not known;
        `trough` is None without flows.

    References
    ----------
    METHODS 5.3; docs/methods/through_time.md.

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
    days, net, _ = _cumulative_net(at, at.start)
    residual = residual_navs(
        at.fund, days, until=at.as_of, benchmark=at.benchmark, options=at.options
    )
    with_nav = (net + residual.values).tolist()
    columns: dict[str, Column] = {
        "date": [iso(day) for day in days.tolist()],
        "net": net.tolist(),
        "with_nav": [
            value if known else None
            for value, known in zip(with_nav, residual.known.tolist(), strict=True)
        ],
    }
    return JCurve(columns, trough(at))


@once
def trough(at: Valuation) -> Trough | None:
    """The lowest cumulative net flow, the first of equal ones; None without flows.

    References
    ----------
    METHODS 5.3.

    Examples
    --------
    >>> from pmecalc import Fund, evaluate
    >>> at = evaluate(Fund.of(flows=[("2020-01-01", 100, 0), ("2021-01-01", 0, 130)])).valuation
    >>> trough(at).value, trough(at).date
    (-100.0, '2020-01-01')
    """
    if at.start is None:
        return None
    days, net, lowest = _cumulative_net(at, at.start)
    commitment = at.fund.commitment
    return Trough(
        value=float(net[lowest]),
        date=iso(days[lowest]),
        years=_years(at.start, int(days[lowest]), at.options.day_count),
        of_commitment=None if commitment is None else float(net[lowest]) / commitment,
    )


def _cumulative_net(at: Valuation, start: int) -> tuple[IntArray, FloatArray, int]:
    """Days with a flow or a NAV from the start, the net flow up to each, and the place of its low.

    Running sums in long doubles: as good as exact ones, and one sweep.
    """
    navs = at.fund.nav_days
    within = navs[(navs >= start) & (navs <= at.as_of)]
    flow_days = at.days[at.days >= start]
    days = np.unique(np.concatenate([flow_days, within, [at.as_of]]))
    ends = np.searchsorted(at.days, days, side="right")
    sums = np.append(0.0, np.cumsum(at.net, dtype=np.longdouble))[ends]
    moved = np.append(0.0, np.cumsum(at.moved))[ends]
    net = settled(sums.astype(np.float64), 2 * ends, moved)
    return days, net, running_minimum(sums, moved)


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
    METHODS 9; docs/methods/through_time.md.

    Examples
    --------
    >>> from pmecalc import Fund, evaluate
    >>> fund = Fund.of(flows=[("2021-01-01", 100, 0), ("2022-01-01", 0, 130)])
    >>> evaluate(fund).payback()["dpi"]
    1.0
    """
    if at.start is None:
        return {"dpi": None, "tvpi": None, "ks_pme": None}
    dates = _Dates.of(at)
    stays = {
        ratio: _stays_above(
            [*dates.days.tolist(), at.as_of], dates.until_end(ratio), dates.until_end(money)
        )
        for ratio, money in (("tvpi", "gain"), ("ks_pme", "nfv"))
    }
    days = {"dpi": _paid_back(at), **stays}
    count = at.options.day_count
    return {
        name: None if day is None else _years(at.start, day, count) for name, day in days.items()
    }


class _Dates:
    """The NAV dates of a valuation, and what each measure was on them."""

    def __init__(self, at: Valuation, days: IntArray, navs: FloatArray, levels: FloatArray) -> None:
        self.days = days
        self._at, self._navs, self._levels = at, navs, levels
        self._running = running(at, days, navs, levels)
        self._seen: dict[int, Valuation] = {}

    @classmethod
    def of(cls, at: Valuation) -> _Dates:
        places = valued_slice(at)
        days, levels = at.fund.nav_days[places], np.ones(places.stop - places.start)
        if at.benchmark is not None:
            levels, _ = levels_on(
                at.benchmark,
                days,
                lookup=at.options.lookup,
                max_staleness_days=at.options.max_staleness_days,
            )
        return cls(at, days, at.fund.navs[places], levels)

    def column(self, name: str) -> tuple[Column, Column]:
        """Values and statuses of a measure."""
        if name not in METHODS or self._at.void is not None or np.isnan(self._navs).any():
            return self._by_plain(name, range(len(self.days)))
        summed = self._running(name)
        if summed is not None:
            return _of_sums(summed)
        compiled = self._compiled
        if compiled is None:
            return self._by_plain(name, range(len(self.days)))
        values, codes = compiled.values[:, PLACES[name]], compiled.codes[:, PLACES[name]]
        column = [_shown(name, value) for value in values.tolist()]
        statuses: Column = [STATUSES[code] for code in codes.tolist()]
        open_ = np.flatnonzero(codes < 0).tolist()
        for place, value, status in zip(open_, *self._by_plain(name, open_), strict=True):
            column[place], statuses[place] = value, status
        return column, statuses

    def until_end(self, name: str) -> Column:
        """Values of a measure, that of the as-of date last."""
        return [*self.column(name)[0], METHODS[name].measure.at(self._at).value]

    @functools.cached_property
    def _compiled(self) -> Rows | None:
        return rows_on(self._at, self.days, self._navs, self._levels)

    def _by_plain(self, name: str, places: Iterable[int]) -> tuple[Column, Column]:
        measure = any_method(name).measure
        metrics = [measure.at(self._valuation(place)) for place in places]
        return [metric.value for metric in metrics], [metric.status for metric in metrics]

    def _valuation(self, place: int) -> Valuation:
        if place not in self._seen:
            at, day = self._at, int(self.days[place])
            self._seen[place] = value_on(at.fund, at.benchmark, day, at.options)
        return self._seen[place]


def _of_sums(summed: Outcome) -> tuple[Column, Column]:
    values: Column = list(summed.values.tolist())
    statuses: Column = ["ok"] * len(values)
    if summed.undefined is not None:
        for place in np.flatnonzero(summed.undefined).tolist():
            values[place], statuses[place] = None, summed.status
    return values, statuses


def _shown(name: str, value: float) -> float | str | None:
    if math.isnan(value):
        return None
    return iso(int(value)) if name == "ln_short_from" else value


def _years(start: int, day: int, day_count: str) -> float:
    return float(year_fractions(start, np.array([day]), day_count)[0])


def _paid_back(at: Valuation) -> int | None:
    counts = 2 * np.arange(1, 1 + len(at.days))
    paid, received = np.cumsum(at.contributions), np.cumsum(at.distributions)
    moved = np.cumsum(at.moved)
    back = settled(received - paid, counts, moved) >= 0
    places = np.flatnonzero(back & (settled(paid, counts, moved) > 0))
    return int(at.days[places[0]]) if len(places) else None


def _stays_above(days: list[int], ratios: Column, money: Column) -> int | None:
    """The first of the days from which there is a ratio and no money is missing, to the end."""
    first = None
    for day, ratio, made in reversed(list(zip(days, ratios, money, strict=True))):
        if ratio is None or not isinstance(made, float) or made < 0:
            break
        first = day
    return first
