"""The name of an answer: a digest of everything that the answer depends on."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

FORMAT = "pme:v1"
DIGEST_BYTES = 32

_TAG_DIGEST_BYTES = 16
_BREAKS_THE_KEY = re.compile(r"[{}:\s\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose answer it is and over which data: from the authenticated request, never its parameters.

    Without a tenant, a dataset or a revision there is no scope, hence no key: it fails closed.
    """

    tenant: str
    datasets: tuple[str, ...]
    revisions: tuple[str, ...]
    engine: int

    def __post_init__(self) -> None:
        _check_name("tenant", self.tenant)
        _check_names("dataset", self.datasets)
        for dataset in self.datasets:
            _check_name("dataset", dataset)
        _check_names("revision", self.revisions)
        if type(self.engine) is not int or not 0 <= self.engine < 2**32:
            raise ValueError(f"engine is a whole number of 32 bits, not {self.engine!r}")


@dataclass(frozen=True, slots=True)
class CacheKey:
    """`text` is the key in a tier, `digest` what an entry is checked against.

    `etag` is weak, so that one tag serves every content encoding.
    """

    text: str
    digest: bytes
    engine: int
    view: str
    tenant: str
    etag: str


def make_cache_key(view: str, params: Mapping[str, object], *, scope: Scope) -> CacheKey:
    """The key of one view of `scope`; `params` is the validated request, its defaults filled in."""
    _check_name("view", view)
    parts = [
        scope.tenant,
        list(scope.datasets),
        view,
        scope.engine,
        list(scope.revisions),
        params,
    ]
    digest = _blake2b(canonical_json(parts), DIGEST_BYTES)
    tag = f"{{{scope.tenant}.{_dataset_tag(scope.datasets)}}}"
    text = f"{FORMAT}:{tag}:{view}:{scope.engine}:{digest.hex()}"
    return CacheKey(text, digest, scope.engine, view, scope.tenant, f'W/"{digest.hex()}"')


def canonical_json(value: object) -> str:
    """The one JSON text of a value; equal values of different types have different texts.

    Raises TypeError for what has no single text: NaN, bytes, naive datetimes, types unknown here.
    """
    # Exact types: a subclass (numpy.float64, an Enum) may print as it likes.
    kind = type(value)
    if value is None or kind is bool or kind is int or kind is str:
        return json.dumps(value)
    if kind is float:
        return _float_text(value)
    if kind is date or kind is datetime:
        return _date_text(value)
    if kind is list or kind is tuple:
        return f"[{','.join(map(canonical_json, value))}]"  # type: ignore[call-overload]  # exact
    if isinstance(value, Mapping):
        return _object_text(value)
    raise TypeError(f"a cache key cannot hold {kind.__name__}")


def _float_text(value: object) -> str:
    number = float(value)  # type: ignore[arg-type]  # known to be a float
    if not math.isfinite(number):
        raise TypeError(f"a cache key cannot hold {number}")
    return repr(number)


def _date_text(value: object) -> str:
    if isinstance(value, datetime) and value.utcoffset() is None:
        raise TypeError("a cache key cannot hold a datetime without its offset")
    return json.dumps(value.isoformat())  # type: ignore[attr-defined]  # a date or datetime


def _object_text(value: Mapping[object, object]) -> str:
    if any(type(name) is not str for name in value):
        raise TypeError("the names in a cache key are text")
    names = sorted(str(name) for name in value)
    return "{" + ",".join(f"{json.dumps(n)}:{canonical_json(value[n])}" for n in names) + "}"


def _dataset_tag(datasets: tuple[str, ...]) -> str:
    if len(datasets) == 1:
        return datasets[0]
    return _blake2b(canonical_json(list(datasets)), _TAG_DIGEST_BYTES).hex()


def _blake2b(text: str, size: int) -> bytes:
    return hashlib.blake2b(text.encode("ascii"), digest_size=size).digest()


def _check_names(what: str, names: tuple[str, ...]) -> None:
    if type(names) is not tuple or not names or not all(type(name) is str for name in names):
        raise ValueError(f"a key names at least one {what}, in a tuple of text")


def _check_name(what: str, name: str) -> None:
    if type(name) is not str or not name:
        raise ValueError(f"no {what}, no cache key")
    if _BREAKS_THE_KEY.search(name):
        raise ValueError(f"the {what} {name!r} has a character that would break the cache key")
