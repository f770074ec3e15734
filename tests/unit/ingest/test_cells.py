"""Bad cells: the code, the row, the column and the value of each."""

from __future__ import annotations

import pytest

from pmecalc.ingest.upload import read_upload

HEADER = "Date,Contribution,Distribution,NAV\n2020-01-01,100,0,\n"


@pytest.mark.parametrize(
    ("row", "code", "column", "value"),
    [
        ("2020-02-01,abc,0,", "BAD_NUMBER", "Contribution", "abc"),
        ('2020-02-01,"1,000",0,', "BAD_NUMBER", "Contribution", "1,000"),
        ("2020-02-01,1_000,0,", "BAD_NUMBER", "Contribution", "1_000"),
        ("2020-02-01,١٢,0,", "BAD_NUMBER", "Contribution", "١٢"),
        ("2020-02-01,$5,0,", "BAD_NUMBER", "Contribution", "$5"),
        ("2020-02-01,e5,0,", "BAD_NUMBER", "Contribution", "e5"),
        ("2020-02-01,1e-31,0,", "NON_FINITE", "Contribution", "1e-31"),
        ("2020-02-01,1e16,0,", "BAD_NUMBER", "Contribution", "1e16"),
        ("2020-02-01,1,0,-2e15", "BAD_NUMBER", "NAV", "-2e15"),
        ("2020-02-01,nan,0,", "NON_FINITE", "Contribution", "nan"),
        ("2020-02-01,0,-inf,", "NON_FINITE", "Distribution", "-inf"),
        ("2020-02-01,0,0,1e999", "NON_FINITE", "NAV", "1e999"),
        ("2020-02-01,-5,0,", "NEGATIVE_AMOUNT", "Contribution", "-5"),
        ("2020-02-01,0,-0.50,", "NEGATIVE_AMOUNT", "Distribution", "-0.50"),
        ("2020-02-30,5,0,", "BAD_DATE", "Date", "2020-02-30"),
        ("20200201,5,0,", "BAD_DATE", "Date", "20200201"),
        ("2020-W05-6,5,0,", "BAD_DATE", "Date", "2020-W05-6"),
        ("2020-02-01 25:00,5,0,", "BAD_DATE", "Date", "2020-02-01 25:00"),
        ("01/02/2020,5,0,", "BAD_DATE", "Date", "01/02/2020"),
        ("1899-12-31,5,0,", "BAD_DATE", "Date", "1899-12-31"),
        ("2201-01-01,5,0,", "BAD_DATE", "Date", "2201-01-01"),
        (",5,0,", "MISSING_DATE", "Date", ""),
    ],
)
def test_bad_cell_is_named(refused, row, code, column, value):
    """A cell that is not what its column holds is refused with its place and what it says."""
    error = refused(HEADER + row + "\n")
    assert (error.code, error.row, error.field, error.value) == (code, 3, column, value)
    assert error.file == "alpha.csv"
    assert error.hint


def test_long_number_is_not_finite(refused):
    """A number of 400 digits is more than a number can be, and is quoted in short."""
    error = refused(HEADER + f"2020-02-01,{'1' * 400},0,\n")
    assert (error.code, error.row, error.field) == ("NON_FINITE", 3, "Contribution")
    assert len(error.value) == 80


@pytest.mark.parametrize("value", ["0", "-1", "nan", "inf", "", "abc", "1e13", "-0"])
def test_bad_level_is_invalid(refused, value):
    """A level that is no finite number above zero is refused, whatever it is instead."""
    error = refused(f"date,level\n2020-01-01,100\n2020-02-01,{value}\n")
    assert (error.code, error.row, error.field, error.value) == (
        "INDEX_INVALID",
        3,
        "level",
        value,
    )


def test_blank_amount_needs_a_nav(refused):
    """A row with neither a signed amount nor a NAV says nothing, and is refused."""
    error = refused("date,amount,nav\n2020-01-01,-5,\n2020-02-01,,5\n2020-03-01,,\n")
    assert (error.code, error.row, error.field, error.value) == ("BAD_NUMBER", 4, "amount", "")
    assert len(error.problems) == 1


def test_all_problems_come_together(refused):
    """Problems of a file are told in one go, in the order of its rows, the first one on top."""
    error = refused(HEADER + "2020-02-01,1,0,x\n2020-13-01,-1,0,\n2020-02-02,1\n,1,1,\n")
    found = [(p.code, p.row, p.column, p.value) for p in error.problems]
    assert found == [
        ("BAD_NUMBER", 3, "NAV", "x"),
        ("BAD_DATE", 4, "Date", "2020-13-01"),
        ("NEGATIVE_AMOUNT", 4, "Contribution", "-1"),
        ("RAGGED_ROW", 5, None, None),
        ("MISSING_DATE", 6, "Date", ""),
    ]
    assert (error.code, error.row, error.field, error.value) == found[0]
    assert error.message == "'x' is not a number."


def test_many_problems_are_counted(refused):
    """Of each code the first fifty are listed by row, then how many more there are."""
    rows = "".join("2020-02-01,x,y,\n" for _ in range(100))
    error = refused(HEADER + rows)
    assert len(error.problems) == 51
    assert [p.row for p in error.problems[:4]] == [3, 3, 4, 4]
    assert error.problems[-1].message == "150 more of this kind."
    assert error.problems[-1].row is None


def test_control_characters_are_shown_as_codes(refused):
    """What a cell holds is quoted in one line that hides nothing."""
    error = refused('date,amount\n2020-01-01,"1\n2"\n')
    assert error.value == "1\\u000a2"


@pytest.mark.parametrize("text", ["1", "+1", "1.", "1.0", " 1 ", "1e0", "10E-1", ".1e1", "\t1"])
def test_plain_decimals_are_numbers(text):
    """Decimals with a dot, a sign or an exponent are numbers, with blanks around them or not."""
    data = f"date,amount\n2020-01-01,{text}\n".encode()
    fund = read_upload(data, filename="a", sign="lp").funds[0]
    assert fund.distributions.tolist() == [1.0]
