"""Long work: submitted, followed, cancelled, taken over (UX 6)."""

from __future__ import annotations

import json
import math
import time

import httpx2
import pytest

from pmecalc import batch
from pmecalc.core.methods import METHODS
from pmecalc.service.demo import demo_benchmark, demo_funds, load_demo
from pmecalc.service.executors import Executors
from pmecalc.service.imports import ImportOptions, Imports
from pmecalc.service.jobs import Jobs, LateCancelError, Runner, commit_once
from pmecalc.store import jobs
from pmecalc.store.errors import KeyReusedError
from pmecalc.store.jobs import JobLostError, QueueFullError
from pmecalc.store.records import add_tenant
from pmecalc.store.store import Store
from pmecalc.store.values import By
from server import Server

BY = By(actor="test", via="test")
TEXT = "date,amount,nav\n2020-01-01,-10,\n2021-01-01,2,9\n"
PATIENCE_SECONDS = 300  # the first batch on a machine compiles its loops


@pytest.fixture
def stocked(tmp_path, client):
    """The application with the demo funds."""
    with Store.open(tmp_path / "data") as store:
        load_demo(store, "default")
    return client


def ended(client, path):
    """The job once it has ended."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (job := client.get(path).json())["state"] in {"queued", "running"}:
        assert time.monotonic() < deadline, job
        time.sleep(0.05)
    return job


def told(client, path, after=None):
    """The events of a job that has ended: (id, event, data)."""
    headers = {} if after is None else {"Last-Event-ID": str(after)}
    answer = client.get(f"{path}/events", headers=headers)
    assert answer.headers["content-type"].startswith("text/event-stream")
    found = []
    for block in answer.text.strip().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if lines:
            found.append((int(lines["id"]), lines["event"], json.loads(lines["data"])))
    return found


def test_batch_evaluates_every_fund(stocked):
    """A batch job makes the table that the library makes of the same funds and benchmark."""
    index = stocked.get("/v1/benchmarks").json()["items"][0]["id"]
    body = {"kind": "batch", "benchmark": index}
    submitted = stocked.post("/v1/jobs", json=body)
    assert submitted.status_code == 202
    path = submitted.headers["Location"]
    job = ended(stocked, path)
    assert (job["state"], job["result"]) == ("done", {"funds": 5, "failed": 0})
    assert job["progress"]["done"] == job["progress"]["total"] == 5
    table = stocked.get(job["result_url"]).json()
    direct = batch(sorted(demo_funds(), key=lambda fund: fund.name), demo_benchmark())
    places = {name: place for place, name in enumerate(table["columns"])}
    for name in METHODS:
        column = [row[places[name]] for row in table["rows"]]
        for value, expected in zip(column, direct[name].tolist(), strict=True):
            missing = expected is None or (isinstance(expected, float) and math.isnan(expected))
            assert (value is None) if missing else (value == expected or isinstance(value, str))
        statuses = [row[places[f"{name}_status"]] for row in table["rows"]]
        assert statuses == direct.statuses(name).tolist()


def test_a_batch_may_name_its_measures(stocked):
    """Further ones among them, each once; one that does not exist is named."""
    index = stocked.get("/v1/benchmarks").json()["items"][0]["id"]
    body = {"kind": "batch", "benchmark": index, "measures": ["twr", "irr", "payback_dpi", "twr"]}
    job = ended(stocked, stocked.post("/v1/jobs", json=body).headers["Location"])
    table = stocked.get(job["result_url"]).json()
    names = ("twr", "irr", "payback_dpi")
    assert table["columns"][2:] == [
        *("twr", "twr_status", "twr_estimated", "irr", "irr_status", "irr_estimated"),
        *("payback_dpi", "payback_dpi_status"),
    ]
    funds = sorted(demo_funds(), key=lambda fund: fund.name)
    direct = batch(funds, demo_benchmark(), measures=names)
    for row, twr, irr, years in zip(table["rows"], *(direct[name] for name in names), strict=True):
        years_or_none = None if math.isnan(years) else years
        assert row[2:] == [twr, "ok", False, irr, "ok", False, years_or_none, "ok"]
    refused = stocked.post("/v1/jobs", json={**body, "measures": ["irr", "irrr"]})
    assert refused.status_code == 422
    assert refused.json()["detail"] == (
        "measures.1: no measure named 'irrr'; near: irr, ln_irr, irr_5y"
    )
    misspelt = stocked.post("/v1/jobs", json={"kind": "batch", "mesures": ["irr"]})
    assert misspelt.json()["detail"] == "mesures: there is no such field"
    assert stocked.post("/v1/jobs", json={}).json()["detail"] == "kind: this is needed"
    for word in ("2024", "soon", [2024]):
        undated = stocked.post("/v1/jobs", json={"kind": "batch", "as_of": word}).json()
        assert undated["detail"] == "as_of: a date such as 2024-12-31 is needed"
    assert stocked.post("/v1/jobs", json={**body, "measures": []}).status_code == 422


def test_events_tell_what_polling_tells(stocked):
    """Each fund, the progress and the end are events; a listener goes on where it was cut off."""
    path = stocked.post("/v1/jobs", json={"kind": "batch"}).headers["Location"]
    job = ended(stocked, path)
    events = told(stocked, path)
    assert [number for number, _, _ in events] == list(range(1, len(events) + 1))
    assert sum(event == "item" for _, event, _ in events) == 5
    assert {data["status"] for _, event, data in events if event == "item"} == {"ok"}
    assert [data for _, event, data in events if event == "progress"][-1] == job["progress"]
    number, event, data = events[-1]
    assert (event, data["funds"]) == ("done", 5)
    assert told(stocked, path, after=events[2][0]) == events[3:]
    assert told(stocked, path, after=number) == []
    assert stocked.get(f"{path}/events", headers={"Last-Event-ID": "x"}).status_code == 422


def test_import_may_be_left_to_a_job(client):
    """`Prefer: respond-async` answers 202 at once; the job's result is the import's answer."""
    headers = {"Prefer": "respond-async", "Idempotency-Key": "later-1"}
    files = {"file": ("later.csv", TEXT)}
    accepted = client.post("/v1/imports", files=files, headers=headers)
    assert accepted.status_code == 202
    assert accepted.headers["Preference-Applied"] == "respond-async"
    again = client.post("/v1/imports", files=files, headers=headers)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["Location"] == accepted.headers["Location"]
    job = ended(client, accepted.headers["Location"])
    assert job["state"] == "done"
    (fund,) = client.get("/v1/funds").json()["items"]
    assert job["result"]["datasets"][0]["id"] == fund["id"]
    assert client.get(f"/v1/imports/{job['result']['import']}").json()["actor"] == "local"


def test_job_that_cannot_be_done_says_why(client):
    """A file that cannot be read is a failed job with the code that the import would answer."""
    files = {"file": ("bad.csv", "date,amount\n2020-99-01,1\n")}
    accepted = client.post("/v1/imports", files=files, headers={"Prefer": "respond-async"})
    job = ended(client, accepted.headers["Location"])
    assert (job["state"], job["problem"]["code"]) == ("failed", "BAD_DATE")
    assert told(client, accepted.headers["Location"])[-1][1] == "failed"
    assert client.get(f"{accepted.headers['Location']}/result").json()["code"] == "JOB_NOT_DONE"
    assert client.get("/v1/funds").json()["items"] == []


def test_unknown_things_are_404(client):
    """A job, its events and a benchmark that do not exist."""
    for path in ("/v1/jobs/x", "/v1/jobs/x/events", "/v1/jobs/x/result"):
        assert client.get(path).status_code == 404
    assert client.delete("/v1/jobs/x").status_code == 404
    body = {"kind": "batch", "benchmark": "nope"}
    assert client.post("/v1/jobs", json=body).status_code == 404


def test_jobs_come_in_pages(client):
    """The list goes on at the header Link, the last one first."""
    made = [client.post("/v1/jobs", json={"kind": "batch"}).json()["id"] for _ in range(5)]
    path, seen = "/v1/jobs?limit=2", []
    while path:
        page = client.get(path)
        seen += [item["id"] for item in page.json()["items"]]
        path = page.headers.get("Link", "").partition("<")[2].partition(">")[0]
    assert sorted(seen) == sorted(made)


class TestQueue:
    """Who does which job, when, and what happens to those that are left lying."""

    @pytest.fixture
    def clock(self):
        return [1_000_000]

    @pytest.fixture
    def store(self, tmp_path, clock):
        with Store.open(tmp_path / "queue", clock=lambda: clock[0]) as store:
            yield store

    @staticmethod
    def submit(store, tenant):
        service = Jobs(store, Executors(), wake=lambda: None)
        return service._submit(tenant, "batch", {}, BY, None)[0].id

    @staticmethod
    def claim(store, clock):
        return store.write(lambda db: jobs.claim(db, clock[0], clock[0]))

    def test_tenants_take_turns(self, store, clock):
        """A tenant with many jobs does not keep another one waiting, and has four at most."""
        for tenant in ["alpha"] * 8 + ["beta"] * 2:
            clock[0] += 1
            self.submit(store, tenant)
        claimed = [self.claim(store, clock) for _ in range(8)]
        assert [row.tenant if row else None for row in claimed] == [
            *("alpha", "beta", "alpha", "beta", "alpha", "alpha", None, None)
        ]

    def test_job_of_a_dead_worker_is_taken_over(self, store, clock):
        """After half a minute of silence another worker has the job; the first cannot end it."""
        self.submit(store, "alpha")
        first = self.claim(store, clock)
        assert self.claim(store, clock) is None
        clock[0] += jobs.LEASE_MS
        second = self.claim(store, clock)
        assert (second.id, second.attempts) == (first.id, 2)
        with pytest.raises(JobLostError):
            store.write(lambda db: jobs.end(db, first, "done", {}, now=clock[0], tick=clock[0]))
        store.write(lambda db: jobs.end(db, second, "done", {}, now=clock[0], tick=clock[0]))

    def test_third_death_ends_a_job(self, store, clock):
        """A job that kills its worker is not tried for ever."""
        name = self.submit(store, "alpha")
        for _ in range(jobs.MOST_ATTEMPTS):
            assert self.claim(store, clock) is not None
            clock[0] += jobs.LEASE_MS
        assert self.claim(store, clock) is None
        row = store.read(lambda db: jobs.one(db, "alpha", name))
        assert (row.state, row.result["code"]) == ("failed", "JOB_ABANDONED")

    def test_cancelled_job_tells_and_ends_no_more(self, store, clock):
        """Cancelling is final for the worker that has the job; again it changes nothing."""
        name = self.submit(store, "alpha")
        row = self.claim(store, clock)
        service = Jobs(store, Executors(), wake=lambda: None)
        cancelled, was_open = zip(*(service._cancel("alpha", name) for _ in range(2)), strict=True)
        assert {each.state for each in cancelled} == {"cancelled"}
        assert was_open == (True, False)  # counted once
        with pytest.raises(JobLostError):
            store.write(lambda db: jobs.tell(db, row, {"done": 1}, now=clock[0], tick=clock[0]))
        (event,) = store.read(lambda db: jobs.events(db, "alpha", name, after=0, limit=9))
        assert (event.event, event.data["code"]) == ("failed", "JOB_CANCELLED")

    def test_queue_is_bounded(self, store):
        """A thousand open jobs are enough."""
        store.write(
            lambda db: [
                jobs.add(db, "alpha", str(n), kind="batch", params={}, now=1)
                for n in range(jobs.MOST_OPEN)
            ]
        )
        with pytest.raises(QueueFullError):
            self.submit(store, "beta")

    def test_old_jobs_go(self, store, clock):
        """What ended a week ago is forgotten, with all that it told."""
        name = self.submit(store, "alpha")
        row = self.claim(store, clock)
        store.write(lambda db: jobs.end(db, row, "done", {}, now=clock[0], tick=clock[0]))
        clock[0] += 8 * 24 * 3600 * 1000
        self.submit(store, "alpha")
        count = "SELECT (SELECT count(*) FROM job), (SELECT count(*) FROM job_event)"
        assert store.read(lambda db: db.execute(count).fetchone()) == (1, 0)
        assert name


def test_cancelled_import_is_not_committed(tmp_path):
    """Whichever comes first wins: a cancelled job commits nothing, a committed one stays."""
    with Store.open(tmp_path / "data") as store:
        files, service = Imports(store, Executors()), Jobs(store, Executors(), wake=lambda: None)

        def commit(job):
            return files.commit_now(
                "alpha",
                TEXT.encode(),
                filename="f.csv",
                options=ImportOptions(),
                by=BY,
                once=commit_once(job),
            )

        first = service._submit("alpha", "import", {}, BY, None)[0].id
        service._cancel("alpha", first)
        with pytest.raises(KeyReusedError):
            commit(first)
        assert store.datasets("alpha", "fund").items == ()
        second = service._submit("alpha", "import", {}, BY, None)[0].id
        assert not commit(second).already
        with pytest.raises(LateCancelError):
            service._cancel("alpha", second)
        assert commit(second).replayed


def test_key_of_a_user_is_not_that_of_a_job(tmp_path, client):
    """An `Idempotency-Key` that spells a job's own key leaves that job alone."""
    answer = client.post(
        "/v1/imports",
        files={"file": ("theirs.csv", TEXT)},
        headers={"Idempotency-Key": "job:abc"},
    )
    assert answer.status_code == 201
    with Store.open(tmp_path / "data") as store:
        committed = Imports(store, Executors()).commit_now(
            "default",
            TEXT.replace("-10", "-11").encode(),
            filename="ours.csv",
            options=ImportOptions(),
            by=BY,
            once=commit_once("abc"),
        )
    assert not committed.replayed


def test_job_whose_key_is_taken_fails(tmp_path):
    """It is not handed back, where the same would happen for ever; a cancelled one stays so."""

    def taken(task):
        raise KeyReusedError(task.row.id)

    with Store.open(tmp_path / "data") as store:
        runner, service = (
            Runner(store, {"batch": taken}, Executors()),
            Jobs(store, Executors(), wake=lambda: None),
        )
        for _ in range(2):
            service._submit("alpha", "batch", {}, BY, None)
        first, second = (
            store.write(lambda db: jobs.claim(db, store.now(), store.now())) for _ in range(2)
        )
        service._cancel("alpha", second.id)
        for row in (first, second):
            runner._attempt(row)
        ended = [
            store.read(lambda db, row=row: jobs.one(db, "alpha", row.id)) for row in (first, second)
        ]
        assert [(row.state, row.result["code"]) for row in ended] == [
            ("failed", "IDEMPOTENCY_CONFLICT"),
            ("cancelled", "JOB_CANCELLED"),
        ]


def endless(store, name):
    """A job that this test has claimed for ever, in the transaction that made it."""

    def work(db):
        jobs.add(db, "default", name, kind="batch", params={}, now=1)
        return jobs.claim(db, 2**60, 2**60)

    return store.write(work)


def test_head_of_a_stream_ends_at_once(tmp_path, client):
    """HEAD of the events of a job that goes on for ever has an end."""
    with Store.open(tmp_path / "data") as store:
        endless(store, "endless")
    assert client.get("/v1/jobs/endless").json()["state"] == "running"
    head = client.head("/v1/jobs/endless/events")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"].startswith("text/event-stream")


def test_listener_hears_a_job_as_it_happens(tmp_path):
    """Over the network events come while the job runs; cut off, they go on with the next one."""
    with Server(tmp_path / "data") as server, Store.open(tmp_path / "data") as store:
        row = endless(store, "slow")
        path = f"{server.url}/v1/jobs/slow/events"
        seen = []
        for step in range(3):
            progress = {"done": step, "total": 3, "unit": "funds", "message": "", "eta_s": None}
            headers = {"Last-Event-ID": str(seen[-1])} if seen else {}
            store.write(lambda db, p=progress: jobs.tell(db, row, p, now=2**60, tick=2**60))
            with httpx2.stream("GET", path, headers=headers, timeout=30) as events:
                line = next(line for line in events.iter_lines() if line.startswith("id:"))
            seen.append(int(line.removeprefix("id:")))
        assert seen == [1, 2, 3]
        assert httpx2.delete(path.removesuffix("/events")).json()["state"] == "cancelled"


def test_erase_ends_an_open_stream(tmp_path):
    """The listener of a job that is erased hears nothing more, and the log has no failure."""
    with Server(tmp_path / "data") as server, Store.open(tmp_path / "data") as store:
        row = endless(store, "gone")
        path = f"{server.url}/v1/jobs/gone/events"
        with httpx2.stream("GET", path, timeout=30) as events:
            lines = events.iter_lines()
            store.write(lambda db: jobs.tell(db, row, {"done": 1}, now=2**60, tick=2**60))
            assert any(line.startswith("data:") for line in lines)
            store.write(lambda db: add_tenant(db, "default", 1))
            store.erase("default")
            assert [line for line in lines if line.startswith("data:")] == []
        assert "request failed" not in server.output
