"""Requests sent twice, imports looked at and taken back (UX 6)."""

from __future__ import annotations

import pytest

TEXT = "date,amount,nav\n2020-01-01,-10,\n2021-01-01,2,9\n"
OTHER = "date,amount,nav\n2020-01-01,-10,\n2021-01-01,2,11\n"


def send(client, text=TEXT, key=None, name="fund.csv", **query):
    headers = {"Idempotency-Key": key} if key else {}
    return client.post("/v1/imports", params=query, files={"file": (name, text)}, headers=headers)


def test_same_key_and_request_get_the_stored_answer(client):
    """A request that is sent again is carried out once, even after the world moved on."""
    first = send(client, key="abc-1")
    fund = first.json()["datasets"][0]["id"]
    assert send(client, OTHER, dataset=fund).status_code == 201
    again = send(client, key="abc-1")
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first.headers
    assert client.get(f"/v1/funds/{fund}").json()["sequence"] == 2


@pytest.mark.parametrize("change", [{"text": OTHER}, {"name": "other.csv"}, {"vintage": "2020"}])
def test_same_key_for_another_request_is_409(client, change):
    """Another file, name or option under a used key is refused; nothing is stored."""
    send(client, key="abc-2")
    answer = send(client, **({"key": "abc-2"} | change))
    assert (answer.status_code, answer.json()["code"]) == (409, "IDEMPOTENCY_CONFLICT")
    assert len(client.get("/v1/imports").json()["items"]) == 1


@pytest.mark.parametrize("first", [{}, {"Prefer": "respond-async"}], ids=["import", "job"])
def test_same_key_for_another_kind_of_answer_is_409(client, first):
    """Whether a job imports a file belongs to the request; asked as before it is answered."""
    kinds = [{}, {"Prefer": "respond-async"}]
    kinds.remove(first)
    files = {"file": ("fund.csv", TEXT)}

    def post(headers):
        key = {"Idempotency-Key": "abc-3"}
        return client.post("/v1/imports", files=files, headers=key | headers)

    asked = post(first)
    other = post(kinds[0])
    assert (other.status_code, other.json()["code"]) == (409, "IDEMPOTENCY_CONFLICT")
    again = post(first)
    assert again.status_code == asked.status_code
    assert again.headers["Idempotency-Replayed"] == "true"


def test_keys_of_strange_form_are_malformed(client):
    """A key has 1 to 255 visible letters."""
    assert send(client, key="k" * 255).status_code == 201
    assert send(client, key="k" * 256).status_code == 422
    assert send(client, key="with space").status_code == 422


def test_new_api_key_is_made_once(client):
    """A replay names the same API key, without the secret that nobody keeps."""
    body, headers = {"name": "robot", "role": "viewer"}, {"Idempotency-Key": "make-1"}
    first = client.post("/v1/keys", json=body, headers=headers)
    again = client.post("/v1/keys", json=body, headers=headers)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json() == first.json() | {"key": None}
    assert len(client.get("/v1/keys").json()["items"]) == 1
    other = client.post("/v1/keys", json=body | {"name": "x"}, headers=headers)
    assert other.status_code == 409


def test_import_is_a_resource_and_can_be_undone(client):
    """An import says what it changed; undone, its funds are what they were before."""
    first = send(client).json()
    fund = first["datasets"][0]["id"]
    second = send(client, OTHER, dataset=fund).json()
    rows = client.get("/v1/imports").json()["items"]
    assert [row["id"] for row in rows] == [second["import"], first["import"]]
    assert rows[0] == client.get(f"/v1/imports/{second['import']}").json()
    assert (rows[0]["state"], rows[0]["actor"], rows[0]["datasets"]) == ("committed", "local", 1)
    done = client.post(f"/v1/imports/{second['import']}/undo")
    assert done.json() == {"import": second["import"], "restored": 1, "removed": 0}
    shown = client.get(f"/v1/funds/{fund}").json()
    assert (shown["revision"], shown["sequence"]) == (first["datasets"][0]["revision"], 3)
    assert client.get(f"/v1/imports/{second['import']}").json()["state"] == "undone"
    again = client.post(f"/v1/imports/{second['import']}/undo")
    assert (again.status_code, again.json()["code"]) == (409, "UNDO_REFUSED")
    assert client.post("/v1/imports/unknown/undo").status_code == 404


def test_lists_go_on_at_the_link(client):
    """Imports, funds and benchmarks come in pages that the header Link leads through."""
    for number in range(5):
        send(client, TEXT.replace("-10", f"-{number + 1}"), name=f"fund {number}.csv")
    for name in ("imports", "funds"):
        path, seen = f"/v1/{name}?limit=2", []
        while path:
            page = client.get(path)
            seen += [item["id"] for item in page.json()["items"]]
            path = page.headers.get("Link", "").partition("<")[2].partition(">")[0]
        assert len(seen) == len(set(seen)) == 5
