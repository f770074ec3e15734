"""Fund and benchmark to report: every measure with its status, and all that was assumed."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from pmecalc.core import through_time as series
from pmecalc.core.content import ByContent
from pmecalc.core.conventions import Options
from pmecalc.core.dates import iso
from pmecalc.core.lookup import rule_of
from pmecalc.core.methods import FURTHER, METHODS, any_method
from pmecalc.core.named_outcomes import NamedOutcomes
from pmecalc.core.pme.mpme import estimated_share
from pmecalc.core.valuation import value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, KeysView, Mapping

    from pmecalc.core.benchmark import Benchmark
    from pmecalc.core.conventions import BeforeFirstNav, NavGrowth, Netting, Recallable
    from pmecalc.core.dates import DateLike
    from pmecalc.core.daycount import DayCount
    from pmecalc.core.fund import Fund
    from pmecalc.core.lookup import Lookup
    from pmecalc.core.metric import Metric
    from pmecalc.core.through_time import Column, JCurve
    from pmecalc.core.valuation import Valuation

ENGINE = 5  # raised whenever a number or the shape of the JSON could change (CACHE 2)

WARNINGS: dict[str, str] = {
    "SIGN_SUSPECT": "as the amounts are read the investor was never out of pocket, or received "
    "first and paid last: check the signs, or whether two columns are swapped",
    "NAV_ASSUMED_ZERO": "no NAV was reported and the last flow was received: the fund is taken as "
    "realised, with a NAV of 0",
    "NAV_ROLLED_FORWARD": "no NAV was reported on the date; the last one before it is rolled "
    "forward with the flows since",
    "NAV_STALE": "the last reported NAV is more than 200 days older than the as-of date",
    "NAV_AT_COST": "no NAV was reported up to the date; contributions less distributions stand in "
    "for it, as asked",
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
    "RATE_AGAINST_GAIN": "the rate has the opposite sign of the money made, as money was received "
    "before it was paid in: believe the money (gain, value added, KS-PME), not the rate",
    "SINCE_INCEPTION": "the fund began on or after the start: the figures are since inception",
    "NEAR_DOUBLE_ROOT": "a stream touches zero within rounding instead of crossing it",
}


@dataclass(frozen=True, slots=True, eq=False)
class Report(ByContent, NamedOutcomes):
    """Every measure of a fund at a date; build one with `evaluate` or `horizon`.

    Parameters
    ----------
    valuation
        What the measures were computed from.

    Notes
    -----
    `report["ks_pme"]` is the whole outcome; `report.ks_pme` the number, or NotDefinedError. Each
    measure is computed when it is first asked for. Reports are equal where fund, benchmark,
    conventions, as-of date and start are: outcomes follow from these.
    """

    valuation: Valuation

    def _content(self) -> tuple[object, ...]:
        at = self.valuation
        return at.fund, at.benchmark, at.options, at.as_of, at.opening, at.void, at.warnings

    def __getitem__(self, name: str) -> Metric:
        """The outcome of a measure."""
        return any_method(name).measure.at(self.valuation)

    @property
    def metrics(self) -> Mapping[str, Metric]:
        """Outcome by name of the measures that every report has."""
        at = self.valuation
        return MappingProxyType({name: row.measure.at(at) for name, row in METHODS.items()})

    @property
    def warnings(self) -> tuple[str, ...]:
        """Codes of METHODS 11.2 of the fund, its NAV and those measures, each once."""
        at = self.valuation
        own = () if at.void is not None else at.warnings
        codes = (code for metric in self.metrics.values() for code in metric.warnings)
        return tuple(dict.fromkeys((*own, *codes)))

    def __contains__(self, name: object) -> bool:
        """Whether there is a measure of that name, the further ones included."""
        return name in METHODS or name in FURTHER

    def __iter__(self) -> Iterator[str]:
        """The names of the measures that every report has, in the order of the table."""
        return iter(METHODS)

    def __len__(self) -> int:
        return len(METHODS)

    def keys(self) -> KeysView[str]:
        """The names of the measures that every report has: `dict(report)` gives their outcomes."""
        return METHODS.keys()

    def __repr__(self) -> str:
        shown = ", ".join(
            f"{name}={metric.value:.4g}" if isinstance(metric.value, float) else f"{name}=n/a"
            for name in ("irr", "tvpi", "ks_pme")
            for metric in (self[name],)
        )
        return f"Report({self.valuation.fund.name!r}, as of {self.as_of}, {shown})"

    @property
    def as_of(self) -> str:
        """The valuation date, ISO text."""
        return iso(self.valuation.as_of)

    def through_time(self, names: str | Iterable[str] | None = None) -> dict[str, Column]:
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
            "warnings": [{"code": code, "message": warning_text(code, at)} for code in codes],
            "inputs": inputs_of(at),
            "notes": notes_of(at),
        }


def evaluate(
    fund: Fund,
    benchmark: Benchmark | None = None,
    *,
    as_of: DateLike | None = None,
    day_count: DayCount = "ACT/365F",
    netting: Netting = "gross",
    lookup: Lookup = "previous",
    max_staleness_days: int | None = 100,
    nav_growth: NavGrowth = "none",
    recallable: Recallable = "gross",
    before_first_nav: BeforeFirstNav = "none",
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
    before_first_nav
        `none`, or `cost` to take contributions less distributions for a NAV that is not known.

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
        before_first_nav=before_first_nav,
    )
    return Report(value(fund, benchmark, as_of=as_of, options=options))


def warning_text(code: str, at: Valuation) -> str:
    """The sentence of a warning, with the age of a stale NAV but for a pool, which has several.

    Examples
    --------
    >>> from pmecalc.core.fund import Fund
    >>> fund = Fund.of(flows=[("2020-01-01", 100, 0)], navs=[("2020-12-31", 120)])
    >>> warning_text("NAV_STALE", value(fund, as_of="2021-12-31"))[-15:]
    ' (365 days old)'
    """
    if code == "NAV_STALE" and at.residual.day not in {None, at.as_of}:
        return f"{WARNINGS[code]} ({at.as_of - at.residual.day} days old)"
    return WARNINGS[code]


def notes_of(at: Valuation) -> dict[str, list[str]]:
    """What was understood of the files that fund and benchmark were read from, a sentence each."""
    return {
        "fund": list(at.fund.notes),
        "benchmark": list(at.benchmark.notes) if at.benchmark else [],
    }


def inputs_of(at: Valuation) -> dict[str, object]:
    """What the measures were computed from and with, as JSON-able values."""
    share = estimated_share(at) if at.benchmark and at.void is None else 0.0
    return {
        "nav": None if at.residual.missing else at.nav,
        "nav_date": None if at.residual.day is None else iso(at.residual.day),
        "nav_growth": at.options.nav_growth,
        "before_first_nav": at.options.before_first_nav,
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
