"""What goes into the store and what comes out of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from pmecalc.core.benchmark import Benchmark
    from pmecalc.core.fund import Fund

Kind: TypeAlias = Literal["fund", "benchmark"]
KINDS: tuple[Kind, ...] = ("fund", "benchmark")
Meta: TypeAlias = dict[str, str | float | int | None]
Step: TypeAlias = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class By:
    """Who asks for a change, through what and in which request: what the audit says of it."""

    actor: str
    via: str = "service"
    request_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """An idempotency key, and the digest of the one request that it stands for."""

    key: str
    request_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDataset:
    """Content to store: a new dataset, or with `dataset` a new revision of that one."""

    kind: Kind
    name: str
    value: Fund | Benchmark
    dataset: str | None = None
    expected_sequence: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommittedDataset:
    """Where one dataset stands after a commit; `already`: it had this content before."""

    id: str
    kind: Kind
    name: str
    revision: str
    sequence: int
    already: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """The import that holds the content; `already`: nothing was written.

    `replayed`: the answer to an earlier request with the same idempotency key. `notes`: what a
    reader understood, for each item.
    """

    import_id: str | None
    items: tuple[CommittedDataset, ...]
    already: bool
    replayed: bool = False
    notes: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """What an undo did: datasets that went back, and new ones that went away."""

    import_id: str
    restored: int
    removed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRow:
    """An import as lists show it; times in Unix milliseconds, `datasets` how many it changed."""

    id: str
    state: Literal["staged", "committed", "undone", "failed"]
    actor: str
    raw_name: str | None
    created: int
    committed: int | None
    undone_by: str | None
    datasets: int


@dataclass(frozen=True, slots=True)
class ImportPage:
    """Some imports, the last one first, and the cursor of the next page or None."""

    items: tuple[ImportRow, ...]
    next: str | None


class Pointer(NamedTuple):
    """Which content is current."""

    revision: str
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetRow:
    """A live dataset as lists show it; `created` in Unix milliseconds, dates in ISO text."""

    id: str
    kind: Kind
    name: str
    currency: str | None
    commitment: float | None
    vintage: int | None
    strategy: str | None
    index_kind: str | None
    benchmark: str | None
    revision: str
    sequence: int
    rows: int
    first_date: str
    last_date: str
    created: int


@dataclass(frozen=True, slots=True)
class DatasetPage:
    """Some datasets by name, and the cursor of the next page or None."""

    items: tuple[DatasetRow, ...]
    next: str | None
