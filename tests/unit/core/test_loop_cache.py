"""The folder of the compiled loops: whose it is, and when it is another one."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pmecalc.core import engine
from pmecalc.core.loops import FAMILIES, Loops

pytest.importorskip("numba", reason="no numba on this machine")

from pmecalc.core import _loop_cache
from pmecalc.core._loop_cache import LoopFolder, NoCacheFolderError, find_folder


@pytest.fixture
def base(tmp_path, monkeypatch):
    monkeypatch.setenv("PME_CACHE_DIR", str(tmp_path))
    return tmp_path


def test_constants_that_the_loops_import_make_another_folder(tmp_path, monkeypatch):
    """A module at any remove counts, one that they do not import does not."""
    copy = tmp_path / "core"
    shutil.copytree(Path(engine.__file__).parent, copy)
    monkeypatch.setattr(_loop_cache, "_FOLDER", copy)
    versions = []
    for changed in (None, "batch.py", "rate_window.py", "_kernels.py"):
        if changed:
            file = copy / changed
            file.write_bytes(file.read_bytes() + b"\n# changed\n")
        versions.append(_loop_cache.version.__wrapped__())
    before, unrelated, constants, loops = versions
    assert before == unrelated
    assert len({before, constants, loops}) == 3


def test_a_full_folder_need_not_be_written_to(base):
    """Loops that an image brings are used as they are."""
    folder = find_folder(FAMILIES)
    for family in FAMILIES:
        folder.mark(family)
    before = folder.path.stat().st_mtime_ns
    found = find_folder(FAMILIES)
    assert found.path == folder.path
    assert found.path.stat().st_mtime_ns == before


def test_a_folder_that_others_can_write_to_is_refused(base):
    """What is in it would be run."""
    folder = find_folder(FAMILIES)
    folder.path.chmod(0o777)
    with pytest.raises(NoCacheFolderError, match="written to by others"):
        find_folder(FAMILIES)


def test_numbas_own_folder_is_respected(tmp_path, monkeypatch):
    """Where PME_CACHE_DIR is not set."""
    monkeypatch.delenv("PME_CACHE_DIR", raising=False)
    monkeypatch.setattr("numba.config.CACHE_DIR", str(tmp_path))
    assert find_folder(FAMILIES).path.parent == tmp_path


def test_a_user_without_a_home_has_no_cache_folder(monkeypatch):
    """Nothing is made below a folder called `~`; the package's own folder is left."""

    def unknown(_: int) -> None:
        raise KeyError("no such user")

    monkeypatch.setattr("pwd.getpwuid", unknown)
    for name in ("PME_CACHE_DIR", "XDG_CACHE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("numba.config.CACHE_DIR", "")
    assert _loop_cache._bases() == [Path(engine.__file__).parent / "__pycache__"]


def test_a_fork_while_loops_are_loaded_computes_plainly():
    """The thread that held the lock does not exist in the new process."""
    loops = Loops()
    loops.after_fork()
    assert loops.failure is None
    loops._loading.acquire()
    loops.after_fork()
    assert "forked" in loops.failure
    assert not loops.load()
    assert loops.notice() is None


def test_nobody_waits_for_another_thread_that_loads():
    """Nor is anybody told that it compiles, which is not known yet."""
    loops = Loops()
    loops._loading.acquire()
    loops.request("measures")
    assert loops.notice() is None
    assert loops.folder is None
    loops._loading.release()


def test_damaged_loops_are_a_sentence(base):
    """The plain engine computes, and the notice names the folder."""
    script = """
import sys
from pmecalc.core import engine
from pmecalc.core._loop_cache import find_folder
folder = find_folder(engine.FAMILIES)
(folder.path / f"{sys.argv[1]}.nbi").write_bytes(b"damaged")
assert not engine.load("rates")
print(engine.failure())
"""
    lines = Path(_loop_cache.__file__).with_name("_lane_kernels.py").read_text().splitlines()
    (line,) = (number for number, text in enumerate(lines) if text.startswith("def stream_rates("))
    name = f"_lane_kernels.stream_rates-{line}.py{sys.version_info[0]}{sys.version_info[1]}"
    done = subprocess.run(
        [sys.executable, "-c", script, name], check=True, capture_output=True, text=True
    )
    assert str(base) in done.stdout
    assert "cannot be used" in done.stdout


def test_other_functions_keep_their_own_folders(base):
    """Only functions of this package are kept in the folder."""

    def own() -> None: ...

    folder = LoopFolder(base)
    with _loop_cache.locating(folder):
        assert _loop_cache.Locator.from_function(own, __file__) is None
        locator = _loop_cache.Locator.from_function(own, str(Path(engine.__file__)))
    assert locator.get_cache_path() == str(base)
    assert sys.modules["numba"].config.CACHE_LOCATOR_CLASSES == ""
