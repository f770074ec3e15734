"""Figures that are missing, estimated or against the gain, and the questions about signs."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

YOUNG = "date,contribution,distribution\n2024-01-15,100,0\n2024-06-30,50,0\n2024-12-31,30,5\n"
STALE = (
    "date,contribution,distribution,nav\n2018-01-15,100,0,\n2018-12-31,0,0,110\n"
    "2019-06-30,50,0,\n2019-12-31,0,20,170\n2021-06-30,0,30,\n"
)
TURNED = (
    "date,contribution,distribution,nav\n2018-01-15,0,100,100\n2018-12-31,0,50,160\n"
    "2019-06-30,40,0,120\n2020-06-30,200,0,0\n"
)
SIGNED = "date,amount\n2018-01-15,100\n2018-12-31,50\n2019-06-30,-40\n2020-06-30,-200\n"
RECEIVED_FIRST = (
    "date,contribution,distribution\n2018-01-15,0,100\n2018-12-31,0,50\n2020-06-30,60,0\n"
)
ONLY_RECEIVED = "date,contribution,distribution,nav\n2018-01-15,0,100,\n2018-12-31,0,50,30\n"
INDEXED = ("ks_pme", "direct_alpha", "ln_irr", "pme_plus_irr")
OVERVIEW = {"irr_pme": "ready", "pme_progression": "empty", "cashflow_overview": "ready"}
FURTHER = {
    "twr_vs_index": "empty",
    "multiples": "ready",
    "cashflow_pacing": "ready",
    "value_bridge": "ready",
    "net_cf_market": "empty",
}
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def keep(stored, tmp_path):
    """Stores a text as a file and gives the id."""

    def kept(name, text):
        path = tmp_path / name
        path.write_text(text)
        return stored(path)

    return kept


@pytest.fixture
def late_index(keep):
    """The id of an index that begins after the sample fund."""
    rows = "".join(f"{year}-01-01,{100 + year - 2017}\n" for year in range(2017, 2023))
    return keep("late_index.csv", f"date,level\n{rows}")


def card(page, key):
    return page.locator(f'[data-metric="{key}"]')


def expect_states(page, states):
    for chart, state in states.items():
        expect(page.locator(f'[data-chart="{chart}"]')).to_have_attribute("data-state", state)


@pytest.mark.parametrize(
    "query", ["", "?benchmark={}", "?as_of=2021-12-31"], ids=["the only one", "chosen", "dated"]
)
def test_an_index_that_does_not_cover_leaves_what_needs_none(
    open_page, sample_fund, late_index, api, query
):
    """IRR, multiples and their charts stand; the rest says why in the server's words."""
    refused = api.get("/v1/metrics/summary", params={"fund": sample_fund}).json()
    assert refused["code"] == "INDEX_NOT_COVERED"
    alone = api.get("/v1/metrics/summary", params={"fund": sample_fund, "benchmark": "none"}).json()
    address = f"/funds/{sample_fund}" + query.format(late_index)
    page = open_page(address, viewport={"width": 390, "height": 844})
    expect(card(page, "irr").locator(".value")).to_have_attribute(
        "title", str(alone["metrics"]["irr"]["value"])
    )
    for key in ("tvpi", "dpi", "rvpi", "nav"):
        expect(card(page, key)).to_have_attribute("data-status", "ok")
    for key in INDEXED:
        expect(card(page, key)).to_have_attribute("data-status", "index_not_covered")
        expect(card(page, key).locator(".value")).to_have_text("n/a")
        expect(card(page, key).locator(".meaning")).to_have_text(refused["detail"])
    notice = page.locator(".trouble").get_by_role("status")
    expect(notice).to_contain_text(
        "The index figures are missing: " + refused["detail"][:1].lower()
    )
    expect(notice).to_contain_text(refused["detail"][1:])
    expect_states(page, OVERVIEW)
    expect(page.locator('[data-chart="pme_progression"]')).to_contain_text(refused["detail"])
    href = page.locator('[data-chart="irr_pme"]').get_by_role("link", name="JSON")
    answer = api.get(href.get_attribute("href")).raise_for_status().json()
    assert [trace["name"] for trace in answer["data"]] == ["Net IRR"]
    page.get_by_role("link", name="More charts").click()
    expect_states(page, FURTHER)
    page.get_by_role("link", name="Methods").click()
    expect(page.locator(".methods")).to_contain_text(refused["detail"])
    assert page.evaluate(SIDEWAYS) <= 0


def test_the_table_of_funds_keeps_the_irr_where_the_index_is_refused(
    open_page, sample_fund, late_index
):
    """KS-PME is n/a with the reason, the other figures are there."""
    page = open_page("/")
    row = page.locator(f'[data-fund="{sample_fund}"]')
    expect(row).to_have_attribute("data-state", "ready")
    expect(row.locator('[data-figure="irr"]')).to_have_text(re.compile(r"\d%$"))
    expect(row.locator('[data-figure="ks_pme"]')).to_contain_text("starts on 2017-01-01")


def test_a_refused_date_leaves_the_fields(open_page, sample_fund, sample_index):
    """The panel names it; the fields are empty until a date is chosen, then all is well again."""
    page = open_page(f"/funds/{sample_fund}")
    expect_states(page, {**OVERVIEW, "pme_progression": "ready"})
    other = open_page(f"/funds/{sample_fund}?as_of=2021-02-31")
    expect(other.get_by_role("alert").filter(has_text="2021-02-31")).to_be_visible()
    field = other.get_by_label("As of", exact=True)
    expect(field.locator("option:checked")).to_have_text("choose a date")
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field.locator("option").filter(has_text="2021-02-31")).to_have_count(0)
    expect(other.get_by_label("As of any other date")).to_have_value("")
    field.select_option("2018-12-31")
    expect(card(other, "irr")).to_have_attribute("data-status", "ok")
    expect(field).to_have_value("2018-12-31")
    expect(field).to_have_attribute("aria-invalid", "false")
    expect(other.get_by_label("As of any other date")).to_have_value("2018-12-31")


def test_a_young_fund_without_a_nav_says_why(open_page, keep, sample_index, api):
    """Measures with a NAV are n/a for the server's reason; the bridge has gaps."""
    fund = keep("young.csv", YOUNG)
    page = open_page(f"/funds/{fund}?benchmark=none")
    metrics = api.get("/v1/metrics/summary", params={"fund": fund, "benchmark": "none"}).json()
    for key in ("irr", "tvpi", "rvpi", "nav"):
        metric = metrics["metrics"][key]
        assert (metric["value"], metric["status"]) == (None, "no_nav")
        expect(card(page, key).locator(".value")).to_have_text("n/a")
        expect(card(page, key).locator(".badge")).to_have_text("no NAV")
        expect(card(page, key).locator(".meaning")).to_have_text(
            re.compile(re.escape(metric["reason"]), re.IGNORECASE)
        )
    expect(card(page, "dpi")).to_have_attribute("data-status", "ok")
    expect(page.locator('[data-chart="irr_pme"]')).to_contain_text("No NAV was reported")
    page.get_by_role("link", name="More charts").click()
    bridge = page.locator('[data-chart="value_bridge"]')
    expect(bridge).to_have_attribute("data-state", "ready")
    bridge.get_by_role("button", name="Table").click()
    rows = bridge.locator("tbody tr")
    expect(rows.filter(has_text="Closing NAV").locator("td")).to_have_text("n/a")
    expect(rows.filter(has_text="Value change").locator("td")).to_have_text("n/a")
    assert "NaN" not in page.locator("main").inner_text()


def test_estimated_figures_are_marked_and_warnings_are_listed(open_page, keep, flat_index, api):
    """Each card, row of funds and method is marked as the JSON says, and no other."""
    fund = keep("stale.csv", STALE)
    ask = {"fund": fund, "as_of": "2021-06-30"}
    page = open_page(f"/funds/{fund}?as_of=2021-06-30")
    expect(card(page, "ks_pme")).to_have_attribute("data-status", "ok")
    summary = api.get("/v1/metrics/summary", params=ask).json()
    marked = set()
    for element in page.locator("[data-metric]").all():
        key = element.get_attribute("data-metric")
        mark = element.locator(".estimated")
        assert mark.is_visible() == summary["metrics"][key].get("estimated", False), key
        marked |= {key} if mark.is_visible() else set()
        assert "rolled forward" in mark.get_attribute("title")
    assert {"irr", "tvpi", "ks_pme", "nav"} <= marked
    assert not marked & {"dpi", "paid_in"}
    assert "NAV_STALE" in {warning["code"] for warning in summary["warnings"]}
    for warning in summary["warnings"]:
        expect(page.locator(".quality")).to_contain_text(warning["code"])
        expect(page.locator(".quality")).to_contain_text(warning["message"][1:])
    page.get_by_role("link", name="Methods").click()
    methods = api.get(f"/v1/funds/{fund}/methods", params={"as_of": ask["as_of"]}).json()["methods"]
    for method in methods:
        row = page.locator(f'[data-method="{method["name"]}"]')
        expect(row.locator(".estimated")).to_have_count(int(method["estimated"]))


def test_a_rate_against_the_gain_is_marked(open_page, keep, flat_index):
    """The card and the table of funds do not show 26.8 % as if it were well."""
    fund = keep("turned.csv", TURNED)
    page = open_page(f"/funds/{fund}", viewport={"width": 390, "height": 844})
    expect(card(page, "irr").locator(".badge")).to_have_text("against the gain")
    expect(page.locator(".quality")).to_contain_text("RATE_AGAINST_GAIN")
    page.get_by_role("button", name="About Net IRR").click()
    expect(page.get_by_role("dialog", name="About this figure")).to_contain_text(
        "believe the money"
    )
    page.goto("/")
    row = page.locator(f'[data-fund="{fund}"] [data-figure="irr"]')
    expect(row).to_contain_text("against the gain")
    assert page.evaluate(SIDEWAYS) <= 0


@pytest.mark.parametrize(
    ("words", "amounts"),
    [("As the investor sees it", (240, 150)), ("As the fund manager sees it", (150, 240))],
)
def test_each_answer_to_the_question_of_signs_leads_to_its_numbers(
    page, tmp_path, api, words, amounts
):
    """Two buttons: negative amounts are contributions, or positive ones are."""
    path = tmp_path / "signed.csv"
    path.write_text(SIGNED)
    page.set_input_files("input[type=file]", path)
    asked = page.locator('.result[data-state="asked"]')
    expect(asked).to_contain_text("SIGN_SUSPECT")
    expect(asked.locator("[data-choice]")).to_have_count(2)
    asked.get_by_role("button", name=words).click()
    expect(page.locator('.result[data-state="stored"]')).to_have_count(1)
    (fund,) = api.get("/v1/funds").json()["items"]
    metrics = api.get("/v1/metrics/summary", params={"fund": fund["id"]}).json()["metrics"]
    assert (metrics["paid_in"]["value"], metrics["distributed"]["value"]) == amounts


def test_two_columns_have_one_answer_to_the_question_of_signs(page, tmp_path, api):
    """They are right as they are called: 60 paid in, 150 received."""
    path = tmp_path / "columns.csv"
    path.write_text(RECEIVED_FIRST)
    page.set_input_files("input[type=file]", path)
    asked = page.locator('.result[data-state="asked"]')
    expect(asked.locator("[data-choice]")).to_have_count(1)
    expect(asked).to_contain_text("exchange their headers")
    asked.get_by_role("button", name="The columns are right as they are called").click()
    expect(page.locator('.result[data-state="stored"]')).to_have_count(1)
    (fund,) = api.get("/v1/funds").json()["items"]
    metrics = api.get("/v1/metrics/summary", params={"fund": fund["id"]}).json()["metrics"]
    assert (metrics["paid_in"]["value"], metrics["distributed"]["value"]) == (60, 150)


PLACES_OF_ZERO = """chart => [...chart.querySelectorAll("svg text")]
    .filter(text => text.textContent.trim() === "0")
    .map(text => text.getBoundingClientRect().toJSON())"""


@pytest.mark.parametrize(
    ("name", "text"),
    [("young", YOUNG), ("stale", STALE), ("received", ONLY_RECEIVED)],
    ids=["mostly negative", "both signs", "all positive"],
)
def test_the_zeros_of_the_two_axes_stand_at_one_height(open_page, api, name, text):
    """As they are drawn: the labels 0 on the left and on the right are level."""
    files = {"file": (f"{name}.csv", text.encode())}
    answer = api.post("/v1/imports", params={"commit": "true", "sign": "lp"}, files=files)
    fund = answer.raise_for_status().json()["datasets"][0]["id"]
    page = open_page(f"/funds/{fund}")
    chart = page.locator('[data-chart="cashflow_overview"]')
    expect(chart).to_have_attribute("data-state", "ready")
    expect(chart.locator("svg text").get_by_text("0", exact=True)).to_have_count(2)
    zeros = chart.evaluate(PLACES_OF_ZERO)  # at once: a chart may be drawn again meanwhile
    assert len(zeros) == 2
    assert zeros[0]["y"] == pytest.approx(zeros[1]["y"], abs=0.5)
    assert zeros[0]["x"] < zeros[1]["x"] - 100
