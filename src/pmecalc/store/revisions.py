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
    from pmecalc.core.benchmark import Benchmark
    from pmecalc.store.values import Kind, Meta

Records: TypeAlias = npt.NDArray[np.void]

_TAG = b"pme-rev-1"
_ROW = np.dtype([("day", "<i4"), ("first", "<f8"), ("second", "<f8"), ("kind", "u1")])
_FLOW, _NAV, _LEVEL, _RECALLABLE = range(4)


def canonical_text(meta: Meta) -> str:
    """The metadata as they go into the digest."""
    return json.dumps(meta, sort_keys=True, separators=(",", ":"), allow_nan=False)


def revision_of(kind: Kind, meta_text: str, value: Fund | Benchmark) -> str:
    """The revision id of this content and its canonical metadata, 32 hexadecimal digits."""
    digest = blake2b(_TAG, digest_size=16)
    for field in (kind.encode(), meta_text.encode(), _canonical(_records(value)).tobytes()):
        digest.update(len(field).to_bytes(8, "little"))
        digest.update(field)
    return digest.hexdigest()


def _records(value: Fund | Benchmark) -> Records:
    if not isinstance(value, Fund):
        return _block(_LEVEL, value.days, value.levels)
    flows = _block(_FLOW, value.days, value.contributions, value.distributions)
    navs = _block(_NAV, value.nav_days, value.navs)
    return np.concatenate(
        [flows, navs, _block(_RECALLABLE, value.recallable_days, value.recallable)]
    )


def _block(
    code: int,
    days: npt.NDArray[np.int64],
    first: npt.NDArray[np.float64],
    second: npt.NDArray[np.float64] | float = 0.0,
) -> Records:
    block = np.zeros(len(days), _ROW)
    block["day"] = days
    block["first"] = first + 0.0  # -0.0 becomes 0.0
    block["second"] = second + 0.0
    block["kind"] = code
    return block


def _canonical(records: Records) -> Records:
    if not (np.isfinite(records["first"]).all() and np.isfinite(records["second"]).all()):
        raise InputError("An amount is not a finite number.", code="NON_FINITE")
    order = np.lexsort((records["second"], records["first"], records["kind"], records["day"]))
    return records[order]
