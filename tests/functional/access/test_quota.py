"""What a tenant may store (SECURITY 4)."""

from __future__ import annotations

import pytest

from functional.access.conftest import bearer, key_settings, opened

TEXT = "date,amount,nav\n2020-01-01,-10,\n2021-01-01,2,9\n"


@pytest.mark.parametrize(
    ("quota", "number"),
    [
        ({"quota_funds": 2}, "3 funds; 2"),
        ({"quota_rows": 8}, "9 flows"),
        ({"quota_bytes": 5000}, "bytes; 5,000"),
    ],
)
def test_import_over_the_quota_is_413_with_the_number(folder, keys, quota, number):
    """The third fund is refused with the figure, changes nothing, and another tenant goes on."""
    alpha, beta = bearer(keys["alpha", "analyst"]), bearer(keys["beta", "analyst"])

    def send(name, headers, **query):
        files = {"file": (f"{name}.csv", TEXT.replace("-10", f"-{len(name)}"))}
        return client.post("/v1/imports", files=files, headers=headers, params=query)

    with opened(key_settings(folder, **quota)) as client:
        answers = [send("f" * count, alpha) for count in range(1, 6)]
        stored = [answer for answer in answers if answer.status_code == 201]
        refused = answers[len(stored) :]
        assert 1 <= len(stored) <= 3
        assert {answer.status_code for answer in refused} == {413}
        assert refused[0].json()["code"] == "QUOTA_EXCEEDED"
        assert number in refused[0].json()["detail"]
        assert len(client.get("/v1/funds", headers=alpha).json()["items"]) == len(stored)
        assert send("own", beta).status_code == 201


TWO = """fund,date,contribution,distribution,nav
A,2015-01-01,100,0,
A,2018-01-01,0,80,5
B,2015-01-01,100,0,
B,2018-01-01,0,80,5
"""


def test_what_adds_nothing_is_taken_at_the_quota(folder, keys):
    """With every fund and row used up, the same file and new figures of known funds still go in."""
    alpha = bearer(keys["alpha", "analyst"])

    def send(text, **query):
        files = {"file": ("two.csv", text)}
        return client.post("/v1/imports", files=files, headers=alpha, params=query)

    with opened(key_settings(folder, quota_funds=2, quota_rows=6)) as client:
        first = send(TWO)
        ids = [each["id"] for each in first.json()["datasets"]]
        assert first.status_code == 201
        assert send(TWO).status_code == 200
        one = TWO[: TWO.index("B,")].replace("80,5", "80,6")
        assert send(one, dataset=ids[0]).status_code == 201
        longer = one + "A,2019-01-01,0,1,7\n"
        assert send(longer, dataset=ids[0]).json()["code"] == "QUOTA_EXCEEDED"
        assert send(one.replace("A,", "C,")).json()["code"] == "QUOTA_EXCEEDED"


def test_file_for_a_job_counts_its_bytes(folder, keys):
    """A file beyond the bytes is refused before it is put aside, and none of it is kept."""
    alpha = bearer(keys["alpha", "analyst"]) | {"Prefer": "respond-async"}
    files = {"file": ("f.csv", TEXT + "\n" * 1024)}
    with opened(key_settings(folder, quota_bytes=1024)) as client:
        answer = client.post("/v1/imports", files=files, headers=alpha)
        assert (answer.status_code, answer.json()["code"]) == (413, "QUOTA_EXCEEDED")
        assert client.get("/v1/jobs", headers=alpha).json()["items"] == []
    assert [path for path in (folder / "raw").rglob("*") if path.is_file()] == []
