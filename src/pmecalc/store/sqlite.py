"""The one place that knows which SQLite there is, and how a connection to it must be set."""

from __future__ import annotations

import secrets
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypeVar

from pmecalc.core.errors import StoreError
from pmecalc.store.errors import BusyError, DamagedError, DiskFullError, WritesRefusedError

if TYPE_CHECKING:
    import sqlite3 as dbapi
    from collections.abc import Callable, Iterator
    from pathlib import Path
else:
    try:
        import pysqlite3.dbapi2 as dbapi
    except ImportError:
        import sqlite3 as dbapi

Connection: TypeAlias = dbapi.Connection
Version: TypeAlias = tuple[int, int, int]

VERSION: Version = dbapi.sqlite_version_info
complete = dbapi.complete_statement

_T = TypeVar("_T")
_RETRIES = 3
_PRAGMAS = (
    "busy_timeout=5000",
    "foreign_keys=ON",
    "synchronous=FULL",
    "mmap_size=0",
    "trusted_schema=OFF",
    "secure_delete=ON",
    "cache_size=-32768",  # KiB: the pages of an import of 10 000 funds
)
_PRIMARY = 0xFF
_BUSY, _LOCKED, _FULL, _DAMAGED = 5, 6, 13, (11, 26)
_IO, _SHM_SIZE = 10, 4874  # the second is an extended code of the first, which not all drivers tell


class Run(Protocol):
    """Carries out work on a connection, alone or as a transaction, and hands on its result."""

    def __call__(self, work: Callable[[Connection], _T], /) -> _T: ...


def wal_is_safe(version: Version) -> bool:
    """Whether the WAL-reset race (SQLite 3.7.0 to 3.51.2) is mended in this library."""
    return version >= (3, 51, 3) or any(
        fixed <= version < (3, fixed[1] + 1, 0) for fixed in ((3, 50, 7), (3, 44, 6))
    )


def connect(path: Path, version: Version) -> Connection:
    """A connection that threads may share, a call at a time."""
    try:
        connection = dbapi.connect(str(path), isolation_level=None, check_same_thread=False)
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        wanted = "wal" if wal_is_safe(version) else "truncate"
        mode = connection.execute(f"PRAGMA journal_mode={wanted}").fetchone()[0]
    except dbapi.Error as error:
        raise _translated(error) from error
    if mode != wanted:
        connection.close()
        raise StoreError(f"The catalog is in journal mode {mode}; {wanted} was not possible.")
    return connection


class Database:
    """One connection: reads of a statement each, writes that are one transaction each."""

    def __init__(self, path: Path, version: Version) -> None:
        self._connection = connect(path, version)
        self._lock = threading.Lock()
        self._committed: Callable[[], None] = _nothing

    def after_commit(self, tell: Callable[[], None]) -> None:
        """Call this after each commit, before the write returns."""
        self._committed = tell

    def read(self, query: Callable[[Connection], _T]) -> _T:
        with self._lock:
            try:
                return query(self._connection)
            except dbapi.Error as error:
                raise _translated(error) from error

    def write(self, work: Callable[[Connection], _T]) -> _T:
        with self._lock:
            try:
                self._begin()
                result = work(self._connection)
                self._connection.execute("COMMIT")
                self._committed()
            except dbapi.Error as error:
                raise _of_write(error) from error
            else:
                return result
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def _begin(self) -> None:
        for _ in range(_RETRIES):
            try:
                self._connection.execute("BEGIN IMMEDIATE")
            except dbapi.OperationalError as error:
                if _code(error) & _PRIMARY != _BUSY:
                    raise
                time.sleep((10 + secrets.randbelow(91)) / 1000)
            else:
                return
        self._connection.execute("BEGIN IMMEDIATE")


def data_version(db: Connection) -> int:
    """Another number after a commit by any other connection."""
    version: int = db.execute("PRAGMA data_version").fetchone()[0]
    return version


def _nothing() -> None:
    """Nobody wants to know of commits."""


@contextmanager
def opened(path: Path, version: Version) -> Iterator[Database]:
    """A connection of its own, for as long as it is needed."""
    database = Database(path, version)
    try:
        yield database
    finally:
        database.close()


@contextmanager
def opened_copy(path: Path) -> Iterator[Connection]:
    """A copy that nobody writes, left as it is: no log is made beside it."""
    try:
        connection = dbapi.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
        try:
            yield connection
        finally:
            connection.close()
    except dbapi.Error as error:
        raise _translated(error) from error


def _code(error: dbapi.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0)


def _of_write(error: dbapi.Error) -> StoreError:
    """What a failed write means: after any I/O error nobody knows what of it is on the disk."""
    code = _code(error)
    if code & _PRIMARY == _IO and code != _SHM_SIZE:
        return WritesRefusedError("The disk did not keep the catalog safe; restart the service.")
    return _translated(error)


def _translated(error: dbapi.Error) -> StoreError:
    code = _code(error)
    if code == _SHM_SIZE or code & _PRIMARY == _FULL:
        return DiskFullError("The disk is full; nothing was changed.")
    if code & _PRIMARY in (_BUSY, _LOCKED):
        return BusyError("The catalog is locked by another writer.")
    if code & _PRIMARY in _DAMAGED:
        return DamagedError("catalog.sqlite", str(error))
    return StoreError(f"The catalog would not: {error}")
