"""Names that come twice in a request: refused, since either value could be the meant one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Union, get_args, get_origin

from fastapi import Request

from pmecalc.core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.datastructures import Headers

MAX_SHOWN = 80


def joined(headers: Headers, name: str) -> str:
    """A header that is a list: its lines are one (RFC 9110, 5.3)."""
    return ", ".join(headers.getlist(name))


def refuse_repeated_parameters(request: Request, kinds: Mapping[str, object]) -> None:
    """Refuse a query parameter that comes more often than its kind can take."""
    pairs = request.query_params.multi_items()
    if len(pairs) == len(request.query_params):
        return
    lists = {name for name, kind in kinds.items() if is_list(kind)}
    name = _repeated(name for name, _ in pairs if name not in lists)
    if name is not None:
        raise InputError(
            f"The query parameter {name!r} comes more than once.",
            code="REPEATED_PARAMETER",
            field=name,
            hint="Give it once.",
        )


def unrepeated(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """The object of these names and values; a name that comes twice is refused."""
    made = dict(pairs)
    if len(made) < len(pairs):
        name = _repeated(name for name, _ in pairs) or ""
        raise InputError(
            f"An object of the JSON body has the name {name!r} more than once.",
            code="REPEATED_FIELD",
            field=name,
            hint="Give it once.",
        )
    return made


async def refuse_repeated_fields(request: Request) -> None:
    """Refuse a form in which a field comes twice.

    A dependency of routes that take a form, which FastAPI has read by then.
    """
    form = await request.form()
    name = _repeated(name for name, _ in form.multi_items())
    if name is not None:
        raise InputError(
            f"The form has more than one part named {name!r}, and one is taken: send each file "
            "in a request of its own. Nothing was imported.",
            code="REPEATED_FIELD",
            field=name[:MAX_SHOWN],
            hint="Send each file in a request of its own.",
        )


def is_list(kind: object) -> bool:
    """Whether values of an annotation are lists, for which a name may come several times."""
    origin = get_origin(kind)
    if origin is Annotated:
        return is_list(get_args(kind)[0])
    if origin in {Union, UnionType}:
        return any(is_list(each) for each in get_args(kind) if each is not NoneType)
    found = origin or kind
    return (
        isinstance(found, type)
        and issubclass(found, Collection)
        and not issubclass(found, str | bytes | Mapping)
    )


def _repeated(names: Iterable[str]) -> str | None:
    """The first name that comes more than once, as far as it is shown."""
    counted = Counter(names)
    return next((name[:MAX_SHOWN] for name, count in counted.items() if count > 1), None)
