"""Names of uploaded files are text to show: a base name without anything invisible."""

from __future__ import annotations

import time

import pytest

TEXT = b"date,amount\n2020-01-01,-1\n2021-01-01,2\n"
NAMES = [
    ("../../etc/passwd", "passwd"),
    ("..\\..\\boot.ini", "boot.ini"),
    ("/", "unnamed"),
    ("a/..", "unnamed"),
    ("\u202egpj.csv", "gpj.csv"),
    ("a\u2066b\u200f\u061c\x85.csv", "ab.csv"),
    ("a" * 500 + ".csv", "a" * 120),
    ("dir/" + "b" * 121, "b" * 120),
    ("Cafe\u0301.csv", "Caf\u00e9.csv"),
]


def posted(client, name, **headers):
    """The answer to an upload whose name goes over the wire as it is, as no library sends it."""
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="'
    body = head + name.encode() + b'"\r\n\r\n' + TEXT + b"\r\n--b--\r\n"
    kind = {"Content-Type": "multipart/form-data; boundary=b"}
    return client.post("/v1/imports?name=A", content=body, headers=kind | headers)


@pytest.mark.parametrize(("name", "shown"), NAMES)
def test_name_is_cleaned_where_it_is_kept(client, name, shown):
    """What is kept and listed of a name has no path, no control character and an end."""
    made = posted(client, name)
    assert made.status_code == 201
    record = client.get(f"/v1/imports/{made.json()['import']}").json()
    assert record["raw_name"] == shown
    assert client.get("/v1/imports").json()["items"][0]["raw_name"] == shown


def test_name_is_cleaned_on_its_way_through_a_job(client):
    """A job keeps the clean name too."""
    job = posted(client, "../\u202e" + "c" * 300, Prefer="respond-async")
    assert job.status_code == 202
    while client.get(job.headers["Location"]).json()["state"] in {"queued", "running"}:
        time.sleep(0.05)
    assert client.get("/v1/imports").json()["items"][0]["raw_name"] == "c" * 120


def test_name_kept_by_an_older_version_is_shown_clean(client):
    """Rows that were written before names were cleaned are cleaned when they are read."""
    made = posted(client, "a.csv").json()["import"]
    store = client.app.state.services.imports._store
    store.write(lambda db: db.execute("UPDATE import SET raw_name = '/x/\u202eb.csv'"))
    assert client.get(f"/v1/imports/{made}").json()["raw_name"] == "b.csv"
    assert client.get("/v1/imports").json()["items"][0]["raw_name"] == "b.csv"
