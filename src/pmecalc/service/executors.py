"""The threads of the service: bounded pools for catalog reads, imports, JSON and the rest."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")
_P = ParamSpec("_P")


class Pool:
    """A bounded number of threads under one name; calls beyond it wait for a thread."""

    def __init__(self, name: str, *, threads: int) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=f"pme-{name}")

    async def run(self, work: Callable[_P, _T], *args: _P.args, **options: _P.kwargs) -> _T:
        """Run blocking work in a thread of this pool, with the context of the caller."""
        call = partial(copy_context().run, work, *args, **options)
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)

    def close(self) -> None:
        """Wait for what runs; what has not begun is dropped."""
        self._threads.shutdown(cancel_futures=True)


def _reads() -> Pool:
    return Pool("read", threads=4)


def _imports() -> Pool:
    return Pool("import", threads=4)


def _json() -> Pool:
    return Pool("json", threads=2)  # more would only share the interpreter with the event loop


def _rest() -> Pool:
    return Pool("work", threads=8)


@dataclass(frozen=True, slots=True)
class Executors:
    """One pool for each kind of blocking work, so that none waits for another kind.

    `imports` is entered in turn (`FairQueue`) by no more imports than it has threads.
    """

    reads: Pool = field(default_factory=_reads)
    imports: Pool = field(default_factory=_imports)
    json: Pool = field(default_factory=_json)
    rest: Pool = field(default_factory=_rest)

    def close(self) -> None:
        """End all threads."""
        for pool in (self.imports, self.json, self.reads, self.rest):
            pool.close()
