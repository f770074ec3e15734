"""What a single fund's figures become if its NAV, index or dates were a little otherwise."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, TypeAlias, Unpack

from pmecalc.core.content import ByContent
from pmecalc.core.conventions import Options
from pmecalc.core.dates import day_number
from pmecalc.core.errors import InputError, counted
from pmecalc.core.fund import frozen
from pmecalc.core.methods import METHODS
from pmecalc.core.valuation import default_as_of, value_on

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pmecalc.core.benchmark import Benchmark
    from pmecalc.core.conventions import Conventions
    from pmecalc.core.dates import DateLike
    from pmecalc.core.fund import Fund
    from pmecalc.core.metric import Metric
    from pmecalc.core.valuation import Valuation

Change: TypeAlias = Literal["none", "nav_haircut", "benchmark", "date_shift"]
HAIRCUTS = (-0.2, -0.1, 0.1, 0.2)
FIGURES = ("tvpi", "irr", "ks_pme", "direct_alpha", "nfv")


@dataclass(frozen=True, slots=True, eq=False)
class SensitivityRow(ByContent):
    """The figures under one change.

    Parameters
    ----------
    change
        What was changed.
    amount
        The haircut (a share of the NAV), the days; 0 for `none` and `benchmark`.
    label
        The change in words.
    metrics
        Outcome by name: `tvpi`, `irr`, `ks_pme`, `direct_alpha`, `nfv`.
    """

    change: Change
    amount: float
    label: str
    metrics: Mapping[str, Metric]


def sensitivity(
    fund: Fund,
    benchmark: Benchmark | None = None,
    *,
    nav_haircuts: Sequence[float] = HAIRCUTS,
    benchmarks: Sequence[Benchmark] = (),
    date_shifts: Sequence[int] = (),
    as_of: DateLike | None = None,
    **options: Unpack[Conventions],
) -> tuple[SensitivityRow, ...]:
    """Figures of one fund under changes of its NAV, its index and its dates.

    A single fund has no sampling distribution: these bands take the place of an interval, and they
    are no probabilities.

    Parameters
    ----------
    fund, benchmark
        As for `evaluate`.
    nav_haircuts
        Shares taken off the NAV at the as-of date, at most 1; negative ones add to it.
    benchmarks
        Other indices to compare with.
    date_shifts
        Days by which every flow is moved, later where positive, at most to the as-of date.
    as_of
        The valuation date; by default the latest NAV's.
    **options
        As for `evaluate`.

    Returns
    -------
    tuple[SensitivityRow, ...]
        First `none`, the figures as they are; then a row a change, in the order given.

    Raises
    ------
    InputError
        `UNSUPPORTED_OPTION`: a haircut is above 1 or not finite. `BAD_DATE`.
    BenchmarkError
        `INDEX_NOT_COVERED` (of moved dates too), `INDEX_STALE`.

    References
    ----------
    METHODS 6.4; docs/methods/sensitivity.md.

    Examples
    --------
    >>> from pmecalc import Fund
    >>> fund = Fund.of(flows=[("2020-01-01", 100, 0)], navs=[("2020-12-31", 120)])
    >>> rows = sensitivity(fund, nav_haircuts=[0.1])
    >>> [(row.label, row.metrics["tvpi"].value) for row in rows]
    [('as reported', 1.2), ('NAV 10 % lower', 1.08)]
    """
    made = Options.of(**options)
    last = default_as_of(fund) if as_of is None else day_number(as_of, field="as_of")
    at = value_on(fund, benchmark, last, made)
    rows = [_row("none", 0.0, "as reported", at)]
    for haircut in nav_haircuts:
        _check(haircut)
        cut = replace(at, nav=at.nav * (1.0 - haircut), known={}, shared={})
        rows.append(_row("nav_haircut", haircut, _nav_label(haircut), cut))
    for other in benchmarks:
        seen = value_on(fund, other, last, made)
        rows.append(_row("benchmark", 0.0, f"against {other.name or 'another index'}", seen))
    for days in date_shifts:
        seen = value_on(_moved(fund, days, last), benchmark, last, made)
        # The NAV at the end is what it was: only the dates of the flows move.
        kept = replace(seen, nav=at.nav, residual=at.residual, known={}, shared={})
        rows.append(_row("date_shift", float(days), _shift_label(days), kept))
    return tuple(rows)


def _row(change: Change, amount: float, label: str, at: Valuation) -> SensitivityRow:
    metrics = {name: METHODS[name].measure.at(at) for name in FIGURES}
    return SensitivityRow(change, amount, label, MappingProxyType(metrics))


def _moved(fund: Fund, days: int, last: int) -> Fund:
    """The fund with its flows up to the as-of date moved, none beyond it."""
    known = fund.days <= last
    moved = fund.days.copy()
    moved[known] = (moved[known] + days).clip(max=last)
    return replace(fund, days=frozen(moved))


def _check(haircut: float) -> None:
    if not (math.isfinite(haircut) and haircut <= 1):
        raise InputError(
            f"A haircut of {haircut!r} is not offered.",
            code="UNSUPPORTED_OPTION",
            field="nav_haircuts",
            value=haircut,
            hint="A share of the NAV, at most 1; 0.1 takes a tenth off.",
        )


def _nav_label(haircut: float) -> str:
    return f"NAV {abs(haircut) * 100:g} % {'lower' if haircut >= 0 else 'higher'}"


def _shift_label(days: int) -> str:
    return f"flows {counted(abs(days), 'day')} {'later' if days >= 0 else 'earlier'}"
