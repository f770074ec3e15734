"""How the service logs: one configuration, and a line for a request that failed or was slow."""

from __future__ import annotations

import logging
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TextIO, cast

import structlog

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send
    from structlog.typing import EventDict, Processor, WrappedLogger

    from pmecalc.api.auth import Principal

_FAILED = 500
_HUNG_UP = 499
_LONGEST_CHAIN = 10
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), 127, *range(0x80, 0xA0))}
_ESCAPES = str.maketrans(
    {**_CONTROLS, 10: "\\n", 13: "\\r", 9: "\\t", 0x2028: "\\u2028", 0x2029: "\\u2029"}
)
_log = structlog.stdlib.get_logger(__name__)


def configure(stream: TextIO | None = None) -> None:
    """Lines on stderr, for people where it is a terminal, else JSON; all loggers go through it."""
    stream = stream or sys.stderr
    is_terminal = stream.isatty()
    before: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _errors_without_values,
        _on_one_line,
    ]
    structlog.configure(
        processors=[*before, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    last: Processor = structlog.processors.JSONRenderer()
    if is_terminal:
        last = structlog.dev.ConsoleRenderer()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    # Of libraries only what matters: some of them log every address that they are asked for.
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("pmecalc").setLevel(logging.INFO)


class RequestLog:
    """Writes of a request only when it failed or began to answer late: a hit leaves no line."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        slow_seconds: float,
        answering: Callable[[Scope], None] = lambda _scope: None,
    ) -> None:
        self._app = app
        self._slow_seconds = slow_seconds
        self._answering = answering

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and look at the answer's status and time."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._answering(scope)
                self._note(scope, message["status"], time.perf_counter() - started)
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception:
            self._answering(scope)
            self._note(scope, _FAILED, time.perf_counter() - started)
            raise

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        if status >= _FAILED:
            _log.error("request failed", **_facts(scope, status, seconds))
        elif status == _HUNG_UP:
            _log.info("client hung up", **_facts(scope, status, seconds))
        elif seconds >= self._slow_seconds:
            _log.warning("request was slow", **_facts(scope, status, seconds))


def _facts(scope: Scope, status: int, seconds: float) -> dict[str, object]:
    """The route's template, never the path: a path holds ids, a query values."""
    principal = cast("Principal | None", scope.get("pme.principal"))
    return {
        "request": scope.get("pme.request_id"),
        "method": scope["method"],
        "route": getattr(scope.get("route"), "path", "none"),
        "tenant": principal.tenant if principal else None,
        "status": status,
        "ms": round(1000 * seconds, 1),
    }


def _errors_without_values(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """An error as its kind and its places in the code: its text may quote what a user sent."""
    error = _error_of(event.pop("exc_info", None))
    if error is not None:
        event["error"] = _chain(error)
    return event


def _error_of(given: object) -> BaseException | None:
    """Of the forms that logging allows: an error, its triple, or true for the one at hand."""
    if isinstance(given, BaseException):
        return given
    if isinstance(given, tuple):
        return _error_of(given[1])
    return sys.exception() if given else None


def _chain(error: BaseException) -> list[dict[str, object]]:
    """The error, then what it came of."""
    found: list[dict[str, object]] = []
    seen: BaseException | None = error
    while seen is not None and len(found) < _LONGEST_CHAIN:
        frames = traceback.extract_tb(seen.__traceback__)
        found.append(
            {
                "kind": type(seen).__qualname__,
                "at": [f"{each.filename}:{each.lineno} {each.name}" for each in frames],
            }
        )
        seen = seen.__cause__ or seen.__context__
    return found


def _on_one_line(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """No value can begin a line of its own."""
    return {name: _escaped(value) for name, value in event.items()}


def _escaped(value: object) -> object:
    if isinstance(value, str):
        return value.translate(_ESCAPES)
    if isinstance(value, Mapping):
        return {name: _escaped(each) for name, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [_escaped(each) for each in value]
    return value
