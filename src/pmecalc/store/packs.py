"""Packs: the rows of all funds, or of all benchmarks, of one import in one Parquet file.

A flow pack in which distributions are tagged as recallable has format 2: a row of kind `recallable`
for each tag, without money of its own, and a column of the tagged amounts.
"""

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

FORMAT, FORMAT_WITH_TAGS = "1", "2"
ROW_GROUP = 10_000
_WRITER = "pmecalc-1"
_FLOW, _NAV, _TAG = range(3)
_KINDS = ["flow", "nav", "recallable"]
_FLOW_COLUMNS = ["date", "contribution", "distribution", "nav", "source_row"]
_TAGS = "recallable"
_PLACE = "place"  # of a row's dataset among the sorted names; not in the file
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
    values = [funds[name] for name in names]
    columns = _flow_columns(values)
    amounts: dict[str, Arrow] = {
        "contribution": pa.array(columns["contribution"]),
        "distribution": pa.array(columns["distribution"]),
        "nav": _or_null(columns["nav"]),
        "kind": _taken(_KINDS, columns["kind"]),
        "currency": _taken([value.currency for value in values], columns[_PLACE]),
    }
    form = FORMAT
    if any(len(value.recallable_days) for value in values):
        amounts[_TAGS] = _or_null(columns[_TAGS])
        form = FORMAT_WITH_TAGS
    return _pack(tenant, "flows", form, names=names, columns=columns, amounts=amounts)


def level_pack(tenant: str, benchmarks: Mapping[str, Benchmark]) -> Pack:
    """The pack of these benchmarks, by dataset id."""
    names = sorted(benchmarks)
    values = [benchmarks[name] for name in names]
    columns: Columns = {
        _PLACE: _places([value.days for value in values]),
        "date": np.concatenate([value.days for value in values]),
        "source_row": np.concatenate([value.rows for value in values]),
    }
    levels: dict[str, Arrow] = {
        "level": pa.array(np.concatenate([value.levels for value in values]))
    }
    return _pack(tenant, "levels", FORMAT, names=names, columns=columns, amounts=levels)


def read_fund(path: Path, place: Place) -> Fund:
    """The rows of one fund; its metadata stand elsewhere."""
    table = _read(path, place, [*_FLOW_COLUMNS, _TAGS])
    days, sources = _integers(table["date"]), _integers(table["source_row"])
    navs, tags = _floats(table["nav"]), _tags(table)
    nav, tag = ~np.isnan(navs), ~np.isnan(tags)
    flow = ~nav & ~tag
    return Fund(
        days=frozen(days[flow]),
        contributions=frozen(_floats(table["contribution"])[flow]),
        distributions=frozen(_floats(table["distribution"])[flow]),
        rows=frozen(sources[flow]),
        nav_days=frozen(days[nav]),
        navs=frozen(navs[nav]),
        nav_estimated=frozen(np.zeros(int(nav.sum()), np.bool_)),
        recallable_days=frozen(days[tag]),
        recallable=frozen(tags[tag]),
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


def _flow_columns(funds: Sequence[Fund]) -> Columns:
    """The rows of all funds in one go: by fund, then day; on a day flows, then NAVs, then tags."""
    flows = [fund.days for fund in funds]
    navs = [fund.nav_days for fund in funds]
    tags = [fund.recallable_days for fund in funds]
    sizes = [sum(map(len, days)) for days in (flows, navs, tags)]
    no_flow, no_nav, no_tag = (np.full(sum(sizes) - size, np.nan) for size in sizes)
    rest = np.zeros(len(no_flow))
    columns: Columns = {
        _PLACE: np.concatenate([_places(flows), _places(navs), _places(tags)]),
        "date": np.concatenate([*flows, *navs, *tags]),
        "contribution": np.concatenate([*(fund.contributions for fund in funds), rest]) + 0.0,
        "distribution": np.concatenate([*(fund.distributions for fund in funds), rest]) + 0.0,
        "nav": np.concatenate(
            [no_nav[: sizes[0]], *(fund.navs for fund in funds), no_nav[sizes[0] :]]
        )
        + 0.0,
        "kind": np.repeat([_FLOW, _NAV, _TAG], sizes),
        "source_row": np.concatenate([*(fund.rows for fund in funds), rest.astype(np.int64)]),
        _TAGS: np.concatenate([no_tag, *(fund.recallable for fund in funds)]),
    }
    order = np.argsort(_by_day(columns[_PLACE], columns["date"]), kind="stable")
    return {name: column[order] for name, column in columns.items()}


def _places(parts: Sequence[npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    """For each row of the parts, one after the other, the place of its part."""
    return np.repeat(np.arange(len(parts)), [len(part) for part in parts])


def _by_day(
    places: npt.NDArray[np.generic], days: npt.NDArray[np.generic]
) -> npt.NDArray[np.int64]:
    """One number for place and day, in their order."""
    return (places.astype(np.int64) << 32) + days.astype(np.int64)


def _or_null(column: npt.NDArray[np.generic]) -> Arrow:
    values = column.astype(np.float64)
    return pa.array(values, mask=np.isnan(values))


def _tags(table: pa.Table) -> npt.NDArray[np.float64]:
    """The tagged amounts, NaN on all other rows."""
    if _TAGS not in table.column_names:
        return np.full(len(table), np.nan)
    return _floats(table[_TAGS])


def _taken(values: Sequence[str | None], places: npt.NDArray[np.generic]) -> Arrow:
    return pa.array(values, pa.string()).take(pa.array(places.astype(np.int64), pa.int64()))


def _pack(
    tenant: str,
    kind: str,
    form: str,
    *,
    names: Sequence[str],
    columns: Columns,
    amounts: Mapping[str, Arrow],
) -> Pack:
    table = pa.table(
        {
            "dataset": _taken(names, columns[_PLACE]),
            "date": pa.array(columns["date"].astype(np.int32), pa.date32()),
            **amounts,
            "source_row": pa.array(columns["source_row"].astype(np.int32), pa.int32()),
        }
    )
    about = {"pme.format": form, "pme.kind": kind, "pme.tenant": tenant, "pme.writer": _WRITER}
    counts = np.bincount(columns[_PLACE].astype(np.int64), minlength=len(names))
    starts = np.cumsum(counts) - counts
    places = map(Place, starts.tolist(), counts.tolist())
    return Pack(memoryview(_encoded(table, about)), dict(zip(names, places, strict=True)))


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
        form = (pack.metadata.metadata or {}).get(b"pme.format", b"").decode()
        if form not in {FORMAT, FORMAT_WITH_TAGS}:
            raise ValueError("its format is not known")
        if form == FORMAT:
            columns = [name for name in columns if name != _TAGS]
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
