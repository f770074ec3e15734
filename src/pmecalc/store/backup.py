"""Backup of a data folder while it is served, and the way back.

A backup is `catalog.sqlite`, a copy of one moment; the objects and uploads that this copy names;
and `MANIFEST.json`, written last, with every hash. A second backup into the same place copies only
what is new and drops what is no longer named.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, BinaryIO

from pmecalc._version import __version__
from pmecalc.store import audit, layout, schema, sqlite
from pmecalc.store.errors import DamagedError, FolderError
from pmecalc.store.objects import AREA_OF, AREAS, file_hash, relative_path, stored_names

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pmecalc.store.objects import Area

MANIFEST = "MANIFEST.json"
_FORMAT = 1
_CHUNK = 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A stored file that the catalog names."""

    area: Area
    hash: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup holds; `missing` names files that the data folder itself had lost."""

    format: int
    made: str
    program: str
    instance: str
    schema: int
    audit_n: int
    audit_hash: str
    catalog_bytes: int
    catalog_hash: str
    files: tuple[File, ...]
    missing: tuple[File, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BackedUp:
    """How a backup went."""

    manifest: Manifest
    copied: int
    known: int
    dropped: int


def backup(root: Path, instance: str, target: Path, *, version: sqlite.Version) -> BackedUp:
    """Back up the data folder; writes go on meanwhile, only garbage collection waits."""
    _check_target(root, instance, target)
    with layout.exclusive(root / layout.BACKUP_LOCK):
        draft = target / f"{layout.CATALOG}.new"
        _copy_catalog(root / layout.CATALOG, draft, version)
        schema_version, head, named = _described(draft)
        present = [file for file in named if (root / _place(file)).is_file()]
        copied = sum(_bring(root, target, file) for file in present)
    (target / MANIFEST).unlink(missing_ok=True)
    draft.replace(target / layout.CATALOG)
    manifest = Manifest(
        format=_FORMAT,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        program=__version__,
        instance=instance,
        schema=schema_version,
        audit_n=head.n,
        audit_hash=head.hash,
        catalog_bytes=(target / layout.CATALOG).stat().st_size,
        catalog_hash=file_hash(target / layout.CATALOG),
        files=tuple(present),
        missing=tuple(file for file in named if file not in set(present)),
    )
    _write_manifest(target, manifest)
    dropped = _drop_unnamed(target, present)
    return BackedUp(manifest=manifest, copied=copied, known=len(present) - copied, dropped=dropped)


def restore(source: Path, root: Path) -> Manifest:
    """Make a data folder of a backup; every hash is verified, and the folder appears whole."""
    manifest = _read_manifest(source)
    root = root.resolve()
    if root.exists() and any(root.iterdir()):
        raise FolderError(f"{root} is not empty; restore into a new folder.")
    root.parent.mkdir(parents=True, exist_ok=True)
    draft = root.with_name(f".{root.name}.{secrets.token_hex(4)}")
    draft.mkdir(mode=0o700)
    try:
        for file in manifest.files:
            _copy(source / _place(file), draft / _place(file), file.hash)
        _copy(source / layout.CATALOG, draft / layout.CATALOG, manifest.catalog_hash)
        (draft / "tmp").mkdir(mode=0o700)
        layout.write_identity(draft / "FORMAT", manifest.instance)
        with suppress(FileNotFoundError):
            root.rmdir()
        draft.rename(root)
        _fsync(root.parent)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return manifest


def _check_target(root: Path, instance: str, target: Path) -> None:
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    if target.resolve().is_relative_to(root):
        raise FolderError(f"{target} lies in the data folder; back up to another place.")
    if (target / "FORMAT").exists():
        raise FolderError(f"{target} is a data folder; back up to another place.")
    if (target / MANIFEST).exists():
        known = _read_manifest(target).instance
        if known != instance:
            raise FolderError(f"{target} holds a backup of another data folder ({known}).")
    elif any(target.iterdir()) and not (target / f"{layout.CATALOG}.new").exists():
        raise FolderError(f"{target} is not empty and holds no backup.")


def _copy_catalog(catalog: Path, draft: Path, version: sqlite.Version) -> None:
    draft.unlink(missing_ok=True)
    _created(draft).close()
    with sqlite.opened(catalog, version) as database:
        database.read(lambda db: db.execute("VACUUM INTO ?", (str(draft),)))
    _fsync(draft)


def _described(catalog: Path) -> tuple[int, audit.Link, list[File]]:
    with sqlite.opened_copy(catalog) as db:
        rows = db.execute(
            "SELECT kind, hash, max(bytes) FROM object GROUP BY kind, hash ORDER BY hash"
        ).fetchall()
        files = [File(area=AREA_OF[kind], hash=name, bytes=size) for kind, name, size in rows]
        return schema.schema_version(db), audit.head(db), files


def _bring(root: Path, target: Path, file: File) -> bool:
    """Link or copy a file into the backup; whether it was not there yet."""
    place = _place(file)
    if (target / place).is_file() and (target / place).stat().st_size == file.bytes:
        return False
    _make_folder((target / place).parent)
    (target / place).unlink(missing_ok=True)
    try:
        os.link(root / place, target / place)
    except OSError:  # another disk, or a file system without links
        _copy(root / place, target / place, file.hash)
    _fsync((target / place).parent)
    return True


def _copy(source: Path, target: Path, expected: str) -> None:
    """Copy a file whose hash is known, or say that it is damaged."""
    _make_folder(target.parent)
    draft = target.with_name(target.name + ".new")
    digest = hashlib.sha256()
    try:
        with source.open("rb") as reading, _created(draft) as writing:
            while chunk := reading.read(_CHUNK):
                digest.update(chunk)
                writing.write(chunk)
            writing.flush()
            os.fsync(writing.fileno())
        if digest.hexdigest() != expected:
            raise DamagedError(source.name, "its bytes are not those that were backed up")
        draft.replace(target)
    except FileNotFoundError as error:
        raise DamagedError(source.name, "it is missing") from error
    finally:
        draft.unlink(missing_ok=True)


def _drop_unnamed(target: Path, named: Sequence[File]) -> int:
    kept = {(file.area, file.hash) for file in named}
    old = [
        (target / relative_path(area, name))
        for area in AREAS
        for name in stored_names(target, area)
        if (area, name) not in kept
    ]
    for path in old:
        path.unlink()
    return len(old)


def _write_manifest(target: Path, manifest: Manifest) -> None:
    draft = target / f"{MANIFEST}.new"
    draft.unlink(missing_ok=True)
    with _created(draft) as file:
        file.write(json.dumps(asdict(manifest), indent=1).encode())
        file.flush()
        os.fsync(file.fileno())
    draft.replace(target / MANIFEST)
    _fsync(target)


def _read_manifest(source: Path) -> Manifest:
    try:
        known = json.loads((source / MANIFEST).read_text("utf-8"))
        known["files"] = _files(known["files"])
        known["missing"] = _files(known["missing"])
        manifest = Manifest(**known)
    except FileNotFoundError as error:
        raise FolderError(f"{source} holds no finished backup: no {MANIFEST} there.") from error
    except (ValueError, TypeError, KeyError) as error:
        raise FolderError(f"{source / MANIFEST} cannot be read: {error}.") from error
    if manifest.format != _FORMAT:
        raise FolderError(f"{source} has format {manifest.format}; this program knows {_FORMAT}.")
    return manifest


def _files(known: Sequence[dict[str, Any]]) -> tuple[File, ...]:  # Any: checked by the hashes
    return tuple(File(**file) for file in known)


def _place(file: File) -> Path:
    return relative_path(file.area, file.hash)


def _make_folder(folder: Path) -> None:
    """A folder, and the one above it, that their owner alone can enter."""
    for each in (folder.parent, folder):
        each.mkdir(mode=0o700, exist_ok=True)


def _created(path: Path) -> BinaryIO:
    """A new file that its owner alone can read."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _fsync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
