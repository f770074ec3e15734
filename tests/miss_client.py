"""A program whose clients ask what nobody has asked before, until its standard input ends.

Arguments: the service, the path, how many clients, and the first of the numbers they ask for.
"""

from __future__ import annotations

import itertools
import json
import sys
import threading
from collections import Counter
from datetime import date, timedelta

import httpx2

FIRST_DAY = date(2016, 1, 1)


def ask(url: str, path: str, numbers: itertools.count, ended: threading.Event) -> Counter[str]:
    tiers: Counter[str] = Counter()
    with httpx2.Client(base_url=url, timeout=30) as client:
        while not ended.is_set():
            answer = client.get(f"{path}&as_of={FIRST_DAY + timedelta(days=next(numbers))}")
            tiers[answer.headers["x-cache"] if answer.status_code == 200 else "failed"] += 1
    return tiers


def main(url: str, path: str, clients: int, first: int) -> None:
    numbers, ended = itertools.count(first), threading.Event()
    found: list[Counter[str]] = []

    def run() -> None:
        found.append(ask(url, path, numbers, ended))

    threads = [threading.Thread(target=run) for _ in range(clients)]
    for thread in threads:
        thread.start()
    print("asking", flush=True)
    sys.stdin.read()
    ended.set()
    for thread in threads:
        thread.join()
    print(json.dumps({"tiers": sum(found, Counter()), "next": next(numbers)}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
