"""How long the store takes: commits, undo, reads, pointers (STORAGE S-10 to S-12).

Run with `make bench-storage`. Wall and processor time, the best of several runs: on a machine that
does other things as well, the processor time tells more.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import numpy as np

from pmecalc.core.fund import Fund, frozen
from pmecalc.store import NewDataset, Store

TENANT = "bench"
RUNS = 3


def fund(rows: int, seed: int) -> Fund:
    random = np.random.default_rng(seed)
    return Fund(
        days=frozen(np.sort(random.integers(10_000, 20_000, rows))),
        contributions=frozen(random.random(rows)),
        distributions=frozen(random.random(rows)),
        rows=frozen(np.arange(1, rows + 1)),
        nav_days=frozen(np.zeros(0, np.int64)),
        navs=frozen(np.zeros(0)),
        nav_estimated=frozen(np.zeros(0, np.bool_)),
    )


def funds(count: int, rows: int, seed: int, ids: dict[str, str] | None = None) -> list[NewDataset]:
    return [
        NewDataset(
            kind="fund",
            name=f"Fund {n:06}",
            value=fund(rows, seed * count + n),
            dataset=(ids or {}).get(f"Fund {n:06}"),
        )
        for n in range(count)
    ]


class Watch:
    """The best wall and processor time of what is done inside it."""

    def __init__(self, name: str, scale: float = 1e3, unit: str = "ms") -> None:
        self.name, self.scale, self.unit = name, scale, unit
        self.best = (float("inf"), float("inf"))

    def __enter__(self):
        self._began = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_):
        took = time.perf_counter() - self._began[0], time.process_time() - self._began[1]
        self.best = min(self.best[0], took[0]), min(self.best[1], took[1])

    def show(self, per: int = 1) -> None:
        wall, processor = (value * self.scale / per for value in self.best)
        print(f"{self.name:58} {wall:9.2f} {processor:9.2f} {self.unit}")


def commits(folder: Path, count: int, rows: int) -> None:
    whole = Watch(f"commit of {count} funds, {count * rows} rows (digest to durable)")
    transaction = Watch("  of which the transaction")
    undo = Watch("  undo of its second revisions (S-10)")
    for run in range(RUNS):
        with Store.open(folder / f"{count}-{run}") as store:
            writer = store._connections.writer  # noqa: SLF001  (the bench looks inside)
            write = writer.write

            def timed(work, write=write):
                with transaction:
                    return write(work)

            first = store.commit(TENANT, funds(count, rows, 2 * run), actor="bench")
            news = funds(count, rows, 2 * run + 1, {item.name: item.id for item in first.items})
            writer.write = timed
            with whole:
                second = store.commit(TENANT, news, actor="bench")
            writer.write = write
            with undo:
                store.undo(TENANT, second.import_id)
    for watch in (whole, transaction, undo):
        watch.show()


def reads(folder: Path) -> None:
    cold = Watch("load of a fund from a pack of 500 000 rows, cold (S-12)")
    warm = Watch("  warm")
    pointer = Watch("pointer, inline", 1e6, "µs")
    with Store.open(folder / "reads") as store:
        items = store.commit(TENANT, funds(10_000, 50, 7), actor="bench").items
        for item in items[:: len(items) // 20]:
            drop_pages(folder / "reads" / "objects")
            for watch in (cold, warm):
                with watch:
                    store.load(TENANT, "fund", item.id, item.revision)
        for _ in range(RUNS):
            with pointer:
                for item in items[:2000]:
                    store.pointer(TENANT, "fund", item.id)
    cold.show()
    warm.show()
    pointer.show(2000)


def drop_pages(folder: Path) -> None:
    """Ask the system to forget what it keeps of these files in memory."""
    for path in folder.rglob("*.parquet"):
        handle = os.open(path, os.O_RDONLY)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(handle)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        print(f"{'':58} {'wall':>9} {'processor':>9}")
        commits(Path(name), 2_000, 50)
        commits(Path(name), 10_000, 50)
        reads(Path(name))
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")


if __name__ == "__main__":
    main()
