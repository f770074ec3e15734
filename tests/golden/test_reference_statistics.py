"""The reference functions on peers and risk, figure by figure."""

from __future__ import annotations

import json
import math

from golden.cases import ABSOLUTE, HERE, RELATIVE
from pmecalc.core.desmoothing import desmooth
from pmecalc.core.ranks import breakpoints
from pmecalc.core.sdf import sdf_lognormal

_rows = {
    row["id"]: row
    for row in json.loads((HERE / "reference_cases.json").read_text(encoding="utf-8"))["functions"]
}


def _close(got, expected):
    return math.isclose(got, expected, rel_tol=RELATIVE, abs_tol=ABSOLUTE)


def test_percentiles_of_type_7():
    """Quartiles and median of seven returns."""
    row = _rows["X_percentile_type7"]
    found = breakpoints(row["inputs"]["values"])
    assert _close(found.lower, row["expected"]["q1"])
    assert _close(found.median, row["expected"]["median"])
    assert _close(found.upper, row["expected"]["q3"])


def test_geltner():
    """Seven returns de-smoothed with a given phi."""
    row = _rows["X_geltner"]
    found = desmooth(row["inputs"]["returns"], row["inputs"]["phi"]).returns
    expected = row["expected"]["value"]
    assert len(found) == len(expected)
    assert all(_close(got, value) for got, value in zip(found, expected, strict=True))


def test_sdf_calibration():
    """The lognormal closed form."""
    row = _rows["X_sdf_calibration"]
    inputs = row["inputs"]
    found = sdf_lognormal(inputs["mu_log"], inputs["sigma"], inputs["rf_log"])
    assert _close(found.a, row["expected"]["a"])
    assert _close(found.b, row["expected"]["b"])
