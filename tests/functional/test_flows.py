"""The rows of a fund: pages of JSON, and all of them as CSV or Arrow."""

from __future__ import annotations

import csv
import io

import pyarrow as pa
import pytest

from pmecalc.api.lists import MAX_ITEMS_INLINE
from pmecalc.api.media import media_of

ROWS = 12_345
CSV, ARROW = "text/csv", "application/vnd.apache.arrow.stream"
ALL = (("application/json", CSV, ARROW),)


@pytest.fixture
def fund(client):
    return imported(client, ROWS)


def imported(client, rows):
    """A fund of rows that call and return in turn, and one NAV."""
    lines = ["date,contribution,distribution,nav"]
    lines += [f"20{n % 20:02}-01-{n % 28 + 1:02},{n % 2 * 10},{n % 7}," for n in range(1, rows)]
    lines.append("2021-12-31,0,0,5.5")
    files = {"file": (f"{rows}.csv", "\n".join(lines).encode())}
    return client.post("/v1/imports", files=files).json()["datasets"][0]["id"]


def pages(client, fund, limit):
    """The pages of a fund, by the address that each names in its header."""
    address = f"/v1/funds/{fund}/flows?limit={limit}"
    while address:
        answer = client.get(address)
        assert answer.status_code == 200
        yield answer.json()
        address = answer.links["next"]["url"] if "next" in answer.links else None


def test_rows_come_in_pages(client, fund):
    """No page is longer than its limit, and together they hold each row once, by date."""
    whole = [page["rows"] for page in pages(client, fund, 5000)]
    assert [len(rows) for rows in whole] == [5000, 5000, len(whole[-1])]
    rows = [row for each in whole for row in each]
    assert rows == [row for page in pages(client, fund, 777) for row in page["rows"]]
    assert rows == sorted(rows, key=lambda row: row[0])
    assert len({row[4] for row in rows}) == len(rows) >= 10_000
    assert rows[-1][3] == 5.5


def test_default_page_is_bounded(client, fund):
    """Whoever asks for nothing gets a thousand rows, and more than 5 000 are refused."""
    page = client.get(f"/v1/funds/{fund}/flows").json()
    assert (len(page["rows"]), page["next"] is None) == (1000, False)
    assert client.get(f"/v1/funds/{fund}/flows?limit=5001").status_code == 422


def test_bytes_of_a_page_do_not_grow_with_the_fund(client):
    """A fund of twice the rows gives a page of the same size."""
    sizes = []
    for rows in (3000, 6000):
        answer = client.get(f"/v1/funds/{imported(client, rows)}/flows?limit=500")
        sizes.append(len(answer.content))
    assert max(sizes) < 1.1 * min(sizes)


def test_cursor_of_another_revision_is_refused(client, fund):
    """Pages never mix two states of a fund."""
    after = client.get(f"/v1/funds/{fund}/flows").json()["next"]
    client.patch(f"/v1/funds/{fund}", json={"commitment": 77})
    for cursor in (after, "nonsense", client.get("/v1/funds").json()["next"] or "e30"):
        answer = client.get(f"/v1/funds/{fund}/flows", params={"after": cursor})
        assert (answer.status_code, answer.json()["code"]) == (400, "BAD_CURSOR")


def test_csv_holds_all_rows_in_pieces(client, fund):
    """CSV is streamed: no piece holds more than 5 000 rows, and the rows are those of the pages."""
    with client.stream("GET", f"/v1/funds/{fund}/flows", headers={"Accept": CSV}) as answer:
        pieces = list(answer.iter_raw())
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert "content-length" not in answer.headers
    columns, *rows = csv.reader(io.StringIO(b"".join(pieces).decode()))
    expected = [row for page in pages(client, fund, 5000) for row in page["rows"]]
    assert columns == ["date", "contribution", "distribution", "nav", "source_row", "recallable"]
    assert rows == [["" if cell is None else str(cell) for cell in row] for row in expected]


def test_arrow_holds_all_rows_in_batches(client, fund):
    """Arrow is streamed in batches of at most 5 000 rows."""
    answer = client.get(f"/v1/funds/{fund}/flows", headers={"Accept": ARROW})
    batches = list(pa.ipc.open_stream(answer.content))
    assert max(batch.num_rows for batch in batches) == 5000
    table = pa.Table.from_batches(batches)
    rows = [[str(row["date"]), *list(row.values())[1:]] for row in table.to_pylist()]
    assert rows == [row for page in pages(client, fund, 5000) for row in page["rows"]]


@pytest.mark.parametrize("kind", [CSV, ARROW])
def test_whole_tables_take_no_page(client, fund, kind):
    """A limit that nothing looks at is refused."""
    answer = client.get(f"/v1/funds/{fund}/flows?limit=5", headers={"Accept": kind})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("text/*", CSV),
        ("text/csv;q=0.5, application/json;q=0.4", CSV),
        ("text/html, application/json;q=0.9, */*;q=0.8", "application/json"),
        ("application/json;q=0, */*", CSV),
        (f"{ARROW} ; q=1.0", ARROW),
    ],
)
def test_accept_chooses_the_form(accept, kind):
    """The weight decides, then the order in which the forms are offered."""
    assert media_of(accept, *ALL) == kind


def test_other_forms_are_406(client, fund):
    """A form that there is not is refused with those that there are."""
    answer = client.get(f"/v1/funds/{fund}/flows", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.json()["code"]) == (406, "NOT_ACCEPTABLE")
    assert CSV in answer.json()["detail"]


def threads(client) -> int:
    """The threads of the JSON pool, which starts one when there is the first work for it."""
    return len(client.app.state.services.executors.json._threads._threads)


def test_pages_of_flows_are_encoded_off_the_event_loop(client, fund):
    """A page of rows is made in a thread."""
    assert threads(client) == 0
    client.get(f"/v1/funds/{fund}/flows")
    assert threads(client) == 1


@pytest.mark.parametrize(("limit", "started"), [(MAX_ITEMS_INLINE, 0), (MAX_ITEMS_INLINE + 1, 1)])
def test_long_lists_are_encoded_off_the_event_loop(client, limit, started):
    """A long page is made in a thread, and reads like two short ones."""
    rows = [f"{n},2020-01-01,100,0\n{n},2021-01-01,0,150" for n in range(MAX_ITEMS_INLINE + 9)]
    text = "\n".join(["fund,date,contribution,distribution", *rows])
    assert client.post("/v1/imports", files={"file": ("all.csv", text)}).status_code == 201
    long = client.get(f"/v1/funds?limit={limit}")
    assert threads(client) == started
    short = client.get("/v1/funds?limit=100").json()
    more = client.get("/v1/funds", params={"limit": limit - 100, "after": short["next"]}).json()
    assert long.json() == {"items": short["items"] + more["items"], "next": more["next"]}
    assert "next" in long.links
