"""What the connection limits cost: a constant reply of 20 KB, by uvicorn's protocol and by ours.

First without sockets, in one process, where only Python counts; then over loopback by wrk, with the
server on one core and wrk on another. Both alternate in many short rounds, so that whatever else
the machine does hits both alike, and of each the best round counts.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import re
import shutil
import socket
import subprocess
import time
from functools import partial
from pathlib import Path

import uvicorn
import uvloop
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from pmecalc.api.doorkeeper import ConnectionLimits, Doorkeeper
from pmecalc.api.protocol import LimitedProtocol

ROUNDS, REQUESTS = 400, 100
WRK_ROUNDS = 20
BODY = b"x" * 20_000
HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(BODY))]
REQUEST = (
    b"GET /v1/metrics/irr_pme?fund=abc&benchmark=def HTTP/1.1\r\nHost: 127.0.0.1:8000\r\n"
    b"Accept: */*\r\nAccept-Encoding: gzip, br\r\nUser-Agent: bench\r\n\r\n"
)
LIMITS = ConnectionLimits(exempt=("127.0.0.1",))
TICKS = os.sysconf("SC_CLK_TCK")
NAMES = {False: "uvicorn", True: "with limits"}


async def constant(_scope, _receive, send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})


def protocol(limited: bool):  # noqa: FBT001  (the one thing that differs)
    return partial(LimitedProtocol, doorkeeper=Doorkeeper(LIMITS)) if limited else HttpToolsProtocol


def configured(limited: bool) -> uvicorn.Config:  # noqa: FBT001
    return uvicorn.Config(
        constant,
        http=protocol(limited),
        ws="none",
        lifespan="off",
        access_log=False,
        log_level="warning",
    )


class Nowhere:
    """A transport that sends nothing."""

    def get_extra_info(self, name, _default=None):
        return ("127.0.0.1", 1) if name in {"peername", "sockname"} else None

    def is_closing(self) -> bool:
        return False

    def nothing(self, *_: object) -> None:
        pass

    write = close = pause_reading = resume_reading = nothing


async def without_sockets() -> dict[bool, float]:
    """Microseconds a request."""
    loop = asyncio.get_running_loop()
    connections, best = {}, {False: float("inf"), True: float("inf")}
    for limited in best:
        config = configured(limited)
        config.load()
        connections[limited] = config.http_protocol_class(config, ServerState(), {}, loop)
        connections[limited].connection_made(Nowhere())
    for _ in range(ROUNDS):
        for limited, connection in connections.items():
            began = time.perf_counter()
            for _ in range(REQUESTS):
                connection.data_received(REQUEST)
                await asyncio.sleep(0)
            spent = (time.perf_counter() - began) / REQUESTS * 1e6
            best[limited] = min(best[limited], spent)
    assert all(connection.cycle.response_complete for connection in connections.values())
    return best


def serve(listener: socket.socket, limited: bool) -> None:  # noqa: FBT001
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    uvicorn.Server(configured(limited)).run(sockets=[listener])


def over_loopback() -> dict[bool, tuple[float, float]]:
    """Requests a second, and microseconds of the server's CPU a request."""
    spawn = multiprocessing.get_context("spawn")
    servers = {}
    for limited in NAMES:
        listener = socket.create_server(("127.0.0.1", 0))
        process = spawn.Process(target=serve, args=(listener, limited), daemon=True)
        process.start()
        servers[limited] = (listener.getsockname()[1], process)
        listener.close()
    try:
        rounds = [
            (limited, *measured(port, process.pid))
            for _ in range(WRK_ROUNDS)
            for limited, (port, process) in servers.items()
        ]
    finally:
        for _, process in servers.values():
            process.terminate()
    return {
        limited: (
            max(rate for which, rate, _ in rounds if which is limited),
            min(cpu for which, _, cpu in rounds if which is limited),
        )
        for limited in NAMES
    }


def measured(port: int, pid: int) -> tuple[float, float]:
    wait_for(port)
    before, began = cpu_seconds(pid), time.perf_counter()
    command = ["wrk", "-t1", "-c50", "-d1s", f"http://127.0.0.1:{port}/"]
    if len(cores := sorted(os.sched_getaffinity(0))) > 1:
        command = ["taskset", "-c", str(cores[1]), *command]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "Non-2xx" not in output
    assert "Socket errors" not in output
    requests = int(re.search(r"(\d+) requests in", output).group(1))
    seconds = time.perf_counter() - began
    return requests / seconds, (cpu_seconds(pid) - before) / requests * 1e6


def wait_for(port: int) -> None:
    """Until one request was answered."""
    with socket.create_connection(("127.0.0.1", port), 60) as connection:
        connection.sendall(REQUEST)
        assert connection.recv(20).startswith(b"HTTP/1.1 200")


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def main() -> None:
    spent = uvloop.run(without_sockets())
    for limited, name in NAMES.items():
        print(f"{name:12} {spent[limited]:6.2f} us a request without sockets")
    print(f"{'ratio':12} {spent[False] / spent[True]:6.3f} of uvicorn's speed")
    if shutil.which("wrk") is None:
        print("no wrk on this machine")
        return
    rates = over_loopback()
    for limited, name in NAMES.items():
        rate, cpu = rates[limited]
        print(f"{name:12} {rate:8.0f} requests/s, {cpu:6.2f} us of CPU each")
    print(f"{'ratio':12} {rates[True][0] / rates[False][0]:.3f} of uvicorn's requests/s")
    print(f"{'ratio':12} {rates[False][1] / rates[True][1]:.3f} of uvicorn's speed by CPU")


if __name__ == "__main__":
    main()
