"""Index levels, checked once."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from pmecalc import Benchmark, BenchmarkError, InputError


def test_levels_are_sorted_and_merged():
    """Any order; identical duplicates are one level, of the first row that had it."""
    world = Benchmark.of([("2021-01-01", 6), ("2020-01-01", 5), ("2021-01-01", 6.0)])
    assert world.levels.tolist() == [5, 6]
    assert world.rows.tolist() == [2, 1]


@pytest.mark.parametrize(
    "level", [None, "x", 0, -1, float("nan"), float("inf"), 10**400, 1e31, 1e-31]
)
def test_a_level_that_is_not_positive_is_refused(level):
    """The row is named and never dropped."""
    with pytest.raises(BenchmarkError) as caught:
        Benchmark.of([("2020-01-01", 5), ("2021-01-01", level)])
    error = caught.value
    assert (error.code, error.row, error.field) == ("INDEX_INVALID", 2, "level")
    assert error.value is level
    assert error.hint


@pytest.mark.parametrize("row", [("2020-01-01",), ("2020-01-01", 1, 2)])
def test_a_row_of_the_wrong_length_is_refused(row):
    """A level has a date and a number."""
    with pytest.raises(BenchmarkError) as caught:
        Benchmark.of([row])
    assert (caught.value.code, caught.value.row) == ("INDEX_INVALID", 1)


def test_an_index_without_levels_is_refused():
    """There is nothing to compare with."""
    with pytest.raises(BenchmarkError) as caught:
        Benchmark.of([])
    assert caught.value.code == "INDEX_INVALID"


def test_two_levels_of_a_day_are_refused_with_their_row():
    """Source rows are used where given."""
    with pytest.raises(BenchmarkError) as caught:
        Benchmark.of([("2020-01-01", 5), ("2020-01-01", 6)], rows=[10, 11])
    error = caught.value
    assert (error.code, error.row, error.value) == ("INDEX_DUPLICATE", 11, 6)


def test_a_bad_date_names_its_row():
    """As for flows."""
    with pytest.raises(InputError) as caught:
        Benchmark.of([("2020-13-01", 5)])
    assert (caught.value.code, caught.value.row) == ("BAD_DATE", 1)


def test_an_unknown_kind_is_refused():
    """Total return, net total return or price."""
    with pytest.raises(BenchmarkError) as caught:
        Benchmark.of([("2020-01-01", 5)], kind="gross")
    assert (caught.value.code, caught.value.field) == ("UNSUPPORTED_OPTION", "kind")


def test_a_benchmark_cannot_be_changed():
    """Fields and arrays are frozen."""
    world = Benchmark.of([("2020-01-01", 5)], name="W", currency="USD", notes=["read"])
    assert (world.name, world.currency, world.notes) == ("W", "USD", ("read",))
    assert repr(world) == "Benchmark('W', 1 level 2020-01-01 to 2020-01-01, total_return)"
    with pytest.raises(FrozenInstanceError):
        world.kind = "price"
    for column in ("days", "levels", "rows"):
        with pytest.raises(ValueError, match="read-only"):
            getattr(world, column)[0] = 1
