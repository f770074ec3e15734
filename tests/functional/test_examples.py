"""The examples of the documents and of OpenAPI do what they show."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from pmecalc.app import create_app, prepare
from pmecalc.settings import Settings

PAGE = Path(__file__).parents[2] / "docs/api.md"
BLOCK = re.compile(r"\n\n((?:    .*\n|\n(?=    ))+)")


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    """The service with the demo funds."""
    settings = Settings(data=tmp_path_factory.mktemp("examples"), demo=True, _env_file=None)
    prepare(settings)
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        yield client


def test_page_of_the_api_runs(api):
    """Every block of docs/api.md but the first, which makes the client, runs as printed."""
    blocks = [
        "\n".join(line[4:] for line in block.splitlines())
        for block in BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    ]
    assert len(blocks) >= 11
    assert "httpx2.Client" in blocks[0]
    names = {"api": api}
    for block in blocks[1:]:
        exec(block, names)  # noqa: S102  (our own document)


def bodies(api):
    """Method, path and examples of every operation that takes JSON."""
    document = api.get("/openapi.json").json()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            content = operation.get("requestBody", {}).get("content", {})
            if "application/json" not in content:
                continue
            name = content["application/json"]["schema"]["$ref"].rpartition("/")[2]
            yield method, path, document["components"]["schemas"][name].get("examples", [])


def test_examples_of_openapi_run(api):
    """Every operation that takes JSON shows an example, and each example is answered."""
    ids = {
        name: api.get(f"/v1/{name}").json()["items"][0]["id"] for name in ("funds", "benchmarks")
    }
    asked = 0
    for method, path, examples in bodies(api):
        assert examples, f"{method} {path} shows no example"
        for example in examples:
            address = path.format(dataset=ids.get(path.split("/")[2], ""))
            answer = api.request(method, address, json=example)
            assert answer.status_code in {200, 201, 202}, (path, answer.text)
            asked += 1
    assert asked >= 5
