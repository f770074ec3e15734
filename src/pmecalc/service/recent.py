"""Content read lately: a revision never changes, so the views of one fund read its pack once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

ContentT = TypeVar("ContentT")

_MAX_ROWS = 100_000  # about 5 MB


class Recent(Generic[ContentT]):
    """The least recently read goes first; threads may share it."""

    def __init__(
        self,
        read: Callable[[str, str, str], ContentT],
        *,
        rows_of: Callable[[ContentT], int],
        max_rows: int = _MAX_ROWS,
    ) -> None:
        self._read = read
        self._rows_of = rows_of
        self._max_rows = max_rows
        self._rows = 0
        self._kept: OrderedDict[tuple[str, str, str], ContentT] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, tenant: str, dataset: str, revision: str) -> ContentT:
        """The content of this revision, read at most once while it is kept."""
        name = (tenant, dataset, revision)
        with self._lock:
            if name in self._kept:
                self._kept.move_to_end(name)
                return self._kept[name]
        content = self._read(*name)
        with self._lock:
            self._keep(name, content)
        return content

    def _keep(self, name: tuple[str, str, str], content: ContentT) -> None:
        if name in self._kept or self._rows_of(content) > self._max_rows:
            return
        self._kept[name] = content
        self._rows += self._rows_of(content)
        while self._rows > self._max_rows:
            _, oldest = self._kept.popitem(last=False)
            self._rows -= self._rows_of(oldest)
