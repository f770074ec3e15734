"""METHODS 12.1, 12.4, 12.5, 12.6 and 12.7: how the measures hang together."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import HealthCheck, assume, given, settings

from effort import examples
from pmecalc import Fund, evaluate
from pmecalc.core.irr import by_date, solve_at
from pmecalc.core.pme.kaplan_schoar import icm_nav
from properties.comparing import LOG_RATE, RATIO, blurred, differences, money_at_stake
from properties.strategies import benchmarks, flat_benchmarks, fund_parts, funds

QUICK = settings(max_examples=examples(150), derandomize=True)


def _report(seen, benchmark, **options):
    fund, as_of = seen
    return evaluate(fund, benchmark, as_of=as_of, max_staleness_days=None, **options)


class TestMultiples:
    """'TVPI = DPI + RVPI'."""

    @QUICK
    @given(funds)
    def test_tvpi_is_dpi_and_rvpi(self, seen):
        """The total multiple is what came back and what is left, and MOIC is the same."""
        report = _report(seen, None)
        if report["tvpi"].value is None:
            assert report["rvpi"] == report["tvpi"] == report["moic"]
            assert report["tvpi"].status in {"no_flows", "no_nav", "no_contributions"}
            known = report["tvpi"].status != "no_nav"
            assert report["dpi"].status == report["tvpi"].status or not known
            return
        size = abs(report.dpi) + abs(report.rvpi)
        assert abs(report.tvpi - (report.dpi + report.rvpi)) <= RATIO * size
        assert report.moic == report.tvpi


class TestFlatIndex:
    """'Flat index => KS = TVPI, Direct Alpha = IRR, IRR_index = 0.'"""

    @QUICK
    @given(funds, flat_benchmarks)
    def test_a_flat_index_adds_nothing(self, seen, benchmark):
        """Against cash that earns nothing, the PMEs are the multiples and rates themselves."""
        report = _report(seen, benchmark)
        assert report["direct_alpha"] == report["irr"]
        assert report["nfv"].value == report["gain"].value or abs(
            report.nfv - report.gain
        ) <= RATIO * money_at_stake(report)
        if report["tvpi"].value is not None:
            assert math.isclose(report.ks_pme, report.tvpi, rel_tol=RATIO)
        if report["irr"].log_rate is not None:
            assert report["implied_index_irr"].value == 0
        if report["index_cagr"].status == "ok":
            assert report.index_cagr == 0


class TestSigns:
    """'sign(KS-1) = sign(NFV) = sign(N - NAV_ICM) = sign(a) when unique; KS > 1 <=> lambda < 1.'"""

    @QUICK
    @given(funds, benchmarks)
    def test_all_measures_agree_whether_the_index_was_beaten(self, seen, benchmark):
        """Ratio, money, position and factor stand on the same side of parity."""
        report = _report(seen, benchmark)
        assume(report["ks_pme"].value is not None)
        ahead = report.nfv
        assume(abs(ahead) > RATIO * money_at_stake(report))
        assert (report.ks_pme > 1) == (ahead > 0)
        assert (report.nav > report.ln_nav) == (ahead > 0)
        assert (report.npv > 0) == (ahead > 0)
        if report["pme_plus_lambda"].value is not None:
            assert (report.pme_plus_lambda < 1) == (ahead > 0)

    @settings(QUICK, max_examples=examples(40), suppress_health_check=[HealthCheck.filter_too_much])
    @given(funds, benchmarks)
    def test_a_unique_direct_alpha_agrees_too(self, seen, benchmark):
        """Where money goes in first and one root is found, its sign is that of the money."""
        report = _report(seen, benchmark)
        at = report.valuation
        assume(report["direct_alpha"].status == "ok" and not blurred(report))
        _, amounts = by_date(*at.stream(at.distributions, at.contributions))
        assume(amounts[0] < 0)  # a stream that borrows first gains from a low rate
        assume(abs(report.nfv) > RATIO * money_at_stake(report))
        assert np.sign(report.direct_alpha) == np.sign(report.nfv)
        assert np.sign(report.direct_alpha_log) == np.sign(report.nfv)


class TestCashedNav:
    """'N as a distribution on T with NAV 0 leaves TVPI, KS, IRR, a, NFV, IRR_LN unchanged.'"""

    @QUICK
    @given(fund_parts(), benchmarks)
    def test_a_sale_at_the_nav_changes_no_total(self, parts, benchmark):
        """What is left counts as if it had been paid out on the as-of date."""
        flows, navs, as_of = parts
        one = _report((Fund.of(flows=flows, navs=navs), as_of), benchmark)
        assume(one["nav"].value is not None and one.nav >= 0 and one["irr"].status != "no_flows")
        kept = [row for row in flows if row[0] <= one.as_of] + [(one.as_of, 0.0, one.nav)]
        sold = Fund.of(flows=kept, navs=[(one.as_of, 0.0)])
        other = _report((sold, one.as_of), benchmark)
        assume(not blurred(one, other))
        names = ("tvpi", "ks_pme", "irr", "irr_gips", "direct_alpha", "nfv", "npv", "gain")
        assert differences(one, other, names) == []
        # The position before the sale and after it differ by the NAV; the IRR sees both.
        assert differences(one, other, ("ln_irr",)) == [] or _closes(one) or _closes(other)


def _closes(report) -> bool:
    """Whether the index position ends at a rounding of zero, where its sign is not certain."""
    return abs(icm_nav(report.valuation)) <= 1e-9 * money_at_stake(report)


class TestScaledStreams:
    """'Hamilton-Lane and Bison streams give one IRR.'"""

    @QUICK
    @given(funds, benchmarks)
    def test_dividing_by_ks_is_multiplying_by_it(self, seen, benchmark):
        """Distributions and NAV over KS-PME earn the rate of contributions times KS-PME."""
        report = _report(seen, benchmark)
        ratio = report["ks_pme"].value
        assume(ratio is not None and ratio > 0 and not blurred(report))
        at = report.valuation
        bison = solve_at(at, at.distributions / ratio, at.contributions, at.nav / ratio)
        found = report["scaled_pme_irr"]
        assert found.status in {bison.status, "overflow"}
        if found.log_rate is not None:
            assert min(abs(x - found.log_rate) for x in bison.log_rates) <= LOG_RATE * max(
                1.0, abs(found.log_rate)
            )


class TestImpliedIndex:
    """'(1 + IRR_index)(1 + a) = 1 + IRR'."""

    @QUICK
    @given(funds, benchmarks)
    def test_index_return_and_alpha_make_the_irr(self, seen, benchmark):
        """The split is exact in logarithms, whatever the size of the rates."""
        report = _report(seen, benchmark)
        irr, alpha = report["irr"], report["direct_alpha"]
        implied = report["implied_index_irr"]
        if irr.log_rate is None or alpha.log_rate is None:
            assert implied.value is None
            assert implied.status != "ok"
        elif implied.status != "overflow":
            assert implied.log_rate == irr.log_rate - alpha.log_rate
            assert report["direct_alpha_log"].value == alpha.log_rate
            if abs(irr.log_rate) < 20 and abs(alpha.log_rate) < 20:
                whole = (1 + implied.value) * (1 + alpha.value)
                # 1 + rate is known to 1e-16, so a rate near -1 to e^20 times that.
                assert math.isclose(whole, 1 + irr.value, rel_tol=1e-16 * math.exp(20) * 8)
