"""Funds and benchmarks: content that never changes, and a catalog of what is current."""

from __future__ import annotations

from pmecalc.store.errors import (
    BusyError,
    ConflictError,
    DamagedError,
    DiskFullError,
    KeyReusedError,
    NameExistsError,
    NewerSchemaError,
    WritesRefusedError,
)
from pmecalc.store.store import Store
from pmecalc.store.values import (
    By,
    Committed,
    CommittedDataset,
    DatasetPage,
    DatasetRow,
    Kind,
    NewDataset,
    Once,
    Pointer,
)

__all__ = [
    "BusyError",
    "By",
    "Committed",
    "CommittedDataset",
    "ConflictError",
    "DamagedError",
    "DatasetPage",
    "DatasetRow",
    "DiskFullError",
    "KeyReusedError",
    "Kind",
    "NameExistsError",
    "NewDataset",
    "NewerSchemaError",
    "Once",
    "Pointer",
    "Store",
    "WritesRefusedError",
]
