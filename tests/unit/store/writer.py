"""Writes until it is killed, and notes what was acknowledged: for `test_kills.py`."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from pmecalc.store import NewDataset, Store
from unit.store.samples import TENANT, large_fund

EACH = 5


def write(data: str, notes: str, version: tuple[int, int, int], seed: int) -> None:
    """Commits, edits and undoes on funds of its own, in an order that `seed` draws."""
    random = np.random.default_rng(seed)
    handle = os.open(notes, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with Store.open(Path(data), sqlite_version=version) as store:
        known: dict[str, str] = {}
        while True:
            step(store, random, known, lambda line: os.write(handle, f"{line}\n".encode()))


def step(store, random, known, note) -> None:
    """One import of some funds, new or known; then now and then an edit or the undo of it all."""
    names = {f"{random.integers(2**40):x}" for _ in range(EACH)} | set(list(known)[-EACH:])
    values = {name: large_fund(20, int(random.integers(2**31))) for name in sorted(names)}
    news = [
        NewDataset(kind="fund", name=name, value=value, dataset=known.get(name))
        for name, value in values.items()
    ]
    done = store.commit(TENANT, news, actor="me", raw=random.bytes(50))
    for item in done.items:
        known[item.name] = item.id
        note(f"{item.id} {item.sequence} {item.revision}")
    if random.random() < 0.3:
        row = store.edit(TENANT, "fund", done.items[0].id, {"vintage": int(random.integers(3000))})
        note(f"{row.id} {row.sequence} {row.revision}")
    elif random.random() < 0.3:
        store.undo(TENANT, done.import_id)
        for item in done.items:
            if item.sequence == 1:
                del known[item.name]
        note(f"undone {done.import_id} {done.import_id}")
    if random.random() < 0.1:
        store.collect_garbage()
