"""What the connection limits cost: a constant reply of 20 KB, with uvicorn's protocol and ours.

One server at a time is asked, in many short rounds that alternate, so that whatever else
the machine does hits both alike; of each the best round counts. Server on one core, wrk on another.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from functools import partial

import uvicorn

from pmecalc.api.doorkeeper import ConnectionLimits, Doorkeeper
from pmecalc.api.protocol import LimitedProtocol

ROUNDS = 20
BODY = b"x" * 20_000
HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(BODY))]
LIMITS = ConnectionLimits(exempt=("127.0.0.1",))
TICKS = os.sysconf("SC_CLK_TCK")


async def constant(_scope, _receive, send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": BODY})


def serve(listener: socket.socket, limited: bool) -> None:  # noqa: FBT001  (of a process)
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    limits = partial(LimitedProtocol, doorkeeper=Doorkeeper(LIMITS))
    config = uvicorn.Config(
        constant,
        http=limits if limited else "httptools",
        ws="none",
        lifespan="off",
        access_log=False,
    )
    uvicorn.Server(config).run(sockets=[listener])


def measured(port: int, pid: int) -> tuple[float, float]:
    """Requests a second, and microseconds of the server's CPU a request."""
    before, began = cpu(pid), time.perf_counter()
    command = ["wrk", "-t1", "-c50", "-d1s", f"http://127.0.0.1:{port}/"]
    if len(cores := sorted(os.sched_getaffinity(0))) > 1:
        command = ["taskset", "-c", str(cores[1]), *command]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "Non-2xx" not in output
    assert "Socket errors" not in output
    requests = int(re.search(r"(\d+) requests in", output).group(1))
    return requests / (time.perf_counter() - began), (cpu(pid) - before) / requests * 1e6


def cpu(pid: int) -> float:
    with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def main() -> int:
    if shutil.which("wrk") is None:
        print("wrk is not on this machine")
        return 1
    spawn = multiprocessing.get_context("spawn")
    servers = {}
    for limited in (False, True):
        listener = socket.create_server(("127.0.0.1", 0))
        process = spawn.Process(target=serve, args=(listener, limited), daemon=True)
        process.start()
        servers[limited] = (listener.getsockname()[1], process)
        listener.close()
    time.sleep(5)
    rounds = {False: [], True: []}
    try:
        for _ in range(ROUNDS):
            for limited, (port, process) in servers.items():
                rounds[limited].append(measured(port, process.pid))
    finally:
        for _, process in servers.values():
            process.terminate()
    best = {key: (max(r for r, _ in each), min(c for _, c in each)) for key, each in rounds.items()}
    for limited, name in ((False, "uvicorn"), (True, "with limits")):
        print(
            f"{name:12} {best[limited][0]:8.0f} requests/s  {best[limited][1]:6.2f} us of CPU each"
        )
    print(f"ratio of requests/s {best[True][0] / best[False][0]:.3f}")
    print(f"ratio of CPU a request {best[True][1] / best[False][1]:.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
