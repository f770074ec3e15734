"""Nothing that a user sends is in the log of a real service (T-13)."""

from __future__ import annotations

import json
import socket

import httpx2

from server import Server

NAME, AMOUNT, LEVEL, QUERY, HEADER = (
    "Planted-Fund-Zx81",
    "7654321.5",
    "9182736.5",
    "planted-query-zx81",
    "planted-header-zx81",
)
FUND = f"date,contribution,distribution,nav\n2020-01-31,{AMOUNT},0,{AMOUNT}\n2021-01-31,0,1,5\n"
INDEX = f"date,level\n2020-01-31,{LEVEL}\n2021-01-31,{LEVEL}\n"
BAD = f"date,amount\n2020-01-31,{QUERY}\n{NAME},1\n"


def test_planted_markers_are_not_in_the_log(tmp_path):
    """Uploads, good and bad questions, forged headers and broken requests: lines hold none."""
    environment = {"PME_SLOW_REQUEST_S": "0.000001"}  # so that every request leaves a line
    with Server(tmp_path / "data", environment=environment) as server:
        statuses = list(provoke(server))
        output = server.output
    assert statuses.count(500) == 0
    assert {200, 201, 400, 403, 404} <= set(statuses)
    for marker in (NAME, AMOUNT, LEVEL, QUERY, HEADER):
        assert marker not in output
    requests = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    logged = [line for line in requests if line["event"] == "request was slow"]
    assert len(logged) >= 5
    assert "/v1/metrics/{chart}" in {line["route"] for line in logged}
    assert {line["tenant"] for line in logged} <= {"default"}


def provoke(server):
    with httpx2.Client(base_url=server.url, timeout=60) as client:
        for name, content in ((NAME, FUND), (f"index-{NAME}", INDEX), ("bad", BAD)):
            answer = client.post(
                "/v1/imports?commit=true", files={"file": (f"{name}.csv", content)}
            )
            yield answer.status_code
        fund = client.get("/v1/funds").json()["items"][0]["id"]
        for path in (
            f"/v1/metrics/irr_pme?fund={fund}&max_staleness_days=none",
            f"/v1/metrics/irr_pme?fund={QUERY}",
            f"/v1/metrics/irr_pme?fund={fund}&{QUERY}={QUERY}",
            f"/v1/metrics/irr_pme?fund={fund}&as_of={QUERY}",
            f"/{QUERY}%0d%0aFAKE",
        ):
            yield client.get(path, headers={"X-Marker": HEADER}).status_code
        foreign = {"Origin": f"http://{HEADER}", "User-Agent": HEADER, "Cookie": HEADER}
        yield client.delete(f"/v1/funds/{fund}", headers=foreign).status_code
        body = {"fund": {"flows": [[NAME, AMOUNT]]}}
        yield client.post("/v1/evaluate", json=body).status_code
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(f"GET /{QUERY} {HEADER}\r\n\r\n".encode())
        connection.recv(65536)
