"""The page in the mode `key`: a form for the key, then the page, then the way out."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from pmecalc.service.keys import Keys
from pmecalc.store.store import Store
from pmecalc.store.values import By
from server import Server


@pytest.fixture(scope="module")
def key_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("signed") / "data"


@pytest.fixture(scope="module")
def key(key_folder):
    with Store.open(key_folder) as store:
        made = Keys(store).create(
            "default", role="viewer", name="page", by=By(actor="test", via="test")
        )
    return made.text


@pytest.fixture(scope="module")
def live_server(key_folder, key):
    """A server in the mode `key`."""
    with Server(key_folder, "--demo", environment={"PME_MODE": "key"}) as server:
        yield server


@pytest.fixture
def site(live_server):
    return live_server.url


def test_key_opens_the_page_and_sign_out_closes_it(page, key, watch):
    """Without a session the form stands in the place of the page; a wrong key says so."""
    form = page.get_by_test_id("sign-in")
    expect(page).to_have_title("Sign in · PME Calculator")
    page.get_by_label("API key").fill("pme_wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(form.get_by_role("alert")).to_contain_text("This key is not valid")
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Funds and benchmarks")).to_be_visible()
    expect(page.locator("#fund-table")).to_contain_text("Demo Growth II")
    expect(page.locator("#who")).to_contain_text("default · viewer")
    assert page.evaluate("document.cookie") == ""  # closed to scripts
    page.reload()
    expect(page.locator("#fund-table")).to_contain_text("Demo Growth II")
    page.get_by_role("button", name="Sign out").click()
    expect(form).to_be_visible()
    page.reload()
    expect(form).to_be_visible()


def test_signing_in_returns_to_the_address(open_page, key):
    """The address that was asked for is shown once the key is accepted."""
    page = open_page("/funds/unknown")
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_test_id("sign-in")).to_have_count(0)
    assert page.url.endswith("/funds/unknown")
