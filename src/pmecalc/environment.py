"""The settings of the environment: read with a sentence for each wrong one, unknown names found."""

from __future__ import annotations

import os
from collections import Counter
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType, NoneType
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le
from pydantic import SecretStr, ValidationError
from pydantic_settings import SettingsError

from pmecalc.core.errors import InputError, Problem
from pmecalc.settings import HOST_FORM, HOSTS_FORM, NETWORKS_FORM, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic.fields import FieldInfo

PREFIX = "PME_"
WRONG_SETTING = "WRONG_SETTING"
# Names with the prefix that are not settings of the service, and who reads them.
OTHER_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "PME_EFFORT": "the tests",
        "PME_HOSTILE_SECONDS": "the tests",
        "PME_FLOOD_KEYS": "the tests",
        "PME_REQUIRE": "the tests",
        "PME_SHARED": "the tests",
        "PME_SOAK_EXAMPLES": "the tests",
    }
)
MAY_BE_EMPTY = frozenset({"redis_url", "redis_url_file", "trusted_proxies"})
_FORMS: Mapping[str, str] = MappingProxyType(  # where the type alone does not say it
    {
        "host": HOST_FORM,
        "allowed_hosts": HOSTS_FORM,
        "trusted_proxies": NETWORKS_FORM,
        "cache_dir": "a folder",
        "data": "a folder",
    }
)
_CLOSE = 0.75  # of 1: `PME_REDIS_ULR` is meant for `PME_REDIS_URL`, `PME_COLOUR` for nothing
_MAX_SHOWN = 80


def read_settings() -> Settings:
    """The settings of the environment; InputError with a problem for each that is wrong."""
    problems = [*_repeated(os.environ), *_empty(os.environ)]
    if not problems:
        try:
            return Settings()
        except ValidationError as error:
            problems = [_problem(each) for each in error.errors()]
        except SettingsError as error:
            problems = [Problem(WRONG_SETTING, f"{error}.")]
    raise InputError(problems[0].message, code=WRONG_SETTING, problems=problems)


def name_of(field: str) -> str:
    """The name in the environment of a setting."""
    return f"{PREFIX}{field}".upper()


def unknown_names(environment: Mapping[str, str]) -> list[str]:
    """A sentence for each name with our prefix that nothing reads; its value is not shown."""
    known = [*map(name_of, Settings.model_fields), *OTHER_NAMES]
    unknown = [name for name in environment if name.upper().startswith(PREFIX)]
    return [_unknown(name, known) for name in sorted(unknown) if name.upper() not in known]


def expected_form(field: str) -> str:
    """What a setting takes, in words."""
    info = Settings.model_fields[field]
    if field in _FORMS:
        return _FORMS[field]
    kind = _plain(info.annotation)
    if get_origin(kind) is Literal:
        return " or ".join(map(str, get_args(kind)))
    if kind is bool:
        return "true or false"
    if kind in {int, float}:
        return ("a whole number" if kind is int else "a number") + _bounds(info)
    return "the path of a file" if kind is Path else info.description or "another value"


def _unknown(name: str, known: list[str]) -> str:
    near = get_close_matches(name.upper(), known, n=1, cutoff=_CLOSE)
    hint = f"did you mean {near[0]}?" if near else "docs/settings.md lists what there is."
    return f"{name[:_MAX_SHOWN]} is not a setting and is ignored; {hint}"


def _repeated(environment: Mapping[str, str]) -> Iterator[Problem]:
    """Settings whose name is there in capitals and in small letters, perhaps with two values."""
    counted = Counter(name.upper() for name in environment)
    for name in map(name_of, Settings.model_fields):
        if counted[name] > 1:
            yield Problem(WRONG_SETTING, f"{name} is set twice, in capitals and in small letters.")


def _empty(environment: Mapping[str, str]) -> Iterator[Problem]:
    """Settings that are there without a value, which may be a variable that was not set."""
    given = {name.upper(): value for name, value in environment.items()}
    for field in Settings.model_fields:
        if field not in MAY_BE_EMPTY and not given.get(name_of(field), "set").strip():
            yield Problem(
                WRONG_SETTING,
                f"{name_of(field)} is empty: it takes {expected_form(field)}; leave it out for "
                "its default.",
            )


def _problem(found: Mapping[str, Any]) -> Problem:  # Any: what pydantic tells of an error
    """A check of ours speaks for itself; of the rest the name, what is expected, the value."""
    if not found["loc"]:
        return Problem(WRONG_SETTING, f"{found['ctx']['error']}.")
    field = str(found["loc"][0])
    said = f"{name_of(field)} cannot be used: it takes {expected_form(field)}"
    is_secret = _plain(Settings.model_fields[field].annotation) is SecretStr
    return Problem(WRONG_SETTING, f"{said}." if is_secret else f"{said}, not {_shown(found)}.")


def _shown(found: Mapping[str, Any]) -> str:  # Any: as above
    """The wrong value as text; of a list the wrong item, where pydantic knows which it is."""
    return repr(str(found["input"])[:_MAX_SHOWN])


def _plain(kind: object) -> object:
    """An annotation without its None."""
    some = [each for each in get_args(kind) if each is not NoneType]
    return some[0] if NoneType in get_args(kind) and len(some) == 1 else kind


def _bounds(info: FieldInfo) -> str:
    low = next((each.ge for each in info.metadata if isinstance(each, Ge)), None)
    above = next((each.gt for each in info.metadata if isinstance(each, Gt)), None)
    high = next((each.le for each in info.metadata if isinstance(each, Le)), None)
    least = f" from {low}" if low is not None else f" above {above}" if above is not None else ""
    return f"{least} to {high}" if high is not None and least else least
