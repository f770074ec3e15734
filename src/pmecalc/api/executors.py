"""Thread pools of the API, one for each kind of work: no kind waits for another."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")
_JSON_THREADS = 2  # more would only share the interpreter with the event loop


def _json_pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_JSON_THREADS, thread_name_prefix="pme-json")


@dataclass(frozen=True, slots=True)
class Executors:
    """The thread pools of one application, shut down together."""

    json: ThreadPoolExecutor = field(default_factory=_json_pool)

    def close(self) -> None:
        """Drop what waits and let what runs finish; called in a thread."""
        self.json.shutdown(cancel_futures=True)


async def run_in(executor: ThreadPoolExecutor, work: Callable[[], _T]) -> _T:
    """The result of `work`, computed by a thread of `executor`."""
    return await asyncio.get_running_loop().run_in_executor(executor, work)
