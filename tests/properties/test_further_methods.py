"""Laws of the further methods, and of conventions other than the usual ones."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from effort import examples
from pmecalc import Benchmark, Fund, evaluate
from pmecalc.core.attribution import average_holding
from pmecalc.core.break_even import hurdle_nav
from pmecalc.core.bridge import nav_roll
from pmecalc.core.conventions import Options
from pmecalc.core.daycount import DAY_COUNTS, SHARED_TIMES
from pmecalc.core.errors import NotDefinedError
from pmecalc.core.lookup import LOOKUPS, levels_on
from pmecalc.core.pme.gpme import gpme
from pmecalc.core.pme.premium import ipp
from pmecalc.core.time_weighted import time_weighted_return
from pmecalc.core.valuation import value
from properties.comparing import LOG_RATE, RATIO, blurred, differences, money_at_stake
from properties.strategies import (
    LAST_OFFSET,
    benchmarks,
    flat_benchmarks,
    fund_parts,
    funds,
    index_followers,
    iso,
    level_rows,
)

QUICK = settings(max_examples=examples(100), derandomize=True)
FREE = Options(max_staleness_days=None)


class TestGpme:
    """'GPME(0,1) = NPV/scale.'"""

    @QUICK
    @given(funds, benchmarks)
    def test_the_log_investor_gets_the_npv(self, seen, benchmark):
        """By money, and by the contributions KS-PME less 1."""
        fund, as_of = seen
        report = evaluate(fund, benchmark, as_of=as_of, max_staleness_days=None)
        assume(report["npv"].value is not None)
        given_ = {"a": 0.0, "b": 1.0, "as_of": as_of, "max_staleness_days": None}
        start = report.npv / report.nfv if report.nfv else 1.0
        stake = money_at_stake(report) * max(1.0, start)
        assert abs(gpme(fund, benchmark, scale=1.0, **given_) - report.npv) <= RATIO * stake
        try:
            ratio = gpme(fund, benchmark, scale="contributions", **given_)
        except NotDefinedError:
            assert report["ks_pme"].value is None
        else:
            assert math.isclose(ratio + 1, report.ks_pme, rel_tol=RATIO, abs_tol=RATIO)


class TestPremium:
    """With a steady index the premium is the IRR less the index return."""

    @QUICK
    @given(funds, st.floats(-0.5, 0.5))
    def test_a_steady_index_shifts_the_irr(self, seen, log_rate):
        """Every root of the one is a root of the other."""
        fund, as_of = seen
        span = range(-300, LAST_OFFSET + 600)
        steady = Benchmark.of([(iso(k), math.exp(log_rate * k / 365)) for k in span])
        at = value(fund, steady, as_of=as_of, options=FREE)
        report = evaluate(fund, as_of=as_of)
        found = ipp.at(at)
        assume(not blurred(report) and found.warnings == ())
        index = math.exp(log_rate)
        rates = report["irr"].roots or ()
        assert (found.status == "no_nav") is (report["irr"].status == "no_nav")
        within = [rate for rate in rates if 1 + rate > 1e-9 and rate < 1e9]
        premiums = [root for root in found.roots or () if 1e-9 < root + index < 1e9]
        assume(len(within) == len(rates))
        assert len(premiums) == len(within)
        for premium, rate in zip(premiums, within, strict=True):
            # A premium near the index return turned negative is a difference of the two.
            rounding = 1e-13 * max(1.0, index)
            assert math.isclose(premium + index, 1 + rate, rel_tol=LOG_RATE, abs_tol=rounding)

    @QUICK
    @given(index_followers())
    def test_who_holds_the_index_earns_no_premium(self, follower):
        """0 makes both sides equal; the NAV is what the index position is worth."""
        found = ipp.at(value(*follower, options=FREE))
        assume(found.warnings == ())
        assert min(abs(root) for root in found.roots) <= 1e-7

    @QUICK
    @given(funds, benchmarks)
    def test_at_the_premium_money_in_is_money_out(self, seen, benchmark):
        """By the sum of METHODS 4.9 itself, to the rounding of its terms."""
        at = value(seen[0], benchmark, as_of=seen[1], options=FREE)
        found = ipp.at(at)
        for root in found.roots or ():
            if not -1e6 < root < 1e6:
                continue
            years = (at.as_of - at.days) / 365
            moving = at.net != 0
            with np.errstate(divide="ignore"):
                logs = np.log(at.growth[moving]) / np.where(years[moving] > 0, years[moving], 1)
            if logs.max(initial=0) > 300 or not moving.any():
                continue
            base = np.where(years[moving] > 0, np.exp(logs) + root, 1.0)
            terms = np.append(at.net[moving] * np.maximum(base, 0) ** years[moving], at.nav)
            slack = np.append(years[moving] * np.exp(logs) / np.maximum(base, 1e-300), 0.0)
            noise = np.abs(terms) @ (1e-9 + 1e-14 * slack)
            assert abs(math.fsum(terms)) <= noise


class TestTimeWeighted:
    """METHODS 3.5."""

    @QUICK
    @given(funds, benchmarks)
    def test_segments_are_made_of_their_sub_periods(self, seen, benchmark):
        """Nothing undefined is inside one, and the index is compared over the same days."""
        chain = time_weighted_return(seen[0], benchmark, as_of=seen[1], max_staleness_days=None)
        defined = [each for each in chain.sub_periods if each.value is not None]
        product = math.prod(1 + each.value for each in defined)
        chained = math.prod(1 + each.value for each in chain.segments)
        assert math.isclose(product, chained, rel_tol=RATIO, abs_tol=RATIO)
        assert (chain.cumulative is None) == (chain.status not in {"ok", "total_loss"})
        for segment in chain.segments:
            inside = [e for e in defined if segment.start <= e.start and e.end <= segment.end]
            index = math.prod(1 + each.index for each in inside)
            assert math.isclose(index, 1 + segment.index, rel_tol=RATIO)

    @QUICK
    @given(index_followers())
    def test_who_holds_the_index_earns_its_return(self, follower):
        """Valued on every flow day, the chain is the index, whatever the flows."""
        chain = time_weighted_return(*follower, max_staleness_days=None)
        navs = follower[0].navs
        for each, opening in zip(chain.sub_periods, navs.tolist(), strict=False):
            # A flow is taken out of the closing NAV, so its rounding comes on top of the opening.
            rounding = RATIO * (1 + navs.max() / opening)
            assert math.isclose(1 + each.value, 1 + each.index, rel_tol=rounding)


class TestConventions:
    """METHODS 1.4 and 1.6."""

    @QUICK
    @given(funds, benchmarks, st.sampled_from(sorted(DAY_COUNTS)))
    def test_time_is_counted_in_rates_alone(self, seen, benchmark, day_count):
        """Multiples and money are the same in every convention; a rate is scaled with its years."""
        usual = evaluate(seen[0], benchmark, as_of=seen[1], max_staleness_days=None)
        other = evaluate(
            seen[0], benchmark, as_of=seen[1], max_staleness_days=None, day_count=day_count
        )
        for name in ("tvpi", "ks_pme", "nfv", "pme_plus_lambda", "mpme_nav", "ln_min"):
            assert usual[name] == other[name]
        if day_count not in SHARED_TIMES:
            assert other["irr"].status in {usual["irr"].status, "overflow", "ok"} or blurred(usual)
        if day_count in {"ACT/360", "ACT/365.25"} and usual["irr"].log_rate is not None:
            ratio = 365 / float(day_count.removeprefix("ACT/"))
            assume(not blurred(usual) and other["irr"].status == usual["irr"].status == "ok")
            expected = usual["irr"].log_rate / ratio
            assert abs(other["irr"].log_rate - expected) <= LOG_RATE * max(1.0, abs(expected))

    @QUICK
    @given(level_rows(), st.lists(st.integers(-300, LAST_OFFSET), min_size=1, max_size=8))
    def test_every_rule_stays_between_the_levels_around_a_day(self, rows, offsets):
        """And uses the level of the day itself where there is one."""
        last = max([iso(LAST_OFFSET), *(day for day, _ in rows)])
        known = dict([*rows, (last, rows[-1][1])])
        index = Benchmark.of(known.items())
        days = np.array(sorted(offsets)) + 10_957
        table = {
            name: levels_on(index, days, lookup=name, max_staleness_days=None)[0]
            for name in LOOKUPS
        }
        low = np.minimum(table["previous"], table["next"])
        high = np.maximum(table["previous"], table["next"])
        for levels in table.values():
            assert (levels >= low * (1 - 1e-14)).all()
            assert (levels <= high * (1 + 1e-14)).all()
            assert (levels[low == high] == low[low == high]).all()

    @QUICK
    @given(funds, flat_benchmarks, st.sampled_from(["previous", "nearest"]))
    def test_on_a_flat_index_no_rule_matters(self, seen, benchmark, lookup):
        """Whichever day's level counts, it is the same."""
        given_ = {"as_of": seen[1], "max_staleness_days": None}
        assert evaluate(seen[0], benchmark, lookup=lookup, **given_).metrics == evaluate(
            seen[0], benchmark, **given_
        ).metrics  # fmt: skip


class TestReversals:
    """METHODS 1.2: what is returned is the other column with the other sign, for rates."""

    @QUICK
    @given(fund_parts(), benchmarks)
    def test_rates_see_net_money_alone(self, parts, benchmark):
        """A contribution is a negative distribution to IRR, direct alpha, LN-PME and NFV."""
        flows, navs, as_of = parts
        turned = [(day, -got, -paid) for day, paid, got in flows]
        given_ = {"as_of": as_of, "max_staleness_days": None}
        one = evaluate(Fund.of(flows=flows, navs=navs), benchmark, **given_)
        other = evaluate(Fund.of(flows=turned, navs=navs, reversals="net"), benchmark, **given_)
        names = ("irr", "direct_alpha", "nfv", "npv", "ln_irr", "ln_min", "ln_short_from", "gain")
        assume(not blurred(one, other))
        assert differences(one, other, names) == []


class TestBreakEven:
    """METHODS 6.5 and 9."""

    @QUICK
    @given(funds)
    def test_at_the_irr_the_hurdle_nav_is_the_nav(self, seen):
        """Every root of the stream is a hurdle that the NAV meets."""
        fund, as_of = seen
        report = evaluate(fund, as_of=as_of)
        for rate in report["irr"].roots or ():
            if rate == -1:  # rounded: the root itself is above
                continue
            try:
                level = hurdle_nav(fund, hurdle=rate, as_of=as_of)
            except NotDefinedError:  # a rate of a day, carried over years
                continue
            at = report.valuation
            years = (at.as_of - at.days) / 365
            carried = np.abs(at.net) * np.exp(np.minimum(years * math.log1p(rate), 700))
            # 1 + rate is known to 1e-16, carried over the years.
            noise = carried @ (1e-9 + 1e-15 * years / (1 + rate))
            assert abs(level - report.nav) <= noise + 1e-9 * abs(report.nav)

    @QUICK
    @given(funds)
    def test_money_is_held_no_longer_than_the_fund_lives(self, seen):
        """The average lies between 0 and the fund's age."""
        at = value(*seen[:1], as_of=seen[1])
        found = average_holding.at(at)
        assert found.value is None or 0 <= found.value <= at.years * (1 + RATIO)

    @QUICK
    @given(funds)
    def test_the_gains_of_all_periods_are_the_gain(self, seen):
        """The bridges join without a gap."""
        report = evaluate(seen[0], as_of=seen[1])
        roll = nav_roll(seen[0], as_of=report.as_of)
        unknown = report.valuation.residual.missing is not None
        assert [each.gain is None for each in roll] == [False] * (len(roll) - 1) + [unknown]
        if report["gain"].value is None:
            return
        total = math.fsum(each.gain for each in roll)
        size = math.fsum(abs(each.opening) + abs(each.closing) for each in roll)
        assert abs(total - report.gain) <= RATIO * (size + money_at_stake(report))
