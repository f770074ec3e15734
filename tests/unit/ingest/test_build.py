"""Funds out of rows: several in a file, NAVs, currencies, signs, what the caller says."""

from __future__ import annotations

import numpy as np
import pytest

from pmecalc.core.errors import CashFlowError, InputError, NeedsInputError
from pmecalc.core.fund import Fund
from pmecalc.ingest.limits import Limits
from pmecalc.ingest.upload import read_upload

SUSPECT = "date,amount\n2020-01-01,5\n2021-01-01,-7\n"


def funds(text: str, **options):
    return read_upload(text.encode(), filename="dir/alpha.csv", **options).funds


def test_rows_are_sorted_and_keep_their_numbers():
    """Rows come in any order; each flow remembers the row that it came from."""
    (fund,) = funds("date,amount,nav\n2021-01-01,7,\n2020-01-01,-5,4\n2021-01-01,-1,\n")
    expected = Fund.of(
        flows=[("2021-01-01", 7), ("2020-01-01", -5), ("2021-01-01", -1)],
        navs=[("2020-01-01", 4)],
        rows=[2, 3, 4],
    )
    for name in ("days", "contributions", "distributions", "rows", "nav_days", "navs"):
        np.testing.assert_array_equal(getattr(fund, name), getattr(expected, name))
    assert not fund.navs.flags.writeable
    assert not fund.days.flags.writeable


def test_row_with_only_a_nav_is_a_valuation():
    """A NAV beside blanks or zeros is no flow; zeros without a NAV are one."""
    (fund,) = funds(
        "date,contribution,distribution,nav\n"
        "2020-01-01,5,,\n2020-02-01,,,6\n2020-03-01,0,0,7\n2020-04-01,0,0,\n"
    )
    assert fund.rows.tolist() == [2, 5]
    assert fund.navs.tolist() == [6.0, 7.0]


def test_fund_of_zeros_is_a_fund():
    """Zeros that are written are flows if there is nothing else (METHODS 11.3)."""
    (fund,) = funds("date,contribution,distribution,nav\n2020-01-01,0,0,6\n")
    assert fund.contributions.tolist() == [0.0]


def test_recallable_parts_are_tags_by_day():
    """Rows of a day add up; a blank is none; the rows themselves stay distributions."""
    (fund,) = funds(
        "date,contribution,distribution,recallable\n"
        "2020-01-01,50,,\n2021-01-01,,7,5\n2021-01-01,,3,2.5\n2021-06-01,,4,0\n2022-01-01,,1,1\n"
    )
    assert fund.distributions.tolist() == [0, 7, 3, 4, 1]
    expected = Fund.of(
        flows=[("2020-01-01", 50, 0), ("2021-01-01", 0, 10), ("2022-01-01", 0, 1)],
        recallable=[("2021-01-01", 7.5), ("2022-01-01", 1)],
    )
    assert fund.recallable_days.tolist() == expected.recallable_days.tolist()
    assert fund.recallable.tolist() == expected.recallable.tolist()
    assert "Distributions that may be called again: 3." in fund.notes


@pytest.mark.parametrize("title", ["Recallable distributions", "SUBJECT TO  RECALL"])
def test_the_words_of_ilpa_name_the_tags(title):
    """A column may be called as ILPA's notices call it; a problem names it as the file does."""
    (fund,) = funds(f"date,amount,{title}\n2020-01-01,-5,\n2021-01-01,7,2\n")
    assert fund.recallable.tolist() == [2.0]
    with pytest.raises(InputError) as caught:
        funds(f"date,amount,{title}\n2020-01-01,-5,\n2021-01-01,7,9\n")
    assert caught.value.field == title


def test_tags_belong_to_their_fund():
    """One fund's tags are not another's."""
    text = "fund,date,amount,recallable\nA,2020-01-01,-5,\nA,2021-01-01,7,2\nB,2020-01-01,-5,\n"
    tagged, plain = funds(text)
    assert (tagged.recallable.tolist(), plain.recallable.tolist()) == ([2.0], [])


@pytest.mark.parametrize("text", ["2021-01-01,,7,5\n2021-01-01,,3,5.5\n", "2021-01-01,,,1\n"])
def test_more_recallable_than_distributed(refused, text):
    """The first tagged row of the day is named, with both amounts."""
    error = refused("date,contribution,distribution,recallable\n2020-01-01,50,,\n" + text)
    assert (error.code, error.row, error.field) == ("NEGATIVE_AMOUNT", 3, "recallable")
    assert "distributed" in error.message


def test_no_flows(refused):
    """A fund with valuations alone is refused; another fund of the file is not blamed."""
    error = refused("fund,date,amount,nav\nA,2020-01-01,5,\nB,2020-01-01,,5\n")
    assert isinstance(error, CashFlowError)
    assert (error.code, error.row) == ("NO_FLOWS", 3)
    assert len(error.problems) == 1
    assert "B" in error.message


def test_two_navs_on_a_day(refused):
    """Two NAVs of a day are refused if they differ and merged if they do not."""
    text = "date,amount,NAV\n2020-01-01,-5,\n2020-02-01,,6\n2020-02-01,,6.0\n"
    assert funds(text)[0].navs.tolist() == [6.0]
    error = refused(text + "2020-02-01,,7\n")
    assert isinstance(error, CashFlowError)
    assert (error.code, error.row, error.field, error.value) == ("NAV_DUPLICATE", 5, "NAV", "7")


def test_several_funds():
    """Funds come in the order in which the file names them, each with its own rows."""
    first, second = funds(
        "fund,date,amount,nav,currency\nBeta,2020-01-01,-1,,eur\nAlpha,2020-01-01,-2,3,USD\n"
        "Beta,2019-01-01,-3,3,\n"
    )
    assert (first.name, first.currency, first.contributions.tolist()) == ("Beta", "EUR", [3.0, 1.0])
    assert (second.name, second.currency, second.navs.tolist()) == ("Alpha", "USD", [3.0])
    assert first.rows.tolist() == [4, 2]


def test_row_of_no_fund(refused):
    """A row that does not say whose it is, where others do, is refused."""
    error = refused("fund,date,amount\nA,2020-01-01,-1\n,2020-01-01,-2\n")
    assert (error.code, error.row, error.field) == ("AMBIGUOUS_MAPPING", 3, "fund")


def test_blank_fund_column_is_one_fund():
    """A fund column without a word leaves the fund its file's name."""
    (fund,) = funds("fund,date,amount\n,2020-01-01,-1\n")
    assert fund.name == "alpha"


def test_mixed_currency_asks():
    """Two currencies in one fund are asked about, with both as choices."""
    with pytest.raises(NeedsInputError) as caught:
        funds(
            "date,amount,Ccy\n".replace("Ccy", "Currency") + "2020-01-01,-1,EUR\n2020-02-01,2,USD\n"
        )
    error = caught.value
    assert (error.code, error.row, error.field, error.value) == (
        "MIXED_CURRENCY",
        3,
        "Currency",
        "USD",
    )
    assert error.choices == ("EUR", "USD")


def test_suspect_sign_asks():
    """A signed file that starts positive and ends negative is asked about."""
    with pytest.raises(NeedsInputError) as caught:
        funds(SUSPECT)
    error = caught.value
    assert (error.code, error.row, error.field) == ("SIGN_SUSPECT", 2, "amount")
    assert error.choices == ("lp", "gp")
    assert error.file == "alpha.csv"


def test_sign_that_is_said_is_taken():
    """Both answers to the question of the sign are taken."""
    assert funds(SUSPECT, sign="gp")[0].contributions.tolist() == [5.0, 0.0]
    lp = funds(SUSPECT, sign="lp")[0]
    assert lp.distributions.tolist() == [5.0, 0.0]
    assert lp.warnings == ("SIGN_SUSPECT",)


def test_what_the_caller_says_goes_first():
    """Name, currency, commitment, vintage and strategy are the caller's to say."""
    (fund,) = funds(
        "date,amount,currency\n2020-01-01,-1,USD\n",
        name="Gamma",
        currency="EUR",
        commitment=10,
        vintage=2020,
        strategy="Buyout",
    )
    told = (fund.name, fund.currency, fund.commitment, fund.vintage, fund.strategy)
    assert told == ("Gamma", "EUR", 10.0, 2020, "Buyout")


def test_name_and_commitment_belong_to_one_fund(refused):
    """A name or a commitment cannot be said of a file of several funds."""
    two = "fund,date,amount\nA,2020-01-01,-1\nB,2020-01-01,-2\n"
    for field, value in (("name", "C"), ("commitment", 5)):
        error = refused(two, **{field: value})
        assert (error.code, error.field) == ("UNSUPPORTED_OPTION", field)


@pytest.mark.parametrize(
    ("option", "code"),
    [
        ({"commitment": 0}, "NEGATIVE_AMOUNT"),
        ({"commitment": float("nan")}, "NON_FINITE"),
        ({"sign": "xx"}, "UNSUPPORTED_OPTION"),
        ({"index_kind": "xx"}, "UNSUPPORTED_OPTION"),
    ],
)
def test_bad_options(option, code):
    """What the caller says is checked like what the file says."""
    with pytest.raises(InputError) as caught:
        funds("date,amount\n2020-01-01,-1\n", **option)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("abc\u202edef", "NOT_TEXT"),
        ("\u2067abc", "NOT_TEXT"),
        ("a\u200eb", "NOT_TEXT"),
        ('"a\tb"', "NOT_TEXT"),
        ("x" * 201, "FILE_TOO_LARGE"),
    ],
)
def test_bad_names(refused, name, code):
    """A name with something invisible in it, or too long, is refused with its row."""
    error = refused(f"date,amount,fund\n2020-01-01,1,A\n2020-01-01,1,{name}\n")
    assert (error.code, error.row, error.field) == (code, 3, "fund")


@pytest.mark.parametrize(
    ("cell", "name"),
    [("Zu\u0308rich", "Zürich"), ("'=1+1", "=1+1"), ("'Tis", "'Tis"), (" A  b ", "A  b")],
)
def test_names_are_text(cell, name):
    """Names are NFC, and lose the quote that an export put before a formula sign."""
    assert funds(f"date,amount,fund\n2020-01-01,-1,{cell}\n")[0].name == name


def test_too_many_funds(refused):
    """More funds than the limit are refused."""
    text = "date,amount,fund\n2020-01-01,1,A\n2020-01-01,1,B\n"
    assert refused(text, limits=Limits(funds=1)).code == "FILE_TOO_LARGE"


@pytest.mark.parametrize(
    ("filename", "name"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\data\\Fund IV.xlsx", "Fund IV"),
        ("a\u202eb\x00\n.csv", "ab"),
        ("x" * 200, "x" * 120),
        ("", "unnamed"),
    ],
)
def test_file_name_is_only_text(filename, name):
    """The default name is the file's base name without suffix, nothing invisible in it."""
    upload = read_upload(b"date,amount\n2020-01-01,-1\n", filename=filename)
    assert upload.funds[0].name == name
