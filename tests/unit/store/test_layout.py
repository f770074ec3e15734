from __future__ import annotations

import json
import stat
import uuid
from pathlib import PurePosixPath

import pytest

from pmecalc.store import DiskFullError, Store
from pmecalc.store.errors import FolderError
from pmecalc.store.layout import filesystem, refuse_network, require_space

MOUNTS = """\
/dev/vda / ext4 rw 0 0
overlay /var overlay rw 0 0
server:/export /mnt/funds nfs4 rw 0 0
//server/share /mnt/my\\040share cifs rw 0 0
me@host: /home/me/remote fuse.sshfs rw 0 0
host /mnt/host 9p rw 0 0
/dev/vdb /mnt/funds/local ext4 rw 0 0
tmpfs /mnt/late tmpfs rw 0 0
server:/late /mnt/late nfs rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "ext4"),
        ("/home/me/data", "ext4"),
        ("/home/me/remote/data", "fuse.sshfs"),
        ("/home/me/remoted", "ext4"),
        ("/var/lib/pme", "overlay"),
        ("/mnt/funds/data", "nfs4"),
        ("/mnt/funds/local/data", "ext4"),
        ("/mnt/my share/data", "cifs"),
        ("/mnt/host", "9p"),
        ("/mnt/late/data", "nfs"),
    ],
)
def test_filesystem(path, kind):
    """A path is on the file system that was mounted deepest, and last."""
    assert filesystem(PurePosixPath(path), MOUNTS) == kind


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "ceph"])
def test_network_is_refused(tmp_path, kind):
    """A network file system is refused with the way out."""
    with pytest.raises(FolderError, match=f"({kind}).*PostgreSQL"):
        refuse_network(tmp_path, f"x / {kind} rw 0 0")


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "tmpfs", "overlay", "9p", "fuse.portal"])
def test_local_is_taken(tmp_path, kind):
    """A local file system, or that of a container, is taken."""
    refuse_network(tmp_path, f"x / {kind} rw 0 0")
    refuse_network(tmp_path, "")


def test_folder(root):
    """A new data folder is made, readable by its owner alone, and says what it is."""
    with Store.open(root) as store:
        mark = json.loads((root / "FORMAT").read_text())
        folders = [root, *(path for path in root.rglob("*") if path.is_dir())]
        files = [path for path in root.rglob("*") if path.is_file()]
        assert {stat.S_IMODE(path.stat().st_mode) for path in folders} == {0o700}
        assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
        assert sorted(mark) == ["created", "format", "instance"]
        assert (mark["format"], mark["instance"]) == (1, store.instance)
        assert uuid.UUID(store.instance).version == 4


def test_identity_stays(root):
    """A data folder keeps its instance."""
    with Store.open(root) as first, Store.open(root) as second:
        assert first.instance == second.instance
    with Store.open(root) as third:
        assert third.instance == first.instance


@pytest.mark.parametrize(
    ("mark", "message"),
    [
        ('{"format": 2, "instance": "x"}', "format 2; this program knows 1"),
        ("{}", "not the mark"),
        ("[]", "not the mark"),
        ("", "not the mark"),
    ],
)
def test_other_format_is_refused(root, mark, message):
    """A folder of another format, or a spoilt mark, is refused."""
    with Store.open(root):
        pass
    (root / "FORMAT").write_text(mark)
    with pytest.raises(FolderError, match=message):
        Store.open(root)


def test_file_in_the_way(tmp_path):
    """A data folder that is a file is refused in one sentence."""
    (tmp_path / "data").write_text("")
    with pytest.raises(FolderError, match="cannot be used"):
        Store.open(tmp_path / "data")


def test_free_space(tmp_path):
    """An upload needs half a GiB free, or twice its size if that is more."""
    require_space(tmp_path, 0, free=512 * 2**20)
    require_space(tmp_path, 2**30, free=2**31)
    for upload, free in ((0, 512 * 2**20 - 1), (2**30, 2**31 - 1)):
        with pytest.raises(DiskFullError, match="MiB are needed"):
            require_space(tmp_path, upload, free=free)
