"""The metadata that answers show or use: part of a revision, checked like any other content."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from pmecalc.core.benchmark import KINDS as INDEX_KINDS
from pmecalc.core.benchmark import Benchmark
from pmecalc.core.errors import InputError
from pmecalc.core.fund import Fund, amount

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pmecalc.store.values import Kind, Meta

    Known: TypeAlias = str | float | int | None

DEFAULT_BENCHMARK = "benchmark"


def metadata_of(kind: Kind, name: str, value: Fund | Benchmark) -> Meta:
    """The metadata of new content, under the name it is to have."""
    given: dict[str, object] = {"name": name, "currency": value.currency}
    if isinstance(value, Benchmark):
        if value.kind is None:  # no edit: nobody takes back what was said
            return edited(kind, {}, given) | {"index_kind": None}
        given |= {"index_kind": value.kind}
    else:
        given |= {field: getattr(value, field) for field in ("commitment", "vintage", "strategy")}
    return edited(kind, {}, given)


def edited(kind: Kind, meta: Meta, changes: Mapping[str, object]) -> Meta:
    """The metadata after these changes, each checked."""
    checks = _CHECKS[kind]
    for field in changes:
        if field not in checks:
            raise _refused(field, changes[field], f"Known: {', '.join(checks)}.")
    return meta | {field: checks[field](field, value) for field, value in changes.items()}


def without_default(
    kind: Kind, changes: Mapping[str, object]
) -> tuple[Mapping[str, object], tuple[str | None] | None]:
    """The changes but for the default benchmark, and that one if it is among them."""
    if kind != "fund" or DEFAULT_BENCHMARK not in changes:
        return changes, None
    rest = {field: value for field, value in changes.items() if field != DEFAULT_BENCHMARK}
    return rest, (_text(DEFAULT_BENCHMARK, changes[DEFAULT_BENCHMARK]),)


def _name(field: str, value: object) -> str:
    text = _text(field, value)
    if text is None or not text.strip():
        raise _refused(field, value, "Expected a name.")
    return text


def _text(field: str, value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or "\0" in value or not _encodes(value):
        raise _refused(field, value, "Expected text.")
    return value


def _encodes(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def _positive(field: str, value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or (number := amount(value, row=None, field=field)) <= 0:
        raise _refused(field, value, "Expected an amount above 0.")
    return number


def _year(field: str, value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise _refused(field, value, "Expected a year.")
    return int(value.__index__())


def _index_kind(field: str, value: object) -> str:
    if value not in INDEX_KINDS:
        raise _refused(field, value, f"Offered: {', '.join(INDEX_KINDS)}.")
    return str(value)


def _refused(field: str, value: object, hint: str) -> InputError:
    return InputError(
        f"{field}={str(value)[:40]!r} is not possible.",
        code="UNSUPPORTED_OPTION",
        field=field,
        value=str(value)[:40].encode("ascii", "backslashreplace").decode(),
        hint=hint,
    )


_CHECKS: dict[Kind, dict[str, Callable[[str, object], Known]]] = {
    "fund": {
        "name": _name,
        "currency": _text,
        "commitment": _positive,
        "vintage": _year,
        "strategy": _text,
    },
    "benchmark": {"name": _name, "currency": _text, "index_kind": _index_kind},
}
