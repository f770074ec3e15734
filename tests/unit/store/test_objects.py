from __future__ import annotations

import errno
import hashlib
import os
import stat

import pytest

from pmecalc.core.errors import StoreError
from pmecalc.store.errors import DamagedError, DiskFullError, WritesRefusedError
from pmecalc.store.objects import Disk, ObjectStore

DATA = b"thirty-two bytes or a few more, who counts"
HASH = hashlib.sha256(DATA).hexdigest()


class FailingDisk(Disk):
    """A disk whose writes or fsyncs fail."""

    def __init__(self, *, write=None, fsync=None):
        self.errors = {"write": write, "fsync": fsync}

    def write(self, handle, data):
        self._fail("write")
        return super().write(handle, data)

    def fsync(self, handle):
        self._fail("fsync")
        super().fsync(handle)

    def _fail(self, call):
        if (code := self.errors[call]) is not None:
            raise OSError(code, os.strerror(code))


class ShortDisk(Disk):
    """A disk that takes seven bytes at a time."""

    def write(self, handle, data):
        return super().write(handle, data[:7])


@pytest.fixture
def folder(tmp_path):
    for name in ("objects", "raw", "tmp"):
        (tmp_path / name).mkdir()
    return tmp_path


def objects(folder, disk=None, step=lambda _name: None):
    return ObjectStore(folder, disk=disk or Disk(), step=step)


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_named_by_hash(folder):
    """An object lies under the hash of its bytes, readable by its owner alone."""
    stored = objects(folder).put_if_absent("objects", DATA)
    path = folder / "objects" / HASH[:2] / f"{HASH}.parquet"
    assert stored == (HASH, len(DATA))
    assert path.read_bytes() == DATA
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert files(folder) == [f"objects/{HASH[:2]}/{HASH}.parquet"]


def test_order_of_steps(folder):
    """A file is written and safe before it is renamed, and the rename is safe before the end."""
    steps = []

    class Noting(Disk):
        def fsync(self, handle):
            steps.append("directory" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")

    objects(folder, Noting(), steps.append).put_if_absent("raw", DATA)
    assert steps == [
        "file",
        "raw-written",
        "raw-renamed",
        "directory",
        "directory",
        "raw-durable",
    ]


def test_existing_object_is_kept(folder):
    """An object that is there is touched, not written again."""
    store = objects(folder)
    store.put_if_absent("raw", DATA)
    path = store.path("raw", HASH)
    os.utime(path, (1, 1))
    before = path.stat()
    store.put_if_absent("raw", DATA)
    assert path.stat().st_ino == before.st_ino
    assert path.stat().st_mtime > before.st_mtime


def test_truncated_object_is_replaced(folder):
    """An object that lost its end is written again."""
    store = objects(folder)
    store.put_if_absent("raw", DATA)
    store.path("raw", HASH).write_bytes(DATA[:5])
    store.put_if_absent("raw", DATA)
    with store.open("raw", HASH) as file:
        assert file.read() == DATA


def test_short_writes(folder):
    """A disk that takes a few bytes at a time gets them all."""
    objects(folder, ShortDisk()).put_if_absent("raw", DATA)
    with objects(folder).open("raw", HASH) as file:
        assert file.read() == DATA


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_disk_full(folder, code):
    """A full disk is said, and leaves nothing behind."""
    with pytest.raises(DiskFullError) as caught:
        objects(folder, FailingDisk(write=code)).put_if_absent("raw", DATA)
    assert caught.value.code == "DISK_FULL"
    assert files(folder) == []


def test_other_write_error(folder):
    """Any other failed write is an error of the store."""
    with pytest.raises(StoreError, match="could not be written") as caught:
        objects(folder, FailingDisk(write=errno.EIO)).put_if_absent("raw", DATA)
    assert caught.value.code == "STORE_UNAVAILABLE"
    assert files(folder) == []


def test_failed_fsync(folder):
    """A failed fsync is an error that forbids further writes, and no object appears."""
    with pytest.raises(WritesRefusedError):
        objects(folder, FailingDisk(fsync=errno.EIO)).put_if_absent("raw", DATA)
    assert files(folder) == []


@pytest.mark.parametrize("name", ["", "../../etc/passwd", HASH.upper(), HASH[:-1], HASH + "\n"])
def test_names_are_hashes(folder, name):
    """What is no hash names no object."""
    with pytest.raises(DamagedError, match="not a hash"):
        objects(folder).open("raw", name)


def test_missing_object(folder):
    """A missing object is named."""
    with pytest.raises(DamagedError, match=f"{HASH} cannot be used: it is missing"):
        objects(folder).open("objects", HASH)
    assert not objects(folder).exists("objects", HASH)
