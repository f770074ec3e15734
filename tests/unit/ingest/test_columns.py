"""Headers: which columns are read, and what is said of others."""

from __future__ import annotations

import pytest

from pmecalc.ingest.upload import read_upload


@pytest.mark.parametrize(
    ("header", "code", "column"),
    [
        ("day,amount", "NO_DATE_COLUMN", None),
        ("2020-01-01,5", "NO_DATE_COLUMN", None),
        ("date,nav", "NO_AMOUNT_COLUMN", None),
        ("date,contribution,nav", "NO_AMOUNT_COLUMN", None),
        ("date,amount,note", "AMBIGUOUS_MAPPING", "note"),
        ("date,amount,Amount", "AMBIGUOUS_MAPPING", "Amount"),
        ("date,amount,contribution,distribution", "AMBIGUOUS_MAPPING", "amount"),
        ("date,level,open", "AMBIGUOUS_MAPPING", "open"),
        ("date;amount;level", "NO_AMOUNT_COLUMN", None),
    ],
)
def test_header_that_cannot_be_read(refused, header, code, column):
    """A missing, a doubled or an unknown column is refused by its name, with those accepted."""
    kind = "benchmark" if header == "date,level,open" else "fund"
    if header == "date;amount;level":
        header, kind = "date;amount", "benchmark"
    error = refused(header + "\n2020-01-01,1,1,1\n", kind=kind)
    assert (error.code, error.row, error.field) == (code, 1, column)
    assert "date" in error.hint or error.code == "AMBIGUOUS_MAPPING"


def test_unknown_column_hints_at_the_accepted(refused):
    """The hint of an unknown column lists every column that is read."""
    error = refused("date,amount,note\n2020-01-01,1,x\n")
    assert "date, contribution, distribution, amount, nav, recallable, fund, currency" in error.hint


@pytest.mark.parametrize(
    "text",
    [
        "date,contribution,distribution,nav\n2020-01-01,5,0,\n2021-01-01,0,7,1\n",
        "\ufeffDATE;Contribution ; distribution;Nav\r\n2020-01-01;5;0;\r\n2021-01-01;0;7;1\r\n",
        "nav,distribution,contribution,date\n,,5,2020-01-01\n1,7,,2021-01-01\n",
        "date,amount,nav\n2020-01-01,-5,\n2021-01-01,7,1\n",
        '"date","amount","nav"\n"2020-01-01","-5",""\n"2021-01-01","7","1"\n',
        "date,amount,nav,,\n2020-01-01,-5,,,\n\n2021-01-01,7,1,,\n,,\n",
        "date,,amount,nav\n2020-01-01,,-5,\n2021-01-01,,7,1\n",
        "\n\ndate,amount,nav\r2020-01-01,-5,\r2021-01-01,7,1",
    ],
)
def test_forms_of_one_fund(text):
    """Separators, case, order, quotes, blank rows and line ends do not change what is read."""
    upload = read_upload(text.encode(), filename="alpha.csv")
    fund = upload.funds[0]
    assert upload.kind == "fund"
    assert fund.name == "alpha"
    assert fund.contributions.tolist() == [5.0, 0.0]
    assert fund.distributions.tolist() == [0.0, 7.0]
    assert fund.navs.tolist() == [1.0]


def test_level_makes_a_benchmark():
    """A column called level tells an index from a fund."""
    upload = read_upload(b"Level,date\n100,2020-01-01\n", filename="world.csv")
    assert upload.kind == "benchmark"
    assert upload.benchmark.levels.tolist() == [100.0]
    assert upload.funds == ()


def test_value_below_no_header_is_not_lost(refused):
    """A value in a column without a header is refused, not passed over."""
    error = refused("date,,amount\n2020-01-01,x,5\n")
    assert (error.code, error.row, error.field, error.value) == ("RAGGED_ROW", 2, "column 2", "x")
