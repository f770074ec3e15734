"""JSON bodies of requests: limits first, then values; large ones are read off the event loop."""

from __future__ import annotations

import json
import re
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from fastapi import Request
from pydantic import BaseModel, TypeAdapter, ValidationError

from pmecalc.api.checks import KEY, KEY_MISPLACED
from pmecalc.api.errors import MalformedError
from pmecalc.api.repeats import unrepeated
from pmecalc.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

MAX_DEPTH = 32
MAX_NUMBERS = 100_000
LARGE_BYTES = 64 * 1024
# The closing quotation mark may be missing, and no step is taken back: a string that is left open
# is passed once, not once more from each quotation mark inside it.
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)


class ApiRequest(Request):
    """A request whose JSON body is parsed once, and whose cookies are not parsed at all.

    FastAPI asks for the cookies of every request; the standard library takes quadratic time for
    them on some versions of Python. The one cookie of ours is read in `credentials`.
    """

    _parsed: Callable[[], object] | None = None

    @property
    def cookies(self) -> dict[str, str]:
        """Nothing: no route reads a cookie."""
        return {}

    async def json(self) -> Any:  # noqa: ANN401  (the base's own)
        """The value of the body, as `read_json` left it."""
        return await super().json() if self._parsed is None else self._parsed()

    async def read_json(self, kind: type[BaseModel] | None) -> None:
        """Check the body's limits and parse it; a large one is also validated, in a thread."""
        body = await self.body()
        if len(body) <= LARGE_BYTES:
            self._parsed = parsed(body)
            return
        threads = self.app.state.services.executors.json
        self._parsed = await threads.run(_validated, body, kind)


def parsed(body: bytes) -> Callable[[], object]:
    """A function that returns the value of JSON, or raises what is wrong with its form."""
    refuse_monstrous(body)
    try:
        # UTF-8 alone (RFC 8259): in the others that Python would take, limits count other bytes.
        value = json.loads(body.decode("utf-8-sig"), object_pairs_hook=unrepeated)
    except InputError:
        raise
    except (ValueError, RecursionError) as error:
        return partial(_raise, error)
    return lambda: value


def refuse_monstrous(body: bytes) -> None:
    """Refuse JSON that is too deep or holds too many numbers, and one that carries a key."""
    if KEY.search(body):
        raise InputError(KEY_MISPLACED.detail, code=KEY_MISPLACED.code)
    letters = np.frombuffer(_STRING.sub(b" ", body), np.uint8)
    opens, closes = np.isin(letters, list(b"[{")), np.isin(letters, list(b"]}"))
    depth = np.cumsum(opens.astype(np.int32) - closes.astype(np.int32))
    if len(depth) and int(depth.max()) > MAX_DEPTH:
        raise InputError(f"JSON is at most {MAX_DEPTH} levels deep.", code="JSON_TOO_DEEP")
    inside = np.isin(letters, list(b"0123456789.eE+-"))
    begins = np.isin(letters, list(b"0123456789-"))
    numbers = int(np.count_nonzero(begins[1:] & ~inside[:-1]))
    if numbers > MAX_NUMBERS:
        raise InputError(
            f"A request holds at most {MAX_NUMBERS:,} numbers; this one has {numbers:,}.",
            code="TOO_MANY_NUMBERS",
            hint="Upload a file instead.",
        )


def _validated(body: bytes, kind: type[BaseModel] | None) -> Callable[[], object]:
    """The same as `parsed`, of the model that the route takes: FastAPI passes that on as it is."""
    value = parsed(body)
    if kind is None or isinstance(value, partial):
        return value
    try:
        made = TypeAdapter(kind).validate_python(value())
    except ValidationError as error:
        raise MalformedError.of_body(error) from None
    return lambda: made


def _raise(error: Exception) -> NoReturn:
    raise error
