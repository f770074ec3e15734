"""The revision id: a digest of what was meant, whatever the file it came from looked like.

BLAKE2b with 16 bytes over the tag `pme-rev-1`, then three fields, each preceded by its length in
eight bytes, little endian:

1. the kind, `fund` or `benchmark`;
2. the metadata as ASCII JSON with sorted keys and no spaces;
3. the rows, 21 bytes each and sorted by day, kind code and amounts: day int32, two amounts
   float64, kind code uint8, all little endian. A flow (0) has contribution and distribution, a NAV
   (1) has its value and 0, a level (2) has its value and 0, a recallable part of a day's
   distributions (3) has its value and 0.
"""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from pmecalc.core.errors import InputError
from pmecalc.core.fund import Fund

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pmecalc.core.benchmark import Benchmark
    from pmecalc.store.values import Kind, Meta

Records: TypeAlias = npt.NDArray[np.void]
Part: TypeAlias = (
    "tuple[int, npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.float64] | None]"
)

_TAG = b"pme-rev-1"
_ROW = np.dtype([("day", "<i4"), ("first", "<f8"), ("second", "<f8"), ("kind", "u1")])
_FLOW, _NAV, _LEVEL, _RECALLABLE = range(4)


def canonical_text(meta: Meta) -> str:
    """The metadata as they go into the digest."""
    return json.dumps(meta, sort_keys=True, separators=(",", ":"), allow_nan=False)


def revision_of(kind: Kind, meta_text: str, value: Fund | Benchmark) -> str:
    """The revision id of this content and its canonical metadata, 32 hexadecimal digits."""
    return revisions_of([(kind, meta_text, value)])[0]


def revisions_of(contents: Sequence[tuple[Kind, str, Fund | Benchmark]]) -> list[str]:
    """The revision ids of many contents: kind, canonical metadata, value."""
    records, counts = _canonical([value for _, _, value in contents])
    rows, start, found = memoryview(records.tobytes()), 0, []
    for (kind, meta_text, _), count in zip(contents, counts, strict=True):
        end = start + count * _ROW.itemsize
        digest = blake2b(_TAG, digest_size=16)
        for field in (kind.encode(), meta_text.encode(), rows[start:end]):
            digest.update(len(field).to_bytes(8, "little"))
            digest.update(field)
        found.append(digest.hexdigest())
        start = end
    return found


def _canonical(values: Sequence[Fund | Benchmark]) -> tuple[Records, list[int]]:
    """The rows of all values, each value's in their canonical order, and how many each has."""
    funds = [(n, value) for n, value in enumerate(values) if isinstance(value, Fund)]
    indices = [(n, value) for n, value in enumerate(values) if not isinstance(value, Fund)]
    blocks = [
        _block(_FLOW, [(n, f.days, f.contributions, f.distributions) for n, f in funds]),
        _block(_NAV, [(n, f.nav_days, f.navs, None) for n, f in funds]),
        _block(_LEVEL, [(n, b.days, b.levels, None) for n, b in indices]),
        _block(_RECALLABLE, [(n, f.recallable_days, f.recallable, None) for n, f in funds]),
    ]
    owners = np.concatenate([owners for owners, _ in blocks])
    records = np.concatenate([records for _, records in blocks])
    if not (np.isfinite(records["first"]).all() and np.isfinite(records["second"]).all()):
        raise InputError("An amount is not a finite number.", code="NON_FINITE")
    counts = np.bincount(owners, minlength=len(values)).tolist()
    return records[_order(owners, records)], counts


def _block(code: int, parts: Sequence[Part]) -> tuple[npt.NDArray[np.int64], Records]:
    """The rows of one kind, and whose each is."""
    sizes = [len(days) for _, days, _, _ in parts]
    block = np.zeros(sum(sizes), _ROW)
    if parts:
        block["day"] = np.concatenate([days for _, days, _, _ in parts])
        block["first"] = np.concatenate([first for _, _, first, _ in parts]) + 0.0  # no -0.0
        seconds = [second for _, _, _, second in parts if second is not None]
        block["second"] = np.concatenate(seconds) + 0.0 if seconds else 0.0
    block["kind"] = code
    return np.repeat(np.array([n for n, _, _, _ in parts], np.int64), sizes), block


def _order(owners: npt.NDArray[np.int64], records: Records) -> npt.NDArray[np.int64]:
    """By owner, day, kind and amounts; blocks come by kind, so only equal ones need a second look.

    Rows mostly come sorted by day, which a stable sort of one number makes use of.
    """
    key = (owners << 32) + records["day"]
    order = np.argsort(key, kind="stable")
    days, kinds = key[order], records["kind"][order]
    same = (days[1:] == days[:-1]) & (kinds[1:] == kinds[:-1])
    if same.any():
        tied = np.zeros(len(order), np.bool_)
        tied[1:] |= same
        tied[:-1] |= same
        some = order[tied]
        rows = records[some]
        order[tied] = some[np.lexsort((rows["second"], rows["first"], rows["kind"], key[some]))]
    return order
