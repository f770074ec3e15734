"""The page of the service's own state."""

from __future__ import annotations

from playwright.sync_api import expect

from redis_server import RedisServer, redis_server_path
from requirements import require
from server import Server

SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def cells(page, section, row):
    """The texts of a row of one table, after its heading."""
    found = page.locator(f"section[aria-labelledby={section}] tbody tr", has_text=row)
    return found.locator("td").all_inner_texts()


def test_health_versions_and_tiers_are_shown(open_page, api, sample_fund, sample_index):
    """The page says what the JSON says, in words where there is no Redis; on a phone too."""
    address = f"/v1/metrics/irr_pme?fund={sample_fund}&benchmark={sample_index}"
    for _ in range(2):
        api.get(f"{address}&max_staleness_days=none").raise_for_status()
    page = open_page("/", viewport={"width": 390, "height": 900})
    page.get_by_role("link", name="System").click()
    expect(page.locator(".system[data-state=ready]")).to_be_visible()
    said = api.get("/v1/system/cache").json()
    tiles = page.locator(".tile")
    expect(tiles.nth(0)).to_contain_text("ok")
    expect(tiles.nth(1)).to_contain_text(said["versions"]["pmecalc"])
    expect(tiles.nth(2)).to_contain_text(f"process {said['worker']['pid']}")
    assert cells(page, "tiers", "Memory")[0] == "ready"
    redis = cells(page, "tiers", "Redis")
    assert (redis[0], redis[-1]) == ("not set up", "n/a")
    expect(page.get_by_text("There is no Redis")).to_be_visible()
    assert len(cells(page, "answers", "irr pme")) == 4
    assert page.evaluate(SIDEWAYS) <= 0


def test_without_an_answer_the_last_figures_stay(open_page, watch):
    """When the server is gone the banner says so, and what was shown stays readable."""
    watch.forgive("ERR_FAILED")
    page = open_page("/system")
    expect(page.locator(".system[data-state=ready]")).to_be_visible()
    page.route("**/v1/system/cache", lambda route: route.abort())
    expect(page.locator("#banner")).to_be_visible(timeout=30_000)
    expect(page.locator(".tile").first).to_contain_text("ok")


def test_a_dead_redis_is_visible(browser, tmp_path):
    """With nobody at the address of Redis the tier and both its sides say so, and a warning."""
    require("redis", present=redis_server_path() is not None)
    with (
        RedisServer() as redis,
        Server(tmp_path / "data", environment={"PME_REDIS_URL": redis.url}) as server,
        browser.new_context(base_url=server.url) as context,
    ):
        page = context.new_page()
        page.goto("/system")
        expect(page.locator("section[aria-labelledby=tiers]")).to_contain_text("in use")
        redis.kill()
        index = "date,level\n2020-01-31,1\n2021-01-31,2\n"
        fund = "date,contribution,distribution,nav\n2020-01-31,1,0,1\n2021-01-31,0,1,5\n"
        for name, text in (("index", index), ("fund", fund)):
            files = {"name": f"{name}.csv", "mimeType": "text/csv", "buffer": text.encode()}
            answer = context.request.post("/v1/imports?commit=true", multipart={"file": files})
        (stored,) = answer.json()["datasets"]
        for days in range(100, 110):
            path = f"/v1/metrics/summary?fund={stored['id']}&max_staleness_days={days}"
            assert context.request.get(path).ok
        expect(page.locator(".warning")).to_contain_text("Redis does not answer", timeout=30_000)
        assert "not answering" in cells(page, "tiers", "Redis")
        assert cells(page, "breakers", "Reads")[0] == "open: not asked"
