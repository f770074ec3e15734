"""Files -> funds and benchmarks: the public readers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pmecalc.core.errors import NeedsInputError
from pmecalc.ingest.build import funds_of
from pmecalc.ingest.levels import benchmark_of
from pmecalc.ingest.limits import Limits
from pmecalc.ingest.names import display_name
from pmecalc.ingest.options import Options
from pmecalc.ingest.source import table_of

if TYPE_CHECKING:
    import os

    from pmecalc.core.benchmark import Benchmark, IndexKind
    from pmecalc.core.fund import Fund, Reversals
    from pmecalc.ingest.options import Amounts, Levels, Sign


def read_fund(
    path: str | os.PathLike[str],
    *,
    name: str | None = None,
    currency: str | None = None,
    commitment: float | None = None,
    vintage: int | None = None,
    strategy: str | None = None,
    sign: Sign | None = None,
    amounts: Amounts | None = None,
    reversals: Reversals = "reject",
    sheet: str | None = None,
) -> Fund:
    """The one fund of a tidy CSV or XLSX file.

    `sign`, `amounts` and `sheet` answer what is asked of a file that can be read in two ways.
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
        sheet=sheet,
    )
    return only(_funds(Path(path), options), display_name(Path(path).name))


def read_funds(
    path: str | os.PathLike[str],
    *,
    name: str | None = None,
    currency: str | None = None,
    commitment: float | None = None,
    vintage: int | None = None,
    strategy: str | None = None,
    sign: Sign | None = None,
    amounts: Amounts | None = None,
    reversals: Reversals = "reject",
    sheet: str | None = None,
) -> list[Fund]:
    """All funds of a tidy CSV or XLSX file, in the order in which it names them."""
    options = Options(
        name,
        currency,
        commitment,
        vintage,
        strategy,
        sign=sign,
        amounts=amounts,
        reversals=reversals,
        sheet=sheet,
    )
    return list(_funds(Path(path), options))


def read_benchmark(
    path: str | os.PathLike[str],
    *,
    name: str | None = None,
    currency: str | None = None,
    index_kind: IndexKind | None = None,
    levels: Levels | None = None,
    sheet: str | None = None,
) -> Benchmark:
    """The index of a tidy CSV or XLSX file; its kind is that which is said, else not known.

    `levels` and `sheet` answer what is asked of a file that can be read in two ways.
    """
    file = display_name(Path(path).name)
    options = Options(name, currency, index_kind=index_kind, levels=levels, sheet=sheet)
    table = table_of(Path(path), file=file, kind="benchmark", limits=Limits(), form=options.form)
    return benchmark_of(table, file=file, options=options)


def only(funds: tuple[Fund, ...], file: str) -> Fund:
    """The fund, if it is alone."""
    if len(funds) > 1:
        raise NeedsInputError(
            f"It holds {len(funds):,} funds.",
            code="AMBIGUOUS_MAPPING",
            choices=[fund.name or "" for fund in funds],
            field="fund",
            hint="read_funds reads them all.",
            file=file,
        )
    return funds[0]


def _funds(path: Path, options: Options) -> tuple[Fund, ...]:
    file = display_name(path.name)
    table = table_of(path, file=file, kind="fund", limits=Limits(), form=options.form)
    return funds_of(table, file=file, options=options)
