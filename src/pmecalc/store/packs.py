"""Packs: the rows of all funds, or of all benchmarks, of one import in one Parquet file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pmecalc.core.benchmark import Benchmark
from pmecalc.core.fund import Fund, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    Arrow: TypeAlias = pa.Array[Any]  # Any: Arrow knows its types when it runs
    Arrows: TypeAlias = pa.ChunkedArray[Any]


Columns: TypeAlias = dict[str, npt.NDArray[np.generic]]

FORMAT = "1"
ROW_GROUP = 10_000
_WRITER = "pmecalc-1"
_FLOW, _NAV = range(2)
_FLOW_COLUMNS = ["date", "contribution", "distribution", "nav", "source_row"]
_LEVEL_COLUMNS = ["date", "level", "source_row"]


class Place(NamedTuple):
    """The rows of one dataset in a pack."""

    row0: int
    rows: int


class Pack(NamedTuple):
    """A file ready to be stored, and where each dataset lies in it."""

    data: memoryview
    places: dict[str, Place]


def flow_pack(tenant: str, funds: Mapping[str, Fund]) -> Pack:
    """The pack of these funds, by dataset id."""
    names = sorted(funds)
    parts = [_flow_columns(funds[name]) for name in names]
    columns = _joined(parts)
    nav = columns["nav"].astype(np.float64)
    amounts: dict[str, Arrow] = {
        "contribution": pa.array(columns["contribution"]),
        "distribution": pa.array(columns["distribution"]),
        "nav": pa.array(nav, mask=np.isnan(nav)),
        "kind": _taken(["flow", "nav"], columns["kind"]),
        "currency": _repeated([funds[name].currency for name in names], parts),
    }
    return _pack(tenant, "flows", names=names, parts=parts, columns=columns, amounts=amounts)


def level_pack(tenant: str, benchmarks: Mapping[str, Benchmark]) -> Pack:
    """The pack of these benchmarks, by dataset id."""
    names = sorted(benchmarks)
    parts: list[Columns] = [
        {"date": value.days, "level": value.levels, "source_row": value.rows}
        for value in (benchmarks[name] for name in names)
    ]
    columns = _joined(parts)
    amounts: dict[str, Arrow] = {"level": pa.array(columns["level"])}
    return _pack(tenant, "levels", names=names, parts=parts, columns=columns, amounts=amounts)


def read_fund(path: Path, place: Place) -> Fund:
    """The rows of one fund; its metadata stand elsewhere."""
    table = _read(path, place, _FLOW_COLUMNS)
    days, sources = _integers(table["date"]), _integers(table["source_row"])
    navs = _floats(table["nav"])
    nav = ~np.isnan(navs)
    return Fund(
        days=frozen(days[~nav]),
        contributions=frozen(_floats(table["contribution"])[~nav]),
        distributions=frozen(_floats(table["distribution"])[~nav]),
        rows=frozen(sources[~nav]),
        nav_days=frozen(days[nav]),
        navs=frozen(navs[nav]),
        nav_estimated=frozen(np.zeros(int(nav.sum()), np.bool_)),
    )


def read_benchmark(path: Path, place: Place) -> Benchmark:
    """The rows of one benchmark; its metadata stand elsewhere."""
    table = _read(path, place, _LEVEL_COLUMNS)
    return Benchmark(
        days=frozen(_integers(table["date"])),
        levels=frozen(_floats(table["level"])),
        rows=frozen(_integers(table["source_row"])),
    )


def row_count(path: Path) -> int:
    """How many rows a pack has, every page of it read and its checksum compared."""
    with pq.ParquetFile(path, page_checksum_verification=True) as pack:
        return sum(pack.read_row_group(group).num_rows for group in range(pack.num_row_groups))


def row_groups(sizes: Sequence[int], place: Place) -> tuple[list[int], int]:
    """The row groups that hold this place, and the row in the file at which the first begins."""
    starts = np.concatenate([[0], np.cumsum(sizes)])
    first = int(np.searchsorted(starts, place.row0, side="right")) - 1
    last = int(np.searchsorted(starts, place.row0 + place.rows, side="left"))
    return list(range(first, last)), int(starts[first])


def _flow_columns(fund: Fund) -> Columns:
    flows, navs = len(fund.days), len(fund.nav_days)
    days = np.concatenate([fund.days, fund.nav_days])
    order = np.argsort(days, kind="stable")
    columns: Columns = {
        "date": days,
        "contribution": np.concatenate([fund.contributions + 0.0, np.zeros(navs)]),
        "distribution": np.concatenate([fund.distributions + 0.0, np.zeros(navs)]),
        "nav": np.concatenate([np.full(flows, np.nan), fund.navs + 0.0]),
        "kind": np.repeat([_FLOW, _NAV], [flows, navs]),
        "source_row": np.concatenate([fund.rows, np.zeros(navs, np.int64)]),
    }
    return {name: column[order] for name, column in columns.items()}


def _joined(parts: Sequence[Columns]) -> Columns:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _repeated(values: Sequence[str | None], parts: Sequence[Columns]) -> Arrow:
    counts = [len(part["date"]) for part in parts]
    return _taken(values, np.repeat(np.arange(len(values)), counts))


def _taken(values: Sequence[str | None], places: npt.NDArray[np.generic]) -> Arrow:
    return pa.array(values, pa.string()).take(pa.array(places.astype(np.int64), pa.int64()))


def _pack(
    tenant: str,
    kind: str,
    *,
    names: Sequence[str],
    parts: Sequence[Columns],
    columns: Columns,
    amounts: Mapping[str, Arrow],
) -> Pack:
    table = pa.table(
        {
            "dataset": _repeated(names, parts),
            "date": pa.array(columns["date"].astype(np.int32), pa.date32()),
            **amounts,
            "source_row": pa.array(columns["source_row"].astype(np.int32), pa.int32()),
        }
    )
    about = {"pme.format": FORMAT, "pme.kind": kind, "pme.tenant": tenant, "pme.writer": _WRITER}
    ends = np.cumsum([len(part["date"]) for part in parts]).tolist()
    places = {
        name: Place(end - len(part["date"]), len(part["date"]))
        for name, part, end in zip(names, parts, ends, strict=True)
    }
    return Pack(memoryview(_encoded(table, about)), places)


def _encoded(table: pa.Table, about: dict[str, str]) -> pa.Buffer:
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(
        sink,
        table.schema,
        compression="zstd",
        write_statistics=True,
        write_page_checksum=True,
        store_schema=False,
    ) as writer:
        writer.write_table(table, row_group_size=ROW_GROUP)
        writer.add_key_value_metadata(about)
    return sink.getvalue()


def _read(path: Path, place: Place, columns: list[str]) -> pa.Table:
    with pq.ParquetFile(path, page_checksum_verification=True) as pack:
        if (pack.metadata.metadata or {}).get(b"pme.format") != FORMAT.encode():
            raise ValueError("its format is not known")
        sizes = [pack.metadata.row_group(i).num_rows for i in range(pack.num_row_groups)]
        if place.row0 + place.rows > sum(sizes):
            raise ValueError("rows are missing")
        groups, start = row_groups(sizes, place)
        table = pack.read_row_groups(groups, columns=columns, use_threads=False)
        return table.slice(place.row0 - start, place.rows)


# Arrow's own conversions look for pandas, and import it where it is installed: half a second of the
# first request, and 45 MB of every worker. DLPack and plain buffers do not.


def _integers(column: Arrows) -> npt.NDArray[np.int64]:
    if column.null_count:
        raise ValueError("a value is missing")
    return np.from_dlpack(column.cast(pa.int32()).combine_chunks()).astype(np.int64)


def _floats(column: Arrows) -> npt.NDArray[np.float64]:
    values = column.combine_chunks()
    if values.null_count:
        nothing = pa.py_buffer(np.full(len(values), np.nan).tobytes())
        nans = pa.Array.from_buffers(pa.float64(), len(values), [None, nothing])
        values = pc.coalesce(values, nans)
    return np.array(np.from_dlpack(values), np.float64)
