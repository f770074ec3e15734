"""The datasets of a commit, checked and digested before anything is written."""

from __future__ import annotations

import json
import secrets
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pmecalc.core.dates import iso
from pmecalc.core.errors import InputError
from pmecalc.core.fund import Fund
from pmecalc.store.metadata import metadata_of
from pmecalc.store.revisions import canonical_text, revisions_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pmecalc.core.benchmark import Benchmark
    from pmecalc.store.values import Meta, NewDataset


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A dataset of a commit with all that will be recorded of it, and the id it gets if new."""

    new: NewDataset
    name: str
    meta: Meta
    meta_json: str
    notes_json: str
    span: tuple[str, str]
    revision: str
    fresh_id: str


def checked(datasets: Sequence[NewDataset]) -> tuple[Item, ...]:
    """The items of a commit, or the reason why it cannot be one."""
    if not datasets:
        raise InputError("There is nothing to import.", code="NO_DATASETS")
    for new in datasets:
        _check(new)
    metas = [metadata_of(new.kind, new.name, new.value) for new in datasets]
    texts = [canonical_text(meta) for meta in metas]
    revisions = revisions_of(
        [(new.kind, text, new.value) for new, text in zip(datasets, texts, strict=True)]
    )
    items = tuple(map(_item, datasets, metas, texts, revisions))
    names = Counter((item.new.kind, item.name) for item in items)
    ids = Counter(item.new.dataset for item in items if item.new.dataset is not None)
    for key, count in (*((name, n) for (_, name), n in names.items()), *ids.items()):
        if count > 1:
            raise InputError(f"{key!r} comes {count} times.", code="DUPLICATE_NAME", value=key)
    return items


def _check(new: NewDataset) -> None:
    if isinstance(new.value, Fund) != (new.kind == "fund"):
        raise InputError(f"This is no {new.kind}.", code="UNSUPPORTED_OPTION", field="kind")
    if isinstance(new.value, Fund) and new.value.nav_estimated.any():
        raise InputError("An estimated NAV cannot be stored.", code="NAV_ESTIMATED", field="nav")


def _item(new: NewDataset, meta: Meta, text: str, revision: str) -> Item:
    return Item(
        new=new,
        name=new.name,
        meta=meta,
        meta_json=text,
        notes_json=_notes(new.value),
        span=_span(new.value),
        revision=revision,
        fresh_id=secrets.token_hex(8),
    )


def _span(value: Fund | Benchmark) -> tuple[str, str]:
    days = [value.days[0], value.days[-1]]
    if isinstance(value, Fund) and len(value.nav_days):
        days += [value.nav_days[0], value.nav_days[-1]]
    return iso(min(days)), iso(max(days))


def _notes(value: Fund | Benchmark) -> str:
    beside = {"notes": value.notes}
    if isinstance(value, Fund):
        beside["warnings"] = value.warnings
    return json.dumps(beside)
