"""Fund and benchmark to report: every measure with its status, and all that was assumed."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from pmecalc.core import through_time as series
from pmecalc.core.dates import iso
from pmecalc.core.errors import NotDefinedError
from pmecalc.core.lookup import rule_of
from pmecalc.core.methods import FURTHER, METHODS, any_method
from pmecalc.core.pme.mpme import replica
from pmecalc.core.valuation import Options, value

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pmecalc.core.benchmark import Benchmark
    from pmecalc.core.dates import DateLike
    from pmecalc.core.fund import Fund
    from pmecalc.core.metric import Metric
    from pmecalc.core.through_time import Column, JCurve
    from pmecalc.core.valuation import Valuation

ENGINE = 4  # raised whenever a number or the shape of the JSON could change (CACHE 2)

WARNINGS: dict[str, str] = {
    "SIGN_SUSPECT": "the first amount is money received and the last is money paid: check the "
    "sign convention",
    "NAV_ASSUMED_ZERO": "no NAV was reported; the residual value is taken as 0",
    "NAV_ROLLED_FORWARD": "no NAV was reported on the as-of date; the last one before it (0 before "
    "the first) is rolled forward with the flows since",
    "NAV_FLOORED": "the rolled-forward NAV would be negative and is taken as 0",
    "NAV_NEGATIVE": "the NAV is negative",
    "FLOWS_AFTER_AS_OF": "flows after the as-of date are left out",
    "INDEX_PRICE_ONLY": "the benchmark is a price index: dividends are missing, so PME may be too "
    "high",
    "CURRENCY_MISMATCH": "fund and benchmark are in different currencies",
    "UNDER_ONE_YEAR": "the fund is younger than a year; annual rates extrapolate",
    "LN_SHORT": "the Long-Nickels index position is negative at some time",
    "LAMBDA_NEGATIVE": "the NAV exceeds the future value of the contributions: PME+ has a negative "
    "factor",
    "MPME_NAV_ESTIMATED": "mPME uses rolled-forward NAVs on some distribution dates",
    "NEAR_DOUBLE_ROOT": "a stream touches zero within rounding instead of crossing it",
}


@dataclass(frozen=True, slots=True)
class Report:
    """Every measure of a fund at a date; build one with `evaluate` or `horizon`.

    Parameters
    ----------
    valuation
        What the measures were computed from.
    metrics
        Outcome by name of the measures that every report has.
    warnings
        Codes of METHODS 11.2, each once.

    Notes
    -----
    `report["ks_pme"]` is the whole outcome; `report.ks_pme` the number, or NotDefinedError. The
    further measures (`report.twr`) are computed when asked for.
    """

    valuation: Valuation
    metrics: Mapping[str, Metric]
    warnings: tuple[str, ...]

    def __getitem__(self, name: str) -> Metric:
        """The outcome of a measure."""
        known = self.metrics.get(name)
        return any_method(name).measure.at(self.valuation) if known is None else known

    def __getattr__(self, name: str) -> float | str | None:
        """The value of a measure; NotDefinedError where it has none."""
        if name not in METHODS and name not in FURTHER:
            raise AttributeError(f"a report has no {name!r}")
        metric = self[name]
        if metric.value is None and metric.status != "ok":
            raise NotDefinedError(name, metric.status, metric.reason)
        return metric.value

    def __repr__(self) -> str:
        shown = ", ".join(
            f"{name}={metric.value:.4g}" if isinstance(metric.value, float) else f"{name}=n/a"
            for name in ("irr", "tvpi", "ks_pme")
            for metric in (self.metrics[name],)
        )
        return f"Report({self.valuation.fund.name!r}, as of {self.as_of}, {shown})"

    @property
    def as_of(self) -> str:
        """The valuation date, ISO text."""
        return iso(self.valuation.as_of)

    def through_time(self, names: Iterable[str] | None = None) -> dict[str, Column]:
        """Measures at every reported NAV date; see `core.through_time.through_time`."""
        return series.through_time(self.valuation, names)

    def j_curve(self) -> JCurve:
        """Cumulative net flow with and without NAV; see `core.through_time.j_curve`."""
        return series.j_curve(self.valuation)

    def payback(self) -> dict[str, float | None]:
        """Years to break-even; see `core.through_time.payback`."""
        return series.payback(self.valuation)

    def outcomes(self, *, further: bool = False) -> dict[str, Metric]:
        """The measures by name, in the order of the table; with the further ones if asked."""
        return {name: self[name] for name in (*METHODS, *(FURTHER if further else ()))}

    def to_dict(self, *, further: bool = False) -> dict[str, object]:
        """The report as JSON-able values, INTERFACE 2; with the further measures if asked."""
        at = self.valuation
        shown = self.outcomes(further=further)
        warned = (code for metric in shown.values() for code in metric.warnings)
        codes = dict.fromkeys((*self.warnings, *warned)) if further else self.warnings
        return {
            "fund": at.fund.name,
            "benchmark": at.benchmark.name if at.benchmark else None,
            "currency": at.fund.currency,
            "as_of": self.as_of,
            "metrics": {name: metric.to_dict() for name, metric in shown.items()},
            "warnings": [{"code": code, "message": WARNINGS[code]} for code in codes],
            "inputs": inputs_of(at),
            "notes": notes_of(at),
        }


def evaluate(
    fund: Fund,
    benchmark: Benchmark | None = None,
    *,
    as_of: DateLike | None = None,
    day_count: str = "ACT/365F",
    netting: str = "gross",
    lookup: str = "previous",
    max_staleness_days: int | None = 100,
    nav_growth: str = "none",
    recallable: str = "gross",
) -> Report:
    """Every measure of a fund at a date.

    Parameters
    ----------
    fund
        Flows and NAVs.
    benchmark
        The index; without one the measures that need it are null with `no_index`.
    as_of
        The valuation date; by default the latest NAV's, else the last flow's.
    day_count
        The convention of every year fraction; see `year_fractions`.
    netting
        `gross`, or `same_day` to net the contributions and distributions of a day first.
    lookup
        The index level that counts on a day; see `levels_on`.
    max_staleness_days
        The largest gap between a day and its index level; None for no limit.
    nav_growth
        `none`, or `index` to let a NAV grow with the index while it is rolled forward.
    recallable
        `gross`, or `net` to offset recallable distributions against later calls in the multiples.

    Returns
    -------
    Report
        A value or a status for each measure.

    Raises
    ------
    BenchmarkError
        `INDEX_NOT_COVERED`, `INDEX_STALE`.
    InputError
        `BAD_DATE`, `UNSUPPORTED_OPTION`.

    References
    ----------
    METHODS 1.8; INTERFACE 1; docs/methods/day_counts.md, docs/methods/lookups.md,
    docs/methods/recallable.md.

    Examples
    --------
    >>> from pmecalc import Benchmark, Fund
    >>> fund = Fund.of(flows=[("2020-01-01", 100, 0), ("2021-01-01", 0, 150)])
    >>> report = evaluate(fund, Benchmark.of([("2020-01-01", 500), ("2021-01-01", 600)]))
    >>> report.ks_pme
    1.25
    """
    options = Options.of(
        day_count=day_count,
        netting=netting,
        lookup=lookup,
        max_staleness_days=max_staleness_days,
        nav_growth=nav_growth,
        recallable=recallable,
    )
    return report_at(value(fund, benchmark, as_of=as_of, options=options))


def report_at(at: Valuation) -> Report:
    """The report of a prepared valuation."""
    metrics = {name: row.measure.at(at) for name, row in METHODS.items()}
    codes = [*at.warnings, *(code for metric in metrics.values() for code in metric.warnings)]
    return Report(at, MappingProxyType(metrics), tuple(dict.fromkeys(codes)))


def notes_of(at: Valuation) -> dict[str, list[str]]:
    """What was understood of the files that fund and benchmark were read from, a sentence each."""
    return {
        "fund": list(at.fund.notes),
        "benchmark": list(at.benchmark.notes) if at.benchmark else [],
    }


def inputs_of(at: Valuation) -> dict[str, object]:
    """What the measures were computed from and with, as JSON-able values."""
    share = replica(at).estimated_share if at.benchmark else 0.0
    return {
        "nav": at.nav,
        "nav_date": None if at.nav_day is None else iso(at.nav_day),
        "nav_growth": at.options.nav_growth,
        "day_count": at.options.day_count,
        "netting": at.options.netting,
        "recallable": at.options.recallable,
        "lookup": at.options.lookup,
        "lookup_looks_ahead": rule_of(at.options.lookup).looks_ahead,
        "max_index_gap_days": at.max_index_gap_days if at.benchmark else None,
        "max_staleness_days": at.options.max_staleness_days,
        "index_kind": at.benchmark.kind if at.benchmark else None,
        "n_flows": at.n_flows,
        "n_flows_excluded_after_as_of": at.n_excluded,
        "mpme_estimated_share": share,
        "engine": ENGINE,
    }
