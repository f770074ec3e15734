"""The duty that runs beside the requests: every minute, whatever is due in the data folder."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING

from pmecalc.core.errors import StoreError

if TYPE_CHECKING:
    from pmecalc.service.executors import Pool
    from pmecalc.store.store import Store

_LOG = logging.getLogger(__name__)
_MINUTE = 60.0


async def keep(
    store: Store, ended: asyncio.Event, threads: Pool, *, every_seconds: float = _MINUTE
) -> None:
    """Tend the store until it ends; a pass that fails is logged, and the next one tries again."""
    while not ended.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), every_seconds)
            return
        try:
            collected = await threads.run(store.tend)
        except StoreError as error:
            _LOG.warning("upkeep: %s", error.code)
        except OSError:
            _LOG.exception("upkeep: the data folder could not be tended")
        else:
            if collected is not None:
                _LOG.info("upkeep: %s", collected)
