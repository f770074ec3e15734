"""The first admin's key goes to a file that its owner alone can read, and nowhere else."""

from __future__ import annotations

import os
import stat

import pytest

from functional.access.conftest import bearer, first_key, key_settings, opened
from functional.access.test_keys import KEY
from pmecalc.app import prepare
from pmecalc.service import first_key as first_key_file
from pmecalc.service.first_key import FirstKeyFileError
from pmecalc.service.keys import Keys
from pmecalc.store.store import Store
from server import Server


@pytest.fixture
def open_umask():
    """A process whose new files everybody may read, unless it says otherwise."""
    before = os.umask(0)
    yield
    os.umask(before)


def test_file_is_for_its_owner_alone_and_opens_the_service(folder, open_umask):
    """The file has mode 0600 under any umask; its one line is the key of an admin."""
    settings = key_settings(folder)
    key = first_key(settings)
    assert stat.S_IMODE((folder / "first-admin.key").stat().st_mode) == 0o600
    assert KEY.fullmatch(key)
    with opened(settings) as client:
        assert client.get("/v1/session", headers=bearer(key)).json()["role"] == "admin"


def test_another_file_can_be_named(folder, tmp_path):
    """PME_FIRST_KEY_FILE says where the key goes; nothing is written to the data folder then."""
    chosen = tmp_path / "key"
    assert prepare(key_settings(folder, first_key_file=chosen)) == chosen
    assert KEY.fullmatch(chosen.read_text("ascii").strip())
    assert not (folder / "first-admin.key").exists()


@pytest.mark.parametrize("kind", ["file", "link", "dangling link", "folder"])
def test_nothing_is_written_over(folder, tmp_path, kind):
    """Whatever has the name already stays as it is, no key is made, and the sentence says so."""
    chosen, target = tmp_path / "key", tmp_path / "target"
    if kind == "file":
        chosen.write_text("mine")
    elif kind == "folder":
        chosen.mkdir()
    else:
        chosen.symlink_to(target)
        if kind == "link":
            target.write_text("mine")
    settings = key_settings(folder, first_key_file=chosen)
    with pytest.raises(FirstKeyFileError, match=r"exists already.*PME_FIRST_KEY_FILE.*No key"):
        prepare(settings)
    assert target.exists() is (kind == "link")
    assert kind != "file" or chosen.read_text() == "mine"
    assert kind != "link" or target.read_text() == "mine"
    with Store.open(folder) as store:
        assert Keys(store).is_new()


def test_file_that_cannot_be_written_is_one_sentence(folder, tmp_path):
    """A folder that is not there stops the start, and no key is made."""
    settings = key_settings(folder, first_key_file=tmp_path / "none" / "key")
    with pytest.raises(FirstKeyFileError, match="cannot be written"):
        prepare(settings)
    with Store.open(folder) as store:
        assert Keys(store).is_new()


def test_second_process_removes_its_file(folder, tmp_path):
    """Of two first starts at once one makes the key; the other leaves no file behind."""
    with Store.open(folder) as store:
        keys = Keys(store)

        class Late(Keys):
            """Asks before the other has stored its key, and stores after it."""

            def is_new(self):
                return True

        assert first_key_file.write_first_key(keys, tmp_path / "a") == tmp_path / "a"
        assert first_key_file.write_first_key(Late(store), tmp_path / "b") is None
        assert not (tmp_path / "b").exists()
        assert first_key_file.write_first_key(keys, tmp_path / "c") is None
        assert not (tmp_path / "c").exists()


def test_log_names_the_file_and_never_the_key(tmp_path):
    """What the service prints says where the key is, until the file is deleted."""
    data = tmp_path / "data"
    file = data / "first-admin.key"
    with Server(data, environment={"PME_MODE": "key"}) as server:
        assert server.output.count(str(file)) == 1
        key = file.read_text("ascii").strip()
        server.restart()
        assert server.output.count(str(file)) == 2  # a reminder
        file.unlink()
        server.restart()
        assert server.output.count(str(file)) == 2
        assert not KEY.search(server.output)
        assert key not in server.output
