"""Benchmarks out of rows."""

from __future__ import annotations

import pytest

from pmecalc.core.errors import BenchmarkError, NeedsInputError
from pmecalc.ingest.upload import read_upload


def test_levels_are_sorted():
    """Levels come in any order; what the caller says goes first."""
    upload = read_upload(
        b"date,level,currency\n2021-01-01,2,USD\n2020-01-01,1,\n2021-01-01,2.0,USD\n",
        filename="world.csv",
        index_kind="price",
    )
    benchmark = upload.benchmark
    assert benchmark.levels.tolist() == [1.0, 2.0]
    assert benchmark.rows.tolist() == [3, 2]
    assert (benchmark.name, benchmark.currency, benchmark.kind) == ("world", "USD", "price")
    assert "price" in benchmark.notes[-1]


def test_two_levels_on_a_day(refused):
    """Two levels of a day that differ are refused with the second one's row."""
    error = refused("date,Level\n2020-01-01,1\n2020-01-01,2.5\n")
    assert isinstance(error, BenchmarkError)
    assert (error.code, error.row, error.field, error.value) == (
        "INDEX_DUPLICATE",
        3,
        "Level",
        "2.5",
    )


def test_index_in_two_currencies_asks():
    """An index is in one currency."""
    with pytest.raises(NeedsInputError) as caught:
        read_upload(
            b"date,level,currency\n2021-01-01,2,USD\n2020-01-01,1,EUR\n", filename="world.csv"
        )
    assert (caught.value.code, caught.value.row) == ("MIXED_CURRENCY", 3)
