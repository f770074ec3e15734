"""The field numbers that are funds, through the command line, HTTP and batches.

Each fund of `golden/field_numbers` is written as a tidy file, answered by every door, and compared
as `golden/test_field_numbers.py` does. That test alone reads the kinds which no door offers (bare
streams, periodic amounts, Dietz, MIRR, horizons of any start, ranks, a credit facility, bootstrap).
A table of `batch` has no commitment, and a `Batch` no warnings and roots: these are left out there.
"""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import dataclass

import httpx2
import numpy as np
import pytest

import pmecalc as pme
from golden.test_field_numbers import (
    CASES,
    _differences_of_codes,
    _differences_of_measures,
    _fund,
)
from pmecalc.cli import main
from server import Server

FUNDS = {case["id"]: case for case in CASES if case["kind"] == "fund"}
N_FUNDS = 30
# What this test is for: each rule of METHODS that the doors have to pass on.
RULES = {
    "no_nav": "new_fund_two_calls_no_nav",
    "too_young": "fund_of_two_years",
    "stale_start": "start_nav_nine_months_old",
    "estimated": "nav_seven_months_old",
    "RATE_AGAINST_GAIN": "no_root_with_the_sign_of_the_gain",
    "zero gain in cents": "zero_gain_scaled",
    "signs as read": "signs_turned_nav_left",
    "signs as said": "signs_turned_and_said",
    "times of day": "times_of_day",
    "total loss": "written_off",
    "ACT/ACT": "ten_years_act_act",
    "at cost": "at_cost_when_asked",
    "realised": "realised_without_a_nav",
    "clawback": "clawback_paid_back",
}
OF_A_FILE = ("sign", "reversals")
OF_A_FUND = ("commitment",)
NEED_A_COMMITMENT = ("pic", "unfunded")
TURNED = "signs_turned_nav_left"  # the file of which every door asks how its signs are meant


@dataclass(frozen=True)
class Answer:
    """What a door said of a fund: outcomes by measure, and codes of warnings."""

    metrics: dict[str, pme.Metric]
    warnings: frozenset[str]

    @classmethod
    def of(cls, report: dict) -> Answer:
        """The answer in the JSON form of a report."""
        metrics = {name: _metric(outcome) for name, outcome in report["metrics"].items()}
        return cls(metrics, frozenset(each["code"] for each in report["warnings"]))


def _metric(outcome: dict) -> pme.Metric:
    return pme.Metric(
        outcome["value"],
        outcome["status"],
        warnings=tuple(outcome.get("warnings", ())),
        roots=tuple(outcome["roots"]) if "roots" in outcome else None,
        reason=outcome.get("reason"),
        estimated=outcome.get("estimated", False),
    )


def _expected(case: dict, *, only: tuple[str, ...] = (), without: tuple[str, ...] = ()) -> dict:
    """The outcomes that a door can show: no `log`, or only some fields."""
    return {
        name: {
            field: due
            for field, due in outcome.items()
            if field != "log" and (not only or field in only)
        }
        for name, outcome in case["expected"].items()
        if isinstance(outcome, dict) and "status" in outcome and name not in without
    }


def _differences(answer: Answer, case: dict) -> list[str]:
    """What a door says otherwise than the case: outcomes, and warnings of fund and report."""
    found = _differences_of_measures(answer.metrics, _expected(case))
    for kind in ("fund_warnings", "report_warnings"):
        due = case["expected"].get(kind, {})
        found += _differences_of_codes(kind, answer.warnings.__contains__, due)
    return found


def _rows(case: dict) -> dict[str, list]:
    """The columns of a tidy table: flows as given, and a row for each NAV."""
    flows, navs = case["input"]["flows"], case["input"]["navs"]
    names = ("amount",) if len(flows[0]) == 2 else ("contribution", "distribution")
    columns = {"date": [row[0] for row in flows] + [day for day, _ in navs]}
    for place, name in enumerate(names, start=1):
        columns[name] = [row[place] for row in flows] + [0] * len(navs)
    return {**columns, "nav": [None] * len(flows) + [nav for _, nav in navs]}


def _text(columns: dict[str, list]) -> str:
    written = io.StringIO()
    rows = csv.writer(written)
    rows.writerow(columns)
    rows.writerows(zip(*columns.values(), strict=True))
    return written.getvalue()


def _index_text(case: dict) -> str | None:
    levels = case["input"]["index"]
    return levels and _text(dict(zip(("date", "level"), zip(*levels, strict=True), strict=True)))


def _reading(case: dict) -> dict:
    """How the file of a case is read; a signed column that looks turned is said to be none."""
    said = {name: case["input"]["options"].get(name) for name in OF_A_FILE}
    if case["id"] == TURNED:
        said["sign"] = "lp"
    return {name: value for name, value in said.items() if value is not None}


def _conventions(case: dict) -> dict:
    given = case["input"]["options"]
    found = {name: value for name, value in given.items() if name not in OF_A_FILE}
    return {**found, "as_of": case["input"]["as_of"]}


def _as_words(given: dict) -> dict[str, object]:
    """Options as the command line and a query spell them: no limit is `none`, unsaid is absent."""
    unsaid = {name for name, value in given.items() if value is None} - {"max_staleness_days"}
    return {
        name: "none" if value is None else value
        for name, value in given.items()
        if name not in unsaid
    }


by_fund = pytest.mark.parametrize("case", FUNDS.values(), ids=lambda case: case["id"])


def test_every_rule_has_a_fund():
    """All funds of the data set are asked for, and each rule stands behind one of them."""
    assert len(FUNDS) == N_FUNDS
    assert set(RULES.values()) <= set(FUNDS)


@by_fund
def test_command_line(case, tmp_path, capsys):
    """`pme analyze --all --json` of the file says what is expected."""
    (tmp_path / "fund.csv").write_text(_text(_rows(case)), encoding="utf-8")
    words = {**_reading(case), **_as_words(_conventions(case))}
    words["commitment"] = case["input"]["commitment"]
    if index := _index_text(case):
        (tmp_path / "index.csv").write_text(index, encoding="utf-8")
        words["index"] = tmp_path / "index.csv"
    options = [
        word
        for name, value in words.items()
        if value is not None
        for word in (f"--{name.replace('_', '-')}", str(value))
    ]
    code = main(["analyze", str(tmp_path / "fund.csv"), "--all", "--json", *options])
    shown = capsys.readouterr()
    assert code == 0, shown.err
    assert _differences(Answer.of(json.loads(shown.out)), case) == []


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """One real server for every case."""
    with Server(tmp_path_factory.mktemp("doors") / "data") as server:
        yield server


@pytest.fixture(scope="module")
def api(service):
    with httpx2.Client(base_url=service.url, timeout=60) as opened:
        yield opened


def _uploaded(api: httpx2.Client, text: str, name: str, **query: object) -> str:
    """The id of a file that was read and stored."""
    answer = api.post("/v1/imports", params=query, files={"file": (f"{name}.csv", text)})
    assert answer.status_code == 201, answer.text
    return answer.json()["datasets"][0]["id"]


@by_fund
def test_upload_and_summary(case, api):
    """The stored file's summary with all measures says what is expected."""
    commitment = case["input"]["commitment"]
    said = {**_reading(case), **({"commitment": commitment} if commitment else {})}
    query = {"all": "true", **_as_words(_conventions(case))}
    query["fund"] = _uploaded(api, _text(_rows(case)), case["id"], kind="fund", **said)
    if index := _index_text(case):
        query["benchmark"] = _uploaded(api, index, f"{case['id']}_index", kind="benchmark")
    answer = api.get("/v1/metrics/summary", params=query)
    assert answer.status_code == 200, answer.text
    if index:  # the only index of a tenant would be that of the next fund too
        assert api.delete(f"/v1/benchmarks/{query['benchmark']}").status_code == 204
    assert _differences(Answer.of(answer.json()), case) == []


@by_fund
def test_evaluate_over_http(case, api):
    """`POST /v1/evaluate` says what is expected of data that are not stored."""
    given = case["input"]
    fund = {"flows": given["flows"], "navs": given["navs"], "commitment": given["commitment"]}
    benchmark = given["index"] and {"levels": given["index"]}
    whole = {"fund": {**fund, **_reading(case)}, "benchmark": benchmark, "all": True}
    asked = {**whole, **_conventions(case)}
    answer = api.post("/v1/evaluate", json=asked)
    assert answer.status_code == 200, answer.text
    assert _differences(Answer.of(answer.json()), case) == []


def _batched(batch: pme.Batch) -> dict[str, pme.Metric]:
    """The outcomes of the one fund of a batch."""
    return {
        name: pme.Metric(
            _plain(batch[name][0]),
            str(batch.statuses(name)[0]),
            estimated=bool(batch.estimated(name)[0]),
        )
        for name in batch.columns
    }


def _plain(cell: np.generic) -> float | str | None:
    if isinstance(cell, np.datetime64):
        return None if np.isnat(cell) else str(cell)
    return None if math.isnan(cell) else float(cell)


@by_fund
@pytest.mark.parametrize("form", ["table", "funds"])
def test_batch(case, form):
    """`batch` of the table, and of the fund, says what is expected."""
    without = NEED_A_COMMITMENT if form == "table" else ()
    expected = _expected(case, only=("value", "status", "estimated"), without=without)
    benchmark = case["input"]["index"] and pme.Benchmark.of(case["input"]["index"])
    given, more = (_rows(case), _reading(case)) if form == "table" else ([_fund(case["input"])], {})
    found = pme.batch(given, benchmark, measures=list(expected), **_conventions(case), **more)
    assert _differences_of_measures(_batched(found), expected) == []


class TestSignedColumnThatLooksTurned:
    """A file whose signs may be the other way round is asked about by every door that reads it."""

    TEXT = _text(_rows(FUNDS[TURNED]))

    def test_command_line_asks(self, tmp_path, capsys):
        """Exit code 4, the code and both answers; nothing on stdout."""
        (tmp_path / "fund.csv").write_text(self.TEXT, encoding="utf-8")
        assert main(["analyze", str(tmp_path / "fund.csv"), "--json"]) == 4
        shown = capsys.readouterr()
        assert shown.out == ""
        assert "SIGN_SUSPECT" in shown.err
        assert "--sign gp" in shown.err

    def test_upload_asks(self, api):
        """409 with the option and its choices, and nothing is stored."""
        names = {item["name"] for item in api.get("/v1/funds").json()["items"]}
        answer = api.post(
            "/v1/imports", params={"kind": "fund"}, files={"file": ("turned.csv", self.TEXT)}
        )
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (409, "SIGN_SUSPECT")
        assert {item["name"] for item in api.get("/v1/funds").json()["items"]} == names

    def test_batch_asks(self):
        """An error with the choices."""
        with pytest.raises(pme.NeedsInputError) as caught:
            pme.batch(_rows(FUNDS[TURNED]))
        assert (caught.value.code, caught.value.choices) == ("SIGN_SUSPECT", ("lp", "gp"))
