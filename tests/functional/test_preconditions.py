"""`If-Match`: a change applies to the version that was read, or to none (RFC 9110, 13.1.1)."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import httpx2
import pytest

from functional.access.conftest import bearer, key_settings, make_keys, opened
from server import Server

WRITERS = 8
ROUNDS = 3
FUND = {"file": ("alpha.csv", "date,amount\n2020-01-01,-1\n2021-01-01,2\n")}
INDEX = {"file": ("index.csv", "date,level\n2019-12-31,100\n2021-01-01,110\n")}


def imported(client, files):
    (made,) = client.post("/v1/imports", files=files).json()["datasets"]
    return f"/v1/{made['kind']}s/{made['id']}"


@pytest.fixture(params=[FUND, INDEX], ids=["fund", "benchmark"])
def address(request, client):
    return imported(client, request.param)


def patched(client, address, currency, condition=None):
    headers = {} if condition is None else {"If-Match": condition}
    return client.patch(address, json={"currency": currency}, headers=headers)


def failed(answer, etag):
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (412, "PRECONDITION_FAILED"), problem
    assert answer.headers["ETag"] == etag
    assert "was changed since" in problem["detail"]


def test_edit_of_the_version_that_was_read(client, address):
    """The first of two edits with one ETag is made, and its answer has the next ETag."""
    first = client.get(address).headers["ETag"]
    made = patched(client, address, "EUR", first)
    assert made.status_code == 200
    second = made.headers["ETag"]
    assert second != first
    assert client.get(address).headers["ETag"] == second
    failed(patched(client, address, "GBP", first), second)
    assert client.get(address).json()["currency"] == "EUR"
    assert patched(client, address, "GBP", second).json()["currency"] == "GBP"


def test_deletion_of_the_version_that_was_read(client, address):
    """What was changed since it was read is not deleted."""
    stale = client.get(address).headers["ETag"]
    etag = patched(client, address, "EUR").headers["ETag"]
    failed(client.delete(address, headers={"If-Match": stale}), etag)
    assert client.get(address).status_code == 200
    assert client.delete(address, headers={"If-Match": etag}).status_code == 204
    assert client.delete(address, headers={"If-Match": etag}).status_code == 404


def test_etag_moves_with_what_is_shown_and_with_nothing_else(client):
    """The default benchmark, an import and an undo give another ETag; a list does not."""
    fund, index = imported(client, FUND), imported(client, INDEX)
    seen = [client.get(fund).headers["ETag"]]
    client.get("/v1/funds")
    assert client.get(fund).headers["ETag"] == seen[0]
    client.patch(fund, json={"benchmark": index.rpartition("/")[2]})
    seen.append(client.get(fund).headers["ETag"])
    text = "date,amount\n2020-01-01,-1\n2021-01-01,3\n"
    made = client.post(
        f"/v1/imports?dataset={fund.rpartition('/')[2]}", files={"file": ("a.csv", text)}
    )
    seen.append(client.get(fund).headers["ETag"])
    client.post(f"/v1/imports/{made.json()['import']}/undo")
    seen.append(client.get(fund).headers["ETag"])
    assert len(set(seen)) == 4
    for etag in seen:
        status = 304 if etag == seen[-1] else 200
        assert client.get(fund, headers={"If-None-Match": etag}).status_code == status


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ("*", 200),
        (" * ", 200),
        ("{etag}", 200),
        ('"other", {etag}', 200),
        ('{etag},"other"', 200),
        ('W/"x", {etag}', 200),
        ('"with,comma",{etag}', 200),
        ("W/{etag}", 412),  # weak tags match nothing here
        ('W/{etag},"other"', 412),
        ('"other"', 412),
        ('""', 412),
        ("", 422),
        ("other", 422),
        ('*, "other"', 422),
        ('"other', 422),
        ("{bare}", 422),
    ],
)
def test_forms_of_the_header(client, address, condition, status):
    """Lists, weak tags and `*` as RFC 9110 has them; what is none of these is malformed."""
    etag = client.get(address).headers["ETag"]
    given = condition.replace("{etag}", etag).replace("{bare}", etag.strip('"'))
    answer = patched(client, address, "EUR", given)
    assert answer.status_code == status, answer.text
    assert client.get(address).json()["currency"] == ("EUR" if status == 200 else None)
    if status == 422:
        assert answer.json()["errors"][0]["column"] == "If-Match"


def test_lines_of_the_header_are_one_list(client, address):
    """The version may stand in any line."""
    etag = client.get(address).headers["ETag"]
    lines = [("If-Match", '"other"'), ("If-Match", etag)]
    assert client.patch(address, json={"currency": "EUR"}, headers=lines).status_code == 200


def test_unknown_stays_unknown(client):
    """What is not there is 404 with any condition, as without one."""
    for condition in ("*", '"other"'):
        for kind in ("funds", "benchmarks", "jobs"):
            answer = client.delete(f"/v1/{kind}/none", headers={"If-Match": condition})
            assert answer.status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/imports"),
        ("POST", "/v1/imports/x/undo"),
        ("POST", "/v1/jobs"),
        ("POST", "/v1/evaluate"),
        ("DELETE", "/v1/session"),
    ],
)
def test_condition_that_nothing_looks_at_is_refused(client, method, path):
    """An operation that has no version to compare with says so, and does nothing."""
    sent = {"files": FUND} if path == "/v1/imports" else {}
    answer = client.request(method, path, headers={"If-Match": '"x"'}, **sent)
    assert (answer.status_code, answer.json()["code"]) == (400, "CONDITION_UNSUPPORTED")
    assert client.get("/v1/funds").json()["items"] == []


def test_job_and_key_have_versions(tmp_path):
    """A job is cancelled and a key revoked in the state that was looked at."""
    folder = tmp_path / "data"
    admin = bearer(make_keys(folder)["alpha", "admin"])
    with opened(key_settings(folder)) as client:
        client.headers.update(admin)
        asked = {"name": "n", "role": "viewer"}
        key = f"/v1/keys/{client.post('/v1/keys', json=asked).json()['id']}"
        etag = client.get(key).headers["ETag"]
        failed(client.delete(key, headers={"If-Match": '"x"'}), etag)
        assert client.get(key).json()["revoked"] is None
        assert client.delete(key, headers={"If-Match": etag}).status_code == 204
        ended = client.get(key).headers["ETag"]
        failed(client.delete(key, headers={"If-Match": etag}), ended)

        job = client.post("/v1/jobs", json={"kind": "batch"}).headers["Location"]
        with client.stream("GET", f"{job}/events") as events:
            assert "event: done" in list(events.iter_lines())
        etag = client.get(job).headers["ETag"]
        failed(client.delete(job, headers={"If-Match": '"queued"'}), etag)
        assert client.delete(job, headers={"If-Match": etag}).headers["ETag"] == etag


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("versions") / "data", "--workers", "2") as server:
        yield server


def at_once(work):
    """The results of many threads that begin together."""
    barrier = Barrier(WRITERS)

    def begun(number):
        barrier.wait()
        return work(number)

    with ThreadPoolExecutor(WRITERS) as pool:
        return list(pool.map(begun, range(WRITERS)))


@pytest.mark.parametrize("field", ["vintage", "benchmark"])
def test_one_of_many_writers_wins(two_workers, field):
    """Of edits that come together with one ETag exactly one is made, in each round."""
    with httpx2.Client(base_url=two_workers.url, timeout=60) as client:
        address = imported(client, {"file": (f"{field}.csv", FUND["file"][1])})
        index = imported(client, INDEX).rpartition("/")[2]
        for n in range(ROUNDS):
            etag = client.get(address).headers["ETag"]
            benchmark = index if n % 2 == 0 else None

            def write(number, etag=etag, benchmark=benchmark, n=n):
                value = 1950 + 10 * n + number if field == "vintage" else benchmark
                with httpx2.Client(base_url=two_workers.url, timeout=60) as own:
                    changed = own.patch(address, json={field: value}, headers={"If-Match": etag})
                    return changed.status_code, value

            answers = at_once(write)
            assert sorted(status for status, _ in answers) == [200] + [412] * (WRITERS - 1)
            (won,) = (value for status, value in answers if status == 200)
            assert client.get(address).json()[field] == won


def test_no_update_is_lost(two_workers):
    """Writers that read, add 1 and repeat on 412 count right, over two workers."""
    with httpx2.Client(base_url=two_workers.url, timeout=60) as client:
        address = imported(client, {"file": ("count.csv", FUND["file"][1])})
        client.patch(address, json={"commitment": 1}).raise_for_status()

        def count(_number):
            refused = 0
            with httpx2.Client(base_url=two_workers.url, timeout=60) as own:
                for _ in range(ROUNDS):
                    status = 412
                    while status == 412:
                        found = own.get(address)
                        body = json.dumps({"commitment": found.json()["commitment"] + 1})
                        answer = own.patch(
                            address,
                            content=body,
                            headers={
                                "If-Match": found.headers["ETag"],
                                "Content-Type": "application/json",
                            },
                        )
                        status = answer.status_code
                        refused += status == 412
                    assert status == 200, answer.text
            return refused

        refused = at_once(count)
        found = client.get(address).json()
    assert found["commitment"] == 1 + WRITERS * ROUNDS
    assert found["sequence"] == 2 + WRITERS * ROUNDS
    print(f"{sum(refused)} edits were refused and repeated")
