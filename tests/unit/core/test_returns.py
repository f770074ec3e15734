"""Modified IRR, modified Dietz and time-weighted returns."""

from __future__ import annotations

import math

import pytest

from pmecalc import Benchmark, CashFlowError, Fund, InputError, NotDefinedError
from pmecalc.core.returns import mirr, modified_dietz
from pmecalc.core.time_weighted import time_weighted_return, twr
from pmecalc.core.valuation import value

RATES = {"finance_rate": 0.07, "reinvest_rate": 0.12}
YEAR = {"start": "2021-01-01", "end": "2021-12-31"}
NAVS = {"nav_start": 100, "nav_end": 110}
WORLD = Benchmark.of([("2021-01-01", 100), ("2021-12-31", 110), ("2022-12-31", 99)])


class TestModifiedIrr:
    """METHODS 3.3."""

    def test_by_hand(self):
        """50 paid after a year is set aside at 7 %; 30 received grows for a year at 12 %."""
        stream = [
            ("2021-01-01", -100),
            ("2022-01-01", -50),
            ("2023-01-01", 30),
            ("2024-01-01", 200),
        ]
        expected = ((30 * 1.12 + 200) / (100 + 50 / 1.07)) ** (1 / 3) - 1
        assert mirr(stream, **RATES) == pytest.approx(expected, rel=1e-13)
        assert mirr(stream[::-1], **RATES) == mirr(stream, **RATES)

    def test_amounts_of_a_day_are_one_amount(self):
        """What is paid and received on one day earns and costs nothing."""
        one = [("2021-01-01", -100), ("2022-01-01", 40), ("2023-01-01", 80)]
        split = [*one, ("2022-01-01", 60), ("2022-01-01", -60)]
        assert mirr(split, **RATES) == mirr(one, **RATES)

    def test_a_last_zero_makes_the_stream_longer(self):
        """Money received stays reinvested to the last row."""
        stream = [("2021-01-01", -100), ("2022-01-01", 110)]
        expected = math.sqrt(1.1 * 1.12) - 1
        assert mirr([*stream, ("2023-01-01", 0)], **RATES) == pytest.approx(expected)

    def test_the_day_count_makes_the_years(self):
        """365 days are more than a year of 360."""
        stream = [("2021-01-01", -100), ("2022-01-01", 110)]
        got = mirr(stream, day_count="ACT/360", **RATES)
        assert got == pytest.approx(1.1 ** (360 / 365) - 1)

    @pytest.mark.parametrize(
        ("amounts", "status"),
        [
            ([], "no_flows"),
            ([("2021-01-01", 0)], "no_flows"),
            ([("2021-01-01", 5)], "no_investment"),
            ([("2021-01-01", -5)], "no_distributions"),
            ([("2021-01-01", -1), ("2021-01-02", 1e30)], "overflow"),
        ],
    )
    def test_without_a_value_there_is_a_status(self, amounts, status):
        """METHODS 11.1."""
        with pytest.raises(NotDefinedError) as caught:
            mirr(amounts, **RATES)
        assert (caught.value.measure, caught.value.status) == ("mirr", status)

    def test_no_time_has_no_rate(self):
        """In months of 30 days the 31st is the 30th."""
        stream = [("2021-01-30", -5), ("2021-01-31", 6)]
        with pytest.raises(NotDefinedError) as caught:
            mirr(stream, day_count="30E/360", **RATES)
        assert caught.value.status == "zero_duration"

    @pytest.mark.parametrize("name", RATES)
    @pytest.mark.parametrize("rate", [-1, math.nan, math.inf])
    def test_a_rate_of_minus_one_or_none_is_refused(self, name, rate):
        """Nothing can be reinvested at it."""
        with pytest.raises(InputError) as caught:
            mirr([], **{**RATES, name: rate})
        assert (caught.value.code, caught.value.field) == ("UNSUPPORTED_OPTION", name)


class TestModifiedDietz:
    """METHODS 3.4."""

    def test_a_flow_at_the_start_of_its_day_is_invested_a_day_longer(self):
        """36.4 paid in on the last day but one."""
        flows = [("2021-12-30", -36.4)]
        end = modified_dietz(flows, **YEAR, **NAVS)
        start = modified_dietz(flows, **YEAR, **NAVS, flow_timing="start")
        assert end == pytest.approx((110 - 100 - 36.4) / (100 + 36.4 * 1 / 364))
        assert start == pytest.approx((110 - 100 - 36.4) / (100 + 36.4 * 2 / 364))

    def test_flows_of_other_periods_do_not_count(self):
        """A flow on the start is inside the opening NAV; one after the end comes later."""
        flows = [("2020-06-01", -7), ("2021-01-01", -7), ("2022-01-01", -7)]
        assert modified_dietz(flows, **YEAR, **NAVS) == pytest.approx(0.1)

    @pytest.mark.parametrize("opening", [0, -5])
    def test_nothing_invested_has_no_return(self, opening):
        """The status is `dietz_undefined`."""
        with pytest.raises(NotDefinedError) as caught:
            modified_dietz([], **YEAR, nav_start=opening, nav_end=10)
        assert caught.value.status == "dietz_undefined"

    def test_what_cancels_within_rounding_is_nothing_invested(self):
        """0.1 + 0.2 - 0.3 is no money."""
        flows = [("2021-07-02", -0.4), ("2021-07-02", 1.0)]
        with pytest.raises(NotDefinedError):
            modified_dietz(flows, **YEAR, nav_start=0.1 + 0.2, nav_end=1)

    def test_bad_input_is_refused(self):
        """Dates in order, finite NAVs, a known timing."""
        with pytest.raises(InputError) as caught:
            modified_dietz([], start="2021-01-01", end="2021-01-01", **NAVS)
        assert (caught.value.code, caught.value.field) == ("BAD_DATE", "end")
        with pytest.raises(CashFlowError) as caught:
            modified_dietz([], **YEAR, nav_start=math.nan, nav_end=1)
        assert (caught.value.code, caught.value.field) == ("NON_FINITE", "nav_start")
        with pytest.raises(InputError) as caught:
            modified_dietz([], **YEAR, **NAVS, flow_timing="mid")
        assert (caught.value.code, caught.value.field) == ("UNSUPPORTED_OPTION", "flow_timing")


class TestTimeWeighted:
    """METHODS 3.5."""

    FUND = Fund.of(
        flows=[("2021-01-01", 100, 0), ("2021-12-31", 100, 0), ("2022-07-01", 0, 50)],
        navs=[("2021-12-31", 220), ("2022-12-31", 200)],
    )

    def test_by_hand(self):
        """20 on 100, then 30 on 220 less 50 for half a year; the index up and down a tenth."""
        chain = time_weighted_return(self.FUND, WORLD, max_staleness_days=None)
        second = 30 / (220 - 50 * 183 / 365)
        assert [each.value for each in chain.sub_periods] == pytest.approx([0.2, second])
        assert [each.index for each in chain.sub_periods] == pytest.approx([0.1, -0.1])
        assert chain.sub_periods[0].excess == pytest.approx(0.1)
        assert chain.sub_periods[0].excess_geometric == pytest.approx(1.2 / 1.1 - 1)
        assert (chain.sub_periods[0].start, chain.sub_periods[1].end) == (
            "2021-01-01",
            "2022-12-31",
        )
        assert chain.sub_periods[0].annualised is None
        assert chain.cumulative == pytest.approx(1.2 * (1 + second) - 1)
        assert chain.annualised == pytest.approx((1 + chain.cumulative) ** (365 / 729) - 1)
        assert (chain.segments[0].value, chain.status) == (chain.cumulative, "ok")
        assert chain.segments[0].index == pytest.approx(-0.01)
        assert twr(self.FUND) == chain.annualised

    def test_flows_may_come_at_the_start_of_their_day(self):
        """The first of July is then invested, or missing, a day longer."""
        chain = time_weighted_return(self.FUND, flow_timing="start")
        # 100 paid in at the start of the last day of 2021 was there for a day of 364.
        first = 20 / (100 + 100 / 364)
        second = 30 / (220 - 50 * 184 / 365)
        assert chain.cumulative == pytest.approx((1 + first) * (1 + second) - 1)
        with pytest.raises(InputError):
            time_weighted_return(self.FUND, flow_timing="mid")

    def test_a_nav_on_the_first_day_starts_the_chain(self):
        """It counts rather than what was paid in."""
        navs = [("2021-01-01", 80), ("2021-07-01", 88)]
        fund = Fund.of(flows=[("2021-01-01", 100, 0)], navs=navs)
        assert twr(fund) == pytest.approx(0.1)

    def test_the_chain_ends_with_the_last_reported_nav(self):
        """After it no return is known: neither a later date nor a later flow changes it."""
        later = time_weighted_return(self.FUND, as_of="2025-12-31")
        assert later == time_weighted_return(self.FUND)
        assert time_weighted_return(self.FUND, as_of="2022-06-30").cumulative == pytest.approx(0.2)

    def test_an_undefined_sub_period_parts_the_chain(self):
        """The fund is empty for a year between two lives."""
        flows = [("2018-01-01", 100, 0), ("2018-12-31", 0, 110), ("2020-12-31", 100, 0)]
        navs = [("2018-12-31", 0), ("2019-12-31", 0), ("2020-12-31", 100), ("2021-12-31", 120)]
        fund = Fund.of(flows=flows, navs=navs)
        world = Benchmark.of([("2018-01-01", 100)])
        chain = time_weighted_return(fund, world, max_staleness_days=None)
        assert (chain.cumulative, chain.annualised, chain.status) == (None, None, "dietz_undefined")
        assert [each.value for each in chain.sub_periods] == [
            pytest.approx(0.1), None, None, pytest.approx(0.2)
        ]  # fmt: skip
        assert [(each.start, each.end) for each in chain.segments] == [
            ("2018-01-01", "2018-12-31"),
            ("2020-12-31", "2021-12-31"),
        ]
        assert chain.segments[1].annualised == pytest.approx(0.2)
        undefined = chain.sub_periods[1]
        assert undefined.excess is undefined.excess_geometric is None
        with pytest.raises(NotDefinedError) as caught:
            twr(fund)
        assert caught.value.status == "dietz_undefined"

    def test_an_empty_fund_ends_its_chain(self):
        """NAVs of 0 after the last distribution are no returns of 0 %."""
        flows = [("2021-01-01", 100, 0), ("2021-12-31", 0, 110)]
        sold = Fund.of(flows=flows, navs=[("2021-12-31", 0)])
        idle = Fund.of(flows=flows, navs=[("2021-12-31", 0), ("2024-12-31", 0)])
        assert time_weighted_return(idle) == time_weighted_return(sold)
        assert twr(idle) == pytest.approx(0.1)

    def test_all_lost_is_a_total_loss(self):
        """The chain stays at -100 %, in a year and after several."""
        for end in ("2021-07-01", "2023-01-01"):
            fund = Fund.of(flows=[("2021-01-01", 100, 0)], navs=[(end, 0)])
            chain = time_weighted_return(fund)
            assert (chain.cumulative, chain.status, twr(fund)) == (-1, "total_loss", -1)
        assert chain.annualised == -1

    def test_more_than_all_lost_cannot_be_chained(self):
        """A negative NAV is no growth factor."""
        fund = Fund.of(flows=[("2021-01-01", 100, 0)], navs=[("2021-12-31", -10)])
        assert time_weighted_return(fund).status == "dietz_undefined"

    @pytest.mark.parametrize(
        ("fund", "as_of", "status"),
        [
            (Fund.of(flows=[("2021-01-01", 0, 0)]), None, "no_flows"),
            (FUND, "2020-01-01", "no_flows"),
            (FUND, "2021-06-30", "too_few_observations"),
        ],
    )
    def test_without_a_sub_period_there_is_a_status(self, fund, as_of, status):
        """METHODS 11.1."""
        chain = time_weighted_return(fund, as_of=as_of)
        assert (chain.cumulative, chain.sub_periods, chain.segments) == (None, (), ())
        own = "no_nav" if status == "too_few_observations" else status
        assert chain.status == status
        assert twr.at(value(fund, as_of=as_of)).status == own
