"""What befalls Redis in the middle third of a level."""

from __future__ import annotations

import re
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from pmecalc.cli.load import children

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FAULTS = "kill-redis, stop-redis, slow-redis:100ms"

# Little memory, so that a good part of the questions goes to Redis.
_SETTINGS = {
    "PME_CACHE_MEMORY_BYTES": "2097152",
    "PME_CACHE_MAX_ENTRY": "262144",
    "PME_COMPUTE_QUEUE_TENANT": "1000",
    "PME_COMPUTE_QUEUE": "1000",  # all that is asked, when neither memory nor Redis has it
}


@dataclass(frozen=True, slots=True)
class Fault:
    """How it begins and ends, and the service's settings to suffer it with."""

    begin: Callable[[], None]
    end: Callable[[], None]
    settings: dict[str, str]


def is_known(text: str) -> bool:
    """Whether `prepared` can make the fault."""
    return text in {"kill-redis", "stop-redis"} or _delay(text) is not None


@contextmanager
def prepared(text: str, *, core: int | None) -> Iterator[Fault]:
    """A Redis that is well, and what will befall it."""
    with ExitStack() as stack:
        redis = stack.enter_context(children.redis_server(core=core))
        port = redis.port
        begin, end = redis.kill, redis.start
        milliseconds = _delay(text)
        if text == "stop-redis":
            begin, end = redis.stop, redis.go_on
        elif milliseconds is not None:
            relay = stack.enter_context(children.relay(redis.port, core=core))
            port = relay.port
            begin, end = partial(relay.delay, milliseconds), partial(relay.delay, 0)
        url = f"redis://127.0.0.1:{port}/0"
        yield Fault(begin, end, {**_SETTINGS, "PME_REDIS_URL": url})


def _delay(text: str) -> float | None:
    found = re.fullmatch(r"slow-redis:(\d{1,6})ms", text)
    return float(found[1]) if found else None
