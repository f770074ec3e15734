"""What a user hands to the service: bytes or a spooled file, and a name that is only text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pmecalc.ingest.build import funds_of
from pmecalc.ingest.levels import benchmark_of
from pmecalc.ingest.limits import Limits
from pmecalc.ingest.names import display_name
from pmecalc.ingest.options import Options
from pmecalc.ingest.source import table_of

if TYPE_CHECKING:
    from pathlib import Path

    from pmecalc.core.benchmark import Benchmark, IndexKind
    from pmecalc.core.fund import Fund, Reversals
    from pmecalc.ingest.columns import Kind
    from pmecalc.ingest.options import Amounts, Levels, Sign


@dataclass(frozen=True, slots=True)
class Upload:
    """The funds of a file, or its benchmark."""

    kind: Kind
    funds: tuple[Fund, ...] = ()
    benchmark: Benchmark | None = None


def read_upload(
    data: bytes | Path,
    *,
    filename: str,
    kind: Kind | None = None,
    name: str | None = None,
    currency: str | None = None,
    commitment: float | None = None,
    vintage: int | None = None,
    strategy: str | None = None,
    index_kind: IndexKind | None = None,
    sign: Sign | None = None,
    amounts: Amounts | None = None,
    levels: Levels | None = None,
    reversals: Reversals = "reject",
    sheet: str | None = None,
    limits: Limits | None = None,
) -> Upload:
    """Read a tidy file; its columns say whether it is an index, unless `kind` does."""
    file = display_name(filename)
    options = Options(
        name,
        currency,
        commitment,
        vintage,
        strategy,
        index_kind,
        sign,
        amounts,
        levels,
        reversals,
        sheet,
    )
    table = table_of(data, file=file, kind=kind, limits=limits or Limits(), form=options.form)
    if table.kind == "benchmark":
        return Upload("benchmark", benchmark=benchmark_of(table, file=file, options=options))
    return Upload("fund", funds=funds_of(table, file=file, options=options))
