"""How much the measures move with the NAV."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Unpack

from pmecalc.core.conventions import Options
from pmecalc.core.errors import InputError
from pmecalc.core.methods import any_method, measure_names
from pmecalc.core.valuation import value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pmecalc.core.benchmark import Benchmark
    from pmecalc.core.conventions import Conventions
    from pmecalc.core.dates import DateLike
    from pmecalc.core.fund import Fund
    from pmecalc.core.metric import Metric

NAV_MEASURES = ("irr", "rvpi", "tvpi", "ks_pme", "nfv", "direct_alpha")


@dataclass(frozen=True, slots=True)
class NavSensitivity:
    """One measure at a lower, the given and a higher NAV.

    Parameters
    ----------
    low, value, high
        The measure; None where it is undefined.
    slope
        Its change per change of the NAV by all of itself, by central difference.
    elasticity
        The slope over the measure: its change in per cent per per cent of NAV. None where the
        measure is 0.
    """

    low: float | None
    value: float | None
    high: float | None
    slope: float | None
    elasticity: float | None


def nav_sensitivity(
    fund: Fund,
    benchmark: Benchmark | None = None,
    *,
    change: float = 0.01,
    names: str | Iterable[str] | None = None,
    as_of: DateLike | None = None,
    **options: Unpack[Conventions],
) -> dict[str, NavSensitivity]:
    """Measures with the closing NAV lower and higher by a share, and their elasticities.

    Parameters
    ----------
    fund, benchmark, as_of, **options
        As for `evaluate`.
    change
        The share of the NAV, above 0 and below 1.
    names
        Measures; by default IRR, RVPI, TVPI, KS-PME, value added and direct alpha. Only the
        closing NAV moves: interim ones, which mPME uses, stay.

    Returns
    -------
    dict[str, NavSensitivity]
        By name.

    Raises
    ------
    NotFoundError
        There is no such measure.
    BenchmarkError
        `INDEX_NOT_COVERED`, `INDEX_STALE`.
    InputError
        `BAD_DATE`, `UNSUPPORTED_OPTION`.

    References
    ----------
    METHODS 6.5; docs/methods/sensitivity.md.

    Examples
    --------
    Two thirds of the value are NAV:

    >>> from pmecalc import Fund
    >>> flows = [("2021-01-01", 100, 0), ("2021-07-01", 0, 60)]
    >>> fund = Fund.of(flows=flows, navs=[("2022-01-01", 120)])
    >>> round(nav_sensitivity(fund)["tvpi"].elasticity, 9)
    0.666666667
    """
    if not 0 < change < 1:
        raise InputError(
            f"change={change!r} is not offered.",
            code="UNSUPPORTED_OPTION",
            field="change",
            value=change,
            hint="Expected: a share of the NAV above 0 and below 1.",
        )
    middle = value(fund, benchmark, as_of=as_of, options=Options.of(**options))
    low, high = (
        replace(middle, nav=middle.nav * factor, known={}, shared={})
        for factor in (1 - change, 1 + change)
    )
    measures = [any_method(name) for name in measure_names(names or NAV_MEASURES)]
    return {
        row.name: _compared(change, *(row.measure.at(at) for at in (low, middle, high)))
        for row in measures
    }


def _compared(change: float, low: Metric, middle: Metric, high: Metric) -> NavSensitivity:
    below, here, above = (_number(metric) for metric in (low, middle, high))
    slope = None
    if below is not None and above is not None:
        slope = (above - below) / (2 * change)
    elasticity = slope / here if slope is not None and here else None
    return NavSensitivity(below, here, above, slope, elasticity)


def _number(metric: Metric) -> float | None:
    """The value, unless it is undefined or a date."""
    return metric.value if isinstance(metric.value, float) else None
