from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from pmecalc.store import DiskFullError, NewDataset, Store, WritesRefusedError
from pmecalc.store.objects import Disk
from unit.store.samples import TENANT, large_fund, new_benchmark, new_fund

HERE = Path(__file__).parent
STEPS = [
    "raw-written",
    "raw-renamed",
    "raw-durable",
    "objects-written",
    "objects-renamed",
    "objects-durable",
    "begun",
    "checked",
    "inserted",
    "pointed",
    "committed",
]


class FaultyDisk(Disk):
    """A disk that fails as long as it is told to."""

    def __init__(self):
        self.write_error = self.fsync_error = 0

    def write(self, handle, data):
        if self.write_error:
            raise OSError(self.write_error, os.strerror(self.write_error))
        return super().write(handle, data)

    def fsync(self, handle):
        if self.fsync_error:
            raise OSError(self.fsync_error, os.strerror(self.fsync_error))
        super().fsync(handle)


@contextmanager
def program(name, *arguments, **options):
    environment = os.environ | {"PYTHONPATH": str(HERE.parents[1])}
    command = [sys.executable, str(HERE / name), *map(str, arguments)]
    with subprocess.Popen(command, env=environment, text=True, **options) as process:
        try:
            yield process
        finally:
            process.kill()


def state(store, dataset):
    """The fund's sequence and first amount, and how many benchmarks there are."""
    found = store.pointer(TENANT, "fund", dataset)
    value = store.load(TENANT, "fund", dataset, found.revision)
    indices = len(store.datasets(TENANT, "benchmark").items)
    return found.sequence, value.contributions[0], indices


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_a_step(root, step):
    """A worker killed at a step leaves the old state or the new, and a retry succeeds (S-02)."""
    with Store.open(root) as store:
        dataset = store.commit(TENANT, [new_fund()], actor="me").items[0].id
    with program("importer.py", root, step, dataset) as process:
        assert process.wait(60) == -signal.SIGKILL
    with Store.open(root) as store:
        old, new = (1, 100.0, 0), (2, 200.0, 1)
        assert state(store, dataset) == (new if step == "committed" else old)
        both = [new_fund("Alpha", 2, dataset=dataset), new_benchmark()]
        done = store.commit(TENANT, both, raw=b"as received", actor="me")
        assert done.already == (step == "committed")
        assert state(store, dataset) == new
        assert store._connections.reader.read(
            lambda db: db.execute("PRAGMA integrity_check").fetchall()
        ) == [("ok",)]


def test_processes_see_a_commit(root):
    """Three processes see every commit as soon as it is answered: 0 stale of 15 reads."""
    with Store.open(root) as store:
        dataset = store.commit(TENANT, [new_fund()], actor="me").items[0].id
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with (
            program("follower.py", root, dataset, **pipes) as one,
            program("follower.py", root, dataset, **pipes) as two,
            program("follower.py", root, dataset, **pipes) as three,
        ):
            stale = reads = 0
            for scale in range(2, 7):
                store.commit(TENANT, [new_fund(scale=scale, dataset=dataset)], actor="me")
                for process in (one, two, three):
                    process.stdin.write("\n")
                    process.stdin.flush()
                    stale += process.stdout.readline().split() != [str(scale), f"{100.0 * scale}"]
                    reads += 1
            assert (stale, reads) == (0, 15)


def test_full_disk(root):
    """A full disk refuses the import, reads go on, and it works again once there is room."""
    disk = FaultyDisk()
    with Store.open(root, disk=disk) as store:
        dataset = store.commit(TENANT, [new_fund()], actor="me").items[0].id
        disk.write_error = errno.ENOSPC
        with pytest.raises(DiskFullError):
            store.commit(TENANT, [new_fund(scale=2, dataset=dataset)], actor="me")
        assert state(store, dataset) == (1, 100.0, 0)
        assert list((root / "tmp").iterdir()) == []
        disk.write_error = 0
        store.commit(TENANT, [new_fund(scale=2, dataset=dataset)], actor="me")
        assert state(store, dataset) == (2, 200.0, 0)


def test_failed_fsync(root):
    """After a failed fsync the process writes no more, reads on, and works after a restart."""
    disk = FaultyDisk()
    with Store.open(root, disk=disk) as store:
        dataset = store.commit(TENANT, [new_fund()], actor="me").items[0].id
        disk.fsync_error = errno.EIO
        with pytest.raises(WritesRefusedError) as caught:
            store.commit(TENANT, [new_fund(scale=2, dataset=dataset)], actor="me")
        assert caught.value.code == "WRITES_REFUSED"
        disk.fsync_error = 0
        for write in (
            lambda: store.commit(TENANT, [new_benchmark()], actor="me"),
            lambda: store.edit(TENANT, "fund", dataset, {"name": "Beta"}),
            lambda: store.delete(TENANT, "fund", dataset),
        ):
            with pytest.raises(WritesRefusedError, match="restart"):
                write()
        assert state(store, dataset) == (1, 100.0, 0)
    with Store.open(root) as store:
        store.commit(TENANT, [new_fund(scale=2, dataset=dataset)], actor="me")
        assert state(store, dataset) == (2, 200.0, 0)


FSYNC_FAILS = """
import sys
from pathlib import Path
from failing_calls import fail
from pmecalc.core.errors import StoreError
from pmecalc.store import Store
from unit.store.samples import new_fund
with Store.open(Path(sys.argv[1])) as store:
    store.commit("acme", [new_fund()], actor="me")
    fail("fsync", "fdatasync")
    for name in ("A", "B"):
        try:
            store.write(lambda db: db.execute("UPDATE kept SET name = ?", [name]))
        except StoreError as error:
            print(error.code, error)
    print(len(store.datasets("acme", "fund").items))
"""


def test_failed_fsync_of_the_catalog(root):
    """The disk fails under SQLite itself: nothing more is written until a restart (S-05)."""
    with Store.open(root) as store:
        store.write(lambda db: db.execute("CREATE TABLE kept (name TEXT)"))
        store.write(lambda db: db.execute("INSERT INTO kept VALUES ('before')"))
    done = subprocess.run(
        [sys.executable, "-c", FSYNC_FAILS, str(root)],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(HERE.parents[1])},
    )
    if "not permitted" in done.stderr:
        pytest.skip("system calls cannot be made to fail here")
    first, second, read = done.stdout.splitlines()
    assert first == ("WRITES_REFUSED The disk did not keep the catalog safe; restart the service.")
    assert second == "WRITES_REFUSED An earlier write failed; restart the service."
    assert read == "1"
    with Store.open(root) as store:
        store.write(lambda db: db.execute("UPDATE kept SET name = 'after'"))
        names = store.read(lambda db: db.execute("SELECT name FROM kept").fetchall())
    assert names == [("after",)]


@pytest.mark.parametrize("away", ["removed", "replaced", "moved"])
def test_data_folder_that_vanishes(root, tmp_path, away):
    """The next write is refused, and all after it; none is acknowledged into nowhere."""
    with Store.open(root) as store:
        store.commit(TENANT, [new_fund()], actor="me")
        if away == "removed":
            shutil.rmtree(root)
        else:
            root.rename(tmp_path / "elsewhere")
        if away == "replaced":
            shutil.copytree(tmp_path / "elsewhere", root)
        for _ in range(2):
            with pytest.raises(WritesRefusedError, match="restart"):
                store.commit(TENANT, [new_benchmark()], actor="me")


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 2 MiB."""
    point = tmp_path / "small"
    point.mkdir()
    mount = shutil.which("mount")
    command = [mount or "mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(point)]
    if mount is None or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("mounting a small file system is not permitted here")
    yield point
    subprocess.run(["umount", str(point)], check=True)


def fill(point, left):
    """Leave this many bytes free."""
    with (point / "filler").open("wb") as file:
        file.write(b"\1" * max(shutil.disk_usage(point).free - left, 0))


@pytest.mark.parametrize("left", [0, 4096, 8192, 16384, 32768, 65536])
def test_disk_that_fills(small_disk, left):
    """A disk that fills in the pack or in the catalog refuses; then reads and recovery (S-04)."""
    root = small_disk / "data"
    with Store.open(root) as store:
        dataset = store.commit(TENANT, [new_fund()], actor="me").items[0].id
        many = [
            NewDataset(kind="fund", name=f"{'x' * 200} {n}", value=large_fund(3, n))
            for n in range(400)
        ]
        fill(small_disk, left)
        with pytest.raises(DiskFullError):
            store.commit(TENANT, many, actor="me")
        assert state(store, dataset) == (1, 100.0, 0)
        assert list((root / "tmp").iterdir()) == []
        (small_disk / "filler").unlink()
        assert len(store.commit(TENANT, many, actor="me").items) == 400
        assert store._connections.reader.read(
            lambda db: db.execute("PRAGMA integrity_check").fetchall()
        ) == [("ok",)]
