"""What keeps a data folder in order while it is served: one process at a time, once an hour."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from pmecalc.store.sqlite import Connection

DUTY = "gc"
_HOUR_MS = 3600 * 1000
_LARGE_WAL = 64 * 2**20


def is_due(db: Connection, now: int) -> bool:
    """Whether the last pass is an hour ago."""
    rows = db.execute("SELECT value FROM meta WHERE key = 'gc_at'").fetchall()
    return not rows or int(rows[0][0]) <= now - _HOUR_MS


def mark_done(db: Connection, now: int) -> None:
    db.execute(
        "INSERT INTO meta (key, value) VALUES ('gc_at', ?) "
        "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (str(now),),
    )


def wal_is_large(catalog: Path) -> bool:
    """Whether the write-ahead log has outgrown its 64 MiB."""
    log = catalog.with_name(catalog.name + "-wal")
    return log.exists() and log.stat().st_size > _LARGE_WAL


def tidy(db: Connection) -> None:
    """Give the write-ahead log back to the disk, and let SQLite renew its statistics."""
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    db.execute("PRAGMA optimize").fetchall()
