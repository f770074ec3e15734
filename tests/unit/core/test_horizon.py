"""A fund seen from a later start."""

from __future__ import annotations

import pytest

from pmecalc import Benchmark, Fund, InputError, evaluate, horizon
from pmecalc.core.horizon import horizons

FUND = Fund.of(
    flows=[("2015-01-01", 100, 0), ("2019-01-01", 0, 30), ("2020-06-30", 10, 0)],
    navs=[("2018-12-31", 120), ("2019-12-31", 100), ("2020-12-31", 130)],
    commitment=200,
)
WORLD = Benchmark.of([("2018-12-31", 100), ("2019-12-31", 110), ("2020-12-31", 121)])


def test_the_opening_nav_is_paid_in():
    """100 at the start and 10 later become 130."""
    report = horizon(FUND, WORLD, start="2019-12-31", max_staleness_days=None)
    assert (report.paid_in, report.distributed, report.nav) == (110, 0, 130)
    assert report.ks_pme == pytest.approx(130 / (100 * 1.1 + 10 * 1.1))
    assert report.index_cagr == pytest.approx(1.1 ** (365 / 366) - 1)


def test_flows_on_the_start_are_inside_its_nav():
    """Only flows after the start count."""
    report = horizon(FUND, start="2019-01-01")
    assert report.paid_in == 120 - 30 + 10
    assert report.distributed == 0
    assert report.warnings[0] == "NAV_ROLLED_FORWARD"


def test_an_index_from_the_start_on_is_enough():
    """Levels before the start are not needed."""
    assert horizon(FUND, WORLD, start="2018-12-31", max_staleness_days=None)["irr"].status == "ok"


def test_a_start_before_the_first_flow_is_since_inception():
    """METHODS 5.2."""
    whole = evaluate(FUND)
    for start in ("2000-01-01", "2015-01-01"):
        report = horizon(FUND, start=start)
        assert report.metrics == whole.metrics
        assert report.warnings == ("SINCE_INCEPTION", *whole.warnings)


def test_under_a_year_the_gips_form_is_not_annualised():
    """Half a year's gain stays half a year's gain."""
    fund = Fund.of(flows=[("2015-01-01", 100, 0)], navs=[("2020-06-30", 110), ("2020-12-31", 130)])
    report = horizon(fund, start="2020-06-30")
    assert report.irr_gips == pytest.approx(130 / 110 - 1)
    assert report.irr > report.irr_gips
    assert "UNDER_ONE_YEAR" in report.warnings


@pytest.mark.parametrize(("start", "stale"), [("2019-05-01", False), ("2019-05-02", True)])
def test_a_start_older_than_half_the_horizon_is_stale(start, stale):
    """120 and 121 days after the NAV of 2018-12-31, of 242 and 241 to the end (METHODS 5.2)."""
    outcome = horizon(FUND, start=start, as_of="2019-12-29")["irr"]
    assert (outcome.status == "stale_start") is stale
    if stale:
        assert (outcome.value, outcome.warnings, outcome.estimated) == (None, (), False)
        assert outcome.reason == "the last NAV before 2019-05-02 is that of 2018-12-31"
    else:
        assert outcome.warnings == ("NAV_ROLLED_FORWARD",)
        assert outcome.estimated


@pytest.mark.parametrize(
    ("flows", "navs", "reason"),
    [
        ([("2015-01-01", 100, 0)], [("2018-12-31", 90)], "the first NAV is that of 2018-12-31"),
        ([("2015-01-01", 100, 0), ("2018-12-31", 0, 90)], [], "no NAV was reported"),
        (
            [("2015-01-01", 100, 0), ("2017-02-01", 0, 60)],
            [("2017-01-01", 50), ("2018-12-31", 5)],
            "the NAV before, rolled forward with the flows since, comes to nothing",
        ),
    ],
    ids=["before the first", "none at all", "rolled forward to nothing"],
)
def test_a_start_without_a_nav_has_no_measures(flows, navs, reason):
    """Nothing is made up at the start either."""
    report = horizon(Fund.of(flows=flows, navs=navs), start="2017-03-01")
    assert {metric.status for metric in report.metrics.values()} == {"no_nav"}
    assert report["irr"].reason == f"on 2017-03-01: {reason}"
    assert report.warnings == ()


def test_a_start_at_cost_is_taken_where_it_is_asked_for():
    """Contributions less distributions, marked on each outcome that stands on them."""
    fund = Fund.of(flows=[("2015-01-01", 100, 0)], navs=[("2018-12-31", 110)])
    outcome = horizon(fund, start="2017-12-31", before_first_nav="cost")["irr"]
    assert outcome.value == pytest.approx(0.1)
    assert (outcome.warnings, outcome.estimated) == (("NAV_AT_COST",), True)


def test_a_start_without_value_has_no_measures():
    """The fund was empty then: all null with a reason."""
    fund = Fund.of(flows=[("2015-01-01", 100, 0)], navs=[("2016-01-01", 0), ("2020-12-31", 5)])
    report = horizon(fund, start="2016-01-01")
    assert {metric.status for metric in report.metrics.values()} == {"no_contributions"}
    assert {metric.value for metric in report.metrics.values()} == {None}
    assert "2016-01-01" in report["irr"].reason


@pytest.mark.parametrize("start", ["2020-12-31", "2021-06-30"])
def test_a_start_on_or_after_the_as_of_date_is_refused(start):
    """There is no time between."""
    with pytest.raises(InputError) as caught:
        horizon(FUND, start=start)
    error = caught.value
    assert (error.code, error.field, error.value) == ("BAD_DATE", "start", start)


def test_a_fund_that_has_not_begun_is_since_inception():
    """No flow up to the as-of date: the status says so."""
    report = horizon(FUND, start="2010-01-01", as_of="2012-01-01")
    assert report["irr"].status == "no_flows"


def test_both_ends_rolled_forward_are_warned_of_once():
    """A code is listed once."""
    report = horizon(FUND, start="2019-06-30", as_of="2021-06-30")
    assert report.warnings.count("NAV_ROLLED_FORWARD") == 1


@pytest.mark.parametrize(
    ("options", "field"),
    [({"start": "x"}, "start"), ({"start": "2019-01-01", "as_of": "x"}, "as_of")],
)
def test_bad_dates_name_their_argument(options, field):
    """Start and as-of date are told apart."""
    with pytest.raises(InputError) as caught:
        horizon(FUND, **options)
    assert (caught.value.code, caught.value.field) == ("BAD_DATE", field)


def test_ks_pme_and_direct_alpha_start_with_the_opening_nav():
    """100 at index 110 and 10 later become 130 at 121: all as if it had been bought then."""
    world = Benchmark.of([("2019-12-31", 110), ("2020-06-30", 110), ("2020-12-31", 121)])
    seen = horizon(FUND, world, start="2019-12-31", max_staleness_days=None)
    flows = [("2019-12-31", 100, 0), ("2020-06-30", 10, 0)]
    bought = Fund.of(flows=flows, navs=[("2020-12-31", 130)])
    own = evaluate(bought, world, max_staleness_days=None)
    for name in ("irr", "ks_pme", "direct_alpha", "nfv", "ln_irr", "mpme_irr"):
        assert seen[name] == own[name]
    carried = 110 * 1.1
    # Both go in at one index level, so alpha solves 100 a^(366/365) + 10 a^(184/365) = 130 / 1.1.
    growth = 1 + seen.direct_alpha
    assert 110 * growth ** (366 / 365) + 11 * growth ** (184 / 365) == pytest.approx(130)
    assert seen.ks_pme == pytest.approx(130 / carried)


def test_standard_horizons_are_calendar_years():
    """1, 3, 5 and 10 years; null where the fund is younger."""
    seen = horizons(FUND)
    assert list(seen) == [1, 3, 5, 10]
    assert seen[1].to_dict() == horizon(FUND, start="2019-12-31").to_dict()
    assert seen[3].to_dict() == horizon(FUND, start="2017-12-31").to_dict()
    outcomes = seen[10].metrics.values()
    assert {(metric.value, metric.status) for metric in outcomes} == {(None, "too_young")}
    assert seen[10]["irr"].reason == "the fund is younger than 10 years"
    assert seen[10].warnings == ()


def test_a_named_horizon_of_the_whole_life_is_since_inception():
    """It starts on the day of the first flow."""
    fund = Fund.of(flows=[("2015-12-31", 100, 0)], navs=[("2020-12-31", 130)])
    five, ten = horizons(fund, years=(5, 10)).values()
    assert five.irr == evaluate(fund).irr
    assert five.warnings == ("SINCE_INCEPTION",)
    assert ten["irr"].status == "too_young"


@pytest.mark.parametrize(
    ("as_of", "years", "start"),
    [
        ("2021-02-28", 1, "2020-02-29"),
        ("2020-02-29", 1, "2019-02-28"),
        ("2020-02-28", 1, "2019-02-28"),
        ("2020-06-30", 3, "2017-06-30"),
        ("2020-06-15", 3, "2017-06-15"),
    ],
)
def test_months_end_where_months_end(as_of, years, start):
    """February is the only month in which it matters."""
    (seen,) = horizons(FUND, as_of=as_of, years=(years,)).values()
    assert seen.to_dict() == horizon(FUND, start=start, as_of=as_of).to_dict()


@pytest.mark.parametrize("span", [0, 2020])
def test_years_are_one_or_more_and_after_the_calendar_began(span):
    """With the code and the field."""
    with pytest.raises(InputError) as caught:
        horizons(FUND, years=(span,))
    assert (caught.value.code, caught.value.field) == ("UNSUPPORTED_OPTION", "years")
