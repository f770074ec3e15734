"""Jobs as the catalog keeps them: queued, claimed for half a minute at a time, told of, ended."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from pmecalc.core.errors import NotFoundError, StoreError
from pmecalc.store import catalog

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pmecalc.store.sqlite import Connection

State: TypeAlias = Literal["queued", "running", "done", "failed", "cancelled"]
Event: TypeAlias = Literal["progress", "item", "done", "failed"]
Facts: TypeAlias = "Mapping[str, object]"

LEASE_MS = 30_000
MOST_ATTEMPTS = 3
MOST_RUNNING = 4  # of one tenant
MOST_OPEN = 1000
_KEPT_MS = 7 * 24 * 3600 * 1000
_COLUMNS = "tenant, id, kind, state, progress_json, params_json, result, attempts, created, updated"


class JobLostError(StoreError):
    """The job is no longer this process's: it was cancelled, or another one took it over."""

    code = "JOB_LOST"


class QueueFullError(StoreError):
    """Too many jobs wait."""

    code = "QUEUE_FULL"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """A job; `attempts` grows with every claim, so that an old claim cannot end it."""

    tenant: str
    id: str
    kind: str
    state: State
    progress: dict[str, Any]  # Any: JSON
    params: dict[str, Any]
    result: dict[str, Any] | None
    attempts: int
    created: int
    updated: int

    @property
    def is_open(self) -> bool:
        """Whether anything more will happen to it."""
        return self.state in {"queued", "running"}


class JobEvent(NamedTuple):
    """One thing that a job told."""

    n: int
    event: Event
    data: dict[str, Any]  # Any: JSON


def add(db: Connection, tenant: str, job: str, *, kind: str, params: Facts, now: int) -> None:
    """Put a job into the queue; jobs that ended a week ago go. An erased tenant gets none."""
    catalog.refuse_erased(db, tenant)
    _forget(db, tenant, now - _KEPT_MS)
    open_now = db.execute("SELECT count(*) FROM job WHERE state IN ('queued', 'running')")
    if open_now.fetchone()[0] >= MOST_OPEN:
        raise QueueFullError(f"{MOST_OPEN:,} jobs wait already; try again later.")
    db.execute(
        "INSERT INTO job (tenant, id, kind, state, progress_json, params_json, created, updated) "
        "VALUES (?, ?, ?, 'queued', '{}', ?, ?, ?)",
        (tenant, job, kind, json.dumps(params), now, now),
    )


def one(db: Connection, tenant: str, job: str) -> JobRow:
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM job WHERE tenant = ? AND id = ?",  # noqa: S608  (a constant)
        (tenant, job),
    ).fetchall()
    if not rows:
        raise NotFoundError("job", job)
    return _job(rows[0])


def page(db: Connection, tenant: str, *, limit: int, before: tuple[int, str]) -> list[JobRow]:
    """Jobs of a tenant, the last one first, those made before this time and id."""
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM job WHERE tenant = ? AND (created, id) < (?, ?) "  # noqa: S608
        "ORDER BY created DESC, id DESC LIMIT ?",
        (tenant, *before, limit),
    ).fetchall()
    return [_job(row) for row in rows]


def has_open(db: Connection) -> bool:
    """Whether anything may be claimed; cheap enough to ask every second."""
    rows = db.execute("SELECT 1 FROM job WHERE state IN ('queued', 'running') LIMIT 1").fetchall()
    return bool(rows)


def open_counts(db: Connection) -> dict[str, int]:
    """How many jobs are queued and how many run, of all tenants."""
    rows = db.execute(
        "SELECT state, count(*) FROM job WHERE state IN ('queued', 'running') GROUP BY state"
    ).fetchall()
    return {"queued": 0, "running": 0, **dict(rows)}


def claim(db: Connection, now: int, tick: int) -> JobRow | None:
    """The next job: of the tenant that has the fewest running, the one that waits the longest.

    `now` is what is told to people, `tick` (`leases.tick`) what leases are measured by.
    """
    give_up(db, now, tick)
    rows = db.execute(
        "SELECT j.tenant, j.id FROM job AS j "
        "WHERE (j.state = 'queued' OR (j.state = 'running' "
        "AND NOT j.lease_until BETWEEN :tick + 1 AND :latest)) "
        "AND (SELECT count(*) FROM job AS r WHERE r.state = 'running' AND r.tenant = j.tenant "
        "AND r.lease_until BETWEEN :tick + 1 AND :latest) < :most "
        "ORDER BY (SELECT count(*) FROM job AS r WHERE r.state = 'running' "
        "AND r.tenant = j.tenant AND r.lease_until BETWEEN :tick + 1 AND :latest), "
        "j.created, j.id LIMIT 1",
        {**_span(tick), "most": MOST_RUNNING},
    ).fetchall()
    if not rows:
        return None
    db.execute(
        "UPDATE job SET state = 'running', attempts = attempts + 1, lease_until = ?, updated = ? "
        "WHERE tenant = ? AND id = ?",
        (tick + LEASE_MS, now, *rows[0]),
    )
    return one(db, *rows[0])


def give_up(db: Connection, now: int, tick: int) -> int:
    """End the jobs whose workers died one time too many; how many they were."""
    rows = db.execute(
        "SELECT tenant, id FROM job WHERE state = 'running' "
        "AND NOT lease_until BETWEEN :tick + 1 AND :latest "
        "AND attempts >= :most",
        {**_span(tick), "most": MOST_ATTEMPTS},
    ).fetchall()
    for tenant, job in rows:
        detail = f"The job was tried {MOST_ATTEMPTS} times, and its worker died each time."
        _end(db, tenant, job, "failed", {"code": "JOB_ABANDONED", "detail": detail}, now=now)
    return len(rows)


def tell(
    db: Connection,
    job: JobRow,
    progress: Facts | None,
    items: Sequence[Facts] = (),
    *,
    now: int,
    tick: int,
) -> None:
    """Hold the job for another half minute, and keep what it tells; or JobLostError."""
    _hold(db, job, tick)
    if progress is not None:
        db.execute(
            "UPDATE job SET progress_json = ?, updated = ? WHERE tenant = ? AND id = ?",
            (json.dumps(progress), now, job.tenant, job.id),
        )
    told: list[tuple[Event, Facts]] = [("item", item) for item in items]
    if progress is not None:
        told.append(("progress", progress))
    _add_events(db, job.tenant, job.id, told)


def end(db: Connection, job: JobRow, state: State, result: Facts, *, now: int, tick: int) -> None:
    """The last word of a job: its result, or the problem that it met."""
    _hold(db, job, tick)
    _end(db, job.tenant, job.id, state, result, now=now)


def hand_back(db: Connection, job: JobRow, tick: int) -> None:
    """Put a claimed job back into the queue, as if it had not been tried."""
    _hold(db, job, tick)
    db.execute(
        "UPDATE job SET state = 'queued', attempts = attempts - 1, lease_until = NULL "
        "WHERE tenant = ? AND id = ?",
        (job.tenant, job.id),
    )


def cancel(db: Connection, tenant: str, job: str, problem: Facts, *, now: int) -> JobRow:
    """End an open job; one that has ended stays as it is."""
    if one(db, tenant, job).is_open:
        _end(db, tenant, job, "cancelled", problem, now=now)
    return one(db, tenant, job)


def events(db: Connection, tenant: str, job: str, *, after: int, limit: int) -> list[JobEvent]:
    """What a job told after this number."""
    rows = db.execute(
        "SELECT n, event, data_json FROM job_event WHERE tenant = ? AND job = ? AND n > ? "
        "ORDER BY n LIMIT ?",
        (tenant, job, after, limit),
    ).fetchall()
    return [JobEvent(n, event, json.loads(data)) for n, event, data in rows]


def _forget(db: Connection, tenant: str, before: int) -> None:
    db.execute(
        "DELETE FROM job WHERE tenant = ? AND updated < ? "
        "AND state IN ('done', 'failed', 'cancelled')",
        (tenant, before),
    )
    db.execute(
        "DELETE FROM job_event WHERE tenant = ? AND NOT EXISTS (SELECT 1 FROM job AS j "
        "WHERE j.tenant = job_event.tenant AND j.id = job_event.job)",
        (tenant,),
    )


def unheld(db: Connection, tick: int) -> int:
    """How many jobs run for nobody: the next who looks for one takes them over."""
    count: int = db.execute(
        "SELECT count(*) FROM job WHERE state = 'running' "
        "AND NOT lease_until BETWEEN :tick + 1 AND :latest",
        _span(tick),
    ).fetchone()[0]
    return count


def _span(tick: int) -> dict[str, int]:
    """Between which times the end of a lease lies that is held."""
    return {"tick": tick, "latest": tick + LEASE_MS}


def _hold(db: Connection, job: JobRow, tick: int) -> None:
    held = db.execute(
        "UPDATE job SET lease_until = ? WHERE tenant = ? AND id = ? AND state = 'running' "
        "AND attempts = ?",
        (tick + LEASE_MS, job.tenant, job.id, job.attempts),
    )
    if held.rowcount != 1:
        raise JobLostError(f"The job {job.id} was cancelled or taken over.")


def _end(db: Connection, tenant: str, job: str, state: State, result: Facts, *, now: int) -> None:
    db.execute(
        "UPDATE job SET state = ?, result = ?, lease_until = NULL, updated = ? "
        "WHERE tenant = ? AND id = ?",
        (state, json.dumps(result), now, tenant, job),
    )
    _add_events(db, tenant, job, [("done" if state == "done" else "failed", result)])


def _add_events(db: Connection, tenant: str, job: str, told: Sequence[tuple[Event, Facts]]) -> None:
    last = db.execute(
        "SELECT coalesce(max(n), 0) FROM job_event WHERE tenant = ? AND job = ?", (tenant, job)
    ).fetchone()[0]
    db.executemany(
        "INSERT INTO job_event (tenant, job, n, event, data_json) VALUES (?, ?, ?, ?, ?)",
        [
            (tenant, job, last + place, event, json.dumps(data))
            for place, (event, data) in enumerate(told, start=1)
        ],
    )


def _job(row: tuple[Any, ...]) -> JobRow:  # Any: the driver's, and STRICT tables keep their types
    tenant, job, kind, state, progress, params, result, attempts, created, updated = row
    return JobRow(
        tenant=tenant,
        id=job,
        kind=kind,
        state=state,
        progress=json.loads(progress),
        params=json.loads(params),
        result=None if result is None else json.loads(result),
        attempts=attempts,
        created=created,
        updated=updated,
    )
