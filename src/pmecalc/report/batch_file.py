"""The measures of many funds as a file: Parquet, CSV, or a workbook."""

from __future__ import annotations

import csv
import importlib
import os
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeAlias

from pmecalc.core.batch import may_be_estimated
from pmecalc.core.dates import date_of
from pmecalc.core.errors import InputError
from pmecalc.core.methods import FURTHER, METHODS, any_method
from pmecalc.report.save import text_cell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from pmecalc.core.batch import Batch
    from pmecalc.core.fund import Fund
    from pmecalc.core.ragged import DayArray

Cell: TypeAlias = "str | float | int | bool | date | None"
Columns: TypeAlias = "Mapping[str, Sequence[Cell]]"
_SHEET_ROWS = 1_048_576
_BATCH_ROWS = 65_536


@dataclass(frozen=True, slots=True)
class BatchTables:
    """What goes into the file: the measures by fund, and what became of each source file."""

    measures: Columns
    statuses: Columns
    imports: Columns


def measure_columns(
    made: Batch,
    funds: Sequence[Fund],
    files: Sequence[str],
    as_ofs: DayArray,
    warnings: Sequence[tuple[str, ...]],
) -> tuple[Columns, Columns]:
    """The values by fund, blank where a measure has none, and the statuses by fund.

    Beside the status of a measure stands whether its value is estimated, where it may be.
    """
    who: dict[str, Sequence[Cell]] = {
        "file": list(files),
        "fund": [fund.name for fund in funds],
        "currency": [fund.currency for fund in funds],
        "as_of": [date_of(day) for day in as_ofs.tolist()],
    }
    values = {name: _cells(column) for name, column in made.columns.items()}
    statuses: dict[str, Sequence[Cell]] = {}
    for name in made.columns:
        statuses[f"{name}_status"] = made.statuses(name).tolist()
        if may_be_estimated(name):
            statuses[f"{name}_estimated"] = made.estimated(name).tolist()
    told = {"warnings": [" ".join(codes) for codes in warnings]}
    return {**who, **values, **told}, {"file": who["file"], "fund": who["fund"], **statuses}


def check_target(path: Path) -> None:
    """Refuse a file that could not be written, before hours are spent on what goes into it."""
    writer = _WRITERS.get(path.suffix.lower())
    if writer is None:
        raise InputError(
            f"A batch cannot be written as {path.suffix or 'a file without suffix'}.",
            code="UNSUPPORTED_FORMAT",
            field="out",
            value=path.name,
            hint=f"Use one of {', '.join(_WRITERS)}.",
        )
    library = _LIBRARIES.get(path.suffix.lower())
    if library is not None and importlib.util.find_spec(library) is None:
        raise InputError(
            f"{path.suffix} files need {library}, which is not installed.",
            code="UNSUPPORTED_FORMAT",
            field="out",
            value=path.name,
            hint="Install pmecalc[report], or write .csv.",
        )
    if not path.parent.is_dir():
        raise InputError(
            "There is no such folder.", code="NO_SUCH_FILE", file=str(path.parent), hint="Make it."
        )


def write_batch(tables: BatchTables, path: Path) -> str:
    """Write the file, and beside a table without sheets the list of imports; says where that is."""
    rows = len(tables.measures["fund"])
    if path.suffix.lower() == ".xlsx" and rows >= _SHEET_ROWS:
        raise InputError(
            f"{rows:,} funds do not fit into a workbook of {_SHEET_ROWS:,} rows.",
            code="UNSUPPORTED_FORMAT",
            field="out",
            value=path.name,
            hint="Write .parquet or .csv.",
        )
    return _WRITERS[path.suffix.lower()](tables, path)


def _cells(column: npt.NDArray[np.generic]) -> list[Cell]:
    if column.dtype.kind == "M":
        return [None if cell is None else cell for cell in column.astype(object).tolist()]
    return [None if cell != cell else cell for cell in column.tolist()]  # noqa: PLR0124  (NaN)


def _workbook(tables: BatchTables, path: Path) -> str:
    xlsxwriter = importlib.import_module("xlsxwriter")
    with _replaced(path) as partial:
        book = xlsxwriter.Workbook(partial, {"constant_memory": True})
        form = book.add_format({"num_format": "yyyy-mm-dd"})
        sheets = {"Measures": tables.measures, "Status": tables.statuses, "Import": tables.imports}
        for name, columns in sheets.items():
            sheet = book.add_worksheet(name)
            sheet.freeze_panes(1, 0)
            for place, header in enumerate(columns):
                sheet.write_string(0, place, header)
            for row, cells in enumerate(zip(*columns.values(), strict=True), start=1):
                for place, cell in enumerate(cells):
                    if isinstance(cell, str):  # never a formula, never a link
                        sheet.write_string(row, place, cell)
                    elif isinstance(cell, bool):
                        sheet.write_boolean(row, place, cell)
                    elif isinstance(cell, date):
                        sheet.write_datetime(row, place, cell, form)
                    elif cell is not None:
                        sheet.write_number(row, place, cell)
        book.close()
    return f"{path.name} › Import"


def _parquet(tables: BatchTables, path: Path) -> str:
    arrow, parquet = importlib.import_module("pyarrow"), importlib.import_module("pyarrow.parquet")
    columns = {
        name: arrow.array(cells, type=_arrow_type(arrow, name, cells))
        for name, cells in _wide(tables).items()
    }
    with _replaced(path) as partial:
        parquet.write_table(arrow.table(columns), partial, compression="zstd")
    return _companion(tables, path)


def _arrow_type(arrow: object, name: str, cells: Sequence[Cell]) -> object:
    """One type a column, also where every cell of it is blank."""
    first = next((cell for cell in cells if cell is not None), None)
    if isinstance(first, date) or name in _DATES:
        return arrow.date32()  # type: ignore[attr-defined]  # imported when it is needed
    if isinstance(first, bool):
        return arrow.bool_()  # type: ignore[attr-defined]
    if isinstance(first, str) or name in _TEXTS:
        return arrow.string()  # type: ignore[attr-defined]
    return arrow.float64()  # type: ignore[attr-defined]


def _csv(tables: BatchTables, path: Path) -> str:
    _write_csv(_wide(tables), path)
    return _companion(tables, path)


def _companion(tables: BatchTables, path: Path) -> str:
    beside = path.with_name(f"{path.stem}.import.csv")
    _write_csv(tables.imports, beside)
    return beside.name


def _wide(tables: BatchTables) -> Columns:
    own = {name: cells for name, cells in tables.statuses.items() if name not in tables.measures}
    return {**tables.measures, **own}


def _write_csv(columns: Columns, path: Path) -> None:
    with (
        _replaced(path) as partial,
        Path(partial).open("w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for cells in zip(*columns.values(), strict=True):
            writer.writerow([text_cell(cell) if isinstance(cell, str) else cell for cell in cells])


@contextmanager
def _replaced(path: Path) -> Iterator[str]:
    """A file beside the target that takes its place once it is whole."""
    handle, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    try:
        yield partial
        Path(partial).chmod(0o666 & ~_umask())
        Path(partial).replace(path)
    finally:
        Path(partial).unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


_DATES = frozenset(
    {"as_of", *(name for name in (*METHODS, *FURTHER) if any_method(name).unit == "date")}
)
_TEXTS = frozenset({"file", "fund", "currency", "warnings"})
_LIBRARIES = MappingProxyType({".xlsx": "xlsxwriter", ".parquet": "pyarrow"})
_WRITERS: Mapping[str, Callable[[BatchTables, Path], str]] = MappingProxyType(
    {".xlsx": _workbook, ".parquet": _parquet, ".csv": _csv}
)
