"""Two doors, one reader: `batch` of a table and `read_table` of each of its funds agree."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

import pmecalc as pme

DAYS = st.dates(dt.date(1998, 1, 1), dt.date(2030, 12, 31))
MONEY = st.sampled_from([0, 0.0, 1, 12.5, 250.0, 1e6, 1 / 3])
ODD_DATES = st.sampled_from(
    [None, "", "2020-02-30", "01/15/2018", 20200101, 43831, "2020-03-31T23:30:00+02:00", True]
)
ODD_AMOUNTS = st.sampled_from(
    [None, "", "7", "1,5", -3.0, float("nan"), float("inf"), 1e16, 1e-40, True, "abc"]
)
HEADERS = st.sampled_from(["nav", "NAV", "Nav "])
EXTRAS = st.sampled_from([None, None, None, "commitment", "type", "note"])
MEASURES = ("paid_in", "distributed", "nav", "irr", "tvpi")


@st.composite
def tables(draw: st.DrawFn) -> dict[str, list[object]]:
    """A table of few rows, with now and then something odd in it."""
    count = draw(st.integers(1, 8))
    odd = draw(st.sampled_from([0, 0, 1, 2]))
    table: dict[str, list[object]] = {
        "date": draw(st.lists(DAYS, min_size=count, max_size=count)),
    }
    if draw(st.booleans()):
        table["amount"] = [draw(MONEY) * draw(st.sampled_from([-1, -1, 1])) for _ in range(count)]
    else:
        for name in ("contribution", "distribution"):
            table[name] = draw(st.lists(MONEY, min_size=count, max_size=count))
    if draw(st.booleans()):
        navs = st.one_of(st.none(), MONEY)
        table[draw(HEADERS)] = draw(st.lists(navs, min_size=count, max_size=count))
    if draw(st.booleans()):
        funds = st.sampled_from(draw(st.sampled_from([["A"], ["B", "A"], ["A", "A ", None]])))
        table["fund"] = draw(st.lists(funds, min_size=count, max_size=count))
    if draw(st.booleans()):
        codes = st.sampled_from(draw(st.sampled_from([["EUR"], ["EUR", None], ["EUR", "USD"]])))
        table["currency"] = draw(st.lists(codes, min_size=count, max_size=count))
    for _ in range(odd):
        name = draw(st.sampled_from([name for name in table if name not in {"fund", "currency"}]))
        values = ODD_DATES if name == "date" else ODD_AMOUNTS
        table[name][draw(st.integers(0, count - 1))] = draw(values)
    if extra := draw(EXTRAS):
        table[extra] = ["x"] * count
    return table


def _dict(table: dict[str, list[object]]) -> object:
    return table


def _pandas(table: dict[str, list[object]]) -> object:
    frame = pd.DataFrame(table)
    if all(isinstance(day, dt.date) for day in table["date"]):
        frame["date"] = pd.to_datetime(frame["date"])
    return frame


def _polars(table: dict[str, list[object]]) -> object:
    return pl.DataFrame({name: pl.Series(name, v, strict=False) for name, v in table.items()})


def _arrow(table: dict[str, list[object]]) -> object:
    return pa.table({name: pa.array(v) for name, v in table.items()})


MAKERS = {"dict": _dict, "pandas": _pandas, "polars": _polars, "arrow": _arrow}


def outcome(read, table: object) -> object:
    """What a door gives, or the code with which it refuses or asks."""
    try:
        return read(table)
    except pme.InputError as error:
        return error.code


def funds_of(table: dict[str, list[object]], frame: object) -> list[object]:
    """The frame cut into those of its funds, in the order in which it names them."""
    names = [(name or "").strip() for name in table.get("fund", [""] * len(table["date"]))]
    places = range(len(names))
    return [
        rows_of(frame, [place for place in places if names[place] == fund])
        for fund in dict.fromkeys(names)
    ]


def rows_of(frame: object, kept: list[int]) -> object:
    """Some rows of a frame of any make."""
    if isinstance(frame, pd.DataFrame):
        return frame.iloc[kept]
    if isinstance(frame, pa.Table):
        return frame.take(kept)
    if isinstance(frame, pl.DataFrame):
        return frame[kept]
    return {column: [values[place] for place in kept] for column, values in frame.items()}


@settings(max_examples=1000, suppress_health_check=list(HealthCheck))
@given(table=tables(), maker=st.sampled_from(sorted(MAKERS)))
def test_batch_and_read_table_agree(table, maker):
    """Both read the same funds to the same figures, or refuse with the same code."""
    try:
        frame = MAKERS[maker](table)
    except (pa.ArrowException, TypeError, pl.exceptions.PolarsError):
        frame = table  # a column of mixed types, which the library itself does not hold
    made = outcome(lambda each: pme.batch(each, measures=MEASURES), frame)
    one = outcome(pme.read_table, frame)
    event(made if isinstance(made, str) else "read")
    if isinstance(made, str):
        # What is wrong with one of several funds is found before it is said that there are several.
        assert one == made
        return
    parts = funds_of(table, frame)
    if len(parts) == 1:
        check(made, 0, one)
        return
    assert one == "AMBIGUOUS_MAPPING"
    for place, part in enumerate(parts):
        check(made, place, pme.read_table(part))


def check(made: pme.Batch, place: int, fund: object) -> None:
    """The row of a batch is the report of the fund."""
    assert isinstance(fund, pme.Fund), fund
    assert made.labels[place] == fund.name
    report = pme.evaluate(fund)
    for name in MEASURES:
        value = report[name].value
        assert made.statuses(name)[place] == report[name].status
        np.testing.assert_allclose(
            made[name][place], np.nan if value is None else value, rtol=1e-12, atol=1e-12
        )
