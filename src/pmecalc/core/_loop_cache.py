"""Selects the folder in which Numba keeps the compiled loops; imported once Numba is.

Numba renews a function's code when the function's own file changes. The loops also depend on the
constants that they import, so all their sources are part of the folder's name.
"""

from __future__ import annotations

import ast
import hashlib
import os
import platform
import stat
import sys
import tempfile
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numba
import numpy as np
from numba.core import event
from numba.core.registry import cpu_target

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator
    from types import FunctionType

_OPTIONS: Any = numba.config  # it makes its attributes of the environment
_EVENTS: Any = event
SETTING = "PME_CACHE_DIR"
_PACKAGE = "pmecalc.core"
_FOLDER = Path(__file__).parent
_KERNELS = ("_kernels", "_lane_kernels", "_fund_kernels", "_series_kernels", "_pool_kernels")
_NUMBA_LOCATORS = (
    "UserProvidedCacheLocator",
    "InTreeCacheLocator",
    "UserWideCacheLocator",
    "IPythonCacheLocator",
    "ZipCacheLocator",
)
_COMPLETE = ".complete"
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


class NoCacheFolderError(Exception):
    """No folder can hold the compiled loops; the message is a sentence that says why."""


class LoopFolder:
    """A folder of compiled loops and the families of loops that it holds in full."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def holds(self, family: str) -> bool:
        """Whether every loop of a family is there."""
        return (self.path / f"{family}{_COMPLETE}").is_file()

    def mark(self, family: str) -> None:
        """Record that every loop of a family is there."""
        if not self.holds(family):
            (self.path / f"{family}{_COMPLETE}").touch()

    def check_owner(self) -> None:
        """Raise where somebody else could have put programs into the folder."""
        found = self.path.stat()
        if found.st_mode & _OTHERS_WRITE or found.st_uid not in {0, os.geteuid()}:
            raise NoCacheFolderError(
                f"{self.path} belongs to another user or can be written to by others, and what "
                f"is in it would be run; delete it, or set {SETTING} to a folder of your own"
            )

    def make(self) -> None:
        """Create the folder and try to write to it; OSError where that fails."""
        self.path.mkdir(mode=0o755, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=self.path):
            pass


class Locator:
    """Tells Numba the folder and the version of our loops, and nothing about other functions."""

    folder: Path | None = None

    def __init__(self, function: FunctionType, file: str) -> None:
        self._py_file = file  # Numba reads it for its warnings
        self._line = function.__code__.co_firstlineno

    @classmethod
    def from_function(cls, function: FunctionType, file: str) -> Locator | None:
        """A locator for a function of this package, else None."""
        return cls(function, file) if cls.folder and Path(file).parent == _FOLDER else None

    def get_cache_path(self) -> str:
        """The folder."""
        return str(self.folder)

    def ensure_cache_path(self) -> None:
        """Create the folder."""
        Path(self.get_cache_path()).mkdir(mode=0o755, parents=True, exist_ok=True)

    @staticmethod
    def get_source_stamp() -> str:
        """The version of the sources, which the folder's name holds already."""
        return version()

    def get_disambiguator(self) -> str:
        """What tells functions of one name in one file apart."""
        return str(self._line)


@contextmanager
def locating(folder: LoopFolder) -> Iterator[None]:
    """Let the functions that are decorated meanwhile be kept in the folder."""
    Locator.folder = folder.path
    before = _OPTIONS.CACHE_LOCATOR_CLASSES
    others = before or ",".join(_NUMBA_LOCATORS)
    _OPTIONS.CACHE_LOCATOR_CLASSES = f"{__name__}.{Locator.__name__},{others}"
    try:
        yield
    finally:
        _OPTIONS.CACHE_LOCATOR_CLASSES = before


@contextmanager
def interruptible(stopping: threading.Event) -> Iterator[None]:
    """Begin to compile no further function once `stopping` is set."""
    listener = _Stopper(stopping)
    _EVENTS.register("numba:compile", listener)
    try:
        yield
    finally:
        _EVENTS.unregister("numba:compile", listener)


class _Stopper(event.Listener):
    def __init__(self, stopping: threading.Event) -> None:
        self._stopping = stopping

    def on_start(self, _: event.Event) -> None:
        if self._stopping.is_set():
            raise InterruptedError("the process ends")

    def on_end(self, _: event.Event) -> None:
        pass


def find_folder(families: tuple[str, ...]) -> LoopFolder:
    """The folder that holds the families, else the first one that can be written to.

    Raises
    ------
    NoCacheFolderError
        There is none.
    """
    folders = [LoopFolder(base / f"loops-{version()}") for base in _bases()]
    for folder in folders:
        if all(map(folder.holds, families)):
            folder.check_owner()
            return folder
    refusals = []
    for folder in folders:
        try:
            folder.make()
        except OSError as error:
            refusals.append(f"{folder.path} ({error.strerror})")
            continue
        folder.check_owner()
        return folder
    raise NoCacheFolderError(
        f"the compiled loops can be kept in no folder, not in {' nor in '.join(refusals)}"
    )


@cache
def version() -> str:
    """A digest of the loops' sources and of all else that their code depends on."""
    digest = hashlib.blake2b(digest_size=10)
    codegen = cpu_target.target_context.codegen()
    facts = (numba.__version__, np.__version__, platform.python_version(), sys.byteorder)
    digest.update(repr((facts, codegen.magic_tuple())).encode())
    for path in _sources():
        digest.update(repr((path.relative_to(_FOLDER).as_posix(), path.read_bytes())).encode())
    return digest.hexdigest()


def _bases() -> list[Path]:
    """The folders to look at: the one that is set, else the user's cache and the package's own."""
    told = os.environ.get(SETTING) or _OPTIONS.CACHE_DIR
    if told:
        return [Path(told).absolute()]
    kept = [] if (own := _user_cache()) is None else [own]
    return [*kept, _FOLDER / "__pycache__"]


def _user_cache() -> Path | None:
    """None where the user has no home, or platformdirs (of the extra `fast`) is missing."""
    try:
        from platformdirs import user_cache_path  # noqa: PLC0415  (an optional dependency)

        return user_cache_path("pmecalc")
    except (ImportError, RuntimeError):
        return None


def _sources() -> list[Path]:
    """The files of the loops and of all that they import from this package, at any remove."""
    found: set[Path] = set()
    waiting = [_FOLDER / f"{name}.py" for name in _KERNELS]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += _imported_by(path)
    return sorted(found)


def _imported_by(path: Path) -> list[Path]:
    names = []
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    inside = [name.removeprefix(f"{_PACKAGE}.") for name in names if name.startswith(_PACKAGE)]
    files = [_FOLDER / f"{name.replace('.', '/')}.py" for name in inside]
    return [file for file in files if file.is_file()]
