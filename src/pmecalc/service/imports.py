"""One file in, datasets out: read, name, commit."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING

from pmecalc.core.benchmark import KINDS
from pmecalc.core.errors import InputError
from pmecalc.ingest.names import display_name
from pmecalc.ingest.upload import read_upload
from pmecalc.service.quota import Quota
from pmecalc.store.catalog import owns
from pmecalc.store.usage import usage
from pmecalc.store.values import NewDataset

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pmecalc.core.benchmark import Benchmark, IndexKind
    from pmecalc.core.fund import Fund, Reversals
    from pmecalc.ingest.options import Amounts, Levels, Sign
    from pmecalc.ingest.upload import Upload
    from pmecalc.store.commits import Target
    from pmecalc.store.store import Store
    from pmecalc.store.values import (
        By,
        Committed,
        DatasetRow,
        ImportPage,
        ImportRow,
        Kind,
        Once,
        Undone,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """What the user says of a file beside its content; None where the file decides."""

    kind: Kind | None = None
    dataset: str | None = None
    name: str | None = None
    currency: str | None = None
    commitment: float | None = None
    vintage: int | None = None
    strategy: str | None = None
    index_kind: IndexKind | None = None
    sign: Sign | None = None
    amounts: Amounts | None = None
    levels: Levels | None = None
    reversals: Reversals = "reject"
    sheet: str | None = None


class Imports:
    """Files into a store; reading and writing run in a worker thread."""

    def __init__(self, store: Store, *, quota: Quota | None = None) -> None:
        self._store = store
        self._quota = quota or Quota()

    async def commit(
        self,
        tenant: str,
        content: bytes,
        *,
        filename: str,
        options: ImportOptions,
        by: By,
        once: Once | None = None,
    ) -> Committed:
        """Read a file and commit all its datasets, or none; with `once` at most one time."""
        return await asyncio.to_thread(
            self.commit_now, tenant, content, filename=filename, options=options, by=by, once=once
        )

    async def page(self, tenant: str, *, limit: int, after: str | None) -> ImportPage:
        """Some imports, the last one first."""
        found = await asyncio.to_thread(self._store.imports, tenant, limit=limit, after=after)
        return replace(found, items=tuple(map(_shown, found.items)))

    async def one(self, tenant: str, import_id: str) -> ImportRow:
        """An import."""
        return _shown(await asyncio.to_thread(self._store.one_import, tenant, import_id))

    async def undo(self, tenant: str, import_id: str, *, by: By) -> Undone:
        """Take all datasets of an import back, or none."""
        return await asyncio.to_thread(self._store.undo, tenant, import_id, by=by)

    async def set_aside(self, tenant: str, content: bytes) -> str:
        """Keep a file for a job that commits it later; its hash."""
        return await asyncio.to_thread(self._set_aside, tenant, content)

    def commit_now(
        self,
        tenant: str,
        content: bytes,
        *,
        filename: str,
        options: ImportOptions,
        by: By,
        once: Once | None,
    ) -> Committed:
        """The same in this thread."""
        self._store.require_space(len(content))
        upload = read_upload(
            content,
            filename=filename,
            kind=options.kind,
            name=options.name,
            currency=options.currency,
            commitment=options.commitment,
            vintage=options.vintage,
            strategy=options.strategy,
            index_kind=options.index_kind,
            sign=options.sign,
            amounts=options.amounts,
            levels=options.levels,
            reversals=options.reversals,
            sheet=options.sheet,
        )
        values = self._values(tenant, upload, options)
        datasets = [
            NewDataset(
                kind=upload.kind, name=value.name or "", value=value, dataset=options.dataset
            )
            for value in values
        ]
        committed = self._store.commit(
            tenant,
            datasets,
            raw=content,
            raw_name=display_name(filename),
            actor=by.actor,
            via=by.via,
            request_id=by.request_id,
            once=once,
            admit=partial(self._admit, tenant, content),
        )
        return replace(committed, notes=tuple(value.notes for value in values))

    def _set_aside(self, tenant: str, content: bytes) -> str:
        self._store.require_space(len(content))
        self._admit(tenant, content, ())
        return self._store.keep_raw(tenant, content)

    def _admit(self, tenant: str, content: bytes, new: Sequence[Target]) -> None:
        """Compare what would be added with the quota; a file that is kept already adds nothing."""
        name, ids = sha256(content).hexdigest(), [target.id for target in new]
        used = self._store.read(lambda db: usage(db, tenant, beside=ids))
        is_kept = self._store.read(lambda db: owns(db, tenant, name))
        size = 0 if is_kept else len(content)
        self._quota.check(used, [target.item.new for target in new], size)

    def _values(
        self, tenant: str, upload: Upload, options: ImportOptions
    ) -> tuple[Fund | Benchmark, ...]:
        if upload.benchmark is not None:
            if options.dataset is None:
                return (upload.benchmark,)
            return (self._renewed_benchmark(tenant, upload.benchmark, options),)
        if options.dataset is None:
            return upload.funds
        if len(upload.funds) > 1:
            raise InputError(
                f"The file holds {len(upload.funds)} funds, but dataset= names one.",
                code="AMBIGUOUS_MAPPING",
                field="dataset",
                value=options.dataset,
                hint="Upload a file with that fund alone.",
            )
        return (self._renewed_fund(tenant, upload.funds[0], options),)

    def _renewed_fund(self, tenant: str, fund: Fund, options: ImportOptions) -> Fund:
        """New flows under the metadata known so far, where the upload does not say otherwise."""
        row = self._store.dataset(tenant, "fund", options.dataset or "")
        return replace(
            fund,
            name=options.name or row.name,
            currency=fund.currency or row.currency,
            commitment=fund.commitment if fund.commitment is not None else row.commitment,
            vintage=fund.vintage if fund.vintage is not None else row.vintage,
            strategy=fund.strategy or row.strategy,
        )

    def _renewed_benchmark(
        self, tenant: str, benchmark: Benchmark, options: ImportOptions
    ) -> Benchmark:
        row = self._store.dataset(tenant, "benchmark", options.dataset or "")
        return replace(
            benchmark,
            name=options.name or row.name,
            currency=benchmark.currency or row.currency,
            kind=options.index_kind or _kind(row),
        )


def answer_of(committed: Committed) -> dict[str, object]:
    """What an import answers, at once or as the result of a job."""
    notes = committed.notes or ((),) * len(committed.items)
    return {
        "import": committed.import_id,
        "datasets": [
            {
                "id": item.id,
                "kind": item.kind,
                "name": item.name,
                "revision": item.revision,
                "sequence": item.sequence,
                "notes": list(said),
            }
            for item, said in zip(committed.items, notes, strict=True)
        ],
        "already": committed.already,
    }


def _kind(row: DatasetRow) -> IndexKind | None:
    return next((kind for kind in KINDS if kind == row.index_kind), None)


def _shown(row: ImportRow) -> ImportRow:
    """An import with a file name that can be shown: older ones were kept as they came."""
    return row if row.raw_name is None else replace(row, raw_name=display_name(row.raw_name))
