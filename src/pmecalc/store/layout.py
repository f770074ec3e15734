"""The data folder: what lies where, who may use it, how much room is left."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import uuid
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from pmecalc.store.errors import DiskFullError, FolderError

if TYPE_CHECKING:
    from collections.abc import Iterator

FORMAT = 1
CATALOG = "catalog.sqlite"
BACKUP_LOCK = "locks/backup"
CHANGES = "changes"
FOLDERS = ("objects", "raw", "tmp", "locks")
LEAST_FREE = 512 * 2**20
_MOUNTS = Path("/proc/mounts")
_NETWORK = re.compile(
    r"afs|beegfs|ceph|cifs|coda|davfs|glusterfs|lustre|ncpfs|nfs4?|smb\w+"
    r"|fuse\.(ceph|cifs|davfs2?|dropbox|gcsfuse|glusterfs|gvfsd-fuse|nfs|onedriver|rclone|s3fs"
    r"|smbnetfs|sshfs)"
)


def prepare(root: Path) -> str:
    """Make the folders that are missing; the instance id of this data folder."""
    try:
        for folder in (root, *(root / name for name in FOLDERS)):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with exclusive(root / "locks" / "migrate"):
            instance = _identity(root)
            _make_catalog(root)
            return instance
    except OSError as error:
        raise FolderError(f"The data folder {root} cannot be used: {error.strerror}.") from error


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold an advisory lock alone, waiting for it."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextmanager
def exclusive_if_free(path: Path) -> Iterator[bool]:
    """Hold an advisory lock alone, or learn that another has it."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(handle)


def share(root: Path, library: str) -> int:
    """Hold the data folder together with all who use the same SQLite library; a handle to close.

    Two different libraries must never have the catalog open together. Called under the lock
    `migrate`, since going from an exclusive lock to a shared one is not atomic.
    """
    handle = os.open(root / "locks" / "catalog", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(handle, 0)
        os.pwrite(handle, library.encode(), 0)
    except BlockingIOError:
        used = os.pread(handle, 32, 0).decode()
        if used != library:
            os.close(handle)
            raise FolderError(
                f"The catalog is open with SQLite {used}; this process has {library}. "
                "Start all workers from one environment."
            ) from None
    fcntl.flock(handle, fcntl.LOCK_SH)
    return handle


def catalog_file(root: Path) -> tuple[int, int] | None:
    """Which file the catalog is, whatever its name is now; None where there is none."""
    try:
        found = (root / CATALOG).stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def refuse_network(root: Path, mounts: str | None = None) -> None:
    """Refuse a folder on a network file system, where locks and fsync cannot be trusted."""
    table = mounts if mounts is not None else mount_table()
    kind = filesystem(PurePosixPath(root.resolve()), table)
    if is_network(kind):
        raise FolderError(
            f"The data folder {root} is on a network file system ({kind}), which cannot hold the "
            "catalog. Choose a local disk, or keep the catalog in PostgreSQL."
        )


def is_network(kind: str) -> bool:
    """Whether a file system of this type lies on another machine."""
    return _NETWORK.fullmatch(kind) is not None


def filesystem(path: PurePosixPath, mounts: str) -> str:
    """The type of the file system that holds this path, by a table like `/proc/mounts`."""
    depth, kind = -1, ""
    for line in mounts.splitlines():
        _, point, found, *_ = line.split(" ")
        mount = PurePosixPath(point.encode().decode("unicode_escape"))
        if len(mount.parts) >= depth and path.is_relative_to(mount):
            depth, kind = len(mount.parts), found
    return kind


def write_identity(path: Path, instance: str) -> None:
    """Mark a folder as a data folder."""
    mark = {
        "format": FORMAT,
        "instance": instance,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    draft = path.with_name("tmp") / f"{os.getpid()}-format"
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(json.dumps(mark) + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def require_space(root: Path, upload_bytes: int, free: int | None = None) -> None:
    """Refuse an upload that would leave the disk too full to work on."""
    left = shutil.disk_usage(root).free if free is None else free
    needed = max(LEAST_FREE, 2 * upload_bytes)
    if left < needed:
        raise DiskFullError(
            f"{left // 2**20} MiB are free on the disk; {needed // 2**20} MiB are needed to import."
        )


def mount_table() -> str:
    """What is mounted where, where the system tells."""
    return _MOUNTS.read_text("utf-8", "surrogateescape") if _MOUNTS.exists() else ""


def _identity(root: Path) -> str:
    path = root / "FORMAT"
    if not path.exists():
        write_identity(path, str(uuid.uuid4()))
    try:
        known = json.loads(path.read_text("utf-8"))
        version, instance = known["format"], str(known["instance"])
    except (ValueError, KeyError, TypeError) as error:
        raise FolderError(f"{path} is not the mark of a data folder.") from error
    if version != FORMAT:
        raise FolderError(f"{path} has format {version}; this program knows {FORMAT}.")
    return instance


def _make_catalog(root: Path) -> None:
    """An empty file that its owner alone can read, if there is none: SQLite would let all read."""
    with suppress(FileExistsError):
        os.close(os.open(root / CATALOG, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        handle = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
        os.fsync(handle)
        os.close(handle)
