"""Problems are listed up to fifty and counted, whatever the request has of them."""

from __future__ import annotations

import json

import pytest

from pmecalc.api.errors import MAX_PROBLEMS

JSON = {"Content-Type": "application/json"}


def unknown_names(count):
    return json.dumps({f"name {n}": 1 for n in range(count)})


@pytest.mark.parametrize("count", [60, 1_000, 40_000])
def test_unknown_names_are_counted(client, count):
    """Small and large bodies alike name fifty of the wrong fields, and say how many there are."""
    answer = client.post("/v1/evaluate", content=unknown_names(count), headers=JSON)
    problem = answer.json()
    assert answer.status_code == 422
    assert (len(problem["errors"]), problem["total"]) == (
        MAX_PROBLEMS,
        count + 1,
    )  # `fund` is not there


@pytest.mark.parametrize(
    "body", [unknown_names, lambda count: json.dumps({"fund": {}, "a" * count * 10: 1})]
)
def test_answer_does_not_grow_with_the_problems(client, body):
    """Sixteen times the body is the same answer."""
    sizes = [
        len(client.post("/v1/evaluate", content=body(count), headers=JSON).content)
        for count in (2_500, 40_000)
    ]
    assert max(sizes) < 1.1 * min(sizes)


def test_problems_of_a_file_are_counted(client):
    """A file with problems of several kinds names fifty by row, and counts all."""
    text = "date,contribution,distribution\n" + "2020-01-01,x,\n" * 100 + "x,1,0\n" * 100
    problem = client.post("/v1/imports", files={"file": ("a.csv", text)}).json()
    assert (len(problem["errors"]), problem["total"]) == (MAX_PROBLEMS, 200)
    assert [row["row"] for row in problem["errors"]] == list(range(2, 2 + MAX_PROBLEMS))


def test_single_problem_counts_as_one(client):
    """The count is there where nothing is left out."""
    text = "date,contribution,distribution\n2020-01-01,x,\n"
    problem = client.post("/v1/imports", files={"file": ("a.csv", text)}).json()
    assert (len(problem["errors"]), problem["total"]) == (1, 1)
    assert client.get("/v1/funds/x").json()["total"] == 0
