"""Recallable money from a file through the store to an answer."""

from __future__ import annotations

import pytest

TEXT = (
    "date,contribution,distribution,nav,recallable\n"
    "2021-01-01,100,,,\n2021-07-01,,30,,30\n2022-01-01,30,,,\n2023-01-01,,,140,\n"
)


def test_tags_of_a_file_reach_the_answer(client):
    """170/130 gross, 140/100 net of what was called again; another key, the same rates."""
    files = {"file": ("fund.csv", TEXT.encode())}
    fund = client.post("/v1/imports?commit=true", files=files).json()["datasets"][0]["id"]
    gross, net = (
        client.get("/v1/metrics/summary", params={"fund": fund, "recallable": each}).json()
        for each in ("gross", "net")
    )
    assert gross["metrics"]["tvpi"]["value"] == pytest.approx(170 / 130)
    assert net["metrics"]["tvpi"]["value"] == pytest.approx(1.4)
    assert net["metrics"]["irr"] == gross["metrics"]["irr"]
    flows = client.get(f"/v1/funds/{fund}/flows").json()
    assert flows["columns"][-1] == "recallable"
    assert [row for row in flows["rows"] if row[-1] is not None] == [
        ["2021-07-01", 0.0, 0.0, None, None, 30.0]
    ]
    again = client.post("/v1/imports?commit=true", files=files)
    assert (again.status_code, again.json()["already"]) == (200, True)
