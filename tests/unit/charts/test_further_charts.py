"""The charts beside the first three, figure by figure."""

from __future__ import annotations

import json

import pytest

from pmecalc import Benchmark, Fund, chart, evaluate
from pmecalc.charts.chart import CHARTS

INDEX = Benchmark.of(
    [("2020-12-31", 90), ("2021-06-30", 100), ("2021-12-31", 110), ("2022-12-31", 121)]
)
FUND = Fund.of(
    flows=[("2021-01-15", 60, 0), ("2021-03-01", 20, 0), ("2021-12-31", 0, 40)],
    navs=[("2021-06-30", 88), ("2021-12-31", 52), ("2022-12-31", 65)],
    commitment=100,
    name="Alpha",
)
EMPTY = Fund.of(flows=[("2021-01-15", 0, 0)], navs=[("2021-12-31", 0)])


def drawn(name, fund=FUND, benchmark=INDEX, **options):
    return chart(evaluate(fund, benchmark, max_staleness_days=None, **options), name)


def by_name(name, *arguments, **options):
    return {each.name: each for each in drawn(name, *arguments, **options).spec.series}


@pytest.mark.parametrize("name", CHARTS)
@pytest.mark.parametrize("fund", [FUND, EMPTY], ids=["a fund", "nothing"])
def test_every_form_carries_the_values_of_the_spec(name, fund):
    """Plotly, table and JSON; a fund without money has a chart, too."""
    made = drawn(name, fund)
    points = [(each.x, each.y) for each in made.spec.series]
    plotly = made.to_plotly()
    assert [(tuple(each["x"]), tuple(each["y"])) for each in plotly["data"]] == points
    header, rows = made.to_table()
    assert header[1:] == [each.name for each in made.spec.series]
    for place, (across, values) in enumerate(points, 1):
        found = {row[0]: row[place] for row in rows}
        assert [found[x] for x in dict.fromkeys(across)] == list(
            dict(zip(across, values, strict=True)).values()
        )
    assert made.spec.summary or not points
    json.dumps(made.spec.to_dict(), allow_nan=False)


def test_the_profile_crosses_zero_at_each_root():
    """Both rates of the stream are points on the zero line, the chosen one is called IRR."""
    fund = Fund.of(
        flows=[("2010-01-01", -100), ("2011-01-01", 230), ("2012-01-01", -132)],
        navs=[("2012-01-01", 0)],
    )
    spec = drawn("npv_profile", fund, None).spec
    values = dict(zip(spec.series[0].x, spec.series[0].y, strict=True))
    points = [mark for mark in spec.marks if mark.kind == "point"]
    assert [(round(mark.x, 9), mark.label) for mark in points] == [
        (0.1, "IRR 10.0%"),
        (0.2, "20.0%"),
    ]
    assert [values[mark.x] for mark in points] == [0.0, 0.0]
    assert (min(values), max(values)) == pytest.approx((1 / 1.1 - 1, 0.5), abs=0.02)
    assert spec.summary == "The value is zero at 10.00%, 20.00%."


def test_a_rate_beyond_the_axis_is_counted():
    """A stream with roots of 10 % and of 10^6 % draws the near one."""
    fund = Fund.of(
        flows=[("2010-01-01", -1), ("2011-01-01", 10_002.1), ("2012-01-01", -11_001.1)],
        navs=[("2012-01-01", 0)],
    )
    spec = drawn("npv_profile", fund, None).spec
    assert spec.notes == ("Rates beyond the axis: 1 of 2.",)
    assert len([mark for mark in spec.marks if mark.kind == "point"]) == 1


def test_a_profile_without_a_stream_says_so():
    """Nothing to discount is a note, not an error."""
    spec = drawn("npv_profile", EMPTY, None).spec
    assert spec.series == ()
    assert "no stream" in spec.notes[0]


def test_the_time_weighted_line_starts_at_100_as_the_index_does():
    """60 and 20 become 88; 92 of which 40 go; then a quarter is gained."""
    lines = by_name("twr_vs_index")
    fund, index = lines["Fund, time-weighted"], lines["Index"]
    assert fund.x == index.x == ("2021-01-15", "2021-06-30", "2021-12-31", "2022-12-31")
    assert index.y == pytest.approx((100, 100 / 0.9, 110 / 0.9, 121 / 0.9))
    days, late = 166, 121  # of the first period, and left for the second call
    first = 8 / (60 + 20 * late / days)
    second = 100 * (1 + first) * 92 / 88
    assert fund.y == pytest.approx((100, 100 * (1 + first), second, second * 1.25))


def test_the_line_stops_where_nothing_was_invested():
    """No period is taken for 0 %."""
    fund = Fund.of(
        flows=[("2021-06-30", 100, 0), ("2021-12-31", 0, 120), ("2022-06-30", 50, 0)],
        navs=[("2021-12-31", 0), ("2022-06-30", 50), ("2022-12-31", 55)],
    )
    lines = by_name("twr_vs_index", fund)
    assert lines["Fund, time-weighted"].y == pytest.approx((100, 120, None, None))
    assert None not in lines["Index"].y
    assert "stops" in drawn("twr_vs_index", fund).spec.notes[1]


def test_the_areas_add_up_to_tvpi():
    """At each valuation date."""
    lines = by_name("multiples")
    for dpi, rvpi, tvpi in zip(*(lines[name].y for name in ("DPI", "RVPI", "TVPI")), strict=True):
        assert dpi + rvpi == pytest.approx(tvpi)
    assert lines["TVPI"].y == pytest.approx((88 / 80, 92 / 80, 105 / 80))


def test_pacing_is_of_the_commitment_by_age():
    """60 % at once, 80 % in March, 40 % back after 350 days; both stay until the end."""
    lines = by_name("cashflow_pacing")
    ages = (0, 45 / 365, 350 / 365, 715 / 365)
    assert lines["Paid in"].x == lines["Distributed"].x == pytest.approx(ages)
    assert lines["Paid in"].y == pytest.approx((0.6, 0.8, 0.8, 0.8))
    assert lines["Distributed"].y == pytest.approx((0, 0, 0.4, 0.4))


def test_pacing_without_a_commitment_says_of_what():
    """Shares are of paid-in capital then."""
    bare = Fund.of(flows=[("2021-01-15", 80, 0), ("2021-12-31", 0, 40)])
    made = drawn("cashflow_pacing", bare).spec
    assert made.axes[0].title == "Share of paid-in capital"
    assert made.series[0].y[-1] == 1
    assert "not known" in made.notes[0]


def test_the_bridge_leads_from_nothing_to_the_nav():
    """80 called, 40 back, 65 left: 25 were gained."""
    (bars,) = drawn("value_bridge").spec.series
    assert dict(zip(bars.x, bars.y, strict=True)) == {
        "Opening NAV": 0,
        "Calls": 80,
        "Distributions": -40,
        "Value change": 25,
        "Closing NAV": 65,
    }
    assert sum(bars.y[:-1]) == bars.y[-1]
    assert drawn("value_bridge").to_table()[1][1] == ("Calls", 80)
    assert "rolled forward" in drawn("value_bridge", as_of="2022-06-30").spec.notes[0]


def test_flows_are_summed_by_quarter():
    """Two calls of a quarter are one bar at its end, the last ends with the as-of date."""
    lines = by_name("net_cf_market", as_of="2021-12-31")
    assert (lines["Net flow"].x, lines["Net flow"].y) == (("2021-03-31", "2021-12-31"), (-80, 40))
    assert lines["Index"].x == ("2020-12-31", "2021-06-30", "2021-12-31")
    assert lines["Index"].y == (90, 100, 110)
    early = by_name("net_cf_market", as_of="2021-02-01")
    assert (early["Net flow"].x, early["Net flow"].y) == (("2021-02-01",), (-60,))


def test_a_closing_nav_that_is_not_known_is_no_bar():
    """Plotly would add the known steps up to a total and draw it as the NAV."""
    young = Fund.of(flows=[("2021-01-15", 60, 0), ("2021-03-01", 20, 5)])
    made = drawn("value_bridge", young, None)
    assert made.spec.series[0].y == (0.0, 80.0, -5.0, None, None)
    (trace,) = made.to_plotly()["data"]
    assert "total" not in trace["measure"]
    assert drawn("value_bridge").to_plotly()["data"][0]["measure"][-1] == "total"


def test_without_a_benchmark_the_irr_is_drawn_alone():
    """One series, one axis, no parity line, and a note."""
    spec = drawn("irr_pme", FUND, None).spec
    assert [each.name for each in spec.series] == ["Net IRR"]
    assert ([axis.id for axis in spec.axes], spec.marks) == (["left"], ())
    assert spec.series[0].y == drawn("irr_pme").spec.series[0].y
    assert "no KS-PME" in spec.notes[0]


def test_charts_over_nav_dates_say_that_there_is_none():
    """An empty drawing has its reason."""
    young = Fund.of(flows=[("2021-01-15", 60, 0), ("2021-03-01", 20, 5)])
    for name in ("irr_pme", "multiples"):
        assert any("No NAV was reported" in note for note in drawn(name, young).spec.notes)
