"""The HTTP interface, through its ASGI door, on real files."""

from __future__ import annotations

import json

import pytest

from pmecalc import agreement, evaluate
from pmecalc.charts.chart import CHARTS
from pmecalc.ingest.files import read_benchmark, read_fund


def upload(client, path, **query):
    with path.open("rb") as file:
        return client.post("/v1/imports", params={"commit": "true", **query}, files={"file": file})


def upload_text(client, text, name="fund.csv", **query):
    return client.post("/v1/imports", params=query, files={"file": (name, text)})


@pytest.fixture
def fund(client, data):
    """A stored fund, with an index beside it; its id."""
    upload(client, data / "sample_index_quarterly.csv")
    return upload(client, data / "sample_fund_quarterly.csv").json()["datasets"][0]["id"]


def test_upload_detects_what_a_file_is(client, data):
    """A file with levels is a benchmark, a file with flows a fund; both are listed."""
    index = upload(client, data / "sample_index_quarterly.csv")
    fund = upload(client, data / "sample_fund_quarterly.csv")
    assert (index.status_code, fund.status_code) == (201, 201)
    assert [d["kind"] for r in (index, fund) for d in r.json()["datasets"]] == ["benchmark", "fund"]
    assert client.get("/v1/funds").json()["items"][0]["name"] == "sample_fund_quarterly"
    assert client.get("/v1/benchmarks").json()["items"][0]["index_kind"] is None


def test_same_upload_twice_is_one_revision(client, data):
    """The same content again answers 200 with `already` and moves no sequence."""
    first = upload(client, data / "sample_fund_quarterly.csv").json()["datasets"][0]
    again = upload(client, data / "sample_fund_quarterly.csv")
    assert again.status_code == 200
    assert again.json()["already"] is True
    assert again.json()["datasets"][0] == first


def test_other_content_under_a_known_name_asks(client, data):
    """A known name with other content is 409 and names the id; `dataset=` makes a revision."""
    first = upload(client, data / "sample_fund_quarterly.csv").json()["datasets"][0]
    text = "date,contribution,distribution,nav\n2020-01-01,100,0,\n2021-01-01,0,0,130\n"
    refused = upload_text(client, text, "sample_fund_quarterly.csv")
    assert (refused.status_code, refused.json()["code"]) == (409, "NAME_EXISTS")
    assert refused.json()["dataset"] == first["id"]
    renewed = upload_text(client, text, "v2.csv", dataset=first["id"])
    assert renewed.status_code == 201
    assert renewed.json()["datasets"][0]["sequence"] == first["sequence"] + 1
    assert renewed.json()["datasets"][0]["name"] == "sample_fund_quarterly"


def test_summary_equals_the_library(client, data, fund):
    """The summary over HTTP is the library's report of the same files."""
    stored = client.get("/v1/metrics/summary", params={"fund": fund}).json()
    direct = evaluate(
        read_fund(data / "sample_fund_quarterly.csv"),
        read_benchmark(data / "sample_index_quarterly.csv"),
    ).to_dict()
    assert stored == json.loads(json.dumps(direct))


def test_summary_of_all_equals_the_library(client, data, fund):
    """`all=true` adds the further measures, as an answer of its own."""
    shown = client.get("/v1/metrics/summary", params={"fund": fund, "all": "true"})
    direct = evaluate(
        read_fund(data / "sample_fund_quarterly.csv"),
        read_benchmark(data / "sample_index_quarterly.csv"),
    ).to_dict(further=True)
    assert shown.json() == json.loads(json.dumps(direct))
    usual = client.get("/v1/metrics/summary", params={"fund": fund})
    assert usual.headers["etag"] != shown.headers["etag"]
    assert "twr" not in usual.json()["metrics"]


def test_methods_equal_the_library(client, data, fund):
    """Every PME method side by side, with the sentence of `agreement`."""
    shown = client.get(f"/v1/funds/{fund}/methods").json()
    files = (
        read_fund(data / "sample_fund_quarterly.csv"),
        read_benchmark(data / "sample_index_quarterly.csv"),
    )
    found = agreement(*files)
    assert shown["sentence"] == found.sentence
    assert [(each["name"], each["value"]) for each in shown["methods"]] == [
        (view.name, view.metric.value) for view in found.views
    ]
    assert shown["inputs"] == json.loads(json.dumps(evaluate(*files).to_dict()["inputs"]))


def test_methods_need_a_benchmark(client, data):
    """Without one they are 400 NO_BENCHMARK."""
    fund = upload(client, data / "sample_fund_quarterly.csv").json()["datasets"][0]["id"]
    answer = client.get(f"/v1/funds/{fund}/methods")
    assert (answer.status_code, answer.json()["code"]) == (400, "NO_BENCHMARK")


def test_chart_is_computed_once(client, fund):
    """The first answer is computed, the second comes from memory, byte for byte the same."""
    first = client.get("/v1/metrics/irr_pme", params={"fund": fund})
    second = client.get("/v1/metrics/irr_pme", params={"fund": fund})
    assert (first.headers["x-cache"], second.headers["x-cache"]) == ("computed", "memory")
    assert first.content == second.content
    assert first.headers["etag"] == second.headers["etag"]


def test_etag_is_answered_304_from_the_key(client, fund):
    """If-None-Match is 304 without a body, even when nothing is cached."""
    path, query = "/v1/metrics/irr_pme", {"fund": fund}
    etag = client.get(path, params=query).headers["etag"]
    again = client.get(path, params=query, headers={"If-None-Match": f'"other", {etag}'})
    assert (again.status_code, again.content) == (304, b"")
    other = client.get(path, params=query, headers={"If-None-Match": '"other"'})
    assert other.status_code == 200


def test_explicit_defaults_give_the_same_answer(client, fund):
    """An omitted and an explicit default are one key; another as-of date is another."""
    index = client.get("/v1/benchmarks").json()["items"][0]["id"]
    bare = client.get("/v1/metrics/irr_pme", params={"fund": fund})
    full = client.get(
        "/v1/metrics/irr_pme", params={"fund": fund, "benchmark": index, "max_staleness_days": 100}
    )
    earlier = client.get("/v1/metrics/irr_pme", params={"fund": fund, "as_of": "2018-12-31"})
    assert full.headers["etag"] == bare.headers["etag"] != earlier.headers["etag"]
    assert full.headers["x-cache"] == "memory"


CONVENTIONS = {
    "day_count": "30E/360",
    "netting": "same_day",
    "lookup": "linear",
    "max_staleness_days": 400,
    "nav_growth": "index",
    "recallable": "net",
}


def test_every_convention_is_part_of_the_question(client, data, fund):
    """The answer is the library's with the same conventions; each of them is a key of its own."""
    asked = {"fund": fund, "as_of": "2021-11-15"}
    shown = client.get("/v1/metrics/summary", params={**asked, **CONVENTIONS})
    direct = evaluate(
        read_fund(data / "sample_fund_quarterly.csv"),
        read_benchmark(data / "sample_index_quarterly.csv"),
        as_of="2021-11-15",
        **CONVENTIONS,
    ).to_dict()
    assert shown.json() == json.loads(json.dumps(direct))
    etags = {
        client.get("/v1/metrics/summary", params={**asked, name: value}).headers["etag"]
        for name, value in CONVENTIONS.items()
    }
    assert len(etags | {client.get("/v1/metrics/summary", params=asked).headers["etag"]}) == 7
    plain = {"day_count": "ACT/365F", "netting": "gross", "lookup": "previous"}
    full = client.get("/v1/metrics/summary", params={**asked, **plain, "nav_growth": "none"})
    assert full.headers["x-cache"] == "memory"


def test_a_convention_that_is_not_offered_is_malformed(client, fund):
    """Each is one of a list."""
    for name in set(CONVENTIONS) - {"max_staleness_days"}:
        answer = client.get("/v1/metrics/summary", params={"fund": fund, name: "other"})
        assert (answer.status_code, answer.json()["code"]) == (422, "MALFORMED"), name


def test_a_nav_that_grows_needs_an_index_in_every_view(client, data, fund):
    """A chart without one takes the fund's benchmark then; with none stored it says so."""
    asked = {"fund": fund, "as_of": "2021-11-15", "nav_growth": "index"}
    grown = client.get("/v1/metrics/value_bridge", params=asked).json()
    report = evaluate(
        read_fund(data / "sample_fund_quarterly.csv"),
        read_benchmark(data / "sample_index_quarterly.csv"),
        as_of="2021-11-15",
        nav_growth="index",
    )
    assert grown["data"][0]["y"][-1] == report.nav
    client.delete(f"/v1/benchmarks/{client.get('/v1/benchmarks').json()['items'][0]['id']}")
    refused = client.get("/v1/metrics/value_bridge", params=asked)
    assert (refused.status_code, refused.json()["code"]) == (400, "NO_BENCHMARK")


def test_new_data_are_answered_at_once(client, fund):
    """After an upload's answer the next answer is of the new revision, under a new key."""
    query = {"fund": fund, "max_staleness_days": "none"}
    before = client.get("/v1/metrics/summary", params=query)
    text = "date,amount,nav\n2014-03-31,-10,\n2016-03-31,0,25\n"
    assert upload_text(client, text, dataset=fund).status_code == 201
    after = client.get("/v1/metrics/summary", params=query)
    assert after.headers["x-cache"] == "computed"
    assert after.headers["etag"] != before.headers["etag"]
    assert after.json()["metrics"]["paid_in"]["value"] == 10


@pytest.mark.parametrize("chart", CHARTS)
def test_charts_carry_the_values_of_their_spec(client, fund, chart):
    """The Plotly form and the page's spec hold exactly the same points."""
    plotly = client.get(f"/v1/metrics/{chart}", params={"fund": fund}).json()
    spec = client.get(f"/v1/funds/{fund}/charts/{chart}", params={"format": "spec"}).json()
    assert plotly["chart_type"] == spec["chart"] == chart
    assert set(plotly) >= {"chart_type", "title", "data", "layout"}
    drawn = [(trace["name"], trace["x"], trace["y"]) for trace in plotly["data"]]
    assert drawn == [(s["name"], s["x"], s["y"]) for s in spec["series"]]
    assert sum(len(s["x"]) for s in spec["series"]) > 0


@pytest.mark.parametrize("encoding", ["br", "gzip"])
def test_packed_replies_hold_the_same_json(client, fund, encoding):
    """A client that takes Brotli or gzip gets the same document, smaller."""
    path, query = "/v1/metrics/summary", {"fund": fund}
    plain = client.get(path, params=query, headers={"Accept-Encoding": "identity"})
    packed = client.get(path, params=query, headers={"Accept-Encoding": encoding})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == encoding
    assert int(packed.headers["content-length"]) < int(plain.headers["content-length"])
    assert packed.json() == plain.json()


def test_edit_changes_what_answers_show(client, fund):
    """A new name is a new revision, and the next summary shows it."""
    edited = client.patch(f"/v1/funds/{fund}", json={"name": "Alpha IV", "commitment": 100})
    assert (edited.status_code, edited.json()["sequence"]) == (200, 2)
    summary = client.get("/v1/metrics/summary", params={"fund": fund}).json()
    assert summary["fund"] == "Alpha IV"
    assert summary["metrics"]["pic"]["value"] == pytest.approx(0.6711)


def test_deleted_fund_is_gone_everywhere(client, fund):
    """After a delete every address of the fund is 404, its cached chart too."""
    assert client.get("/v1/metrics/irr_pme", params={"fund": fund}).status_code == 200
    assert client.delete(f"/v1/funds/{fund}").status_code == 204
    for path in (
        f"/v1/funds/{fund}",
        f"/v1/funds/{fund}/flows",
        f"/v1/metrics/irr_pme?fund={fund}",
    ):
        assert client.get(path).status_code == 404
    assert client.get("/v1/funds").json()["items"] == []


def test_flows_name_their_source_rows(client, fund, data):
    """Each flow says which line of the file it came from."""
    flows = client.get(f"/v1/funds/{fund}/flows").json()
    lines = (data / "sample_fund_quarterly.csv").read_text().splitlines()
    rows = [dict(zip(flows["columns"], row, strict=True)) for row in flows["rows"]]
    named = [row for row in rows if row["source_row"]]
    assert len(named) >= 20
    assert all(lines[row["source_row"] - 1].startswith(row["date"]) for row in named)


def test_funds_come_in_pages(client):
    """A list longer than its limit continues at the cursor, and ends."""
    for number in range(5):
        upload_text(client, "date,amount\n2020-01-01,-1\n2021-01-01,2\n", f"fund {number}.csv")
    names, after = [], None
    while True:
        page = client.get("/v1/funds", params={"limit": 2} | ({"after": after} if after else {}))
        names += [item["name"] for item in page.json()["items"]]
        after = page.json()["next"]
        if after is None:
            break
    assert names == [f"fund {number}" for number in range(5)]


def test_evaluate_stores_nothing(client):
    """Flows and levels in, report out; no dataset appears."""
    answer = client.post(
        "/v1/evaluate",
        json={
            "fund": {"flows": [["2020-01-01", 100, 0], ["2021-01-01", 0, 150]]},
            "benchmark": {"levels": [["2020-01-01", 500], ["2021-01-01", 600]]},
        },
    )
    assert answer.status_code == 200
    assert answer.json()["metrics"]["ks_pme"] == {"value": 1.25, "status": "ok"}
    assert "duration" not in answer.json()["metrics"]
    assert client.get("/v1/funds").json()["items"] == []


def test_evaluate_knows_recallable_money_and_reversals(client):
    """As the library: netted multiples, and a distribution taken back."""
    body = {
        "fund": {
            "flows": [["2021-01-01", 100, 0], ["2021-07-01", 0, 30], ["2022-01-01", 30, -5]],
            "navs": [["2023-01-01", 140]],
            "recallable": [["2021-07-01", 30]],
            "reversals": "net",
        },
        "recallable": "net",
    }
    metrics = client.post("/v1/evaluate", json=body).json()["metrics"]
    assert metrics["tvpi"]["value"] == pytest.approx((140 - 5) / 100)


def test_evaluate_answers_all_when_asked(client):
    """`"all": true` adds the further measures."""
    body = {
        "fund": {"flows": [["2021-01-01", 100, 0], ["2022-01-01", 0, 150]]},
        "benchmark": {"levels": [["2021-01-01", 500], ["2022-01-01", 600]]},
        "all": True,
    }
    metrics = client.post("/v1/evaluate", json=body).json()["metrics"]
    assert metrics["duration"] == {"value": 1.0, "status": "ok"}


def test_no_benchmark_is_asked_for(client, data):
    """A chart that needs an index is 400 NO_BENCHMARK; the summary says no_index instead."""
    fund = upload(client, data / "sample_fund_quarterly.csv").json()["datasets"][0]["id"]
    chart = client.get("/v1/metrics/irr_pme", params={"fund": fund})
    assert (chart.status_code, chart.json()["code"]) == (400, "NO_BENCHMARK")
    summary = client.get("/v1/metrics/summary", params={"fund": fund}).json()
    assert summary["metrics"]["ks_pme"]["status"] == "no_index"
    assert summary["metrics"]["irr"]["status"] == "ok"
    assert client.get("/v1/metrics/cashflow_overview", params={"fund": fund}).status_code == 200


def test_a_question_without_a_benchmark(client, data, fund):
    """`benchmark=none` leaves the only index out: figures and charts that need none stand."""
    asked = {"fund": fund, "benchmark": "none"}
    summary = client.get("/v1/metrics/summary", params=asked).json()
    assert (summary["benchmark"], summary["metrics"]["ks_pme"]["status"]) == (None, "no_index")
    own = client.get("/v1/metrics/summary", params={"fund": fund}).json()
    assert own["metrics"]["ks_pme"]["status"] == "ok"
    assert summary["metrics"]["irr"] == own["metrics"]["irr"]
    alone = client.get("/v1/metrics/irr_pme", params=asked).json()
    both = client.get("/v1/metrics/irr_pme", params={"fund": fund}).json()
    assert alone["data"] == both["data"][:1]
    for path in ("/v1/metrics/pme_progression", "/v1/metrics/twr_vs_index"):
        refused = client.get(path, params=asked)
        assert (refused.status_code, refused.json()["code"]) == (400, "NO_BENCHMARK")
    grown = client.get("/v1/metrics/value_bridge", params={**asked, "nav_growth": "index"})
    assert (grown.status_code, grown.json()["code"]) == (400, "NO_BENCHMARK")


def test_default_benchmark_of_a_fund(client, data, fund):
    """With several benchmarks a fund needs its own default, or the question names one."""
    index = client.get("/v1/benchmarks").json()["items"][0]["id"]
    upload_text(client, "date,level\n2010-01-01,1\n2030-01-01,2\n", "other.csv")
    asked = client.get("/v1/metrics/irr_pme", params={"fund": fund})
    assert (asked.status_code, asked.json()["code"]) == (400, "NO_BENCHMARK")
    assert index in asked.json()["errors"][0]["hint"]
    assert client.patch(f"/v1/funds/{fund}", json={"benchmark": index}).status_code == 200
    assert client.get("/v1/metrics/irr_pme", params={"fund": fund}).status_code == 200
    assert client.patch(f"/v1/funds/{fund}", json={"benchmark": "nope"}).status_code == 404


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/metrics/irr_pm?fund=x", 404, "NOT_FOUND"),
        ("/v1/metrics/irr_pme?fund=x", 404, "NOT_FOUND"),
        ("/v1/metrics/irr_pme", 422, "MALFORMED"),
        ("/v1/metrics/irr_pme?fund=x&as_of=yesterday", 422, "MALFORMED"),
        ("/v1/metrics/irr_pme?fund=x&asof=2020-01-01", 400, "UNKNOWN_PARAMETER"),
        ("/v1/funds?limit=0", 422, "MALFORMED"),
        ("/v1/funds?limit=1001", 422, "MALFORMED"),
        ("/v1/funds?after=%00%FF", 400, None),
        ("/v1/funds/..%2F..%2Fetc", 404, "NOT_FOUND"),
        ("/nothing", 404, "NOT_FOUND"),
    ],
)
def test_every_error_is_a_problem_document(client, path, status, code):
    """Errors carry type, title, status, detail, instance and code, and no traceback."""
    answer = client.get(path)
    assert answer.status_code in {status, 422} if code is None else answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code
    assert set(body) >= {"type", "title", "status", "detail", "instance", "code", "errors"}
    assert code is None or body["code"] == code
    assert "Traceback" not in answer.text


def test_index_that_starts_late_is_a_clear_400(client, fund):
    """The answer names the code, the dates and what to do; nothing is computed or stored."""
    late = upload_text(client, "date,level\n2016-01-01,1\n2022-01-01,2\n", "late.csv")
    index = late.json()["datasets"][0]["id"]
    answer = client.get("/v1/metrics/irr_pme", params={"fund": fund, "benchmark": index})
    assert (answer.status_code, answer.json()["code"]) == (400, "INDEX_NOT_COVERED")
    assert "2016-01-01" in answer.json()["detail"]
    stale = client.get(
        "/v1/metrics/irr_pme",
        params={"fund": fund, "benchmark": index, "as_of": "2021-12-31"},
    )
    assert stale.json()["code"] in {"INDEX_NOT_COVERED", "INDEX_STALE"}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ('{"fund":{"flows":' + "[" * 200_000 + "]" * 200_000 + "}}", 400),
        ('{"fund":{"flows":[["2020-01-01",NaN,0]]}}', 400),
        ('{"fund":{"flows":[["2020-01-01",1e400,0]]}}', 400),
        ('{"fund":{"flows":[["2020-01-01",' + "9" * 5000 + ",0]]}}", 400),
        ('{"fund":{"flows":[["2020-01-01",true,0]]}}', 422),
        ('{"fund":{"name":"\\ud800","flows":[["2020-01-01",1,0]]}}', 422),
        ('{"fund":{"name":"a\\u202eb","flows":[["2020-01-01",1,0]]}}', 422),
        ('{"fund":{"flows":[["2020-01-01\\ud800",1,0]]}}', 400),
        (b'{"fund":"\xff"}', 400),
        ("", 422),
        ("[]", 422),
    ],
)
def test_hostile_bodies_are_refused(client, body, status):
    """Depth, NaN, huge numbers, half characters and bad UTF-8 are problems, never a 500."""
    headers = {"Content-Type": "application/json"}
    answer = client.post("/v1/evaluate", content=body, headers=headers)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_unknown_method_and_form_are_refused(client):
    """405 and 415 are problem documents too."""
    assert client.put("/v1/funds").status_code == 405
    answer = client.post(
        "/v1/evaluate", content="a=1", headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert (answer.status_code, answer.json()["code"]) == (415, "CONTENT_TYPE")


def test_openapi_lists_every_operation_offline(client):
    """The document and its page come from this server alone."""
    paths = client.get("/openapi.json").json()["paths"]
    assert {"/v1/imports", "/v1/funds", "/v1/metrics/{chart}", "/v1/evaluate", "/healthz"} <= set(
        paths
    )
    page = client.get("/docs")
    assert page.status_code == 200
    assert "http" not in page.text.replace("http-equiv", "")


def test_template_reads_back_to_a_fund(client, tmp_path):
    """The template is a valid file."""
    text = client.get("/v1/imports/template.csv").text
    path = tmp_path / "template.csv"
    path.write_text(text)
    assert len(read_fund(path).days) > 0


def test_system_pages(client, fund):
    """Health, readiness and cache counters answer; counters count."""
    assert client.get("/healthz").json()["status"] == "ok"
    assert client.get("/readyz").status_code == 200
    client.get("/v1/metrics/summary", params={"fund": fund})
    client.get("/v1/metrics/summary", params={"fund": fund})
    stats = client.get("/v1/system/cache").json()
    assert stats["outcomes"]["computed"] == 1
    assert stats["memory"]["hits"] == 1
    assert stats["redis"]["state"] == "off"


TOTALS = "date,contribution,distribution,nav\n" + "".join(
    f"20{year}-12-31,{paid},{back},{nav}\n"
    for year, paid, back, nav in (
        (14, 20, 0, 21),
        (15, 50, 0, 55),
        (16, 80, 10, 90),
        (17, 80, 40, 70),
        (18, 100, 90, 60),
    )
)


def test_a_question_is_answered_by_its_option(client):
    """409 names the option and the choices; the answer leads to the figures, and is noted."""
    asked = upload_text(client, TOTALS)
    body = asked.json()
    assert (asked.status_code, body["code"]) == (409, "CUMULATIVE_AMOUNTS")
    assert (body["option"], body["choices"]) == ("amounts", ["flows", "cumulative"])
    assert body["errors"][0]["hint"].endswith("Say amounts=flows or amounts=cumulative.")
    assert client.get("/v1/funds").json()["items"] == []
    stored = upload_text(client, TOTALS, **{body["option"]: "cumulative"})
    assert stored.status_code == 201
    item = stored.json()["datasets"][0]
    assert "The amounts are running totals" in " ".join(item["notes"])
    summary = client.get("/v1/metrics/summary", params={"fund": item["id"]}).json()
    assert summary["metrics"]["dpi"]["value"] == 0.9
    assert summary["notes"] == {"fund": item["notes"], "benchmark": []}


def test_an_index_of_which_nothing_was_said(client, data):
    """Its kind is null, until somebody says it."""
    item = upload(client, data / "sample_index_quarterly.csv").json()["datasets"][0]
    address = f"/v1/benchmarks/{item['id']}"
    assert client.get(address).json()["index_kind"] is None
    headers = {"Content-Type": "application/json"}
    client.patch(address, content=json.dumps({"index_kind": "price"}), headers=headers)
    assert client.get(address).json()["index_kind"] == "price"
    again = upload(client, data / "sample_index_quarterly.csv", dataset=item["id"])
    assert again.status_code == 200
    assert client.get(address).json()["index_kind"] == "price"


def test_an_index_file_is_judged_as_an_index(client):
    """Without `kind` its columns tell it from a fund."""
    body = upload_text(client, "Date,Close\n2020-01-01,100\n").json()
    assert body["code"] == "NO_AMOUNT_COLUMN"
    assert "No column is called level. Found: Date, Close." in body["detail"]


def test_growth_factors_are_asked_about(client):
    """And compounded once it is said."""
    text = "date,level\n2020-03-31,1.25\n2020-06-30,0.8\n2020-09-30,1.4\n"
    body = upload_text(client, text, "index.csv").json()
    assert (body["code"], body["option"]) == ("RETURNS_OR_LEVELS", "levels")
    stored = upload_text(client, text, "index.csv", levels="growth_factors")
    assert (stored.status_code, stored.json()["datasets"][0]["kind"]) == (201, "benchmark")
    shown = client.get("/v1/benchmarks").json()["items"][0]
    assert (shown["first_date"], shown["rows"]) == ("2019-12-31", 4)
