"""A table as bytes, from the child to the parent: JSON that says what follows, then the columns."""

from __future__ import annotations

import json
import struct
from array import array
from dataclasses import astuple, replace
from typing import TYPE_CHECKING, Any

from pmecalc.core.errors import Problem
from pmecalc.ingest.labels import Labels
from pmecalc.ingest.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

_FRAME = struct.Struct(">4sQQ")
_MAGIC = b"PME1"


def encode(table: Table) -> bytes:
    """The table's frame."""
    columns = list(_columns(table))
    told = {
        "kind": table.kind,
        "numbers": list(table.numbers),
        "labels": {name: list(labels.names) for name, labels in table.labels.items()},
        "titles": table.titles,
        "problems": [astuple(problem) for problem in table.problems],
        "notes": table.notes,
        "rows": len(table.rows),
    }
    head = json.dumps(told).encode()
    body = b"".join(column.tobytes() for column in columns)
    return _FRAME.pack(_MAGIC, len(head), len(body)) + head + body


def decode(data: bytes) -> Table:
    """The table of a frame; ValueError, KeyError or TypeError if it is not one."""
    if len(data) < _FRAME.size:
        raise ValueError("no frame")
    magic, head_size, body_size = _FRAME.unpack_from(data)
    if magic != _MAGIC or len(data) != _FRAME.size + head_size + body_size:
        raise ValueError("not a whole frame")
    told = json.loads(data[_FRAME.size : _FRAME.size + head_size])
    table = Table(
        kind=told["kind"],
        numbers={name: array("d") for name in told["numbers"]},
        labels={
            name: Labels({label: place for place, label in enumerate(names)})
            for name, names in told["labels"].items()
        },
        titles=told["titles"],
        problems=tuple(_problem(fields) for fields in told["problems"]),
        notes=told["notes"],
    )
    at = _FRAME.size + head_size
    for column in _columns(table):
        size = column.itemsize * told["rows"]
        column.frombytes(data[at : at + size])
        at += size
    if at != len(data):
        raise ValueError("columns of other lengths than told")
    return table


def _problem(fields: list[Any]) -> Problem:  # Any: what JSON holds
    problem = Problem(*fields)
    return replace(problem, choices=tuple(problem.choices))


def _columns(table: Table) -> Iterator[array[int] | array[float]]:
    yield table.rows
    yield table.days
    yield from table.numbers.values()
    for labels in table.labels.values():
        yield labels.codes
