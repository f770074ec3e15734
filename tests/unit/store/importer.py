"""Imports into a data folder and kills itself at a step: `python importer.py DATA STEP DATASET`."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from pmecalc.store import Store
from unit.store.samples import TENANT, new_benchmark, new_fund


def main(data: str, last_step: str, dataset: str) -> None:
    def step(name: str) -> None:
        if name == last_step:
            os.kill(os.getpid(), signal.SIGKILL)

    both = [new_fund("Alpha", 2, dataset=dataset, expected_sequence=1), new_benchmark()]
    with Store.open(Path(data), step=step) as store:
        store.commit(TENANT, both, raw=b"as received", actor="me")


if __name__ == "__main__":
    main(*sys.argv[1:])
