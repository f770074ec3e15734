"""A client that openapi-python-client makes of our document walks through docs/api.md."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from io import BytesIO

import httpx2
import pytest

from functional.access.conftest import bearer, make_keys
from server import Server

GENERATOR = "import sys; from openapi_python_client.cli import app; sys.exit(app())"


@pytest.fixture(params=["local", "key"])
def service(request, tmp_path):
    """A real server in each mode, and the headers of somebody who may do all."""
    folder = tmp_path / "data"
    headers = bearer(make_keys(folder)["alpha", "admin"]) if request.param == "key" else {}
    with Server(folder, environment={"PME_MODE": request.param}) as server:
        yield server, headers


def generated(document, folder, name):
    """Make the client, without the formatters that the generator would call; its warnings."""
    (folder / "openapi.json").write_text(json.dumps(document))
    (folder / "config.yml").write_text("post_hooks: []\n")
    options = {
        "--path": folder / "openapi.json",
        "--config": folder / "config.yml",
        "--output-path": folder / name,
        "--meta": "none",
    }
    words = [str(word) for pair in options.items() for word in pair]
    done = subprocess.run(
        [sys.executable, "-c", GENERATOR, "generate", "--fail-on-warning", *words],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class Walk:
    """The modules of a generated client, and a client of them."""

    def __init__(self, name, url, headers):
        self._name = name
        package = importlib.import_module(name)
        if headers:
            scheme, token = headers["Authorization"].split()
            assert scheme == "Bearer"  # what the generated client sends by itself
            self.client = package.AuthenticatedClient(base_url=url, token=token)
        else:
            self.client = package.Client(base_url=url)
        self.models = importlib.import_module(f"{name}.models")
        self.types = importlib.import_module(f"{name}.types")

    def call(self, operation, *path, status=200, **options):
        """The answer of an operation, found by its id alone, and its headers."""
        api = next(
            importlib.import_module(f"{self._name}.api.{room}.{operation}")
            for room in ("data", "metrics", "jobs", "access", "system")
            if importlib.util.find_spec(f"{self._name}.api.{room}.{operation}")
        )
        answer = api.sync_detailed(*path, client=self.client, **options)
        assert answer.status_code == status, answer.content
        return answer.parsed, answer.headers

    def upload(self, path, **options):
        file = self.types.File(payload=BytesIO(path.read_bytes()), file_name=path.name)
        made, _ = self.call(
            "import_file", body=self.models.ImportUpload(file=file), status=201, **options
        )
        (dataset,) = made.datasets
        return dataset.id, made


def test_generated_client_walks_through_the_api(service, tmp_path, data, monkeypatch):
    """Upload, chart, summary, list, edit, delete, a job, and an error, all by typed calls."""
    server, headers = service
    document = httpx2.get(f"{server.url}/openapi.json", timeout=60).json()
    name = f"pme_client_{'key' if headers else 'local'}"
    generated(document, tmp_path, name)
    monkeypatch.syspath_prepend(tmp_path)
    walk = Walk(name, server.url, headers)
    with walk.client:
        walk_through(walk, data)


def walk_through(walk, data):
    models = walk.models

    index, _ = walk.upload(
        data / "sample_index_quarterly.csv", kind=models.ImportFileKind.BENCHMARK
    )
    fund, made = walk.upload(
        data / "sample_fund_quarterly.csv", commitment=150.0, idempotency_key="walk-1"
    )
    chart, _ = walk.call("get_chart", "irr_pme", fund=fund, benchmark=index)
    assert isinstance(chart, models.PlotlyChart)
    assert len(chart.data) > 0
    report, _ = walk.call("get_summary", fund=fund, benchmark=index)
    assert report.metrics.irr.status == "ok"
    assert report.metrics.ks_pme.value > 0
    earlier, _ = walk.call("get_summary", fund=fund, as_of=report.as_of)
    assert earlier.metrics.tvpi == report.metrics.tvpi

    page, _ = walk.call("list_funds", limit=10)
    assert [item.id for item in page.items] == [fund]
    stored, found = walk.call("get_fund", fund)
    assert (stored.commitment, stored.sequence) == (150.0, 1)
    rows, _ = walk.call("get_flows", fund, limit=5)
    more, _ = walk.call("get_flows", fund, limit=5, after=rows.next_)
    assert isinstance(rows, models.FlowTable)
    assert [len(each.rows) for each in (rows, more)] == [5, 5]
    assert more.rows[0][0] >= rows.rows[-1][0]
    changes = models.FundChanges(vintage=2020, benchmark=index)
    edited, after = walk.call("update_fund", fund, body=changes, if_match=found["ETag"])
    assert (edited.vintage, edited.benchmark, edited.commitment) == (2020, index, 150.0)
    problem, _ = walk.call("delete_fund", fund, if_match=found["ETag"], status=412)
    assert isinstance(problem, models.Problem)
    assert problem.code == "PRECONDITION_FAILED"
    refused, _ = walk.call("undo_import", made.import_, status=409)
    assert refused.code == "UNDO_REFUSED"

    job, _ = walk.call("create_job", body=models.JobRequest(kind="batch"), status=202)
    while job.state in {"queued", "running"}:
        job, _ = walk.call("get_job", job.id)
    table, _ = walk.call("get_job_result", job.id)
    assert [row[0] for row in table.rows] == [fund]

    walk.call("delete_fund", fund, if_match=after["ETag"], status=204)
    walk.call("delete_benchmark", index, status=204)
    assert walk.call("list_funds")[0].items == []
    missing, _ = walk.call("get_fund", fund, status=404)
    assert (missing.code, missing.total) == ("NOT_FOUND", 0)
