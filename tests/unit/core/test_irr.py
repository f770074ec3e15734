"""Which root is the IRR, and what there is when there is none."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pmecalc import (
    CashFlowError,
    Fund,
    InputError,
    NotDefinedError,
    evaluate,
    irr_periodic,
    irr_roots,
)
from pmecalc.core.irr import (
    Solution,
    by_date,
    nearest_choice,
    rate_metric,
    sign_consistent_choice,
    solve,
)


def _irr(flows, navs=(), as_of=None):
    return evaluate(Fund.of(flows=flows, navs=navs), as_of=as_of)["irr"]


@pytest.mark.parametrize(
    ("flows", "navs", "value", "status"),
    [
        ([("2020-01-01", 0, 0)], [], None, "no_flows"),
        ([("2020-01-01", 0, 0)], [("2021-01-01", 50)], None, "no_flows"),
        ([("2020-01-01", 50, 50)], [("2021-01-01", 0)], None, "no_flows"),
        ([("2020-01-01", 50, 50)], [("2020-01-01", 0)], None, "no_flows"),
        ([("2020-01-01", 50, 20)], [("2020-01-01", 0)], None, "zero_duration"),
        ([("2020-01-01", 20, 50)], [], None, "zero_duration"),
        ([("2020-01-01", 50, 20)], [], None, "no_nav"),
        ([("2020-01-01", 50, 0)], [], None, "no_nav"),
        ([("2020-01-01", 50, 0)], [("2020-01-01", 60)], None, "zero_duration"),
        ([("2020-01-01", 50, 0)], [("2021-01-01", 0)], -1.0, "total_loss"),
        ([("2020-01-01", 0, 50)], [("2021-01-01", 5)], None, "no_investment"),
        ([("2020-01-01", 50, 0)], [("2020-12-31", 60)], 0.2, "ok"),
    ],
)
def test_degenerate_streams_read_top_to_bottom(flows, navs, value, status):
    """The table of METHODS 2.5."""
    metric = _irr(flows, navs)
    assert metric.status == status
    assert metric.value == (value if value is None else pytest.approx(value, rel=1e-12))
    assert (metric.reason is None) == (status == "ok")


def test_a_stream_without_a_root_says_so():
    """Sign changes do not promise a rate."""
    flows = [("2020-01-01", 100, 0), ("2020-12-31", 0, 100), ("2021-12-31", 100, 0)]
    metric = _irr(flows, [("2021-12-31", 0)])
    assert (metric.value, metric.status, metric.roots) == (None, "no_root", ())
    assert metric.reason == "no discount rate brings the stream to zero"


def test_several_roots_are_listed_and_one_is_chosen_aloud():
    """The status is `multiple`, the choice sign-consistent and nearest to zero."""
    flows = [("2010-01-01", 100, 0), ("2011-01-01", 0, 230), ("2012-01-01", 132, 0)]
    metric = _irr(flows, [("2012-01-01", 0)])
    assert metric.status == "multiple"
    assert metric.roots == (0.1, 0.2)
    assert metric.value == metric.roots[0]
    assert metric.sign_consistent is False
    assert metric.reason == "2 rates bring the stream to zero"


def test_a_double_root_alone_is_ok_with_a_warning():
    """It touches zero within rounding."""
    flows = [("2010-01-01", 100, 0), ("2011-01-01", 0, 220), ("2012-01-01", 121, 0)]
    metric = _irr(flows, [("2012-01-01", 0)])
    assert metric.status == "ok"
    assert metric.warnings == ("NEAR_DOUBLE_ROOT", "RATE_AGAINST_GAIN")  # 10 % beside a loss of 1
    assert metric.value == pytest.approx(0.1, abs=1e-7)


def test_a_rate_beyond_the_doubles_overflows_with_its_logarithm():
    """Ten times the money in a day."""
    fund = Fund.of(flows=[("2020-01-01", 100, 0)], navs=[("2020-01-02", 1000)])
    report = evaluate(fund)
    assert (report["irr"].value, report["irr"].status) == (None, "overflow")
    assert repr(365 * math.log(10))[:8] in report["irr"].reason
    assert report["irr"].roots == ()
    assert report["irr_gips"].status == "overflow"


def test_a_rate_that_rounds_to_minus_one_is_no_total_loss():
    """A tenth lost in a day: the annual rate rounds to -1, the period rate is -10 %."""
    fund = Fund.of(flows=[("2020-01-01", 100, 0)], navs=[("2020-01-02", 90)])
    report = evaluate(fund)
    assert (report.irr, report["irr"].status) == (-1.0, "ok")
    assert report["irr"].log_rate == pytest.approx(365 * math.log(0.9), rel=1e-12)
    assert report.irr_gips == pytest.approx(-0.1, rel=1e-12)


def test_a_total_loss_is_total_in_both_forms():
    """Young or old: METHODS 3.1."""
    fund = Fund.of(flows=[("2020-01-01", 100, 0)], navs=[("2020-06-01", 0)])
    report = evaluate(fund)
    assert (report.irr_gips, report["irr_gips"].status) == (-1.0, "total_loss")


def test_the_gips_form_of_an_old_fund_is_the_irr():
    """A year or more is annualised."""
    fund = Fund.of(flows=[("2020-01-01", 100, 0)], navs=[("2020-12-31", 90)])
    report = evaluate(fund)
    assert report.years == 1.0
    assert report.irr_gips == report.irr


@pytest.mark.parametrize(
    ("roots", "total", "chosen", "consistent"),
    [
        ((-0.1, 0.3), 5.0, 0.3, True),
        ((-0.1, 0.3), -5.0, -0.1, True),
        ((0.1, 0.3), -5.0, 0.1, False),
        ((-0.1, 0.0, 0.3), 0.0, 0.0, True),
        ((-20.0, 6.0), 5.0, 6.0, True),  # none within -0.9999 and 100: all are candidates
        ((-9.3, 0.5), -5.0, 0.5, False),  # below -0.9999 is no candidate
        ((0.5, 4.7), -1.0, 0.5, False),
    ],
)
def test_the_choice_follows_the_rule(roots, total, chosen, consistent):
    """METHODS 2.3, on log rates."""
    found = sign_consistent_choice(Solution("multiple", roots, total=total))
    assert found == (chosen, consistent)


def test_an_index_stream_chooses_the_root_nearest_to_the_index():
    """METHODS 2.4."""
    assert nearest_choice(0.3)(Solution("multiple", (-0.1, 0.08, 0.4))) == (0.4, None)


def test_a_reason_is_used_where_there_is_no_root_only():
    """The stream knows better why it has none, not why it has no flows."""
    assert rate_metric(Solution("no_root"), reason="short").reason == "short"
    assert rate_metric(Solution("no_flows"), reason="short").reason != "short"
    assert rate_metric(Solution("total_loss", near_double=True)).value == -1.0


def test_a_day_that_cancels_within_rounding_is_no_flow():
    """0.1 + 0.2 - 0.3 would invent a sign change."""
    days, sums = by_date(np.array([1, 0, 0, 0]), np.array([5.0, 0.1, 0.2, -0.3]))
    assert (days.tolist(), sums.tolist()) == ([1], [5.0])
    assert solve(np.zeros(0, np.int64), np.zeros(0), last_day=0).status == "no_flows"


def test_irr_roots_of_nothing_are_none():
    """No rows, no sign change, or all on one day: an empty list."""
    assert irr_roots([]) == []
    assert irr_roots([("2020-01-01", -5)]) == []
    assert irr_roots([("2020-01-01", -5), ("2021-01-01", -5)]) == []
    assert irr_roots([("2020-01-01", -5), ("2020-01-01", 6)]) == []


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (("2020-01-01",), "RAGGED_ROW"),
        (("2020-01-01", None), "NON_FINITE"),
        (("2020-01-32", 5), "BAD_DATE"),
    ],
)
def test_irr_roots_names_the_row_it_cannot_use(row, code):
    """Rows are counted from 1."""
    with pytest.raises(InputError) as caught:
        irr_roots([("2020-01-01", -5), row])
    assert (caught.value.code, caught.value.row) == (code, 2)


def test_a_periodic_rate_is_annualised():
    """Ten per cent a quarter is 46.41 % a year."""
    assert irr_periodic([-100, 110], periods_per_year=4) == pytest.approx(1.1**4 - 1)


def test_mid_period_flows_lie_half_a_period_before_the_nav():
    """Cambridge Associates: 100 at mid-quarter, 110 at its end, is 10 % in half a quarter."""
    assert irr_periodic([-100], periods_per_year=4, nav=110, timing="mid") == pytest.approx(
        1.1**8 - 1
    )
    flows_only = irr_periodic([-100, 110], timing="mid")
    assert flows_only == pytest.approx(irr_periodic([-100, 110]))


@pytest.mark.parametrize(
    ("amounts", "options", "status"),
    [
        ([0.0], {}, "no_flows"),
        ([-100.0], {"nav": 110.0}, "zero_duration"),
        ([-100.0], {}, "zero_duration"),
        ([100.0, 5.0], {}, "no_investment"),
        ([-100, 100, -100], {}, "no_root"),
        ([-1.0, 1e9], {"periods_per_year": 365}, "overflow"),
    ],
)
def test_a_periodic_stream_without_a_rate_raises(amounts, options, status):
    """With the status of METHODS 2.5."""
    with pytest.raises(NotDefinedError) as caught:
        irr_periodic(amounts, **options)
    assert caught.value.status == status


def test_a_periodic_total_loss_is_minus_one():
    """Nothing came back."""
    assert irr_periodic([-100.0, 0.0]) == -1.0
    assert irr_periodic([-100.0], timing="mid") == -1.0


@pytest.mark.parametrize(
    ("amounts", "options", "code"),
    [
        ([], {}, "NO_FLOWS"),
        ([None], {}, "NON_FINITE"),
        ([1.0], {"nav": math.nan}, "NON_FINITE"),
        ([1.0], {"timing": "start"}, "UNSUPPORTED_OPTION"),
        ([1.0], {"periods_per_year": 0}, "UNSUPPORTED_OPTION"),
        ([1.0], {"periods_per_year": math.nan}, "UNSUPPORTED_OPTION"),
        ([1.0], {"periods_per_year": math.inf}, "UNSUPPORTED_OPTION"),
    ],
)
def test_unusable_periodic_input_is_refused(amounts, options, code):
    """Amounts, NAV and options are checked."""
    with pytest.raises(InputError) as caught:
        irr_periodic(amounts, **options)
    assert caught.value.code == code
    assert isinstance(caught.value, CashFlowError) == (code != "UNSUPPORTED_OPTION")


def test_a_stream_that_cannot_be_proved_in_time_says_so():
    """Thousands of sign changes cost seconds at most and give a status, not a guess."""
    days = np.arange(12_000)
    amounts = np.where(days % 2 == 0, -1.0, 1.0)
    assert solve(days, amounts, last_day=11_999).status == "uncertified"
    rows = list(zip((np.datetime64("1980-01-01") + days).astype(object), amounts, strict=True))
    with pytest.raises(NotDefinedError, match="sign changes"):
        irr_roots(rows)
    report = evaluate(Fund.of(flows=rows))
    assert (report["irr"].value, report["irr"].status) == (None, "uncertified")
    assert report.dpi == pytest.approx(1.0)
