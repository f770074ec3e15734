"""Immutable files on a local disk, named by the SHA-256 of their bytes."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import stat
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal, NamedTuple, TypeAlias

from pmecalc.core.errors import StoreError
from pmecalc.store.errors import DamagedError, DiskFullError, WritesRefusedError

if TYPE_CHECKING:
    from pmecalc.store.values import Step

Area: TypeAlias = Literal["objects", "raw"]

AREAS: tuple[Area, ...] = ("objects", "raw")
AREA_OF: dict[str, Area] = {"flows": "objects", "levels": "objects", "raw": "raw"}
_SUFFIX: dict[Area, str] = {"objects": ".parquet", "raw": ""}
_HASH = re.compile(r"[0-9a-f]{64}")
_FULL = (errno.ENOSPC, errno.EDQUOT)


def relative_path(area: Area, name: str) -> Path:
    """Where the object of this hash lies in a data folder or a backup."""
    if not _HASH.fullmatch(name):
        raise DamagedError(name[:80], "its name is not a hash")
    return Path(area, name[:2], name + _SUFFIX[area])


def stored_names(root: Path, area: Area) -> list[str]:
    """The hashes of all that lies in an area."""
    found = (path.name.removesuffix(_SUFFIX[area]) for path in (root / area).glob("??/*"))
    return sorted(name for name in found if _HASH.fullmatch(name))


def file_hash(path: Path) -> str:
    """The SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Stored(NamedTuple):
    """What lies in the object store."""

    hash: str
    bytes: int


class Disk:
    """The two calls that fail when a disk fails."""

    def write(self, handle: int, data: memoryview) -> int:
        return os.write(handle, data)

    def fsync(self, handle: int) -> None:
        os.fsync(handle)


class ObjectStore:
    """Puts and finds the files of one data folder."""

    def __init__(self, root: Path, *, disk: Disk, step: Step) -> None:
        self._root = root
        self._disk = disk
        self._step = step

    def put_if_absent(self, area: Area, data: bytes | memoryview) -> Stored:
        """Write these bytes unless they are there; when this returns they are safe on the disk."""
        view = memoryview(data).cast("B")
        stored = Stored(hashlib.sha256(view).hexdigest(), view.nbytes)
        path = self.path(area, stored.hash)
        try:
            self._put(area, path, view)
        except OSError as error:
            if error.errno in _FULL:
                raise DiskFullError("The disk is full; nothing was changed.") from error
            raise StoreError(f"The object could not be written: {error.strerror}.") from error
        return stored

    def exists(self, area: Area, name: str) -> bool:
        return self.path(area, name).is_file()

    def open(self, area: Area, name: str) -> BinaryIO:
        try:
            return self.path(area, name).open("rb")
        except FileNotFoundError as error:
            raise DamagedError(name, "it is missing") from error
        except OSError as error:
            raise StoreError(f"Object {name} cannot be read: {error.strerror}.") from error

    def path(self, area: Area, name: str) -> Path:
        return self._root / relative_path(area, name)

    def _put(self, area: Area, path: Path, data: memoryview) -> None:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        if not _renewed(path, data.nbytes):
            self._write(area, path, data)
        # Also for a file that was there: whoever renamed it may not have come this far.
        self._fsync_directory(path.parent)
        self._fsync_directory(path.parent.parent)
        self._step(f"{area}-durable")

    def _write(self, area: Area, path: Path, data: memoryview) -> None:
        draft = self._root / "tmp" / f"{os.getpid()}-{secrets.token_hex(8)}"
        try:
            self._draft(draft, data)
            self._step(f"{area}-written")
            draft.replace(path)
            self._step(f"{area}-renamed")
        finally:
            draft.unlink(missing_ok=True)

    def _draft(self, draft: Path, data: memoryview) -> None:
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            done = 0
            while done < data.nbytes:
                done += self._disk.write(handle, data[done:])
            self._fsync(handle)
        finally:
            os.close(handle)

    def _fsync_directory(self, directory: Path) -> None:
        handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            self._fsync(handle)
        finally:
            os.close(handle)

    def _fsync(self, handle: int) -> None:
        try:
            self._disk.fsync(handle)
        except OSError as error:
            raise WritesRefusedError(
                f"The disk did not keep what was written ({error.strerror}); restart the service."
            ) from error


def _renewed(path: Path, size: int) -> bool:
    """Whether the file is there in this size, and if so make it young for garbage collection."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode) or found.st_size != size:
            return False
        os.utime(path)
    except FileNotFoundError:
        return False
    return True
