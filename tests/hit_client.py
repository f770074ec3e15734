"""A program that asks one address over and over, from connections of its own, and times it."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter

PAUSE_SECONDS = 0.002


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str) -> str:
    """One request; where its answer came from."""
    writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    lines = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
    await reader.readexactly(int(lines["content-length"]))
    return lines.get("x-cache", "none") if " 200 " in head.split("\r\n", 1)[0] else "failed"


async def user(port: int, path: str, ends: float, times: list[float], tiers: Counter[str]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while time.monotonic() < ends:
        started = time.perf_counter()
        tiers[await ask(reader, writer, path)] += 1
        times.append((time.perf_counter() - started) * 1000)
        await asyncio.sleep(PAUSE_SECONDS)
    writer.close()


async def main(port: int, path: str, seconds: float, users: int) -> None:
    times: list[float] = []
    tiers: Counter[str] = Counter()
    ends = time.monotonic() + seconds
    await asyncio.gather(*(user(port, path, ends, times, tiers) for _ in range(users)))
    times.sort()
    places = {"p50": 0.5, "p99": 0.99, "max": 1.0}
    print(
        json.dumps(
            {
                "tiers": tiers,
                **{name: times[int(share * (len(times) - 1))] for name, share in places.items()},
            }
        )
    )


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], float(sys.argv[3]), int(sys.argv[4])))
