"""Duties that one process has at a time, for as long as it goes on renewing them.

Their times are those of a clock that nobody sets (`tick`). It begins anew when the machine starts,
so a lease that ends later than any holder may ask for is one of before, and free.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from pmecalc.store.errors import LeaseLostError

if TYPE_CHECKING:
    from pmecalc.store.sqlite import Connection

HELD_MS = 30_000
RENEWED_MS = 10_000


def tick() -> int:
    """Milliseconds of a clock that all processes of this machine share and nobody can set.

    Examples
    --------
    >>> tick() <= tick()
    True
    """
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return (time.monotonic_ns() if clock is None else time.clock_gettime_ns(clock)) // 1_000_000


class Lease(NamedTuple):
    """A duty, who has it, and the number that shows whether that is still true."""

    name: str
    owner: str
    fence: int


def take(db: Connection, name: str, owner: str, now: int) -> Lease | None:
    """The lease, if nobody holds it or its holder has fallen silent."""
    rows = db.execute(
        "INSERT INTO lease (name, owner, until, fence) VALUES (?, ?, ?, 1) "
        "ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, until = excluded.until, "
        "fence = fence + 1 WHERE until <= ? OR until > ? RETURNING fence",
        (name, owner, now + HELD_MS, now, now + HELD_MS),
    ).fetchall()
    return Lease(name, owner, rows[0][0]) if rows else None


def renew(db: Connection, lease: Lease, now: int) -> None:
    """Hold it for another 30 seconds; in the transaction that publishes a result, prove it."""
    renewed = db.execute(
        "UPDATE lease SET until = ? WHERE name = ? AND owner = ? AND fence = ? AND until > ?",
        (now + HELD_MS, *lease, now),
    )
    if renewed.rowcount != 1:
        raise LeaseLostError(lease.name)


def release(db: Connection, lease: Lease, now: int) -> None:
    """Let it go, so that another may take it at once; the fence stays."""
    db.execute(
        "UPDATE lease SET until = ? WHERE name = ? AND owner = ? AND fence = ? AND until > ?",
        (now, *lease, now),
    )


def free_stuck(db: Connection, now: int) -> int:
    """Free the leases that end later than any holder may ask for; how many there were."""
    return db.execute("UPDATE lease SET until = ? WHERE until > ?", (now, now + HELD_MS)).rowcount
