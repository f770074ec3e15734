"""A program whose clients ask what nobody has asked before, until its standard input ends.

Arguments: the port of the service, the path, how many clients, and the first of the numbers that
they ask for. It spares the processor, since it shares one with the program that times hits.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
from collections import Counter
from datetime import date, timedelta

from hit_client import ask

FIRST_DAY = date(2016, 1, 1)


async def client(port: int, path: str, numbers: itertools.count, ended: asyncio.Event) -> Counter:
    tiers: Counter[str] = Counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while not ended.is_set():
        day = FIRST_DAY + timedelta(days=next(numbers))
        tiers[await ask(reader, writer, f"{path}&as_of={day}")] += 1
    writer.close()
    return tiers


async def main(port: int, path: str, clients: int, first: int) -> None:
    numbers, ended = itertools.count(first), asyncio.Event()
    asking = [asyncio.create_task(client(port, path, numbers, ended)) for _ in range(clients)]
    print("asking", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    ended.set()
    found = sum(await asyncio.gather(*asking), Counter())
    print(json.dumps({"tiers": found, "next": next(numbers)}))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
