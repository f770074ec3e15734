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
    TenantErasedError,
    UndoRefusedError,
    WritesRefusedError,
)
from pmecalc.store.store import Store
from pmecalc.store.values import (
    By,
    Committed,
    CommittedDataset,
    DatasetPage,
    DatasetRow,
    ImportPage,
    ImportRow,
    Kind,
    NewDataset,
    Once,
    Pointer,
    Undone,
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
    "ImportPage",
    "ImportRow",
    "KeyReusedError",
    "Kind",
    "NameExistsError",
    "NewDataset",
    "NewerSchemaError",
    "Once",
    "Pointer",
    "Store",
    "TenantErasedError",
    "UndoRefusedError",
    "Undone",
    "WritesRefusedError",
]
