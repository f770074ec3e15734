"""A page that fails its test for console errors, policy violations, strangers and server errors."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest
from playwright.sync_api import expect, sync_playwright

from requirements import require
from server import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response

DATA = Path(__file__).parents[1] / "data"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WATCH_POLICY = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`policy violation: ${event.violatedDirective} ${event.blockedURI}`));
"""
# A refusal is an answer; the browser writes it to the console all the same.
REFUSAL = re.compile(r"Failed to load resource: .*status of 4\d\d")
OWN_SCHEMES = ("data:", "blob:")
PATIENCE_MS = 60_000
expect.set_options(timeout=PATIENCE_MS)  # how fast a machine draws decides no test


@dataclass
class Watch:
    """What went wrong on the pages of one test."""

    origin: str
    forgiven: list[str] = field(default_factory=list)
    found: list[str] = field(default_factory=list)

    def forgive(self, words: str) -> None:
        """Complaints with these words are what the test is about."""
        self.forgiven.append(words)

    def follow(self, page: Page) -> None:
        """Note everything the page complains of, and whom it calls."""
        page.add_init_script(WATCH_POLICY)
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.found.append(f"page error: {error}"))
        page.on("request", self._see_request)
        page.on("response", self._see_response)

    def complaints(self) -> list[str]:
        """What was found and not forgiven."""
        return [line for line in self.found if not any(word in line for word in self.forgiven)]

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not REFUSAL.search(message.text):
            self.found.append(f"console: {message.text}")

    def _see_request(self, request: Request) -> None:
        if not request.url.startswith((f"{self.origin}/", *OWN_SCHEMES)):
            self.found.append(f"stranger: {request.url}")

    def _see_response(self, response: Response) -> None:
        if response.status >= 500:
            self.found.append(f"{response.status}: {response.url}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    path = shutil.which("chromium")
    require("chromium", path is not None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def live_server(tmp_path_factory) -> Iterator[Server]:
    """One server for all pages: `site` empties it for each test."""
    with Server(tmp_path_factory.mktemp("pages") / "data") as server:
        yield server


@pytest.fixture
def site(live_server) -> str:
    """The address of the running server, with nothing stored."""
    with httpx2.Client(base_url=live_server.url, timeout=30) as client:
        for kind in ("funds", "benchmarks"):
            for item in client.get(f"/v1/{kind}").raise_for_status().json()["items"]:
                client.delete(f"/v1/{kind}/{item['id']}").raise_for_status()
    return str(live_server.url).rstrip("/")


@pytest.fixture
def watch(site) -> Iterator[Watch]:
    """Fails the test at its end for anything found and not forgiven."""
    watch = Watch(site)
    yield watch
    assert watch.complaints() == []


@pytest.fixture
def open_page(browser, site, watch) -> Iterator[Callable[..., Page]]:
    """Opens watched pages: `open_page("/", color_scheme="dark")`."""
    contexts = []

    def opened(path: str = "/", **options: object) -> Page:
        context = browser.new_context(base_url=site, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        watch.follow(page)
        page.goto(path)
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def page(open_page) -> Page:
    """The first page, at 1320 by 900."""
    return open_page("/", viewport={"width": 1320, "height": 900})


@pytest.fixture
def api(site) -> Iterator[httpx2.Client]:
    """The same server, asked without a browser."""
    with httpx2.Client(base_url=site, timeout=30) as client:
        yield client


@pytest.fixture
def stored(api) -> Callable[[Path], str]:
    """Imports a file past the page and gives the id of its only dataset."""

    def store(path: Path) -> str:
        files = {"file": (path.name, path.read_bytes())}
        answer = api.post("/v1/imports?commit=true", files=files).raise_for_status()
        (dataset,) = answer.json()["datasets"]
        return str(dataset["id"])

    return store


@pytest.fixture
def sample_fund(stored) -> str:
    """The id of the quarterly sample fund."""
    return stored(DATA / "sample_fund_quarterly.csv")


@pytest.fixture
def sample_index(stored) -> str:
    """The id of the quarterly sample index."""
    return stored(DATA / "sample_index_quarterly.csv")


@pytest.fixture
def flat_index(stored, tmp_path) -> str:
    """The id of an index that never moves."""
    path = tmp_path / "flat_index.csv"
    months = [f"{year}-{month:02}-01" for year in range(2014, 2023) for month in range(1, 13)]
    path.write_text("date,level\n" + "".join(f"{day},100\n" for day in months))
    return stored(path)
