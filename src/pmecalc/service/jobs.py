"""Long work: asked for, looked at, listened to, cancelled; done by whichever worker is free."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import secrets
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from pmecalc.core.errors import InputError, PmeError, StoreError
from pmecalc.store import jobs, remembered
from pmecalc.store.cursors import cursor_of, time_of
from pmecalc.store.errors import KeyReusedError
from pmecalc.store.values import Once
from pmecalc.store.versions import ANY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pmecalc.service.executors import Executors
    from pmecalc.store.jobs import Facts, JobEvent, JobRow
    from pmecalc.store.sqlite import Connection
    from pmecalc.store.store import Store
    from pmecalc.store.values import By
    from pmecalc.store.versions import Expected

_LOG = logging.getLogger(__name__)
_SLOTS = 2  # at once, of one worker
_LOOK_SECONDS = 1.0
_RENEW_SECONDS = 10.0
_TELL_SECONDS = 0.25
_EVENTS_AT_ONCE = 500
_NEWEST = (2**63 - 1, "")
_CANCELLED = {"code": "JOB_CANCELLED", "detail": "The job was cancelled."}


class NotDoneError(InputError):
    """The job has no result yet, or will never have one."""

    def __init__(self, job: JobRow) -> None:
        super().__init__(f"The job is {job.state}; there is no result.", code="JOB_NOT_DONE")


class LateCancelError(InputError):
    """What the job does is done: it cannot be cancelled any more."""

    def __init__(self) -> None:
        super().__init__("The import is committed already.", code="JOB_DONE", hint="Undo it.")


class StoppedError(Exception):
    """The worker ends: the job goes back into the queue."""


@dataclass(slots=True)
class Task:
    """A claimed job in the thread that does it: tells how far it is, at most four times a second.

    `tell` raises where the job was cancelled or the worker ends, which is what stops the work.
    """

    store: Store
    row: JobRow
    stopping: Callable[[], bool]
    _begun: float = field(default_factory=time.monotonic)
    _told: float = 0.0
    _items: list[Facts] = field(default_factory=list)

    def tell(self, done: int, total: int, unit: str, *, items: list[Facts], message: str) -> None:
        """Progress, and what became of some items."""
        self._items += items
        now = time.monotonic()
        if now - self._told < _TELL_SECONDS and done < total:
            return
        self._told, told, self._items = now, self._items, []
        spent = now - self._begun
        progress = {
            "done": done,
            "total": total,
            "unit": unit,
            "message": message,
            "eta_s": round(spent / done * (total - done), 1) if done else None,
        }
        if self.stopping():
            raise StoppedError
        self.store.write(
            lambda db: jobs.tell(
                db, self.row, progress, told, now=self.store.now(), tick=self.store.tick()
            )
        )


Work: TypeAlias = "Callable[[Task], Facts]"


class Jobs:
    """The jobs of a store: every call but `cancel` and `submit` only reads.

    `ended` counts the jobs that end here, by their state.
    """

    def __init__(
        self,
        store: Store,
        executors: Executors,
        *,
        wake: Callable[[], None],
        ended: Counter[str] | None = None,
    ) -> None:
        self._store = store
        self._reads, self._changes = executors.reads, executors.rest
        self._wake = wake
        self._ended: Counter[str] = Counter() if ended is None else ended

    async def submit(
        self, tenant: str, kind: str, params: Mapping[str, object], *, by: By, once: Once | None
    ) -> tuple[JobRow, bool]:
        """Put a job into the queue, or find the one that this request made before."""
        found = await self._changes.run(self._submit, tenant, kind, params, by, once)
        self._wake()
        return found

    async def one(self, tenant: str, job: str) -> JobRow:
        """A job."""
        return await self._reads.run(lambda: self._store.read(lambda db: jobs.one(db, tenant, job)))

    async def page(
        self, tenant: str, *, limit: int, after: str | None
    ) -> tuple[list[JobRow], str | None]:
        """Some jobs, the last one first, and the cursor of the next page."""
        before = time_of(after) or _NEWEST
        rows = await self._reads.run(
            lambda: self._store.read(
                lambda db: jobs.page(db, tenant, limit=limit + 1, before=before)
            )
        )
        last = rows[limit - 1] if len(rows) > limit else None
        return rows[:limit], cursor_of(str(last.created), last.id) if last else None

    async def cancel(self, tenant: str, job: str, *, expected: Expected = ANY) -> JobRow:
        """End a job; what it has begun is not committed."""
        row, was_open = await self._changes.run(self._cancel, tenant, job, expected)
        if was_open:
            self._ended["cancelled"] += 1
        return row

    async def open_counts(self) -> dict[str, int]:
        """The jobs of all tenants that are queued and that are running."""
        return await self._reads.run(lambda: self._store.read(jobs.open_counts))

    async def events(self, tenant: str, job: str, *, after: int) -> tuple[list[JobEvent], bool]:
        """What a job told after this number, and whether it may tell more."""

        def look(db: Connection) -> tuple[list[JobEvent], bool]:
            row = jobs.one(db, tenant, job)
            told = jobs.events(db, tenant, job, after=after, limit=_EVENTS_AT_ONCE)
            return told, row.is_open or len(told) == _EVENTS_AT_ONCE

        return await self._reads.run(lambda: self._store.read(look))

    async def result(self, tenant: str, job: str) -> bytes:
        """The table that a job made, as JSON."""
        row = await self.one(tenant, job)
        if row.state != "done" or row.result is None or "object" not in row.result:
            raise NotDoneError(row)
        return await self._reads.run(self._store.load_raw, tenant, str(row.result["object"]))

    def _submit(
        self,
        tenant: str,
        kind: str,
        params: Mapping[str, object],
        by: By,
        once: Once | None,
    ) -> tuple[JobRow, bool]:
        job, now = secrets.token_hex(8), self._store.now()

        def work(db: Connection) -> tuple[JobRow, bool]:
            known = once and remembered.response(db, tenant, once, now)
            if known:
                return jobs.one(db, tenant, known), True
            jobs.add(db, tenant, job, kind=kind, params={**params, "by": asdict(by)}, now=now)
            if once is not None:
                remembered.remember(db, tenant, once, job, now)
            return jobs.one(db, tenant, job), False

        return self._store.write(work)

    def _cancel(self, tenant: str, job: str, expected: Expected = ANY) -> tuple[JobRow, bool]:
        now = self._store.now()

        def work(db: Connection) -> tuple[JobRow, bool]:
            # The commit of an import looks for this mark in its own transaction: exactly one of
            # the two wins.
            mark = Once(key=commit_key(job), request_hash="cancelled")
            row = jobs.one(db, tenant, job)
            expected.check(row)
            was_open = row.is_open
            if was_open:
                remembered.response(db, tenant, mark, now)
                remembered.remember(db, tenant, mark, "", now)
            return jobs.cancel(db, tenant, job, _CANCELLED, now=now), was_open

        try:
            return self._store.write(work)
        except KeyReusedError as error:
            raise LateCancelError from error


def commit_key(job: str) -> str:
    """The idempotency key under which a job commits."""
    return f"job:{job}"


def commit_once(job: str) -> Once:
    """A job that is tried again commits once."""
    return Once(key=commit_key(job), request_hash=hashlib.sha256(job.encode()).hexdigest())


class Runner:
    """Does the jobs of one worker, two at a time, in threads of their own.

    `ended` counts the jobs that end here, by their state.
    """

    def __init__(
        self,
        store: Store,
        kinds: Mapping[str, Work],
        executors: Executors,
        *,
        ended: Counter[str] | None = None,
    ) -> None:
        self._store = store
        self._rest = executors.rest
        self._ended_jobs: Counter[str] = Counter() if ended is None else ended
        self._kinds = kinds
        self._awake = asyncio.Event()
        self._ended = False
        self._running: set[asyncio.Task[None]] = set()
        self._pool = ThreadPoolExecutor(_SLOTS, thread_name_prefix="job")
        self._loop: asyncio.Task[None] | None = None

    def wake(self) -> None:
        """There may be a job: look now."""
        self._awake.set()

    def start(self) -> None:
        """Look for jobs until closed."""
        self._loop = asyncio.create_task(self._work())

    async def close(self) -> None:
        """Put what is running back into the queue, where another worker finds it."""
        self._ended = True
        self._awake.set()
        if self._loop is not None:
            await self._loop
        await asyncio.gather(*self._running)
        self._pool.shutdown()

    async def _work(self) -> None:
        while not self._ended:
            self._awake.clear()
            row = await self._next() if len(self._running) < _SLOTS else None
            if row is None:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._awake.wait(), _LOOK_SECONDS)
                continue
            task = asyncio.create_task(self._run(row))
            self._running.add(task)
            task.add_done_callback(self._done)

    async def _next(self) -> JobRow | None:
        try:
            if not self._store.glance(jobs.has_open):
                return None
            row, given_up = await self._rest.run(self._claim)
        except StoreError as error:
            _LOG.warning("jobs: %s", error.code)
            return None
        self._ended_jobs["failed"] += given_up
        return row

    def _claim(self) -> tuple[JobRow | None, int]:
        """The next job, and how many were given up as their workers had died."""
        now, tick = self._store.now(), self._store.tick()

        def work(db: Connection) -> tuple[JobRow | None, int]:
            given_up = jobs.give_up(db, now, tick)
            return jobs.claim(db, now, tick), given_up

        return self._store.write(work)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._awake.set()

    async def _run(self, row: JobRow) -> None:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[str | None] = loop.run_in_executor(self._pool, self._attempt, row)
        while not done.done():
            await asyncio.wait([done], timeout=_RENEW_SECONDS)
            if not done.done():
                with suppress(StoreError):  # the thread meets the same when it tells or ends
                    await self._rest.run(self._renew, row)
        error = done.exception()
        if error is not None:
            _LOG.error("job %s: %s", row.id, error)
        elif (state := done.result()) is not None:
            self._ended_jobs[state] += 1

    def _renew(self, row: JobRow) -> None:
        self._store.write(
            lambda db: jobs.tell(db, row, None, now=self._store.now(), tick=self._store.tick())
        )

    def _attempt(self, row: JobRow) -> str | None:
        """In a thread: do it, and store how it ended; None where it did not end here."""
        with suppress(jobs.JobLostError):
            try:
                task = Task(self._store, row, lambda: self._ended)
                result = self._kinds[row.kind](task)
                return self._end(row, "done", result)
            except StoppedError:
                self._store.write(lambda db: jobs.hand_back(db, row, self._store.tick()))
            except jobs.JobLostError:
                raise
            except PmeError as error:
                return self._end(row, "failed", {"code": error.code, "detail": str(error)})
            except Exception:  # noqa: BLE001  (the edge of the thread: the job must end)
                _LOG.exception("job %s failed", row.id)
                detail = "The job failed on our side; nothing was changed."
                return self._end(row, "failed", {"code": "INTERNAL", "detail": detail})
        return None

    def _end(self, row: JobRow, state: jobs.State, result: Facts) -> str:
        self._store.write(
            lambda db: jobs.end(
                db, row, state, result, now=self._store.now(), tick=self._store.tick()
            )
        )
        return state
