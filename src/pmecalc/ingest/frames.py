"""Frames of flows -> a fund, or the measures of many funds; both doors read alike."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from pmecalc.core import batch as engine
from pmecalc.core.errors import NeedsInputError
from pmecalc.core.fund import Fund
from pmecalc.core.ragged import Ragged
from pmecalc.ingest.build import funds_of, ragged_of
from pmecalc.ingest.frame_table import table_of_frame
from pmecalc.ingest.options import Options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pmecalc.core.batch import Batch
    from pmecalc.core.benchmark import Benchmark
    from pmecalc.core.conventions import BeforeFirstNav, NavGrowth, Netting, Recallable
    from pmecalc.core.dates import DateLike
    from pmecalc.core.daycount import DayCount
    from pmecalc.core.fund import Reversals
    from pmecalc.core.lookup import Lookup
    from pmecalc.ingest.frame_table import Extra
    from pmecalc.ingest.options import Amounts, Sign

_FILE = "table"


def read_table(
    frame: object,
    columns: Mapping[str, str] | None = None,
    *,
    extra: Extra = "refuse",
    name: str | None = None,
    currency: str | None = None,
    commitment: float | None = None,
    vintage: int | None = None,
    strategy: str | None = None,
    sign: Sign | None = None,
    amounts: Amounts | None = None,
    reversals: Reversals = "reject",
) -> Fund:
    """The fund of a frame with the columns of a tidy file; rows count from 1.

    `columns` gives the frame's name of each of ours that is called otherwise. A column that is
    neither is refused, or with `extra="ignore"` left out and named in the fund's notes.
    """
    options = Options(
        name,
        currency,
        commitment,
        vintage,
        strategy,
        sign=sign,
        amounts=amounts,
        reversals=reversals,
    )
    table = table_of_frame(frame, columns=columns, extra=extra, reversals=options.form.reversals)
    funds = funds_of(table, file=_FILE, options=options)
    if len(funds) > 1:
        first = funds[0].name
        raise NeedsInputError(
            f"The table holds {len(funds):,} funds, read_table reads one.",
            code="AMBIGUOUS_MAPPING",
            choices=[fund.name or "" for fund in funds],
            field=table.titles["fund"],
            hint="pmecalc.batch(table) computes all of them; for one, pass the rows of that fund "
            f"alone, such as {first}.",
        )
    return funds[0]


def read_ragged(
    frame: object,
    columns: Mapping[str, str] | None = None,
    *,
    extra: Extra = "refuse",
    sign: Sign | None = None,
    amounts: Amounts | None = None,
    reversals: Reversals = "reject",
) -> tuple[Ragged, tuple[str, ...]]:
    """The funds of a frame as flat columns, and what was understood of it.

    The options are those of `read_table`; funds stand in the order in which the frame names them.
    """
    options = Options(sign=sign, amounts=amounts, reversals=reversals)
    table = table_of_frame(frame, columns=columns, extra=extra, reversals=options.form.reversals)
    return ragged_of(table, file=_FILE, options=options)


def batch(
    funds: Ragged | Iterable[Fund] | object,
    index: Benchmark | None = None,
    *,
    as_of: DateLike | None = None,
    measures: str | Iterable[str] | None = None,
    day_count: DayCount = "ACT/365F",
    netting: Netting = "gross",
    lookup: Lookup = "previous",
    max_staleness_days: int | None = 100,
    nav_growth: NavGrowth = "none",
    recallable: Recallable = "gross",
    before_first_nav: BeforeFirstNav = "none",
    threads: int | None = None,
    columns: Mapping[str, str] | None = None,
    extra: Extra = "refuse",
    sign: Sign | None = None,
    amounts: Amounts | None = None,
    reversals: Reversals = "reject",
) -> Batch:
    """Measures of many funds, by default all those of a report.

    Parameters
    ----------
    funds
        A long table (pandas, polars, Arrow, a dict of columns) with the columns of a tidy file,
        funds, or prepared flat columns (`Ragged`). Rows of a table stand in any order.
    index
        The benchmark; without one the measures that need it have the status `no_index`.
    as_of
        A common valuation date; by default each fund's own.
    measures
        Names of measures, or one name; fewer cost less. The further ones (`FURTHER`, such as
        `twr`) are computed as `evaluate` does, fund by fund.
    day_count, netting, lookup, max_staleness_days, nav_growth, recallable, before_first_nav
        As for `evaluate`.
    threads
        How many to use; by default as many as there are processors, one for small batches.
    columns, extra, sign, amounts, reversals
        Of a table, as for `read_table`: names of columns, what becomes of columns that are not
        read, and the readings of what can be read in two ways.

    Returns
    -------
    Batch
        Values and status codes, funds in the order in which the table names them; `notes` says what
        was understood of it. A fund that the index does not reach has the status
        `index_not_covered` or `index_stale` in the measures that need one; `evaluate` raises.

    Raises
    ------
    CashFlowError, InputError
        The table cannot be used; the error names fund, row as given, column and value.
    NeedsInputError
        It can be read in two ways.
    NotFoundError
        There is no such measure.

    Examples
    --------
    >>> table = {"fund": [1, 1], "date": ["2021-01-01", "2022-01-01"], "amount": [-100, 110]}
    >>> batch(table)["irr"].round(12).tolist()
    [0.1]
    """
    notes: tuple[str, ...] = ()
    if isinstance(funds, Ragged):
        ragged = funds
    elif (members := _members(funds)) is not None:
        ragged = Ragged.of_funds(members)
    else:
        ragged, notes = read_ragged(
            funds, columns, extra=extra, sign=sign, amounts=amounts, reversals=reversals
        )
    made = engine.batch(
        ragged,
        index,
        as_of=as_of,
        measures=measures,
        day_count=day_count,
        netting=netting,
        lookup=lookup,
        max_staleness_days=max_staleness_days,
        nav_growth=nav_growth,
        recallable=recallable,
        before_first_nav=before_first_nav,
        threads=threads,
    )
    return replace(made, notes=notes)


def _members(funds: object) -> list[Fund] | None:
    """The funds of a collection of funds; None where a table was given."""
    if any(hasattr(funds, name) for name in _OF_TABLES):
        return None
    if isinstance(funds, Fund) or not isinstance(funds, Iterable):
        raise TypeError(f"batch takes a table or a list of funds; this is {type(funds).__name__}")
    members = list(funds)
    for member in members:
        if not isinstance(member, Fund):
            raise TypeError(f"batch takes funds; one of these is {type(member).__name__}")
    return members


_OF_TABLES = ("collect", "columns", "column_names", "keys", "__arrow_c_stream__")
