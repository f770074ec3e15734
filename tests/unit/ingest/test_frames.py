"""Frames of every make."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from pmecalc.core.errors import InputError, NeedsInputError
from pmecalc.ingest.frames import read_table

DAYS = [dt.date(2021, 1, 1), dt.date(2020, 1, 1), dt.date(2020, 6, 30)]
COLUMNS = {
    "date": DAYS,
    "contribution": [None, 5.0, None],
    "distribution": [7.0, None, None],
    "nav": [None, None, 6.0],
}
STAMPS = ["2021-01-01", "2020-01-01", "2020-06-30"]

FRAMES = {
    "dict": COLUMNS,
    "text": {**COLUMNS, "date": STAMPS, "contribution": ["", "5", ""]},
    "decimal": {**COLUMNS, "contribution": [Decimal(0), Decimal("5.0"), None]},
    "numpy": {
        "date": np.array(STAMPS, "datetime64[ns]"),
        "contribution": np.array([np.nan, 5.0, np.nan]),
        "distribution": [np.int64(7), 0, 0],
        "nav": [None, float("nan"), np.float64(6)],
    },
    "scalars": {**COLUMNS, "date": [np.datetime64(day) for day in STAMPS]},
    "datetimes": {**COLUMNS, "date": [dt.datetime(d.year, d.month, d.day, 5) for d in DAYS]},  # noqa: DTZ001
    "pandas": pd.DataFrame({**COLUMNS, "date": pd.to_datetime(STAMPS)}),
    "pandas nullable": pd.DataFrame(COLUMNS).convert_dtypes(),
    "pandas objects": pd.DataFrame(COLUMNS, dtype=object),
    "polars": pl.DataFrame(COLUMNS),
    "arrow": pa.table(COLUMNS),
}


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES.keys())
def test_every_frame_is_read(frame):
    """A fund is the same out of every kind of frame; a missing value is blank."""
    fund = read_table(frame, name="Alpha")
    assert fund.contributions.tolist() == [5.0, 0.0]
    assert fund.distributions.tolist() == [0.0, 7.0]
    assert fund.rows.tolist() == [2, 1]
    assert (fund.navs.tolist(), fund.name) == ([6.0], "Alpha")


def test_columns_are_mapped():
    """`columns` says what our columns are called; others are refused, or left out and named."""
    frame = pd.DataFrame({"dt": STAMPS, "cf": [7.0, -5.0, 0.0], "note": ["x", "y", "z"]})
    fund = read_table(frame, {"date": "dt", "amount": "cf"}, extra="ignore")
    assert fund.contributions.tolist() == [5.0, 0.0, 0.0]
    assert "Columns not read: note." in fund.notes
    with pytest.raises(InputError) as caught:
        read_table(frame)
    assert caught.value.code == "NO_DATE_COLUMN"
    with pytest.raises(InputError) as caught:
        read_table(frame, {"date": "dt", "amount": "cf"})
    assert (caught.value.code, caught.value.field) == ("AMBIGUOUS_MAPPING", "note")


@pytest.mark.parametrize(
    ("columns", "code"),
    [({"date": "nope"}, "NO_DATE_COLUMN"), ({"when": "date"}, "UNSUPPORTED_OPTION")],
)
def test_bad_mapping(columns, code):
    """A mapping to a column that is not there, or from one that we do not have, is refused."""
    with pytest.raises(InputError) as caught:
        read_table(COLUMNS, columns)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("contribution", float("inf"), "NON_FINITE"),
        ("contribution", -1, "NEGATIVE_AMOUNT"),
        ("contribution", True, "BAD_NUMBER"),
        ("contribution", 10**400, "NON_FINITE"),
        ("date", None, "MISSING_DATE"),
        ("date", pd.NaT, "MISSING_DATE"),
        ("date", np.datetime64("NaT"), "MISSING_DATE"),
        ("date", 43861, "BAD_DATE"),
    ],
)
def test_bad_values(column, value, code):
    """Bad values of a frame are refused with their row, counted from 1."""
    frame = {**COLUMNS, column: [*COLUMNS[column][:1], value, *COLUMNS[column][2:]]}
    with pytest.raises(InputError) as caught:
        read_table(frame)
    assert (caught.value.code, caught.value.row, caught.value.field) == (code, 2, column)


def test_frame_of_several_funds_asks():
    """A frame is one fund."""
    with pytest.raises(NeedsInputError) as caught:
        read_table({"date": STAMPS, "amount": [-1, -2, -3], "fund": ["A", "A", "B"]})
    assert caught.value.choices == ("A", "B")


def test_what_is_no_frame():
    """Columns of different lengths are refused, and what has no columns is a TypeError."""
    with pytest.raises(InputError) as caught:
        read_table({"date": STAMPS, "amount": [1, 2]})
    assert caught.value.code == "RAGGED_ROW"
    with pytest.raises(TypeError):
        read_table([1, 2])
