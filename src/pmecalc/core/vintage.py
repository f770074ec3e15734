"""Funds by vintage year, and what each year's funds have in common."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, Unpack

import numpy as np

from pmecalc.core.conventions import Options
from pmecalc.core.dates import date_of, day_number
from pmecalc.core.errors import CashFlowError, InputError, NotDefinedError, counted
from pmecalc.core.methods import any_method
from pmecalc.core.pooled import pool
from pmecalc.core.ranks import breakpoints
from pmecalc.core.valuation import value_on

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pmecalc.core.benchmark import Benchmark
    from pmecalc.core.conventions import Conventions
    from pmecalc.core.dates import DateLike
    from pmecalc.core.fund import Fund
    from pmecalc.core.measure import AnyMeasure
    from pmecalc.core.metric import Metric

VintageRule: TypeAlias = Literal["first_contribution", "first_close", "legal_inception", "stated"]
RULES: tuple[VintageRule, ...] = ("first_contribution", "first_close", "legal_inception", "stated")
_DATED = ("first_close", "legal_inception")


@dataclass(frozen=True, slots=True)
class VintageRow:
    """The funds of one vintage year.

    Parameters
    ----------
    vintage
        The year.
    n
        How many funds have it.
    n_excluded
        How many of them have no value of the metric.
    pooled
        The metric of all of them as one fund, or its status.
    mean, median
        Over the funds that have a value; None where none has.
    lower, upper
        The quartile breakpoints; None below four values.
    """

    vintage: int
    n: int
    n_excluded: int
    pooled: Metric
    mean: float | None
    median: float | None
    lower: float | None
    upper: float | None


def vintage_year(
    fund: Fund, *, rule: VintageRule = "first_contribution", on: DateLike | None = None
) -> int:
    """The vintage year of a fund by a rule.

    Parameters
    ----------
    fund
        Its flows tell the first contribution; its `vintage` is the stated one.
    rule
        `first_contribution`; `first_close` or `legal_inception`, whose date is given as `on`;
        `stated`, the fund's own `vintage`.
    on
        The date of the first close or of the legal inception.

    Returns
    -------
    int
        A calendar year.

    Raises
    ------
    InputError
        `UNSUPPORTED_OPTION`: no such rule, or the fund states no vintage. `BAD_DATE`: the rule's
        date is missing or no date.
    NotDefinedError
        `no_contributions`: nothing was paid in.

    References
    ----------
    METHODS 6.2; GIPS 2020 (first drawdown or first close); Cambridge Associates (inception);
    docs/methods/vintage.md.

    Examples
    --------
    >>> from pmecalc import Fund
    >>> fund = Fund.of(flows=[("2019-12-31", 0, 0), ("2020-01-02", 5, 0)], vintage=2018)
    >>> vintage_year(fund), vintage_year(fund, rule="stated")
    (2020, 2018)
    """
    if rule not in RULES:
        raise InputError(
            f"rule={rule!r} is not offered.",
            code="UNSUPPORTED_OPTION",
            field="rule",
            value=rule,
            hint=f"Offered: {', '.join(RULES)}.",
        )
    if rule in _DATED:
        return date_of(day_number(on, field=rule)).year
    if rule == "stated":
        if fund.vintage is None:
            raise InputError(
                f"The fund {fund.name or ''} states no vintage.".replace("  ", " "),
                code="UNSUPPORTED_OPTION",
                field="vintage",
                hint="Give it one, or choose another rule.",
            )
        return fund.vintage
    return date_of(_first_day(fund)).year


def _first_day(fund: Fund) -> int:
    """The day of the first contribution."""
    paying = fund.contributions.nonzero()[0]
    if len(paying) == 0:
        raise NotDefinedError("vintage_year", "no_contributions", "nothing was paid in")
    return int(fund.days[paying[0]])


def vintage_years(
    funds: Sequence[Fund],
    *,
    rule: VintageRule = "first_contribution",
    dates: Sequence[DateLike | None] | None = None,
) -> list[int]:
    """The vintage year of each fund; see `vintage_year`.

    Parameters
    ----------
    funds
        In any order.
    rule
        The same for all.
    dates
        One a fund, for the rules that need a date.

    Returns
    -------
    list[int]
        One a fund.

    Raises
    ------
    InputError, NotDefinedError
        As `vintage_year`; `RAGGED_ROW` where there are not as many dates as funds.

    References
    ----------
    METHODS 6.2; docs/methods/vintage.md.

    Examples
    --------
    >>> from pmecalc import Fund
    >>> fund = Fund.of(flows=[("2020-01-02", 5, 0)])
    >>> vintage_years([fund], rule="first_close", dates=["2019-11-15"])
    [2019]
    """
    given = [None] * len(funds) if dates is None else list(dates)
    if len(given) != len(funds):
        raise InputError(
            f"There are {counted(len(funds), 'fund')} and {counted(len(given), 'date')}.",
            code="RAGGED_ROW",
            field="dates",
            hint="Give one date a fund.",
        )
    if rule == "first_contribution":
        # Most begin with one, and looking no further saves half the time.
        days = np.array(
            [
                fund.days.item(0)
                if len(fund.days) and fund.contributions.item(0)
                else _first_day(fund)
                for fund in funds
            ]
        )
        years: list[int] = (days.view("M8[D]").astype("M8[Y]").view(np.int64) + 1970).tolist()
        return years
    return [vintage_year(fund, rule=rule, on=on) for fund, on in zip(funds, given, strict=True)]


def by_vintage(
    funds: Iterable[Fund],
    benchmark: Benchmark | None = None,
    *,
    as_of: DateLike,
    metric: str = "irr",
    rule: VintageRule = "first_contribution",
    dates: Sequence[DateLike | None] | None = None,
    **options: Unpack[Conventions],
) -> tuple[VintageRow, ...]:
    """A metric by vintage year: of the year's funds as one, and over them.

    Parameters
    ----------
    funds
        At least one; of one currency.
    benchmark
        The index, or None.
    as_of
        The common valuation date.
    metric
        A measure whose value is a number.
    rule, dates
        See `vintage_years`.
    **options
        As for `evaluate`.

    Returns
    -------
    tuple[VintageRow, ...]
        By year, ascending. `pooled` is computed from the union of flows; it is not a mean.

    Raises
    ------
    CashFlowError
        `NO_FLOWS`: no fund was given.
    InputError
        `MIXED_CURRENCY`, `BAD_DATE`, `UNSUPPORTED_OPTION`, `RAGGED_ROW`.
    NotFoundError
        There is no such measure.
    NotDefinedError
        A fund has no vintage by the rule.
    BenchmarkError
        `INDEX_NOT_COVERED`, `INDEX_STALE`.

    References
    ----------
    METHODS 6.1-6.3; docs/methods/vintage.md.

    Examples
    --------
    >>> from pmecalc import Fund
    >>> funds = [
    ...     Fund.of(flows=[("2020-01-01", paid, 0)], navs=[("2021-12-31", nav)])
    ...     for paid, nav in [(100, 150), (300, 330)]
    ... ]
    >>> (row,) = by_vintage(funds, as_of="2021-12-31", metric="tvpi")
    >>> row.vintage, row.n, row.pooled.value, row.mean
    (2020, 2, 1.2, 1.3)
    """
    members = list(funds)
    if not members:
        raise CashFlowError("There are no funds.", code="NO_FLOWS", hint="Give at least one.")
    measure = number_measure(metric)
    made, last = Options.of(**options), day_number(as_of, field="as_of")
    years = vintage_years(members, rule=rule, dates=dates)
    by_year: dict[int, list[Fund]] = {year: [] for year in sorted(set(years))}
    for fund, year in zip(members, years, strict=True):
        by_year[year].append(fund)
    rows = []
    for year, own in by_year.items():
        metrics = [measure.at(value_on(fund, benchmark, last, made)) for fund in own]
        whole = measure.at(value_on(pool(own, as_of=as_of), benchmark, last, made))
        rows.append(_row(year, whole, metrics))
    return tuple(rows)


def number_measure(name: str) -> AnyMeasure:
    """The measure of a name, whose value is a number.

    Raises
    ------
    NotFoundError
        There is no such measure.
    InputError
        `UNSUPPORTED_OPTION`: its value is a date.

    Examples
    --------
    >>> number_measure("tvpi").__name__
    'tvpi'
    """
    row = any_method(name)
    if row.unit == "date":
        raise InputError(
            f"{name} is a date, of which there is no mean.",
            code="UNSUPPORTED_OPTION",
            field="metric",
            value=name,
            hint="Choose a measure whose value is a number.",
        )
    return row.measure


def _row(year: int, pooled: Metric, metrics: list[Metric]) -> VintageRow:
    values = [metric.number for metric in metrics if metric.value is not None]
    found = breakpoints(values) if values else None
    return VintageRow(
        vintage=year,
        n=len(metrics),
        n_excluded=len(metrics) - len(values),
        pooled=pooled,
        mean=math.fsum(values) / len(values) if values else None,
        median=found.median if found else None,
        lower=found.lower if found else None,
        upper=found.upper if found else None,
    )
