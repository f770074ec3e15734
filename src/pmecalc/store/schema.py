"""The catalog's tables, made by numbered files that are run forward only."""

from __future__ import annotations

import os
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

from pmecalc.store import sqlite
from pmecalc.store.errors import NewerSchemaError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_COPIES = 3


class Migration(NamedTuple):
    """One numbered step of the schema."""

    number: int
    sql: str


def migrations() -> tuple[Migration, ...]:
    """The steps that come with this program, in order."""
    folder = files("pmecalc.store") / "migrations"
    found = {entry.name: entry for entry in folder.iterdir() if entry.name.endswith(".sql")}
    return tuple(
        Migration(int(name.split("_")[0]), found[name].read_text("utf-8")) for name in sorted(found)
    )


def migrate(
    database: sqlite.Database, steps: Sequence[Migration], instance: str, catalog: Path
) -> int:
    """Run the steps that this catalog has not seen, a transaction each; the schema version.

    A catalog with data is copied beforehand.
    """
    version = database.read(schema_version)
    if version > steps[-1].number:
        raise NewerSchemaError(
            f"The catalog has schema {version}; this program knows {steps[-1].number}. "
            "Start the newer version of the program that wrote it."
        )
    if 0 < version < steps[-1].number:
        _keep_copy(database, catalog, version)
    for step in steps[version:]:
        database.write(lambda connection, step=step: _run(connection, step))  # type: ignore[misc]  # bound now, not later
    if version == 0:
        database.write(lambda connection: _put(connection, "instance", instance))
    return steps[-1].number


def schema_version(connection: sqlite.Connection) -> int:
    """The number of the last step this catalog has seen; 0 for an empty file."""
    known = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'meta'"
    if not connection.execute(known).fetchone()[0]:
        return 0
    row = connection.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone()
    return int(row[0])


def copies(root: Path) -> list[Path]:
    """The copies of the catalog from before its migrations, the last one first."""
    return sorted(
        root.glob("catalog.before-*.sqlite"), key=lambda path: path.stat().st_mtime_ns, reverse=True
    )


def _keep_copy(database: sqlite.Database, catalog: Path, version: int) -> None:
    copy = catalog.with_name(f"catalog.before-{version + 1}.sqlite")
    copy.unlink(missing_ok=True)
    os.close(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    database.read(lambda connection: connection.execute("VACUUM INTO ?", (str(copy),)))
    for old in copies(catalog.parent)[_COPIES:]:
        old.unlink()


def _run(connection: sqlite.Connection, step: Migration) -> None:
    if schema_version(connection) >= step.number:
        return
    for statement in _statements(step.sql):
        connection.execute(statement)
    _put(connection, "schema_version", str(step.number))


def _put(connection: sqlite.Connection, key: str, value: str) -> None:
    connection.execute(
        "INSERT INTO meta (key, value) VALUES (?, ?) "
        "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (key, value),
    )


def _statements(sql: str) -> Iterator[str]:
    statement = ""
    for line in sql.splitlines(keepends=True):
        statement += line
        if sqlite.complete(statement):
            yield statement
            statement = ""
