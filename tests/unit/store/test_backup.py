from __future__ import annotations

import json
import shutil
import threading
from dataclasses import replace

import pytest

from pmecalc.store import DamagedError, Store, layout
from pmecalc.store.doctor import examine, worst
from pmecalc.store.errors import FolderError
from unit.store.samples import TENANT, contents, new_benchmark, new_fund

RAW = b"as received"


@pytest.fixture
def target(tmp_path):
    return tmp_path / "backup"


@pytest.fixture
def known(store):
    """A store with two funds and a benchmark, one of the funds at its second revision."""
    both = [new_fund(), new_fund("Beta"), new_benchmark()]
    items = store.commit(TENANT, both, actor="me", raw=RAW).items
    store.commit(TENANT, [new_fund(scale=2, dataset=items[0].id)], actor="me")
    return items


def findings(root):
    return [f for f in examine(root, now=2**42, deep=True) if f.level != "fine"]


def test_round_trip(store, known, target, tmp_path):
    """Everything current at the backup is there after a restore, and the doctor finds it fine."""
    done = store.backup(target)
    assert (len(done.manifest.files), done.copied, done.manifest.missing) == (4, 4, ())
    manifest = Store.restore(target, tmp_path / "new")
    assert manifest == done.manifest
    with Store.open(tmp_path / "new") as other:
        assert other.instance == store.instance
        for item in known:
            found = other.pointer(TENANT, item.kind, item.id)
            assert found == store.pointer(TENANT, item.kind, item.id)
            ours = store.load(TENANT, item.kind, item.id, found.revision)
            theirs = other.load(TENANT, item.kind, item.id, found.revision)
            assert contents(ours) == contents(theirs)
        actions = other.read(
            lambda db: db.execute("SELECT action FROM audit ORDER BY n").fetchall()
        )
        other.commit(TENANT, [new_fund("Gamma")], actor="me")
    assert [action for (action,) in actions] == ["import.commit", "import.commit", "restore"]
    assert findings(tmp_path / "new") == []


def test_private(store, known, target):
    """A backup is readable by its owner alone."""
    store.backup(target)
    modes = {path.stat().st_mode & 0o077 for path in (target, *target.rglob("*"))}
    assert modes == {0}


def test_second_backup_copies_what_is_new(store, known, target, tmp_path):
    """A second backup brings new files alone and drops what is no longer named."""
    store.backup(target)
    store.commit(TENANT, [new_fund("Gamma")], actor="me")
    stray = target / "objects" / "ab" / ("ab" * 32 + ".parquet")
    stray.parent.mkdir(exist_ok=True)
    stray.write_bytes(b"of an older backup")
    done = store.backup(target)
    assert (done.copied, done.known, done.dropped) == (1, 4, 1)
    Store.restore(target, tmp_path / "new")
    assert findings(tmp_path / "new") == []


def test_copies_where_links_are_impossible(store, known, target, tmp_path, root):
    """A file that is restored is a copy: damage to the one leaves the other as it is."""
    store.backup(target)
    Store.restore(target, tmp_path / "new")
    inodes = {path.stat().st_ino for path in target.rglob("*.parquet")}
    restored = {path.stat().st_ino for path in (tmp_path / "new").rglob("*.parquet")}
    assert inodes & restored == set()


def test_writes_go_on(store, target):
    """Imports of another thread during a backup are not held up, and the backup is whole."""
    item = store.commit(TENANT, [new_fund()], actor="me").items[0]
    ended = threading.Event()
    made = []

    def write():
        scale = 2
        while not ended.is_set():
            news = [new_fund(scale=scale, dataset=item.id)]
            made.append(store.commit(TENANT, news, actor="me").items[0].sequence)
            scale += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(3):
            store.backup(target)
            new = target.with_name(f"new-{number}")
            Store.restore(target, new)
            assert findings(new) == []
    finally:
        ended.set()
        writer.join(60)
    assert made == list(range(2, len(made) + 2))


def test_garbage_waits(store, known, target):
    """While a backup holds its lock nothing is collected."""
    with layout.exclusive(store.root / layout.BACKUP_LOCK):
        assert store.collect_garbage() is None


def damage_object(target):
    path = next(target.rglob("*.parquet"))
    data = bytearray(path.read_bytes())
    data[20] ^= 1
    path.unlink()
    path.write_bytes(data)


def remove_object(target):
    next(target.rglob("*.parquet")).unlink()


def damage_catalog(target):
    with (target / "catalog.sqlite").open("r+b") as file:
        file.seek(100)
        file.write(b"\0")


@pytest.mark.parametrize("damage", [damage_object, remove_object, damage_catalog])
def test_damaged_backup(store, known, target, tmp_path, damage):
    """A backup that is not what was written is refused, and leaves no trace."""
    store.backup(target)
    damage(target)
    with pytest.raises(DamagedError):
        Store.restore(target, tmp_path / "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup", "data"]


@pytest.mark.parametrize("text", [None, "no json", "{}", '{"format": 1}'])
def test_unfinished_backup(store, known, target, tmp_path, text):
    """A backup without its manifest is none."""
    store.backup(target)
    (target / "MANIFEST.json").unlink()
    if text is not None:
        (target / "MANIFEST.json").write_text(text)
    with pytest.raises(FolderError, match=r"MANIFEST\.json"):
        Store.restore(target, tmp_path / "new")


def test_newer_backup(store, known, target, tmp_path):
    """A backup of another format is refused with both numbers."""
    store.backup(target)
    path = target / "MANIFEST.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 2}))
    with pytest.raises(FolderError, match="format 2; this program knows 1"):
        Store.restore(target, tmp_path / "new")


def test_names_that_lead_elsewhere(store, known, target, tmp_path):
    """A manifest cannot name a file outside the backup."""
    store.backup(target)
    path = target / "MANIFEST.json"
    known = json.loads(path.read_text())
    known["files"][0]["hash"] = "../../etc/passwd"
    path.write_text(json.dumps(known))
    with pytest.raises(DamagedError, match="not a hash"):
        Store.restore(target, tmp_path / "new")


def test_restore_into_a_full_folder(store, known, target, tmp_path):
    """A folder with anything in it is left alone; an empty one may be there."""
    store.backup(target)
    with pytest.raises(FolderError, match="not empty"):
        Store.restore(target, store.root)
    (tmp_path / "new").mkdir()
    Store.restore(target, tmp_path / "new")


def test_places_that_hold_no_backup(store, known, target, tmp_path):
    """A backup overwrites no data folder, no other backup, and no folder of something else."""
    with Store.open(tmp_path / "other") as other:
        other.commit(TENANT, [new_fund()], actor="me")
        other.backup(tmp_path / "theirs")
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers" / "letter.txt").write_text("keep me")
    places = {
        store.root / "backup": "lies in the data folder",
        tmp_path / "other": "is a data folder",
        tmp_path / "theirs": "another data folder",
        tmp_path / "papers": "is not empty",
    }
    for place, reason in places.items():
        with pytest.raises(FolderError, match=reason):
            store.backup(place)
    assert (tmp_path / "papers" / "letter.txt").read_text() == "keep me"


def test_what_was_lost_before(store, known, target, tmp_path):
    """A file that the data folder has lost is named; all others are saved all the same."""
    pack = next((store.root / "objects").rglob("*.parquet"))
    pack.unlink()
    done = store.backup(target)
    assert [file.hash for file in done.manifest.missing] == [pack.stem]
    Store.restore(target, tmp_path / "new")
    assert {finding.check for finding in findings(tmp_path / "new")} == {"objects"}


def test_interrupted_backup_goes_on(store, known, target):
    """A backup that broke off is taken up by the next one."""
    store.backup(target)
    (target / "MANIFEST.json").unlink()
    shutil.copy(target / "catalog.sqlite", target / "catalog.sqlite.new")
    (target / "catalog.sqlite").unlink()
    assert store.backup(target).copied == 0
    assert worst(findings(store.root)) == "fine"


def test_replaced_manifest(store, known, target):
    """The manifest names the head of the audit as the copy has it."""
    before = store.read(lambda db: db.execute("SELECT n, hash FROM audit ORDER BY n").fetchall())
    first = store.backup(target).manifest
    assert (first.audit_n, first.audit_hash) == before[-1]
    second = store.backup(target).manifest
    assert second.audit_n == first.audit_n + 1
    assert replace(second, made="").files == first.files
