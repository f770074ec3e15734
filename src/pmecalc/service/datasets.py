"""Stored funds and benchmarks: list, look at, edit, delete."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, NamedTuple

from pmecalc.core.dates import iso
from pmecalc.service.flow_table import FlowTable
from pmecalc.store.versions import ANY, version_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pmecalc.service.executors import Executors
    from pmecalc.store.store import Store
    from pmecalc.store.values import By, DatasetRow, Kind
    from pmecalc.store.versions import Expected

Item = dict[str, object]
_OF_FUNDS = ("commitment", "vintage", "strategy", "benchmark")
_OF_BENCHMARKS = ("index_kind",)


class Versioned(NamedTuple):
    """A dataset as it is shown, and its version."""

    item: Item
    version: str


class Datasets:
    """The funds and benchmarks of a store; every call runs in a worker thread."""

    def __init__(self, store: Store, executors: Executors) -> None:
        self._store = store
        self._reads, self._changes = executors.reads, executors.rest

    async def page(
        self, tenant: str, kind: Kind, *, limit: int, after: str | None
    ) -> tuple[list[Item], str | None]:
        """Some datasets by name, and the cursor of the next page."""
        found = await self._reads.run(self._store.datasets, tenant, kind, limit=limit, after=after)
        return [_item(row) for row in found.items], found.next

    async def one(self, tenant: str, kind: Kind, dataset: str) -> Versioned:
        """A dataset; a fund with its valuation dates."""
        return await self._reads.run(self._one, tenant, kind, dataset)

    async def flows(self, tenant: str, fund: str) -> FlowTable:
        """The flows and NAVs of a fund by date, with the row of the file each came from."""
        return await self._reads.run(self._flows, tenant, fund)

    async def edit(
        self,
        tenant: str,
        kind: Kind,
        dataset: str,
        changes: Mapping[str, object],
        *,
        by: By,
        expected: Expected = ANY,
    ) -> Versioned:
        """Change metadata; what answers show makes a new revision."""
        return await self._changes.run(
            self._edit, tenant, kind, dataset, changes, by=by, expected=expected
        )

    async def delete(
        self, tenant: str, kind: Kind, dataset: str, *, by: By, expected: Expected = ANY
    ) -> None:
        """Remove a dataset from every list; its name is free again."""
        await self._changes.run(self._store.delete, tenant, kind, dataset, by=by, expected=expected)

    def _one(self, tenant: str, kind: Kind, dataset: str) -> Versioned:
        row = self._store.dataset(tenant, kind, dataset)
        item = _item(row)
        if kind == "fund":
            fund = self._store.load(tenant, "fund", dataset, row.revision)
            item["nav_dates"] = [iso(day) for day in fund.nav_days.tolist()]
        return Versioned(item, version_of(row))

    def _flows(self, tenant: str, fund: str) -> FlowTable:
        revision = self._store.pointer(tenant, "fund", fund).revision
        return FlowTable.of(self._store.load(tenant, "fund", fund, revision), revision)

    def _edit(
        self,
        tenant: str,
        kind: Kind,
        dataset: str,
        changes: Mapping[str, object],
        *,
        by: By,
        expected: Expected,
    ) -> Versioned:
        default = changes.get("benchmark")
        if isinstance(default, str):
            self._store.pointer(tenant, "benchmark", default)
        row = self._store.edit(tenant, kind, dataset, changes, by=by, expected=expected)
        return Versioned(_item(row), version_of(row))


def _item(row: DatasetRow) -> Item:
    foreign = _OF_BENCHMARKS if row.kind == "fund" else _OF_FUNDS
    return {name: value for name, value in asdict(row).items() if name not in foreign}
