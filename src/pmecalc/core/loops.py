"""Loads the compiled loops: in the calling thread, or in another while the plain engine answers."""

from __future__ import annotations

import atexit
import importlib
import importlib.util
import os
import threading
import warnings
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType

    from pmecalc.core._loop_cache import LoopFolder

FAMILIES = ("rates", "measures", "series", "pools")
_CACHE, _WARM = "pmecalc.core._loop_cache", "pmecalc.core._warm"
_REMEDY = (
    "the plain engine computes, more slowly and with the same results. Set PME_CACHE_DIR to a "
    "folder that can be written to and run `pme compile` once"
)


class PlainEngineWarning(UserWarning):
    """The compiled loops are not there, or not yet: the plain engine computes."""


class Loops:
    """The compiled loops of this process, loaded family by family; one instance is enough.

    Parameters
    ----------
    families
        In the order in which `load` loads them.

    Attributes
    ----------
    modules
        The modules loaded so far, by their names in `_warm.MODULES`.
    """

    def __init__(self, families: tuple[str, ...] = FAMILIES) -> None:
        self._families = families
        self.modules: dict[str, ModuleType] = {}
        self._loaded: set[str] = set()
        self._requested: set[str] = set()
        self._folder: LoopFolder | None = None
        self._failure: str | None = None
        self._notice: str | None = None
        self._was_told = False
        self._loading = threading.Lock()
        self._stopping = threading.Event()

    @property
    def is_complete(self) -> bool:
        """Whether all families are loaded."""
        return self._loaded.issuperset(self._families)

    @property
    def folder(self) -> str | None:
        """Where the compiled loops are kept; None before anything was loaded."""
        return None if self._folder is None else str(self._folder.path)

    @property
    def failure(self) -> str | None:
        """Why the loops cannot be loaded, in a sentence; None where nothing went wrong."""
        return self._failure

    def notice(self) -> str | None:
        """What users should be told about the engine; None where nothing, or it was told before."""
        if self._notice is None or self._was_told:
            return None
        self._was_told = True
        return self._notice

    def load(self, families: Iterable[str] | None = None) -> bool:
        """Load families, all by default, and compile what no folder holds.

        Returns
        -------
        bool
            False where the plain engine has to do: without Numba, or as `failure` says.
        """
        if not importable():
            return False
        wanted = tuple(families or self._families)
        with self._loading:
            for family in wanted:
                self._load(family)
        return self._loaded.issuperset(wanted)

    def request(self, family: str) -> None:
        """Load a family if a folder holds it; otherwise start a thread that compiles it, and warn.

        Only a family that is on the disk makes the caller wait, a second or two.
        """
        if family in self._loaded or not importable():
            return
        if family not in self._requested and self._loading.acquire(blocking=False):
            try:
                self._load_kept(family)
            finally:
                self._loading.release()
        is_known = self._folder is not None  # else another thread has just begun to load
        if family not in self._loaded and self._failure is None and is_known:
            self._compile_beside(family)
        notice = self.notice()
        if notice is not None:
            warnings.warn(notice, PlainEngineWarning, stacklevel=4)

    def after_fork(self) -> None:
        """Compute plainly in a process that was forked while a thread was loading loops."""
        if self._loading.locked():
            self._failure = "the process was forked while another thread loaded the compiled loops"
            self._loading = threading.Lock()

    def _load_kept(self, family: str) -> None:
        """Load what the folder holds, if the family is among it."""
        folder = self._found_folder()
        if folder is not None and folder.holds(family):
            for each in filter(folder.holds, (family, *self._families)):
                self._load(each)

    def _compile_beside(self, family: str) -> None:
        if family in self._requested:
            return
        if not self._requested:
            atexit.register(self._stop)
        self._requested.add(family)
        self._notice = (
            f"the compiled loops are being compiled by another thread, into {self.folder}; until "
            "then the plain engine computes, more slowly and with the same results. `pme compile` "
            "does it beforehand"
        )
        name = f"pme-compile-{family}"
        threading.Thread(target=self.load, args=((family,),), name=name, daemon=True).start()

    def _load(self, family: str) -> None:
        if family in self._loaded or self._found_folder() is None:
            return
        cache, warm = importlib.import_module(_CACHE), importlib.import_module(_WARM)
        try:
            with cache.interruptible(self._stopping):
                for step in warm.STEPS[family]:
                    step()
            self._folder.mark(family)  # type: ignore[union-attr]  # it was found
        except Exception as error:  # noqa: BLE001  (a compiler can fail in any way; we can compute)
            if not self._stopping.is_set():
                self._fail(f"the compiled loops in {self.folder} cannot be used ({error!r})")
            return
        self.modules.update(warm.MODULES[family])
        self._loaded.add(family)

    def _found_folder(self) -> LoopFolder | None:
        """The folder, looked for once; None after a failure."""
        if self._folder is None and self._failure is None:
            try:
                cache = importlib.import_module(_CACHE)
                folder: LoopFolder = cache.find_folder(self._families)
                with cache.locating(folder):
                    importlib.import_module(_WARM)
                self._folder = folder
            except Exception as error:  # noqa: BLE001  (as above, and Numba may not fit NumPy)
                self._fail(str(error))
        return None if self._failure is not None else self._folder

    def _fail(self, reason: str) -> None:
        self._failure = reason
        self._notice = f"{reason}: {_REMEDY}"

    def _stop(self) -> None:
        """Let a thread that compiles come to an end: the compiler must not outlive its process."""
        self._stopping.set()
        with self._loading:
            pass


def importable() -> bool:
    """Whether Numba is installed.

    Examples
    --------
    >>> importable() == (importlib.util.find_spec("numba") is not None)
    True
    """
    return importlib.util.find_spec("numba") is not None


LOOPS = Loops()
os.register_at_fork(after_in_child=LOOPS.after_fork)
