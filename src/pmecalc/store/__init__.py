"""Funds and benchmarks: content that never changes, and a catalog of what is current."""

from __future__ import annotations

from pmecalc.store.errors import (
    BusyError,
    ConflictError,
    DamagedError,
    DiskFullError,
    NameExistsError,
    NewerSchemaError,
    WritesRefusedError,
)
from pmecalc.store.store import Store
from pmecalc.store.values import (
    Committed,
    CommittedDataset,
    DatasetPage,
    DatasetRow,
    Kind,
    NewDataset,
    Pointer,
)

__all__ = [
    "BusyError",
    "Committed",
    "CommittedDataset",
    "ConflictError",
    "DamagedError",
    "DatasetPage",
    "DatasetRow",
    "DiskFullError",
    "Kind",
    "NameExistsError",
    "NewDataset",
    "NewerSchemaError",
    "Pointer",
    "Store",
    "WritesRefusedError",
]
