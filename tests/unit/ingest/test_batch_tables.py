"""`batch` of a table: what it reads, refuses, asks and names."""

from __future__ import annotations

import datetime as dt
import inspect
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import pmecalc as pme
from pmecalc.core.batch import batch as batch_of_funds

ROWS = {
    "fund": ["b", "b", "a", "a"],
    "date": ["2020-01-01", "2021-12-31", "2020-01-01", "2021-01-01"],
    "contribution": [100.0, 0.0, 50.0, 0.0],
    "distribution": [0.0, 50.0, 0.0, 75.0],
}


def refused(table: object, **options: object) -> pme.InputError:
    with pytest.raises(pme.InputError) as caught:
        pme.batch(table, **options)
    return caught.value


def test_a_missing_date_is_no_day_of_1970():
    """NaT is refused with fund, row as given, column and value."""
    frame = pd.DataFrame({**ROWS, "date": pd.to_datetime([*ROWS["date"][:2], None, "2021-01-01"])})
    error = refused(frame)
    assert (error.code, error.row, error.field, error.value) == ("MISSING_DATE", 3, "date", "")
    assert error.message == "Fund a: The date is blank."


@pytest.mark.parametrize("name", ["nav", "NAV", " Nav "])
def test_headers_are_read_in_any_case(name):
    """A column called NAV is the NAV: TVPI 1.3, not 0.5."""
    made = pme.batch(pd.DataFrame({**ROWS, name: [np.nan, 80.0, np.nan, 0.0]}))
    assert made["tvpi"].tolist() == [1.3, 1.5]
    assert made.labels.tolist() == ["b", "a"]


@pytest.mark.parametrize(
    "dates",
    [[20200101, 20211231, 20200101, 20210101], np.array([0, 700, 0, 365]), [0.0, 1.0, 0.0, 1.0]],
    ids=["yyyymmdd", "integers", "floats"],
)
def test_a_number_is_no_date(dates):
    """Neither 20200101 nor 43831 says what it counts."""
    assert refused({**ROWS, "date": dates}).code == "BAD_DATE"


@pytest.mark.parametrize("day", [20_200_101, -10_000_000, 200_000])
def test_a_date_beyond_the_calendar_is_refused(day):
    """Arrow and numpy hold days that no date of Python's does."""
    days = np.array([0, day, 18_000, 18_366], np.int32)
    for dates in (pa.array(days).cast(pa.date32()), days.astype("datetime64[D]")):
        error = refused({**ROWS, "date": dates})
        assert (error.code, error.row) == ("BAD_DATE", 2)


NEW_YORK, TOKYO = ZoneInfo("America/New_York"), ZoneInfo("Asia/Tokyo")


@pytest.mark.parametrize("kind", ["pandas", "polars", "arrow", "pandas arrow", "objects", "text"])
@pytest.mark.parametrize("zone", [NEW_YORK, TOKYO], ids=str)
def test_the_written_day_of_a_zoned_time_counts(kind, zone):
    """METHODS 1.4: 23:30 in New York and 00:30 in Tokyo are of the day that is written there."""
    hours = (23, 30) if zone is NEW_YORK else (0, 30)
    times = [dt.datetime(*map(int, day.split("-")), *hours, tzinfo=zone) for day in ROWS["date"]]
    arrow = pa.array(times, pa.timestamp("us", str(zone)))
    column = {
        "pandas": lambda: pd.Series(times).dt.tz_convert(zone),
        "polars": lambda: pl.from_arrow(arrow),
        "arrow": lambda: arrow,
        "pandas arrow": lambda: pd.Series(arrow, dtype=pd.ArrowDtype(arrow.type)),
        "objects": lambda: times,
        "text": lambda: [time.isoformat() for time in times],
    }[kind]()
    made = pme.batch({**ROWS, "date": column}, measures=["years"])
    assert made["years"].tolist() == [730 / 365, 366 / 365]


def test_two_currencies_in_one_fund_are_refused():
    """As `read_table` does; two funds in two currencies are fine."""
    assert pme.batch({**ROWS, "currency": ["EUR", "EUR", "USD", "USD"]})["dpi"].tolist() == [
        0.5,
        1.5,
    ]
    error = refused({**ROWS, "currency": ["EUR", "USD", "USD", "USD"]})
    assert isinstance(error, pme.NeedsInputError)
    assert (error.code, error.row) == ("MIXED_CURRENCY", 2)
    assert error.message.startswith("Fund b: ")


@pytest.mark.parametrize("name", ["commitment", "vintage", "note"])
def test_no_column_is_dropped_in_silence(name):
    """A column that is not read is refused, or left out by name where the caller says so."""
    table = {**ROWS, name: [1, 1, 1, 1]}
    error = refused(table)
    assert (error.code, error.field) == ("AMBIGUOUS_MAPPING", name)
    assert 'extra="ignore"' in error.hint
    made = pme.batch(table, extra="ignore")
    assert f"Columns not read: {name}." in made.notes
    assert made["dpi"].tolist() == [0.5, 1.5]


def test_recallable_amounts_are_read():
    """They are part of the distribution, and offset later calls where that is asked for."""
    table = {
        "date": ["2020-01-01", "2020-06-30", "2020-12-31", "2021-12-31"],
        "contribution": [100, 0, 40, 0],
        "distribution": [0, 40, 0, 130],
        "recallable": [0, 40, 0, 0],
    }
    assert pme.batch(table)["dpi"].tolist() == [170 / 140]
    assert pme.batch(table, recallable="net")["dpi"].tolist() == [130 / 100]


def test_columns_are_named():
    """`columns` names those that are called otherwise; the others keep their names."""
    frame = pd.DataFrame(ROWS).rename(columns={"date": "dt", "contribution": "calls"})
    made = pme.batch(frame, columns={"date": "dt", "contribution": "calls"})
    assert made["dpi"].tolist() == [0.5, 1.5]


@pytest.mark.parametrize(
    "table",
    [
        pytest.param(pa.record_batch(ROWS), id="record batch"),
        pytest.param(pa.table(ROWS).to_reader(), id="reader"),
        pytest.param(pl.LazyFrame(ROWS), id="lazy"),
        pytest.param(pl.DataFrame(ROWS).with_columns(pl.col("fund").cast(pl.Categorical)), id="pl"),
        pytest.param(pd.DataFrame(ROWS).astype({"fund": "category"}), id="categorical"),
        pytest.param(pd.DataFrame(ROWS).astype({"date": "category"}), id="category of dates"),
        pytest.param(pd.DataFrame(ROWS).convert_dtypes(), id="nullable"),
        pytest.param(pd.DataFrame(ROWS).convert_dtypes(dtype_backend="pyarrow"), id="pd arrow"),
        pytest.param(
            pa.table({**ROWS, "fund": pa.array(ROWS["fund"]).dictionary_encode()}), id="dictionary"
        ),
        pytest.param({name: np.array(values) for name, values in ROWS.items()}, id="numpy"),
        pytest.param({name: tuple(values) for name, values in ROWS.items()}, id="tuples"),
        pytest.param({name: pd.Series(values) for name, values in ROWS.items()}, id="series"),
    ],
)
def test_every_make_of_table_is_read(table):
    """Labels stand in the order of the table, whatever holds it."""
    made = pme.batch(table)
    assert made.labels.tolist() == ["b", "a"]
    assert made["dpi"].tolist() == [0.5, 1.5]


@pytest.mark.parametrize(
    "blank", [None, float("nan"), pd.NA, np.ma.masked, ""], ids=["None", "nan", "NA", "mask", "''"]
)
def test_every_kind_of_blank_is_blank(blank):
    """A blank amount is 0, a blank NAV none."""
    values = [None, 80.0, None, 0.0]
    column = [blank if value is None else value for value in values]
    if blank is np.ma.masked:
        column = np.ma.array([1.0, 80.0, 1.0, 0.0], mask=[True, False, True, False])
    assert pme.batch({**ROWS, "nav": column})["tvpi"].tolist() == [1.3, 1.5]


def test_whole_numbers_stay_labels():
    """Funds named by numbers keep them, for a join."""
    made = pme.batch({**ROWS, "fund": [20, 20, 3, 3]})
    assert made.labels.tolist() == [20, 3]


def test_errors_are_of_the_row_as_given():
    """Not of the row after sorting."""
    table = {
        "fund": ["z", "a", "z", "a"],
        "date": ["2021-12-31", "2020-01-01", "2020-01-01", "2021-01-01"],
        "contribution": [0, 50, 100, -5],
        "distribution": [50, 0, 0, 75],
    }
    error = refused(pd.DataFrame(table))
    assert (error.code, error.row, error.field, error.value) == (
        "NEGATIVE_AMOUNT",
        4,
        "contribution",
        "-5",
    )
    assert error.message == "Fund a: The contribution -5 is negative."
    navs = {**table, "contribution": [0, 50, 100, 0], "nav": [1.0, 2.0, None, None]}
    navs["date"] = ["2020-01-01", "2020-01-01", "2020-01-01", "2021-01-01"]
    navs["nav"] = [1.0, 2.0, 3.0, None]
    error = refused(navs)
    assert (error.code, error.row) == ("NAV_DUPLICATE", 3)
    assert error.message.startswith("Fund z: There are two NAVs on 2020-01-01: 1 and 3.")


def test_signs_are_asked_for():
    """A signed column whose signs look turned round is a question, as in a file."""
    table = {"date": ["2020-01-01", "2021-01-01"], "amount": [100, -250]}
    error = refused(table)
    assert isinstance(error, pme.NeedsInputError)
    assert (error.code, error.choices, error.option) == ("SIGN_SUSPECT", ("lp", "gp"), "sign")
    assert pme.batch(table, sign="gp")["dpi"].tolist() == [2.5]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([{"date": "2020-01-01", "amount": 1}], "one of these is dict"),
        (5, "this is int"),
        (pme.Fund.of(flows=[("2020-01-01", 1, 0)]), "this is Fund"),
    ],
)
def test_what_is_neither_table_nor_funds(given, words):
    """It is said what was given."""
    with pytest.raises(TypeError, match=words):
        pme.batch(given)


def test_the_door_has_every_option_of_the_engine():
    """An option of the engine that the public door does not have would be lost."""
    inner = inspect.signature(batch_of_funds).parameters
    outer = inspect.signature(pme.batch).parameters
    assert {n: p.default for n, p in inner.items()} == {n: outer[n].default for n in inner}
