"""An index in another currency."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pmecalc.core.dates import iso
from pmecalc.core.errors import BenchmarkError, counted
from pmecalc.core.fund import LEAST, MOST, frozen
from pmecalc.core.lookup import levels_on

if TYPE_CHECKING:
    from pmecalc.core.benchmark import Benchmark
    from pmecalc.core.lookup import Lookup


def convert(
    benchmark: Benchmark,
    rates: Benchmark,
    *,
    currency: str | None = None,
    lookup: Lookup = "previous",
    max_staleness_days: int | None = 100,
) -> Benchmark:
    """The index in another currency: each level times the exchange rate of its date.

    Parameters
    ----------
    benchmark
        The index.
    rates
        Exchange rates as levels: what one unit of the index currency costs in the other.
    currency
        The other currency, such as the fund's; by default that of `rates`.
    lookup, max_staleness_days
        How a rate is found on a date of the index; see `levels_on`.

    Returns
    -------
    Benchmark
        On the dates of the index from the first rate on; levels before it are left out, and
        `notes` says how many.

    Raises
    ------
    BenchmarkError
        `INDEX_NOT_COVERED`, `INDEX_STALE`: no rate for a date. `INDEX_INVALID`: a product beyond
        what can be computed with.
    InputError
        `UNSUPPORTED_OPTION` for any other look-up.

    References
    ----------
    METHODS 1.6; docs/methods/currency.md.

    Examples
    --------
    The index rose by a fifth, the dollar fell by a tenth against the euro:

    >>> from pmecalc import Benchmark
    >>> world = Benchmark.of([("2021-01-01", 500), ("2022-01-01", 600)], currency="USD")
    >>> euros = Benchmark.of([("2021-01-01", 0.80), ("2022-01-01", 0.72)], currency="EUR")
    >>> convert(world, euros).levels.tolist()
    [400.0, 432.0]
    """
    covered = benchmark.days >= rates.days[0]
    days = benchmark.days[covered]
    if len(days) == 0:
        raise BenchmarkError(
            f"The exchange rates start on {iso(rates.days[0])}, after the last level of the index "
            f"on {iso(benchmark.days[-1])}.",
            code="INDEX_NOT_COVERED",
            field="date",
            value=iso(benchmark.days[-1]),
            hint="Use exchange rates that start on or before the first flow.",
        )
    found, _ = levels_on(rates, days, lookup=lookup, max_staleness_days=max_staleness_days)
    levels = benchmark.levels[covered] * found
    if not LEAST <= levels.min() <= levels.max() <= MOST:
        raise BenchmarkError(
            f"Levels times exchange rates are not from {LEAST:g} to {MOST:g}.",
            code="INDEX_INVALID",
            field="level",
            value=float(levels.max()),
            hint="Check the unit of the exchange rates.",
        )
    dropped = len(benchmark.days) - len(days)
    note = (
        f"Left out, before the first exchange rate on {iso(rates.days[0])}: {dropped} of "
        f"{counted(len(benchmark.days), 'level')}."
    )
    return replace(
        benchmark,
        days=frozen(days),
        levels=frozen(levels),
        rows=frozen(benchmark.rows[covered]),
        currency=currency or rates.currency,
        notes=(*benchmark.notes, note) if dropped else benchmark.notes,
    )
