"""From a pack back to a `Fund` or a `Benchmark`, with the proof that it is the one stored."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa

from pmecalc.core.errors import StoreError
from pmecalc.store.errors import DamagedError
from pmecalc.store.packs import Place, read_benchmark, read_fund
from pmecalc.store.revisions import revision_of

if TYPE_CHECKING:
    from pathlib import Path

    from pmecalc.core.benchmark import Benchmark
    from pmecalc.core.fund import Fund
    from pmecalc.store.catalog import Content
    from pmecalc.store.values import Kind


def load(path: Path, kind: Kind, content: Content, revision: str) -> Fund | Benchmark:
    """The value of this revision: page checksums and its digest let no wrong number pass."""
    try:
        value = _value(path, kind, content)
        found = revision_of(kind, content.meta_json, value)
    except FileNotFoundError as error:
        raise DamagedError(content.object, "it is missing") from error
    except (pa.ArrowException, OSError, ValueError, LookupError, MemoryError) as error:
        # Arrow reports damage as an OSError without a number; one with a number is the disk's.
        if isinstance(error, OSError) and error.errno is not None:
            raise StoreError(f"Object {content.object} cannot be read: {error}") from error
        raise DamagedError(content.object, str(error) or type(error).__name__) from error
    if found != revision:
        raise DamagedError(content.object, f"its rows are not those of revision {revision}")
    return value


def _value(path: Path, kind: Kind, content: Content) -> Fund | Benchmark:
    place = Place(content.row0, content.rows)
    meta, beside = json.loads(content.meta_json), json.loads(content.notes_json)
    meta["notes"] = tuple(beside["notes"])
    if kind == "fund":
        return replace(read_fund(path, place), warnings=tuple(beside["warnings"]), **meta)
    meta["kind"] = meta.pop("index_kind")
    return replace(read_benchmark(path, place), **meta)
