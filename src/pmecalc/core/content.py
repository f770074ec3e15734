"""Equality, hash, digest and pickling of frozen values by their content."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import struct
from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]
Feed: TypeAlias = Callable[[bytes], object]

DIGEST_BYTES = 32
_FORMAT = b"pmecalc content 1"
_GUARDED = (np.ndarray, dict)  # what could be written to
_MAX_WHOLE = 2.0**63  # whole floats below it are written as the int that they equal


class ByContent:
    """Base of frozen dataclasses (`slots=True, eq=False`) that are compared by what they hold.

    Two values of one class are equal where every field is: arrays element by element, NaN equal to
    NaN, -0.0 equal to 0.0, mappings in any order. Fields declared with `compare=False` are caches:
    they do not count, and are not pickled where they have a default. Arrays and mappings are
    read-only from the moment a value is built, copied or unpickled.

    Examples
    --------
    >>> from pmecalc import Benchmark
    >>> one, other = (Benchmark.of([("2020-01-01", level)]) for level in (500, 500.0))
    >>> one == other, hash(one) == hash(other), one.digest == other.digest
    (True, True, True)
    """

    __slots__ = ("_digest",)
    _digest: str

    def __post_init__(self) -> None:
        for name in self._layout().kept:
            given = getattr(self, name)
            if isinstance(given, _GUARDED):
                object.__setattr__(self, name, _read_only(given))

    @property
    def digest(self) -> str:
        """BLAKE2b-256 of the content in hexadecimal, the same in every process and platform."""
        try:
            return self._digest
        except AttributeError:
            made = digest_of(type(self).__name__, *self._content())
            object.__setattr__(self, "_digest", made)
            return made

    def _content(self) -> tuple[object, ...]:
        """The parts that equality looks at."""
        return tuple(getattr(self, name) for name in self._layout().compared)

    def _layout(self) -> _Layout:
        return _layout(type(self))  # type: ignore[arg-type]  # a class is hashable

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        if type(self) is not type(other) or not isinstance(other, ByContent):
            return NotImplemented
        return self.digest == other.digest

    def __hash__(self) -> int:
        return int(self.digest[:15], 16)

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        state = {name: _picklable(getattr(self, name)) for name in self._layout().kept}
        return _rebuilt, (type(self), state)


def digest_of(*parts: object) -> str:
    """BLAKE2b-256 of numbers, text, dates, arrays, mappings, sequences and dataclasses.

    Equal parts have equal digests whatever their memory layout, byte order or number type.

    Raises
    ------
    TypeError
        A part has no canonical bytes.

    Examples
    --------
    >>> digest_of(1, np.array([-0.0])) == digest_of(1.0, np.array([0.0]))
    True
    >>> digest_of("ab", "c") == digest_of("a", "bc")
    False
    """
    digest = hashlib.blake2b(_FORMAT, digest_size=DIGEST_BYTES)
    for part in parts:
        _feed(digest.update, part)
    return digest.hexdigest()


def _rebuilt(kind: type[ByContent], state: Mapping[str, object]) -> ByContent:
    """A value from its fields; those left out get their defaults."""
    return kind(**state)


class _Layout(NamedTuple):
    """Fields that equality looks at, and those that a pickle holds."""

    compared: tuple[str, ...]
    kept: tuple[str, ...]


@functools.cache
def _layout(kind: type[ByContent]) -> _Layout:
    fields = dataclasses.fields(kind)  # type: ignore[arg-type]  # subclasses are dataclasses
    kept = [each.name for each in fields if each.compare or not _has_default(each)]
    return _Layout(tuple(each.name for each in fields if each.compare), tuple(kept))


def _has_default(each: dataclasses.Field[Any]) -> bool:
    missing = dataclasses.MISSING
    return each.default is not missing or each.default_factory is not missing


def _read_only(given: object) -> object:
    if isinstance(given, np.ndarray) and given.flags.writeable:
        given = given.view()  # the caller's own array stays writable
        given.flags.writeable = False
    elif isinstance(given, dict):
        return MappingProxyType({key: _read_only(value) for key, value in given.items()})
    return given


def _picklable(given: object) -> object:
    """Views of mappings do not pickle; `__post_init__` makes them again."""
    return dict(given) if isinstance(given, MappingProxyType) else given


def _feed(feed: Feed, part: object) -> None:
    """Write a part so that no two different ones give the same bytes."""
    if part is None:
        feed(b"N")
    elif isinstance(part, bool | np.bool_ | int | float | np.number):
        feed(_number(part))
    elif isinstance(part, str | bytes):
        _feed_text(feed, part)
    elif isinstance(part, date):
        _feed_text(feed, part.isoformat())
    elif isinstance(part, np.ndarray):
        _feed_array(feed, part)
    elif isinstance(part, Mapping):
        items = sorted((digest_of(key), digest_of(value)) for key, value in part.items())
        _feed_all(feed, b"M", items)
    elif isinstance(part, tuple | list):
        _feed_all(feed, b"L", part)
    elif isinstance(part, ByContent):
        _feed_text(feed, part.digest)
    elif dataclasses.is_dataclass(part):
        own = (getattr(part, each.name) for each in dataclasses.fields(part) if each.compare)
        _feed_all(feed, b"C", (type(part).__name__, *own))
    else:
        raise TypeError(f"{type(part).__name__} has no digest")


def _feed_all(feed: Feed, tag: bytes, parts: tuple[object, ...] | list[Any]) -> None:
    feed(b"%b%d;" % (tag, len(parts)))
    for part in parts:
        _feed(feed, part)


def _feed_text(feed: Feed, text: str | bytes) -> None:
    tag, raw = (
        (b"B", text) if isinstance(text, bytes) else (b"T", text.encode(errors="surrogatepass"))
    )
    feed(b"%b%d;" % (tag, len(raw)))
    feed(raw)


def _number(given: complex | np.number[Any] | np.bool_) -> bytes:
    """Whole numbers as decimals, others as little-endian doubles; one NaN, no negative zero."""
    if isinstance(given, float | np.floating):
        real = float(given)
        if real != real:  # noqa: PLR0124  (NaN)
            return b"Q"
        if not (real.is_integer() and abs(real) < _MAX_WHOLE):
            return b"F" + struct.pack("<d", real)
    return b"I%d;" % int(given)  # type: ignore[arg-type]  # no complex numbers here


def _feed_array(feed: Feed, array: Array) -> None:
    """Write shape and elements, each kind in one width and byte order."""
    kind = array.dtype.kind
    if kind in "UTOS":
        _feed_all(feed, b"S%b" % str(array.shape).encode(), array.ravel().tolist())
        return
    if kind == "f":
        plain = array.astype("<f8") + 0.0  # -0.0 becomes 0.0
        plain[np.isnan(plain)] = np.nan
    elif kind == "M":
        plain = array.astype("<M8[us]").astype("<i8")
    elif kind in "iub":
        plain = array.astype("<i8")
    else:
        raise TypeError(f"an array of {array.dtype} has no digest")
    feed(b"A%b%b" % (kind.replace("u", "i").encode(), str(array.shape).encode()))
    feed(plain.tobytes())
