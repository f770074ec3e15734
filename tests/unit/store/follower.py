"""Answers each line on its input with the sequence of a fund: `python follower.py DATA DATASET`."""

from __future__ import annotations

import sys
from pathlib import Path

from pmecalc.store import Store
from unit.store.samples import TENANT


def main(data: str, dataset: str) -> None:
    with Store.open(Path(data)) as store:
        for _ in sys.stdin:
            found = store.pointer(TENANT, "fund", dataset)
            value = store.load(TENANT, "fund", dataset, found.revision)
            print(found.sequence, value.contributions[0], flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
