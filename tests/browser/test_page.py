"""What an analyst does on the page, done with a real browser against a real server."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

DATA = Path(__file__).parents[1] / "data"
FUND = DATA / "sample_fund_quarterly.csv"
INDEX = DATA / "sample_index_quarterly.csv"
CHARTS = ("irr_pme", "pme_progression", "cashflow_overview")
HOSTILE = "<script>alert(1)</script> =1+1 " + "name " * 30
DROP = """
([selector, files]) => {
  const data = new DataTransfer();
  for (const [name, text] of files) data.items.add(new File([text], name));
  const target = document.querySelector(selector);
  for (const type of ["dragover", "drop"])
    target.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true,
      cancelable: true }));
}
"""
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
UNITS = {
    "irr": "rate",
    "tvpi": "multiple",
    "dpi": "multiple",
    "rvpi": "multiple",
    "ks_pme": "multiple",
    "direct_alpha": "alpha",
    "ln_irr": "rate",
    "pme_plus_irr": "rate",
    "paid_in": "money",
    "distributed": "money",
    "nav": "money",
    "pic": "rate",
}


def shown(value: float | None, unit: str) -> str:
    """A figure as UX 9 prints it, computed apart from the page; money below ten thousand."""
    if value is None:
        return "n/a"
    text = {
        "rate": lambda: f"{value * 100:.1f}%",
        "alpha": lambda: f"{value * 100:+.1f}%",
        "multiple": lambda: f"{value:.2f}x",
        "money": lambda: f"{value:,.2f}",
    }[unit]()
    return text.replace("-", "−")


def drop(page: Page, *paths: Path) -> None:
    """Let go of files over the drop zone."""
    files = [[path.name, path.read_text()] for path in paths]
    page.evaluate(DROP, ["[data-testid=drop]", files])


def browse(page: Page, *paths: Path) -> None:
    """Choose files in the browser's own dialog."""
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Browse files").click()
    chooser.value.set_files(list(paths))


def result(page: Page, state: str) -> object:
    """The line of a file in a given state."""
    return page.locator(f'.result[data-state="{state}"]')


def card(page: Page, key: str) -> object:
    """One metric card."""
    return page.locator(f'[data-metric="{key}"]')


def expect_charts_ready(page: Page) -> None:
    """Wait until all charts of the page are drawn."""
    for chart in CHARTS:
        expect(page.locator(f'[data-chart="{chart}"]')).to_have_attribute("data-state", "ready")


def expect_cards_to_equal(page: Page, summary: dict) -> None:
    """Each card prints what the JSON says, or the reason why there is none."""
    for key, unit in UNITS.items():
        metric = summary["metrics"][key]
        expect(card(page, key)).to_have_attribute("data-status", metric["status"])
        expect(card(page, key).locator(".value")).to_have_text(shown(metric["value"], unit))


def test_both_sample_files_dropped_together_give_the_figures_of_the_summary(page, api):
    """One drop of a fund and an index leads to cards that print what the JSON says."""
    drop(page, FUND, INDEX)
    expect(result(page, "stored")).to_have_count(2)
    page.locator(".results").get_by_role("link", name="sample_fund_quarterly").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("sample_fund_quarterly")
    fund = page.url.rsplit("/", 1)[1]
    summary = api.get("/v1/metrics/summary", params={"fund": fund}).raise_for_status().json()
    assert summary["metrics"]["ks_pme"]["status"] == "ok"
    expect_cards_to_equal(page, summary)
    expect_charts_ready(page)


def test_the_table_of_funds_fills_itself_with_the_figures_of_the_summary(
    open_page, sample_fund, sample_index, api
):
    """The first page shows as-of date, IRR, TVPI and KS-PME of each stored fund."""
    page = open_page("/")
    row = page.locator(f'[data-fund="{sample_fund}"]')
    expect(row).to_have_attribute("data-state", "ready")
    summary = api.get("/v1/metrics/summary", params={"fund": sample_fund}).json()
    for key in ("irr", "tvpi", "ks_pme"):
        text = shown(summary["metrics"][key]["value"], UNITS[key])
        expect(row.locator(f'[data-figure="{key}"]')).to_have_text(text)
    expect(row).to_contain_text(summary["as_of"])
    expect(page.locator(f'[data-benchmark="{sample_index}"]')).to_contain_text("32 levels")


def test_as_of_and_benchmark_live_in_the_address(
    open_page, sample_fund, sample_index, flat_index, api
):
    """Choosing changes the address and the figures; back undoes it; a copied link repeats it."""
    ask = {"fund": sample_fund, "benchmark": sample_index}
    page = open_page(f"/funds/{sample_fund}?benchmark={sample_index}")
    latest = api.get("/v1/metrics/summary", params=ask).json()
    expect_cards_to_equal(page, latest)

    page.get_by_label("As of", exact=True).select_option("2018-12-31")
    expect(page).to_have_url(re.compile("as_of=2018-12-31"))
    earlier = api.get("/v1/metrics/summary", params={**ask, "as_of": "2018-12-31"}).json()
    expect_cards_to_equal(page, earlier)
    expect_charts_ready(page)

    page.get_by_label("Benchmark", exact=True).select_option(flat_index)
    expect(page).to_have_url(re.compile(f"benchmark={flat_index}"))
    flat = api.get("/v1/metrics/summary", params={**ask, "benchmark": flat_index}).json()
    assert flat["metrics"]["ks_pme"] != latest["metrics"]["ks_pme"]
    expect(page.locator(".facts")).to_contain_text("flat_index")
    page.go_back()
    expect(page).to_have_url(re.compile(f"benchmark={sample_index}"))
    expect_cards_to_equal(page, earlier)
    copy = open_page(page.url)
    expect_cards_to_equal(copy, earlier)
    page.go_back()
    expect_cards_to_equal(page, latest)


def test_several_benchmarks_are_chosen_from_and_the_choice_is_kept(
    open_page, sample_fund, sample_index, flat_index
):
    """With no default among several, the page asks once; the first page then has the figures."""
    page = open_page("/")
    row = page.locator(f'[data-fund="{sample_fund}"]')
    row.get_by_role("link", name="choose a benchmark").click()
    page.get_by_role("button", name="Always compare with sample_index_quarterly").click()
    expect(card(page, "ks_pme")).to_have_attribute("data-status", "ok")
    expect(page.locator(".facts")).to_contain_text("sample_index_quarterly")
    expect_charts_ready(page)
    page.get_by_role("link", name="PME Calculator").click()
    expect(row).to_have_attribute("data-state", "ready")
    expect(row.locator('[data-figure="ks_pme"]')).to_have_text(re.compile(r"\dx$"))


def test_the_range_zooms_every_chart_and_lives_in_the_address(open_page, sample_fund, sample_index):
    """1Y leaves the dates of one year at the axes, and the address says so."""
    page = open_page(f"/funds/{sample_fund}")
    expect_charts_ready(page)
    page.get_by_role("button", name="Last 1 year").click()
    expect(page).to_have_url(re.compile("range=1y"))
    for chart in CHARTS:
        axis = page.locator(f'[data-chart="{chart}"] svg')
        expect(axis).not_to_contain_text("2016")
        expect(axis).to_contain_text(re.compile(r"2021|21"))


def test_nothing_is_deleted_without_a_question(open_page, sample_fund):
    """Cancel and Escape keep the fund; only the second Delete removes it."""
    page = open_page("/")
    delete = page.get_by_role("button", name="Delete sample_fund_quarterly")
    row = page.locator(f'[data-fund="{sample_fund}"]')
    question = page.get_by_role("dialog")
    delete.click()
    expect(question.get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Escape")
    expect(question).to_have_count(0)
    delete.click()
    question.get_by_role("button", name="Cancel").click()
    expect(row).to_have_count(1)
    delete.click()
    question.get_by_role("button", name="Delete").click()
    expect(row).to_have_count(0)
    expect(page.get_by_text("No fund yet")).to_be_visible()


def test_a_file_with_errors_names_row_column_and_value(page, tmp_path):
    """Each bad cell is a line with its place and content, and nothing is stored."""
    path = tmp_path / "broken.csv"
    path.write_text(
        "date,contribution,distribution,nav\n"
        "2014-03-31,4.49,0,4.49\n"
        "2019-02-31,7.05,0,11.85\n"
        "2019-03-31,4x2,0,12\n"
    )
    browse(page, path)
    refused = result(page, "refused")
    expect(refused).to_have_count(1)
    rows = refused.get_by_role("row")
    expect(rows.filter(has_text="2019-02-31")).to_contain_text("3")
    expect(rows.filter(has_text="2019-02-31")).to_contain_text("date")
    expect(rows.filter(has_text="4x2")).to_contain_text("4")
    expect(rows.filter(has_text="4x2")).to_contain_text("contribution")
    expect(page.get_by_text("No fund yet")).to_be_visible()


def test_a_file_with_two_readings_is_asked_about(page, tmp_path):
    """A button for each reading; the one pressed is sent as the answer, and the notes say so."""
    path = tmp_path / "totals.csv"
    rows = ("2014-12-31,20,0", "2015-12-31,50,0", "2016-12-31,80,10", "2017-12-31,80,40")
    path.write_text("\n".join(["date,contribution,distribution", *rows, "2018-12-31,100,90"]))
    browse(page, path)
    asked = result(page, "asked")
    expect(asked).to_contain_text("CUMULATIVE_AMOUNTS")
    expect(page.get_by_text("No fund yet")).to_be_visible()
    asked.get_by_role("button", name="cumulative").click()
    expect(result(page, "stored")).to_contain_text("The amounts are running totals, as was said")
    page.get_by_role("link", name="totals", exact=True).first.click()
    expect(page.get_by_text("Fund file: The amounts are running totals")).to_be_visible()


def test_equal_content_again_says_so(page):
    """A file that is stored already changes nothing and says it."""
    browse(page, FUND)
    expect(result(page, "stored")).to_have_count(1)
    browse(page, FUND)
    expect(result(page, "already")).to_contain_text("already imported")


def test_a_known_name_with_other_content_becomes_a_revision_if_wanted(page, tmp_path):
    """The page asks, and then posts the file again as a new revision of that fund."""
    browse(page, FUND)
    expect(result(page, "stored")).to_have_count(1)
    newer = tmp_path / FUND.name
    newer.write_text(FUND.read_text().rstrip() + "\n2022-03-31,0.0,0.4,5.40\n")
    browse(page, newer)
    expect(result(page, "exists")).to_have_count(1)
    page.get_by_role("button", name="Make it a new revision").click()
    expect(result(page, "stored")).to_contain_text("revision 2")
    expect(page.locator("#fund-table tbody tr")).to_have_count(1)
    expect(page.locator("#fund-table")).to_contain_text("2022-03-31")


def test_without_an_index_a_card_gives_the_reason(open_page, sample_fund):
    """A fund alone has its IRR; the benchmark measures say n/a and why, never 0 or NaN."""
    page = open_page(f"/funds/{sample_fund}")
    expect(card(page, "irr").locator(".value")).to_have_text(re.compile(r"\d%$"))
    for key in ("ks_pme", "direct_alpha", "ln_irr", "pme_plus_irr"):
        expect(card(page, key)).to_have_attribute("data-status", "no_index")
        expect(card(page, key).locator(".value")).to_have_text("n/a")
        expect(card(page, key).locator(".meaning")).to_contain_text("benchmark")
    expect(card(page, "pic").locator(".value")).to_have_text("n/a")
    expect(page.locator('[data-chart="cashflow_overview"]')).to_have_attribute(
        "data-state", "ready"
    )
    assert "NaN" not in page.locator("main").inner_text()


def test_a_hostile_name_is_only_text(open_page, sample_fund, sample_index, api):
    """Markup, formulas and length in a name change nothing but the text."""
    api.patch(f"/v1/funds/{sample_fund}", json={"name": HOSTILE.strip()}).raise_for_status()
    page = open_page("/", viewport={"width": 390, "height": 844})
    dialogs = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    link = page.locator(f'[data-fund="{sample_fund}"] a')
    expect(link).to_have_text(HOSTILE.strip())
    assert page.evaluate(SIDEWAYS) <= 0
    link.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(HOSTILE.strip())
    expect_charts_ready(page)
    assert page.evaluate(SIDEWAYS) <= 0
    assert page.locator("main script").count() == 0
    assert dialogs == []


@pytest.mark.parametrize("width", [390, 768, 1320])
def test_no_page_scrolls_sideways(open_page, sample_fund, sample_index, width):
    """Both pages fit a phone, a tablet and a screen, light and dark."""
    viewport = {"width": width, "height": 844}
    home = open_page("/", viewport=viewport)
    expect(home.locator(f'[data-fund="{sample_fund}"]')).to_have_attribute("data-state", "ready")
    fund = open_page(f"/funds/{sample_fund}", viewport=viewport)
    for scheme in ("light", "dark"):
        for page in (home, fund):
            page.emulate_media(color_scheme=scheme)
        expect_charts_ready(fund)
        assert (home.evaluate(SIDEWAYS) <= 0, fund.evaluate(SIDEWAYS) <= 0) == (True, True)


FURTHER_TABS = {
    "More charts": (
        *("twr_vs_index", "multiples", "cashflow_pacing", "value_bridge", "net_cf_market"),
    ),
    "Methods": ("npv_profile",),
}


@pytest.mark.parametrize("width", [390, 1320])
def test_the_further_views_live_in_the_address(open_page, sample_fund, sample_index, api, width):
    """Each tab draws its charts with every point in the table, and fits; back leads back."""
    page = open_page(f"/funds/{sample_fund}", viewport={"width": width, "height": 844})
    expect_charts_ready(page)
    for tab, charts in FURTHER_TABS.items():
        page.get_by_role("link", name=tab).click()
        expect(page.locator("[data-chart]")).to_have_count(len(charts))
        for chart in charts:
            section = page.locator(f'[data-chart="{chart}"]')
            expect(section).to_have_attribute("data-state", "ready")
            spec = api.get(f"/v1/funds/{sample_fund}/charts/{chart}?format=spec").json()
            section.get_by_role("button", name="Table").click()
            filled = sum(len(series["x"]) for series in spec["series"])
            cells = section.locator("tbody td").filter(has_text=re.compile(r"\S"))
            expect(cells).to_have_count(filled)
        assert page.evaluate(SIDEWAYS) <= 0
    expect(page).to_have_url(re.compile("tab=methods"))
    page.go_back()
    expect(page).to_have_url(re.compile("tab=charts"))
    page.go_back()
    expect_charts_ready(page)
    expect(card(page, "irr")).to_be_visible()


def test_several_roots_lead_to_the_npv_profile(open_page, stored, tmp_path):
    """The card of an IRR with two roots names both and leads to the curve that crosses twice."""
    path = tmp_path / "two_roots.csv"
    path.write_text("date,amount,nav\n2021-01-01,-100,\n2022-01-01,230,\n2023-01-01,-132,0\n")
    page = open_page(f"/funds/{stored(path)}")
    expect(card(page, "irr")).to_have_attribute("data-status", "multiple")
    page.get_by_role("button", name="About Net IRR").click()
    about = page.get_by_role("dialog", name="About this figure")
    about.get_by_role("link", name="See the NPV at every rate").click()
    profile = page.locator('[data-chart="npv_profile"]')
    expect(profile).to_have_attribute("data-state", "ready")
    for label in ("IRR 10.0%", "20.0%"):
        expect(profile.locator("svg")).to_contain_text(label)
    expect(about).to_be_hidden()


def test_the_methods_tab_prints_what_the_server_says(open_page, sample_fund, sample_index, api):
    """The sentence, and of each method the figure, the verdict and the index investor's rate."""
    found = api.get(f"/v1/funds/{sample_fund}/methods?as_of=2018-12-31").json()
    page = open_page(f"/funds/{sample_fund}?tab=methods&as_of=2018-12-31")
    methods = page.locator(".methods")
    expect(methods).to_have_attribute("data-state", "ready")
    expect(methods.locator(".said")).to_have_text(found["sentence"])
    for method in found["methods"]:
        row = methods.locator(f'[data-method="{method["name"]}"]')
        expect(row).to_contain_text(method["title"])
        expect(row).to_contain_text(method["verdict"])
        if "rate" in method:
            shown_rate = f"{method['rate']['value'] * 100:.2f}%".replace("-", "−")
            expect(row).to_contain_text(shown_rate)
        for mark in method["marks"]:
            expect(row).to_contain_text(mark["message"][1:])


def test_the_dark_theme_redraws_the_charts(open_page, sample_fund, sample_index):
    """Changing the theme while the page is open changes the colour of the fund's line."""
    page = open_page(f"/funds/{sample_fund}", color_scheme="light")
    expect_charts_ready(page)
    drawing = page.locator('[data-chart="irr_pme"] svg')
    expect(drawing.locator('path[stroke="#0b5cad"]')).not_to_have_count(0)
    page.emulate_media(color_scheme="dark")
    expect(drawing.locator('path[stroke="#3f9be8"]')).not_to_have_count(0)
    expect(drawing.locator('path[stroke="#0b5cad"]')).to_have_count(0)


def test_all_charts_share_one_crosshair(open_page, sample_fund, sample_index):
    """Pointing at one chart shows the same day in all three."""
    page = open_page(f"/funds/{sample_fund}", viewport={"width": 1320, "height": 1500})
    expect_charts_ready(page)
    page.locator('[data-chart="irr_pme"] svg').hover(position={"x": 300, "y": 150})
    days = page.locator(".tip-day:visible")
    expect(days).to_have_count(len(CHARTS))
    assert len(set(days.all_inner_texts())) == 1


def test_arrow_keys_move_the_crosshair(open_page, sample_fund, sample_index):
    """A chart in focus answers the arrow keys and says the values of the day."""
    page = open_page(f"/funds/{sample_fund}")
    expect_charts_ready(page)
    page.locator('[data-chart="irr_pme"] .canvas').focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#live")).to_contain_text("2021-12-31: Net IRR")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#live")).to_contain_text("2021-09-30: Net IRR")


def test_the_table_twin_holds_every_point_of_the_chart(open_page, sample_fund, sample_index, api):
    """The table has a row for each date and a column for each series, with scopes."""
    page = open_page(f"/funds/{sample_fund}")
    expect_charts_ready(page)
    for chart in CHARTS:
        spec = api.get(f"/v1/funds/{sample_fund}/charts/{chart}?format=spec").json()
        section = page.locator(f'[data-chart="{chart}"]')
        section.get_by_role("button", name="Table").click()
        table = section.get_by_role("table")
        days = sorted({day for series in spec["series"] for day in series["x"]})
        assert table.locator("tbody th[scope=row]").all_inner_texts() == days
        names = ["Date", *(series["name"] for series in spec["series"])]
        assert table.locator("thead th[scope=col]").all_inner_texts() == names
        filled = sum(len(series["x"]) for series in spec["series"])
        assert table.locator("tbody td").filter(has_text=re.compile(r"\S")).count() == filled


def test_each_chart_has_a_written_summary_and_its_json(open_page, sample_fund, sample_index, api):
    """The drawing is an image with our sentence, and the link gives the same chart as JSON."""
    page = open_page(f"/funds/{sample_fund}?as_of=2018-12-31")
    expect_charts_ready(page)
    for chart in CHARTS:
        section = page.locator(f'[data-chart="{chart}"]')
        spec = api.get(
            f"/v1/funds/{sample_fund}/charts/{chart}?format=spec&as_of=2018-12-31"
        ).json()
        label = section.locator(".canvas[role=img]").get_attribute("aria-label")
        assert spec["summary"] in label
        href = section.get_by_role("link", name="JSON").get_attribute("href")
        assert "as_of=2018-12-31" in href
        assert api.get(href).raise_for_status().json()["chart_type"] == chart


def test_a_series_is_switched_in_its_own_chart_only(open_page, sample_fund, sample_index):
    """KS-PME off in one chart stays on in the other that has it too."""
    page = open_page(f"/funds/{sample_fund}")
    expect_charts_ready(page)
    ours = page.locator('[data-chart="irr_pme"] .legend').get_by_role("button", name="KS-PME")
    other = page.locator('[data-chart="pme_progression"]')
    before = other.locator("svg path").count()
    lines = page.locator('[data-chart="irr_pme"] svg path[stroke="#b86200"]')
    expect(lines).to_have_count(1)
    ours.click()
    expect(ours).to_have_attribute("aria-pressed", "false")
    expect(lines).to_have_count(0)
    expect(other.locator("svg path")).to_have_count(before)


def test_a_card_opens_on_what_stands_behind_its_figure(open_page, sample_fund, sample_index):
    """(i) shows formula and inputs, and Escape closes it and gives the focus back."""
    page = open_page(f"/funds/{sample_fund}")
    button = page.get_by_role("button", name="About KS-PME")
    button.click()
    about = page.get_by_role("dialog", name="About this figure")
    expect(about).to_contain_text("sample_index_quarterly")
    expect(about).to_contain_text("Contributions at index growth")
    expect(about).to_contain_text("2021-12-31")
    expect(button).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Escape")
    expect(about).to_be_hidden()
    expect(button).to_be_focused()


def test_an_unknown_fund_is_said_and_leads_back(open_page, site):
    """A dead link names the problem, offers an id to quote and a way home."""
    page = open_page("/funds/nothing-here")
    trouble = page.get_by_role("alert").filter(has_text="nothing-here")
    expect(trouble).to_be_visible()
    expect(trouble.get_by_role("button", name=re.compile("Copy id"))).to_be_visible()
    trouble.get_by_role("link", name="Back to all funds").click()
    expect(page).to_have_url(f"{site}/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Funds and benchmarks")


def test_a_silent_server_leaves_the_last_figures_and_a_way_to_retry(
    open_page, sample_fund, sample_index, watch
):
    """Without an answer the page keeps what it has, says so, and recovers."""
    watch.forgive("ERR_INTERNET_DISCONNECTED")
    page = open_page(f"/funds/{sample_fund}")
    expect_charts_ready(page)
    before = card(page, "irr").locator(".value").inner_text()
    page.context.set_offline(True)
    page.get_by_label("As of", exact=True).select_option("2018-12-31")
    banner = page.locator("#banner")
    expect(banner).to_contain_text("does not answer")
    expect(card(page, "irr").locator(".value")).to_have_text(before)
    page.context.set_offline(False)
    banner.get_by_role("button", name="Try again").click()
    expect(banner).to_be_hidden()
    expect(page.locator(".facts")).to_contain_text("2018-12-31")
    expect_charts_ready(page)


def test_the_keyboard_alone_reaches_import_fund_and_figures(open_page, sample_fund, sample_index):
    """Tab and Enter lead from the skip link to the fund, with the focus always shown."""
    page = open_page("/")
    expect(page.locator(f'[data-fund="{sample_fund}"]')).to_have_attribute("data-state", "ready")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Browse files")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="sample_fund_quarterly")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_be_focused()
    expect_charts_ready(page)


@pytest.mark.parametrize("width", [390, 1320])
def test_structure_and_targets_meet_the_rules(open_page, sample_fund, sample_index, width):
    """One h1, landmarks, one live region, and nothing to press smaller than 24 pixels."""
    for path in ("/", f"/funds/{sample_fund}"):
        page = open_page(path, viewport={"width": width, "height": 844})
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        for landmark in ("banner", "main", "contentinfo"):
            expect(page.get_by_role(landmark)).to_have_count(1)
        expect(page.locator('[aria-live="polite"]')).to_have_count(1)
        page.locator('[data-state="ready"]').first.wait_for()
        small = page.evaluate(
            """[...document.querySelectorAll("main button, main select, main input, main .button")]
            .filter((node) => node.checkVisibility() && !node.classList.contains("hush"))
            .filter((node) => { const box = node.getBoundingClientRect();
              return box.width < 24 || box.height < 24; })
            .map((node) => node.outerHTML)"""
        )
        assert small == []


def test_a_fund_page_stays_within_its_weight(open_page, sample_fund, sample_index):
    """At most 300 KB over the wire and 1 000 elements for a cold fund page."""
    page = open_page("/")
    sizes: list[int] = []
    cold = page.context.browser.new_context()
    try:
        fresh = cold.new_page()
        finished = []
        fresh.on("requestfinished", lambda request: finished.append(request))  # noqa: PLW0108
        fresh.goto(page.url.rstrip("/") + f"/funds/{sample_fund}")
        expect_charts_ready(fresh)
        fresh.wait_for_load_state("networkidle")
        for request in finished:
            size = request.sizes()
            sizes.append(size["responseBodySize"] + size["responseHeadersSize"])
        assert sum(sizes) <= 300 * 1024
        assert fresh.evaluate("document.getElementsByTagName('*').length") <= 1000
    finally:
        cold.close()
