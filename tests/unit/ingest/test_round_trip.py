"""A fund written as a tidy file reads back as the same fund."""

from __future__ import annotations

import csv
import datetime as dt
from io import BytesIO, StringIO

import numpy as np
import openpyxl
from hypothesis import given, settings
from hypothesis import strategies as st

from pmecalc.core.dates import date_of
from pmecalc.core.errors import InputError
from pmecalc.core.fund import LEAST, MOST, Fund
from pmecalc.ingest import columns
from pmecalc.ingest.limits import Limits
from pmecalc.ingest.text import read_text
from pmecalc.ingest.upload import read_upload

ARRAYS = ("days", "contributions", "distributions", "nav_days", "navs")
dates = st.dates(dt.date(1900, 1, 1), dt.date(2200, 12, 31))
money = st.just(0.0) | st.floats(1e-30, 1e15)
cents = st.integers(0, 10**13).map(lambda number: number / 100)  # openpyxl writes 16 digits
flows = st.lists(st.tuples(dates, money, money), min_size=1, max_size=20)
navs = st.dictionaries(dates, money | money.map(lambda value: -value), max_size=10)


def test_bounds_are_the_cores():
    """What a file may hold, a fund may hold."""
    assert columns.LEAST == LEAST
    assert all(-MOST < column.low < column.high < MOST for column in columns.NUMBERS.values())


def rows_of(fund: Fund) -> list[list[object]]:
    """The tidy file's rows: flows, then valuations."""
    return [
        *(
            [date_of(day), paid, received, None]
            for day, paid, received in zip(
                fund.days, fund.contributions.tolist(), fund.distributions.tolist(), strict=True
            )
        ),
        *(
            [date_of(day), None, None, nav]
            for day, nav in zip(fund.nav_days, fund.navs.tolist(), strict=True)
        ),
    ]


def as_csv(rows: list[list[object]], delimiter: str) -> bytes:
    file = StringIO()
    writer = csv.writer(file, delimiter=delimiter)
    writer.writerow(["date", "contribution", "distribution", "nav"])
    writer.writerows(rows)
    return file.getvalue().encode()


def as_xlsx(rows: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    book.active.append(["date", "contribution", "distribution", "nav"])
    for row in rows:
        book.active.append(row)
    file = BytesIO()
    book.save(file)
    return file.getvalue()


def assert_equal(one: Fund, other: Fund) -> None:
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


class TestRoundTrip:
    """Writing then reading changes no number: every float is written in full."""

    @given(flows=flows, navs=navs, delimiter=st.sampled_from(",;"))
    def test_csv(self, flows, navs, delimiter):
        """A CSV file of a fund is the fund."""
        fund = Fund.of(flows=flows, navs=navs.items())
        data = as_csv(rows_of(fund), delimiter)
        assert_equal(read_upload(data, filename="a.csv", amounts="flows", sign="lp").funds[0], fund)

    @settings(max_examples=15, deadline=None)
    @given(
        flows=st.lists(st.tuples(dates, cents, cents), min_size=1, max_size=20),
        navs=st.dictionaries(dates, cents.map(lambda value: -value), max_size=10),
    )
    def test_xlsx(self, flows, navs):
        """A workbook of a fund is the fund."""
        fund = Fund.of(flows=flows, navs=navs.items())
        data = as_xlsx(rows_of(fund))
        assert_equal(
            read_upload(data, filename="a.xlsx", amounts="flows", sign="lp").funds[0], fund
        )


class TestNothingCrashes:
    """Whatever the bytes, the outcome is a table or an InputError."""

    @given(data=st.binary(max_size=300))
    def test_bytes(self, data):
        """Any bytes are read or refused."""
        self.check(data)

    @given(
        text=st.text(st.sampled_from('date,amountlevelnavfund0123456789-.;"\r\n e'), max_size=200)
    )
    def test_text(self, text):
        """Any text that looks like a table is read or refused."""
        self.check(b"date,amount,nav,fund\n" + text.encode())

    def check(self, data: bytes) -> None:
        if data.startswith(b"PK"):
            return
        try:
            read_text(data, kind=None, limits=Limits())
            read_upload(data, filename="a", sign="lp")
        except InputError as error:
            assert error.problems  # noqa: PT017  (some inputs are read)
