"""What jobs do: commit a file, or evaluate every fund of a tenant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from pmecalc.core.batch import batch, may_be_estimated
from pmecalc.core.errors import PmeError
from pmecalc.core.methods import METHODS
from pmecalc.service.imports import ImportOptions, answer_of
from pmecalc.service.jobs import commit_once
from pmecalc.store.values import By

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pmecalc.core.benchmark import Benchmark
    from pmecalc.core.fund import Fund
    from pmecalc.service.imports import Imports
    from pmecalc.service.jobs import Task, Work
    from pmecalc.store.jobs import Facts
    from pmecalc.store.store import Store
    from pmecalc.store.values import DatasetRow

_CHUNK = 256
_PAGE = 1000


def job_kinds(store: Store, imports: Imports) -> Mapping[str, Work]:
    """The work of each kind of job."""
    return {
        "import": lambda task: commit_file(imports, store, task),
        "batch": lambda task: evaluate_all(store, task),
    }


def commit_file(imports: Imports, store: Store, task: Task) -> Facts:
    """Read and commit a file that was put aside; the answer of the import."""
    params = task.row.params
    committed = imports.commit_now(
        task.row.tenant,
        store.load_raw(task.row.tenant, params["object"]),
        filename=params["filename"],
        options=ImportOptions(**params["options"]),
        by=By(**params["by"]),
        once=commit_once(task.row.id),
    )
    return answer_of(committed)


def evaluate_all(store: Store, task: Task) -> Facts:
    """The measures of every fund, of the revisions that were current when it began."""
    tenant, params = task.row.tenant, task.row.params
    measures = list(dict.fromkeys(params.get("measures") or METHODS))
    funds = list(_all_funds(store, tenant))
    index = _index(store, tenant, params["benchmark"])
    table: list[list[object]] = []
    for first in range(0, len(funds), _CHUNK):
        chunk = funds[first : first + _CHUNK]
        loaded, items = _loaded(store, tenant, chunk)
        table += _rows(loaded, index, measures, params)
        done = first + len(chunk)
        task.tell(done, len(funds), "funds", items=items, message=f"{done} of {len(funds)} funds")
    columns = ["fund", "name", *(name for each in measures for name in _headers(each))]
    made = orjson.dumps({"columns": columns, "rows": table})
    stored = store.keep_raw(tenant, made)
    return {"funds": len(table), "failed": len(funds) - len(table), "object": stored}


def _all_funds(store: Store, tenant: str) -> Iterator[DatasetRow]:
    after = None
    while True:
        page = store.datasets(tenant, "fund", limit=_PAGE, after=after)
        yield from page.items
        after = page.next
        if after is None:
            return


def _index(store: Store, tenant: str, benchmark: str | None) -> Benchmark | None:
    if benchmark is None:
        return None
    revision = store.pointer(tenant, "benchmark", benchmark).revision
    return store.load(tenant, "benchmark", benchmark, revision)


def _loaded(
    store: Store, tenant: str, rows: Sequence[DatasetRow]
) -> tuple[list[tuple[DatasetRow, Fund]], list[Facts]]:
    """The funds that can be read, and what became of each."""
    loaded: list[tuple[DatasetRow, Fund]] = []
    items: list[Facts] = []
    for row in rows:
        try:
            loaded.append((row, store.load(tenant, "fund", row.id, row.revision)))
            items.append({"fund": row.id, "status": "ok"})
        except PmeError as error:
            items.append({"fund": row.id, "status": "failed", "error": error.code})
    return loaded, items


def _rows(
    loaded: Sequence[tuple[DatasetRow, Fund]],
    index: Benchmark | None,
    measures: Sequence[str],
    params: Mapping[str, Any],  # Any: JSON
) -> Iterator[list[object]]:
    if not loaded:
        return
    made = batch(
        [fund for _, fund in loaded],
        index,
        as_of=params["as_of"],
        max_staleness_days=params["max_staleness_days"],
        measures=measures,
        threads=1,
    )
    columns = []
    for name in measures:
        columns += [_values(made[name]), made.statuses(name).tolist()]
        if may_be_estimated(name):
            columns.append(made.estimated(name).tolist())
    for (row, _), values in zip(loaded, zip(*columns, strict=True), strict=True):
        yield [row.id, row.name, *values]


def _headers(name: str) -> list[str]:
    """The columns of a measure: value, status, and whether it is estimated where it may be."""
    marked = [f"{name}_estimated"] if may_be_estimated(name) else []
    return [name, f"{name}_status", *marked]


def _values(column: np.ndarray[Any, np.dtype[np.generic]]) -> list[object]:
    """JSON values, None where there is none."""
    if column.dtype.kind == "M":
        days = np.datetime_as_string(column.astype("datetime64[D]"))
        return [None if day == "NaT" else str(day) for day in days]
    return [None if value != value else value for value in column.tolist()]  # noqa: PLR0124  (NaN)
