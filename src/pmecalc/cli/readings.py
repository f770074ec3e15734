"""Options that say how a file is read: the answers to what a file leaves open."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from pmecalc.core.benchmark import KINDS
from pmecalc.core.errors import NeedsInputError
from pmecalc.ingest.files import read_benchmark
from pmecalc.ingest.options import AMOUNTS, LEVELS, REVERSALS, SIGNS

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from pmecalc.core.benchmark import Benchmark
    from pmecalc.core.fund import Reversals
    from pmecalc.ingest.options import Amounts, Sign


class FundReading(TypedDict):
    """How a fund file is read, as `read_funds` takes it."""

    sign: Sign | None
    amounts: Amounts | None
    reversals: Reversals
    sheet: str | None


def add_fund_options(parser: argparse.ArgumentParser) -> None:
    """Options of fund files."""
    parser.add_argument(
        "--sign", choices=SIGNS, help="gp: money paid in is positive in an amount column"
    )
    parser.add_argument(
        "--amounts",
        choices=AMOUNTS,
        help="cumulative: contribution and distribution columns hold totals since inception",
    )
    parser.add_argument(
        "--reversals",
        choices=REVERSALS,
        default="reject",
        help="net: a negative contribution or distribution is money given back; default: reject",
    )
    parser.add_argument("--sheet", metavar="NAME", help="sheet of the workbook with the flows")


def add_index_options(parser: argparse.ArgumentParser) -> None:
    """Options of index files."""
    parser.add_argument(
        "--index-kind", choices=KINDS, help="what the index is; default: not stated"
    )
    parser.add_argument("--levels", choices=LEVELS, help="what the column level of the index holds")
    parser.add_argument("--index-sheet", metavar="NAME", help="sheet of the index's workbook")


def fund_reading(given: argparse.Namespace) -> FundReading:
    """How fund files are read, as was said."""
    return {
        "sign": given.sign,
        "amounts": given.amounts,
        "reversals": given.reversals,
        "sheet": given.sheet,
    }


def read_index(path: Path, given: argparse.Namespace) -> Benchmark:
    """The index, as was said; a question about its sheet is answered by `--index-sheet`."""
    try:
        return read_benchmark(
            path, index_kind=given.index_kind, levels=given.levels, sheet=given.index_sheet
        )
    except NeedsInputError as error:
        if error.option != "sheet":
            raise
        raise NeedsInputError(
            error.message,
            code=error.code,
            choices=error.choices,
            option="index_sheet",
            hint=error.hint,
            file=error.file,
        ) from None
