"""One file in, datasets out: read, name, commit."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from typing import IO, TYPE_CHECKING, TypeVar

from pmecalc.core.benchmark import KINDS
from pmecalc.core.errors import InputError
from pmecalc.ingest.limits import Limits
from pmecalc.ingest.names import display_name
from pmecalc.ingest.source import is_read_apart
from pmecalc.ingest.upload import read_upload
from pmecalc.service.fair_queue import FairQueue
from pmecalc.service.quota import Quota
from pmecalc.store.catalog import owns
from pmecalc.store.errors import DiskFullError
from pmecalc.store.usage import usage
from pmecalc.store.values import NewDataset

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from pmecalc.core.benchmark import Benchmark, IndexKind
    from pmecalc.core.fund import Fund, Reversals
    from pmecalc.ingest.options import Amounts, Levels, Sign
    from pmecalc.ingest.upload import Upload
    from pmecalc.service.executors import Executors
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

_LOG = logging.getLogger(__name__)
_T = TypeVar("_T")
_PLACES = 2  # of each queue; the child processes of `ingest/sandbox.py` are as many
_HEAD = 16  # bytes that tell the type of a file


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
    """Files into a store; reading and writing run in threads, imports in turn.

    Imports wait outside the threads, in a queue in which tenants take turns: one for files that a
    child process reads, of which this process has two, and one for the rest.
    """

    def __init__(self, store: Store, executors: Executors, *, quota: Quota | None = None) -> None:
        self._store = store
        self._reads, self._changes = executors.reads, executors.rest
        self._threads = executors.imports
        self._read_apart, self._read_here = FairQueue(_PLACES), FairQueue(_PLACES)
        self._limits = Limits()
        self._quota = quota or Quota()

    async def commit(
        self,
        tenant: str,
        file: IO[bytes],
        *,
        filename: str,
        options: ImportOptions,
        by: By,
        once: Once | None = None,
        left: Callable[[], Awaitable[None]] | None = None,
    ) -> Committed:
        """Read a file and commit all its datasets, or none; with `once` at most one time.

        Its bytes come into memory when it is its turn. `left` raises when the client has gone: an
        import that still waits is dropped then.
        """

        def work() -> Committed:
            return self.commit_now(
                tenant, _content(file), filename=filename, options=options, by=by, once=once
            )

        return await self._in_turn(self._queue(file), tenant, work, left)

    async def page(self, tenant: str, *, limit: int, after: str | None) -> ImportPage:
        """Some imports, the last one first."""
        found = await self._reads.run(self._store.imports, tenant, limit=limit, after=after)
        return replace(found, items=tuple(map(_shown, found.items)))

    async def one(self, tenant: str, import_id: str) -> ImportRow:
        """An import."""
        return _shown(await self._reads.run(self._store.one_import, tenant, import_id))

    async def undo(self, tenant: str, import_id: str, *, by: By) -> Undone:
        """Take all datasets of an import back, or none."""
        return await self._changes.run(self._store.undo, tenant, import_id, by=by)

    async def set_aside(self, tenant: str, file: IO[bytes]) -> str:
        """Keep a file for a job that commits it later; its hash."""
        return await self._in_turn(
            self._read_here, tenant, lambda: self._set_aside(tenant, _content(file))
        )

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
        """Read a file and commit it in this thread."""
        self._store.require_space(len(content))
        with _full_is_told():
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

    def _queue(self, file: IO[bytes]) -> FairQueue:
        is_apart = is_read_apart(_head(file), _size(file), self._limits)
        return self._read_apart if is_apart else self._read_here

    async def _in_turn(
        self,
        queue: FairQueue,
        tenant: str,
        work: Callable[[], _T],
        left: Callable[[], Awaitable[None]] | None = None,
    ) -> _T:
        """Run work in a thread when it is the tenant's turn.

        The place is held until the thread is done, even if the caller is cancelled before.
        """
        await (queue.enter(tenant) if left is None else _entered(queue, tenant, left()))
        running = asyncio.ensure_future(self._threads.run(work))

        def done(task: asyncio.Future[_T]) -> None:
            queue.leave()
            if not task.cancelled():
                task.exception()  # or asyncio complains where nobody waits any more

        running.add_done_callback(done)
        return await asyncio.shield(running)

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


async def _entered(queue: FairQueue, tenant: str, left: Awaitable[None]) -> None:
    """Enter a queue, or raise what `left` raises if that comes first."""
    turn, gone = asyncio.ensure_future(queue.enter(tenant)), asyncio.ensure_future(left)
    try:
        await asyncio.wait({turn, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not turn.done():
            await gone
    except BaseException:
        if turn.done() and not turn.cancelled():
            queue.leave()
        turn.cancel()
        raise
    finally:
        gone.cancel()


@contextmanager
def _full_is_told() -> Iterator[None]:
    """Turn the lack of room for a temporary file into the error that says so."""
    try:
        yield
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        _LOG.error("no room for the temporary file of an import: errno %s", error.errno)
        raise DiskFullError("There is no room to read the file; nothing was changed.") from error


def _content(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()


def _head(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read(_HEAD)


def _size(file: IO[bytes]) -> int:
    return file.seek(0, os.SEEK_END)


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
