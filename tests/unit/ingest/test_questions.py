"""Files that can be read in two ways: the question, and each answer followed to the letter."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

import pmecalc as pme
from pmecalc.core.errors import InputError, NeedsInputError
from pmecalc.ingest.upload import read_upload

TOTALS = """\
date,contribution,distribution,nav
2014-03-31,23.2,0,23.4
2014-06-30,46.9,0,49.8
2014-09-30,64.8,0,71.3
2014-12-31,64.8,26.0,60.9
2015-03-31,109.9,26.0,120.6
2015-06-30,109.9,40.5,111.2
"""
FLOWS = """\
date,contribution,distribution,nav
2014-03-31,23.2,0,23.4
2014-06-30,23.7,0,49.8
2014-09-30,17.9,0,71.3
2014-12-31,0,26.0,60.9
2015-03-31,45.1,0,120.6
2015-06-30,0,14.5,111.2
"""


def read(text: str, **options: object) -> object:
    return read_upload(text.encode(), filename="f.csv", **options)


def asked(text: str, **options: object) -> NeedsInputError:
    with pytest.raises(NeedsInputError) as caught:
        read(text, **options)
    return caught.value


class TestRunningTotals:
    def test_are_asked_about(self):
        """Two columns that never fall are not read as flows without a word."""
        error = asked(TOTALS)
        assert (error.code, error.option) == ("CUMULATIVE_AMOUNTS", "amounts")
        assert error.choices == ("flows", "cumulative")
        assert str(error).endswith('Say amounts="flows" or amounts="cumulative".')

    def test_their_differences_are_the_flows(self):
        """To the cent, with the NAVs as they stand."""
        found = read(TOTALS, amounts="cumulative").funds[0]
        wanted = read(FLOWS).funds[0]
        for name in ("contributions", "distributions"):
            assert getattr(found, name)[getattr(found, name) != 0].tolist() == (
                getattr(wanted, name)[getattr(wanted, name) != 0].tolist()
            )
        assert found.navs.tolist() == wanted.navs.tolist()
        assert pme.evaluate(found).tvpi == pytest.approx((40.5 + 111.2) / 109.9, rel=1e-15)

    def test_as_flows_they_stand(self):
        """Whoever says that they are flows gets them as flows."""
        fund = read(TOTALS, amounts="flows").funds[0]
        assert fund.contributions.sum() == pytest.approx(419.5)

    def test_that_fall_are_refused_with_their_row(self):
        """A total since inception cannot fall."""
        with pytest.raises(InputError) as caught:
            read(TOTALS.replace("109.9,40.5", "99.9,40.5"), amounts="cumulative")
        assert (caught.value.code, caught.value.row) == ("NEGATIVE_AMOUNT", 7)
        assert caught.value.field == "contribution"

    @pytest.mark.parametrize(
        "text",
        [
            FLOWS,
            "\n".join(TOTALS.splitlines()[:5]),
            "date,contribution,distribution\n" + "".join(f"202{y}-01-01,10,0\n" for y in range(9)),
            "date,amount\n" + "".join(f"202{y}-01-01,{y - 9}\n" for y in range(9)),
        ],
        ids=["flows", "few rows", "equal calls", "signed"],
    )
    def test_other_columns_are_not_asked_about(self, text):
        """Flows fall somewhere; equal calls are calls; few rows say nothing."""
        assert len(read(text).funds) == 1

    def test_of_one_fund_of_many_are_found(self):
        """Each fund is looked at by itself, and named."""
        head, *rows = TOTALS.splitlines()
        _, *flows = FLOWS.splitlines()
        lines = [f"{head},fund", *(f"{row},A" for row in flows), *(f"{row},B" for row in rows)]
        error = asked("\n".join(lines))
        assert error.message.startswith("Fund B: ")
        table = {name: [] for name in head.split(",")} | {"fund": []}
        for line in lines[1:]:
            for name, cell in zip(table, line.split(","), strict=True):
                table[name].append(cell)
        with pytest.raises(NeedsInputError) as caught:
            pme.batch(table)
        assert caught.value.message == error.message


def index(*values: float, dates: tuple[str, ...] = ()) -> str:
    days = dates or ("2020-03-31", "2020-06-30", "2020-09-30", "2020-12-31", "2021-03-31")
    rows = "".join(f"{day},{value}\n" for day, value in zip(days, values, strict=False))
    return "date,level\n" + rows


class TestLevels:
    @pytest.mark.parametrize(
        ("values", "choices"),
        [
            ((1.013, 0.987, 1.021, 1.004), ("growth_factors", "levels")),
            ((0.013, -0.01, 0.021, 0.004), ("returns", "percent_returns")),
            ((0.013, 0.01, 0.021), ("returns", "percent_returns", "levels")),
            ((1.3, -1.0, 2.1, 0.4), ("percent_returns",)),
        ],
    )
    def test_what_may_be_no_level_is_asked(self, values, choices):
        """Returns and growth factors are not taken for levels without a word."""
        error = asked(index(*values))
        assert (error.code, error.option, error.choices) == ("RETURNS_OR_LEVELS", "levels", choices)

    @pytest.mark.parametrize(
        ("values", "reading"),
        [
            ((1.25, 0.8, 1.5), "growth_factors"),
            ((0.25, -0.2, 0.5), "returns"),
            ((25, -20, 50), "percent_returns"),
        ],
    )
    def test_the_answer_compounds_them(self, values, reading):
        """From 1 at the end of the quarter before the first return."""
        found = read(index(*values), levels=reading).benchmark
        assert found.levels.tolist() == pytest.approx([1, 1.25, 1.0, 1.5], rel=1e-15)
        assert str(found).startswith("Benchmark('f', 4 levels 2019-12-31 to 2020-09-30")
        assert any("Compounded" in note and "2019-12-31" in note for note in found.notes)

    def test_the_day_before_stands_for_uneven_dates(self):
        """Where the period of the first return is not known, nothing earlier is made up."""
        dates = ("2020-03-31", "2020-05-30", "2020-09-30")
        found = read(index(1.25, 0.8, 1.5, dates=dates), levels="growth_factors").benchmark
        assert "2020-03-30 to" in str(found)

    def test_said_levels_are_levels(self):
        """Whoever says so gets them as they stand."""
        found = read(index(1.013, 0.987, 1.021), levels="levels").benchmark
        assert found.levels.tolist() == [1.013, 0.987, 1.021]

    @pytest.mark.parametrize(
        "values",
        [(100, 101.3, 99.9), (1, 1.02, 1.05), (3000, 3100, 2900), (1.2, 1.9, 2.4, 3.1)],
    )
    def test_levels_are_not_asked_about(self, values):
        """Levels of any base, a rebased index among them."""
        assert read(index(*values)).benchmark.levels.tolist() == list(values)

    def test_a_bad_level_stays_an_error(self):
        """One level of 0 among levels is wrong, and no remedy takes its row away."""
        with pytest.raises(InputError) as caught:
            read(index(3000, 0, 3100))
        assert (caught.value.code, caught.value.row) == ("INDEX_INVALID", 3)
        assert "remove" not in caught.value.hint

    def test_a_loss_of_all_is_refused(self):
        """A return of -100 % leaves no level."""
        with pytest.raises(InputError) as caught:
            read(index(0.1, -1.0, 0.1), levels="returns")
        assert (caught.value.code, caught.value.row) == ("INDEX_INVALID", 3)


class TestSheets:
    FUND = (["date", "contribution", "distribution"], ["2020-01-01", 5, 0], ["2021-01-01", 0, 7])
    OTHER = (["date", "contribution", "distribution"], ["2020-01-01", 9, 0])

    def test_several_with_figures_are_asked_about(self, workbook):
        """Which one is read is said by the user, and the choice leads there."""
        data = workbook(list(self.FUND), [["Read me"], ["made by hand"]], list(self.OTHER))
        with pytest.raises(NeedsInputError) as caught:
            read_upload(data, filename="f.xlsx")
        error = caught.value
        assert (error.code, error.option) == ("SHEET_CHOICE", "sheet")
        assert error.choices == ("Sheet 0", "Sheet 2")
        paid = {
            choice: read_upload(data, filename="f.xlsx", sheet=choice).funds[0].contributions.sum()
            for choice in error.choices
        }
        assert paid == {"Sheet 0": 5.0, "Sheet 2": 9.0}

    def test_the_only_one_with_figures_is_read(self, workbook):
        """A cover sheet of words is passed over and named."""
        data = workbook([["Statement"], ["of the fund"]], list(self.FUND))
        fund = read_upload(data, filename="f.xlsx").funds[0]
        assert fund.contributions.sum() == 5.0
        assert fund.notes[0] == 'Read from sheet "Sheet 1"; not read: "Sheet 0".'

    def test_a_sheet_that_is_not_there(self, workbook):
        """The question comes again, with those that are."""
        with pytest.raises(NeedsInputError) as caught:
            read_upload(workbook(list(self.FUND)), filename="f.xlsx", sheet="Flows")
        assert (caught.value.code, caught.value.choices) == ("SHEET_CHOICE", ("Sheet 0",))


class TestKinds:
    @pytest.mark.parametrize(
        "header", ["Date,Close", "Date,Open,High,Low,Close,Volume", "Date,Price"]
    )
    def test_an_index_is_judged_as_an_index(self, header):
        """It is told which column an index needs, not that it is a broken fund."""
        with pytest.raises(InputError) as caught:
            read(header + "\n2020-01-01" + ",5" * header.count(",") + "\n")
        error = caught.value
        assert error.code == "NO_AMOUNT_COLUMN"
        assert "level" in error.message
        assert "contribution" not in f"{error.message} {error.hint}"
        assert header.split(",")[-1] in error.message  # what was found

    def test_what_may_be_either_is_told_both(self):
        """Neither a fund nor an index by its header."""
        with pytest.raises(InputError) as caught:
            read("Date,SPX\n2020-01-01,5\n")
        assert "of a fund or levels of an index" in caught.value.message

    def test_nobody_said_total_return(self):
        """The kind of an index of which nothing was said is not made up."""
        assert read(index(100, 101, 103)).benchmark.kind is None
        assert read(index(100, 101, 103), index_kind="price").benchmark.kind == "price"


def test_an_option_that_is_not_offered():
    """Each option takes its own words alone."""
    for option in ("amounts", "levels", "reversals", "sign"):
        with pytest.raises(InputError) as caught:
            read(FLOWS, **{option: "x"})
        assert (caught.value.code, caught.value.field) == ("UNSUPPORTED_OPTION", option)


class TestRemedies:
    """Advice of messages, followed to the letter, leads to right numbers or is not given."""

    SOURCE = Path(pme.__file__).parent

    def test_no_message_says_to_remove_or_rename_a_column(self):
        """Nor to take away rows of amounts or levels."""
        for path in [*self.SOURCE.rglob("*.py"), self.SOURCE / "web/static/problems.html"]:
            text = path.read_text(encoding="utf-8").casefold()
            for advice in ("rename the column", "remove the column", "name the column or remove"):
                assert advice not in text, path
            assert "or remove the row" not in text.replace("a level, or remove the row", ""), path

    def test_a_column_of_types(self):
        """Split by its types as is said, the amounts are right."""
        with pytest.raises(InputError) as caught:
            read("date,type,amount\n2020-01-01,Call,100\n2021-01-01,Distribution,150\n")
        assert "split the amounts by it into contribution and distribution" in caught.value.hint
        assert "taken out" not in caught.value.hint
        split = "date,contribution,distribution\n2020-01-01,100,0\n2021-01-01,0,150\n"
        assert pme.evaluate(read(split).funds[0]).dpi == 1.5

    def test_a_column_of_notes(self):
        """Taken out as is said, the amounts are as before."""
        with pytest.raises(InputError) as caught:
            read("date,amount,note\n2020-01-01,-100,x\n2021-01-01,150,y\n")
        assert "such as a note, can be taken out" in caught.value.hint
        assert (
            pme.evaluate(read("date,amount\n2020-01-01,-100\n2021-01-01,150\n").funds[0]).dpi == 1.5
        )

    def test_negative_amounts(self):
        """The option that the message names takes them as money given back."""
        text = (
            "date,contribution,distribution\n2020-01-01,100,0\n2020-06-01,-20,0\n2021-01-01,0,120\n"
        )
        with pytest.raises(InputError) as caught:
            read(text)
        assert 'reversals="net"' in caught.value.hint
        assert pme.evaluate(read(text, reversals="net").funds[0]).dpi == 1.5

    def test_a_blank_level(self):
        """Without the row of a holiday the level before it counts, as it should."""
        with pytest.raises(InputError) as caught:
            read("date,level\n2020-01-01,100\n2020-01-02,\n2020-01-03,110\n")
        assert "remove the row" in caught.value.hint
        found = read("date,level\n2020-01-01,100\n2020-01-03,110\n").benchmark
        fund = pme.Fund.of(flows=[("2020-01-02", 100, 0)], navs=[("2020-01-03", 110)])
        assert pme.evaluate(fund, found).ks_pme == pytest.approx(1.0, rel=1e-15)

    def test_signs(self):
        """Each answer gives the fund that it names."""
        text = "date,amount\n2020-01-01,100\n2021-01-01,-250\n"
        error = asked(text)
        dpi = {
            choice: pme.evaluate(read(text, **{error.option: choice}).funds[0])["dpi"].value
            for choice in error.choices
        }
        assert dpi == {"lp": 0.4, "gp": 2.5}

    def test_stale_levels(self):
        """The option that is named makes the measure."""
        index_ = pme.Benchmark.of([("2020-01-01", 100)])
        fund = pme.Fund.of(flows=[("2020-01-01", 100, 0)], navs=[("2021-01-01", 110)])
        with pytest.raises(InputError) as caught:
            pme.evaluate(fund, index_)
        assert "max_staleness_days" in caught.value.hint
        assert math.isclose(pme.evaluate(fund, index_, max_staleness_days=400).ks_pme, 1.1)
