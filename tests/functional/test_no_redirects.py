"""Nothing is redirected: an address is served as it is, or is not there."""

from __future__ import annotations

import pytest

from functional.access.conftest import key_settings, opened


def addresses(client):
    """Every method and address of the document, with a slash more or less."""
    for path, methods in client.get("/openapi.json").json()["paths"].items():
        plain = path.replace("{", "").replace("}", "")
        for method in methods:
            yield method, f"{plain}/"
            yield method, f"/{plain}"
    for path in ("/docs", "/docs/problems", "/system", "/static", "/openapi.json", "/funds/x"):
        yield "get", f"{path}/"


@pytest.fixture(params=["local", "key"])
def served(request, tmp_path):
    if request.param == "local":
        yield request.getfixturevalue("client")
        return
    with opened(key_settings(tmp_path / "key")) as client:
        yield client


def test_slash_at_the_end_is_another_address(served):
    """No answer of the service is a redirect."""
    tried = [
        (method, path, served.request(method, path, follow_redirects=False))
        for method, path in addresses(served)
    ]
    assert len(tried) > 60
    moved = [(method, path) for method, path, it in tried if 300 <= it.status_code < 400]
    assert moved == []
    assert {it.status_code for method, path, it in tried if path == "/v1/funds/"} == {404}
    assert [path for _, path, it in tried if "location" in it.headers] == []
