from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest

from pmecalc.store.packs import (
    ROW_GROUP,
    Place,
    flow_pack,
    level_pack,
    read_benchmark,
    read_fund,
    row_groups,
)
from unit.store.samples import benchmark, contents, fund, large_fund

ROWS = (
    *("days", "contributions", "distributions", "rows", "nav_days", "navs", "nav_estimated"),
    *("recallable_days", "recallable"),
)


def written(tmp_path, pack):
    path = tmp_path / "pack.parquet"
    path.write_bytes(pack.data)
    return path


def test_flow_columns(tmp_path):
    """A flow pack has the columns of the specification, sorted by dataset and date."""
    pack = flow_pack("a", {"b2": fund(2), "a1": fund()})
    file = pq.ParquetFile(written(tmp_path, pack))
    assert [(field.name, str(field.type)) for field in file.schema_arrow] == [
        ("dataset", "string"),
        ("date", "date32[day]"),
        ("contribution", "double"),
        ("distribution", "double"),
        ("nav", "double"),
        ("kind", "string"),
        ("currency", "string"),
        ("source_row", "int32"),
    ]
    rows = file.read().to_pydict()
    assert rows["dataset"] == ["a1"] * 6 + ["b2"] * 6
    assert rows["kind"][:6] == ["flow", "nav", "flow", "flow", "nav", "nav"]
    assert rows["nav"][:6] == [None, 101.0, None, None, 160.0, 0.0]
    assert rows["contribution"][:6] == [100.0, 0.0, 50.25, 0.0, 0.0, 0.0]
    assert rows["source_row"][:6] == [1, 0, 2, 3, 0, 0]
    assert pack.places == {"a1": Place(0, 6), "b2": Place(6, 6)}


def test_tags_are_rows_without_money_in_a_pack_of_format_2(tmp_path):
    """Sums over flows stay true for who ignores the column; funds without tags share the pack."""
    tagged = fund(recallable=[("2016-06-30", 12.25)])
    path = written(tmp_path, pack := flow_pack("a", {"t": tagged, "u": fund()}))
    file = pq.ParquetFile(path)
    assert file.metadata.metadata[b"pme.format"] == b"2"
    rows = file.read().to_pydict()
    assert rows["kind"][:7] == ["flow", "nav", "flow", "flow", "nav", "recallable", "nav"]
    assert rows["recallable"] == [None] * 5 + [12.25] + [None] * 7
    assert (rows["contribution"][5], rows["distribution"][5], rows["nav"][5]) == (0, 0, None)
    assert pack.places == {"t": Place(0, 7), "u": Place(7, 6)}
    for name, known in (("t", tagged), ("u", fund())):
        found, expected = contents(read_fund(path, pack.places[name])), contents(known)
        assert {key: found[key] for key in ROWS} == {key: expected[key] for key in ROWS}


def test_file_settings(tmp_path):
    """A pack says its format, kind, tenant and writer, is zstd with statistics and checksums."""
    file = pq.ParquetFile(written(tmp_path, level_pack("a", {"x": benchmark()})))
    about = {key: value for key, value in file.metadata.metadata.items() if b"pme" in key}
    assert about == {
        b"pme.format": b"1",
        b"pme.kind": b"levels",
        b"pme.tenant": b"a",
        b"pme.writer": b"pmecalc-1",
    }
    chunk = file.metadata.row_group(0).column(2)
    assert chunk.compression == "ZSTD"
    assert chunk.statistics.max == 155.0
    assert file.schema_arrow.names == ["dataset", "date", "level", "source_row"]


def test_same_content_same_bytes():
    """A pack of the same content is the same file."""
    packs = {bytes(flow_pack("a", {"x": fund(), "y": fund(3)}).data) for _ in range(3)}
    assert len(packs) == 1


def test_fund_round_trip(tmp_path):
    """Every fund of a pack comes back with its rows, in their order."""
    funds = {f"f{i}": fund(i + 1) for i in range(5)}
    pack = flow_pack("a", funds)
    path = written(tmp_path, pack)
    rows = ["days", "contributions", "distributions", "rows", "nav_days", "navs", "nav_estimated"]
    for name, known in funds.items():
        found = contents(read_fund(path, pack.places[name]))
        assert [found[row] for row in rows] == [contents(known)[row] for row in rows]


def test_what_is_read_is_frozen(tmp_path):
    """Arrays that come out of a pack cannot be written."""
    flows, levels = flow_pack("a", {"x": fund()}), level_pack("a", {"x": benchmark()})
    read = read_fund(written(tmp_path, flows), flows.places["x"])
    index = read_benchmark(written(tmp_path, levels), levels.places["x"])
    arrays = [read.days, read.contributions, read.navs, read.rows, index.days, index.levels]
    assert not any(array.flags.writeable for array in arrays)


@pytest.mark.parametrize(
    ("place", "groups", "start"),
    [
        (Place(0, 1), [0], 0),
        (Place(9, 1), [0], 0),
        (Place(10, 10), [1], 10),
        (Place(9, 2), [0, 1], 0),
        (Place(19, 12), [1, 2, 3], 10),
        (Place(34, 1), [3], 30),
    ],
)
def test_row_groups(place, groups, start):
    """A place lies in these row groups, no more."""
    assert row_groups([10, 10, 10, 5], place) == (groups, start)


def test_fund_across_row_groups(tmp_path):
    """A fund that spans three row groups comes back whole."""
    funds = {"a": large_fund(ROW_GROUP - 3, 1), "b": large_fund(ROW_GROUP + 7, 2)}
    pack = flow_pack("a", funds)
    path = written(tmp_path, pack)
    assert pq.ParquetFile(path).num_row_groups == 3
    assert np.array_equal(read_fund(path, pack.places["b"]).contributions, funds["b"].contributions)


def test_one_fund_reads_its_row_groups_alone(tmp_path):
    """One fund of a 500 000 row pack is read though every other row group is unreadable."""
    funds = {f"{i:03}": large_fund(1000, i) for i in range(500)}
    pack = flow_pack("a", funds)
    path = written(tmp_path, pack)
    metadata = pq.ParquetFile(path).metadata
    assert (metadata.num_rows, metadata.num_row_groups) == (500_000, 50)
    spoilt = bytearray(pack.data)
    groups, _ = row_groups([ROW_GROUP] * 50, pack.places["205"])
    others = [group for group in range(50) if group not in groups]
    for chunk in (metadata.row_group(g).column(c) for g in others for c in range(8)):
        end = (chunk.dictionary_page_offset or chunk.data_page_offset) + chunk.total_compressed_size
        spoilt[end - 1] ^= 1
    path.write_bytes(spoilt)
    assert (groups, len(others)) == ([20], 49)
    found = read_fund(path, pack.places["205"])
    assert np.array_equal(found.contributions, funds["205"].contributions)
    refused = 0
    for name in ("000", "195", "215", "499"):
        with pytest.raises(OSError, match="CRC"):
            read_fund(path, pack.places[name])
        refused += 1
    assert refused == 4


def test_unknown_format_is_refused(tmp_path):
    """A Parquet file that is no pack is refused."""
    table = pq.read_table(written(tmp_path, level_pack("a", {"x": benchmark()})))
    pq.write_table(table.replace_schema_metadata(None), tmp_path / "other.parquet")
    with pytest.raises(ValueError, match="format"):
        read_benchmark(tmp_path / "other.parquet", Place(0, 3))


def test_missing_rows_are_refused(tmp_path):
    """A place that reaches beyond the file is refused."""
    path = written(tmp_path, level_pack("a", {"x": benchmark()}))
    with pytest.raises(ValueError, match="rows are missing"):
        read_benchmark(path, Place(1, 3))
