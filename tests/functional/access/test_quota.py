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
