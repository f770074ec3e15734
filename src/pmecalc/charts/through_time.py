"""What the charts over valuation dates share: columns to series, notes, sentences."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pmecalc.charts.spec import Axis, Kind, Role, Series
from pmecalc.core.metric import REASONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pmecalc.core.evaluate import Report

Column = list[float | str | None]


def metric_series(
    columns: Mapping[str, Column],
    name: str,
    *,
    title: str,
    role: Role,
    axis: str,
    kind: Kind = "line",
    shown: bool = True,
) -> Series:
    """One measure over the valuation dates."""
    return Series(
        name=title,
        role=role,
        axis="right" if axis == "right" else "left",
        kind=kind,
        x=tuple(str(date) for date in columns["date"]),
        y=tuple(value if isinstance(value, float) else None for value in columns[name]),
        shown=shown,
        statuses=tuple(str(status) for status in columns[f"{name}_status"]),
    )


def subtitle(report: Report) -> str:
    """Whose chart it is: fund, benchmark, date."""
    fund, benchmark = report.valuation.fund, report.valuation.benchmark
    against = f" vs {benchmark.name or 'the benchmark'}" if benchmark else ""
    return f"{fund.name or 'Fund'}{against}, as of {report.as_of}"


def no_dates_note(columns: Mapping[str, Column]) -> tuple[str, ...]:
    """A word where no NAV was reported: these charts have a point on each date of one."""
    if columns["date"]:
        return ()
    return ("No NAV was reported up to the as-of date, so there is no date to plot.",)


def age_note(columns: Mapping[str, Column]) -> tuple[str, ...]:
    """A word where the fund is too young for annual rates, or has no dates to plot."""
    if note := no_dates_note(columns):
        return note
    young = [
        date
        for date, age in zip(columns["date"], columns["years"], strict=True)
        if isinstance(age, float) and age < 1
    ]
    if not young:
        return ()
    return (f"Up to {young[-1]} the fund is younger than a year: annual rates extrapolate.",)


def rate_axis(
    title: str, series: Sequence[Series], columns: Mapping[str, Column]
) -> tuple[Axis, tuple[str, ...]]:
    """The axis of annual rates; the first year's extrapolated ones do not set its span."""
    rates = [
        (value, isinstance(age, float) and age >= 1)
        for each in series
        for value, age in zip(each.y, columns["years"], strict=True)
        if value is not None
    ]
    grown = [value for value, is_grown in rates if is_grown]
    if not grown:
        return Axis("left", title, "rate"), ()
    low, high = _rounded(min(0.0, *grown), max(0.0, *grown))
    if all(low <= value <= high for value, _ in rates):
        return Axis("left", title, "rate"), ()
    note = "Some rates of the first year lie beyond the axis; the table shows them."
    return Axis("left", title, "rate", (low, high)), (note,)


def undefined_note(series: Sequence[Series]) -> tuple[str, ...]:
    """A word where a measure has no value at some dates; on the first day no rate has one."""
    return tuple(
        f"{each.name} has no value at {len(missing)} of {len(each.y)} dates "
        f"({', '.join(REASONS.get(status, status) for status in sorted(set(missing)))})."
        for each in series
        if (missing := _missing_statuses(each))
    )


def course(series: Series, form: str) -> str:
    """How a measure went, in a sentence."""
    known = [
        (date, value) for date, value in zip(series.x, series.y, strict=True) if value is not None
    ]
    if not known:
        return f"{series.name} has no value at any date."
    (first, start), (last, end) = known[0], known[-1]
    if first == last:
        return f"{series.name} was {start:{form}} on {first}."
    verb = "rose" if end > start else "fell" if end < start else "stayed"
    return f"{series.name} {verb} from {start:{form}} on {first} to {end:{form}} on {last}."


def _rounded(low: float, high: float) -> tuple[float, float]:
    """The span with some air, on round percents."""
    step = next((step for step in (0.05, 0.1, 0.5) if high - low <= 8 * step), 5.0)
    return step * math.floor(low / step - 0.2), step * math.ceil(high / step + 0.2)


def _missing_statuses(series: Series) -> list[str]:
    statuses = series.statuses or ()
    return [
        status
        for value, status in zip(series.y, statuses, strict=True)
        if value is None and status not in {"no_flows", "zero_duration"}
    ]
