"""No pattern and no parser that sees bytes of users takes more than linear time."""

from __future__ import annotations

import ast
import importlib
import json
import pkgutil
import re
from contextlib import suppress
from email.message import Message
from functools import partial
from io import BytesIO
from itertools import chain
from pathlib import Path
from time import thread_time
from urllib.parse import parse_qsl, unquote_to_bytes
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from python_multipart.multipart import MultipartParser, parse_options_header

import pmecalc
from pmecalc.api import checks, credentials, guard, json_body, preconditions, questions
from pmecalc.api.media import JSON, NotAcceptableError, media_of
from pmecalc.cache import negotiate
from pmecalc.core import dates, errors
from pmecalc.ingest import cells, formats, prescan, text
from pmecalc.ingest.limits import Limits
from pmecalc.ingest.names import display_name, name_of
from pmecalc.service import secret_text
from pmecalc.store.cursors import place_of

PAGE = Path(__file__).parents[2] / "docs" / "security" / "linear_parsing.md"
SIZE, DOUBLINGS = 8 * 1024, 3
SLACK = 2.0  # over linear growth; quadratic work passes it at the second doubling
RUNS, ATTEMPTS = 5, 3

# Text of operators, of our own files, or of the one who types the command: no bytes of users.
OTHER_TEXT = {
    "pmecalc.cache.key._BREAKS_THE_KEY",
    "pmecalc.service.keys._TENANT",
    "pmecalc.settings._HOST_NAME",
    "pmecalc.store.garbage._DRAFT",
    "pmecalc.store.layout._NETWORK",
    "pmecalc.store.objects._HASH",
    "pmecalc.store.refusals._NAME",
    "pmecalc.cli.values._CURRENCY",
}
# Patterns that a function makes where it uses them, with how many there are.
INLINE = {
    "pmecalc.api.questions": 2,  # templates of routes: "[^/]+" between fixed words
    "pmecalc.ingest.names": 1,  # split at one of two characters
    "pmecalc.cli.load.faults": 1,
    "pmecalc.cli.server": 1,
    "pmecalc.cli.shared_cache": 1,
    "pmecalc.cli.wording": 2,
}


def filled(unit: bytes | str, size: int) -> bytes | str:
    return unit * (size // len(unit))


def scanned(sheet: bytes) -> None:
    list(prescan._hidden_cells(sheet + b"t='e' f>"))


def workbook(sheet: bytes) -> None:
    file = BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", b"")
        archive.writestr("xl/workbook.xml", b"")
        archive.writestr("xl/worksheets/sheet1.xml", sheet)
    prescan.scan_workbook(file, size=file.tell(), limits=Limits())


def cookies(value: bytes) -> None:
    """All that reads a cookie: our own reader, and the framework, which asks for every request."""
    scope = {"type": "http", "headers": [(b"cookie", value)], "pme.clear": False}
    credentials.presented(scope)
    assert json_body.ApiRequest(scope).cookies == {}


def accepted(value: str) -> None:
    with suppress(NotAcceptableError):
        media_of(value, (JSON,))


def place(cursor: str) -> None:
    with suppress(errors.InputError, RecursionError):  # 512 characters cannot nest so deep
        place_of(cursor)


def markup(head: bytes) -> None:
    for pattern, _ in formats._MARKUP:
        pattern.match(head)


def multipart(body: bytes) -> None:
    parser = MultipartParser(b"b", {})
    parser.write(b"--b\r\nContent-Disposition: form-data; name=a\r\n\r\n")
    parser.write(body)


def json_text(body: bytes) -> None:
    try:
        json_body.parsed(body)
    except errors.InputError:
        return


def csv_text(data: bytes) -> None:
    try:
        text.read_text(data, kind=None, limits=Limits())
    except errors.InputError:
        return


def content_type(value: str) -> None:
    message = Message()
    message["content-type"] = value
    message.get_content_type()


# Each pattern or parser with what it does, and the input that repeats a unit between two ends.
CASES = [
    *(
        ("pmecalc.api.json_body._STRING", json_text, head, unit, tail)
        for head, unit, tail in (
            (b'"', b'\\"', b""),
            (b"", b'\\"', b""),
            (b"", b'"', b""),
            (b'"', b"\\", b""),
            (b'{"', b'a\\"', b'"'),
            (b"[", b'"a",', b"1]"),
        )
    ),
    ("json.loads", json_text, b"[", b"1,", b"1]"),
    ("json.loads", json_text, b'{"a":', b"9", b"}"),
    ("json.loads", json.loads, b'"', rb"\u00e9", b'"'),
    ("pmecalc.api.checks.KEY", checks.KEY.search, b"", b"pme_", b""),
    ("pmecalc.api.checks.KEY", checks.KEY.search, b"", b"pme_0123456789_aaaaaa", b""),
    ("urllib.parse", unquote_to_bytes, b"", b"%25", b""),
    ("urllib.parse", parse_qsl, "", "a=%25&", ""),
    ("pmecalc.api.credentials.presented", cookies, b"pme=", b"\\", b""),
    ("pmecalc.api.credentials.presented", cookies, b"", b"pme=a;", b""),
    ("pmecalc.api.credentials.presented", cookies, b"", b";", b"pme="),
    ("pmecalc.api.guard._REQUEST_ID", guard._REQUEST_ID.fullmatch, "", "a", "!"),
    *(
        (f"pmecalc.api.preconditions.{name}", work, head, unit, tail)
        for name, work in (
            ("_TAGS", preconditions._TAGS.fullmatch),
            ("_TAG", preconditions._TAG.findall),
        )
        for head, unit, tail in (
            ("", '"a",', "!"),
            ("", ' W/"" ,', '"'),
            ('"a"', " ", "!"),
            ("", "W/", ""),
            ('"', "a", ""),
        )
    ),
    ("pmecalc.cache.negotiate", partial(negotiate.has_already, etag='"a"'), "", "W/,", ""),
    ("pmecalc.cache.negotiate", negotiate.encoding_of, "", "br;q=0.1,", ""),
    ("pmecalc.api.media", accepted, "", "*/*;q=0.1,", "text/x"),
    ("pmecalc.api.media", accepted, "a/b", ";", ""),
    ("pmecalc.api.media", accepted, "a/b;q=0.", "1", ""),
    ("pmecalc.store.cursors", place, "", "W1tb", ""),
    ("pmecalc.api.questions._PLAIN_PAIR", questions._PLAIN_PAIR.fullmatch, b"a=", b"pme", b"!"),
    ("pmecalc.api.questions._READERS", questions.template_of, "/v1/funds/", "a", "/"),
    ("pmecalc.api.questions._READERS", questions.template_of, "/v1/funds/", "/charts", ""),
    ("email.message.Message", content_type, 'a/b; c="', ";", ""),
    ("python_multipart", parse_options_header, b'a/b; c="', b";", b""),
    ("python_multipart", parse_options_header, b'a/b; c="', b"\\", b""),
    ("python_multipart", multipart, b"", b"\r\n-", b""),
    ("python_multipart", multipart, b"", b"\r", b""),
    ("pmecalc.service.secret_text._KEY", secret_text.parsed, "pme_", "a", ""),
    ("pmecalc.service.secret_text._SESSION", secret_text.is_session, "", "a", ""),
    ("pmecalc.core.errors._KEYWORD", errors._KEYWORD.findall, "", 'a="', ""),
    ("pmecalc.core.errors._KEYWORD", errors._KEYWORD.findall, "", "a", ""),
    ("pmecalc.core.errors._KEYWORD", errors._KEYWORD.findall, "", "1a", ""),
    ("pmecalc.core.dates._ISO_FORM", dates._ISO_FORM.fullmatch, "2020-01-01T00:00:00.", "1", "!"),
    *(
        ("pmecalc.ingest.cells._NUMBER", cells._number, head, unit, tail)
        for head, unit, tail in (
            ("", "1", "!"),
            ("1.", "1", "!"),
            (".", "1", "!"),
            ("1e", "1", "!"),
            ("1.", "1", ""),
        )
    ),
    ("pmecalc.ingest.cells._NOT_FINITE", cells._NOT_FINITE.fullmatch, "", "inf", ""),
    ("pmecalc.ingest.text._CONTROL", text._CONTROL.search, b"", b"\xc2", b""),
    ("csv.reader", csv_text, b'date,amount\n"', b"a,", b""),
    ("csv.reader", csv_text, b"", b"\n", b""),
    ("csv.reader", csv_text, b"", b'""",', b"\n"),
    ("pmecalc.ingest.names._INVISIBLE", display_name, "", "\u202ea/", ""),
    ("pmecalc.ingest.names._QUOTED_FORMULA", name_of, "", "'=", ""),
    *(
        ("pmecalc.ingest.formats._HTML pmecalc.ingest.formats._MARKUP", markup, head, unit, tail)
        for head, unit, tail in ((b"", b" ", b"!"), (b"<", b"a", b""), (b"{", b" ", b""))
    ),
    ("zipfile", workbook, b"<c t='e'>", b"</a", b""),  # 12.7 KB of these took 20 s
    ("zipfile", workbook, b"", b"<c><f/><c t='e' ", b""),
    *(
        (" ".join(f"pmecalc.ingest.prescan.{name}" for name in names.split()), work, *ends)
        for names, work in (
            ("_ERROR _NO_VALUE _CELL", scanned),
            ("_COLUMN", prescan._COLUMN.findall),
            ("_ROW", prescan._ROW.findall),
            ("_SHEET", prescan._SHEET.findall),
            ("_RELATION", prescan._RELATION.findall),
            ("_ID", prescan._ID.search),
            ("_TARGET", prescan._TARGET.search),
        )
        for ends in (
            (b"", b"<c ", b""),
            (b"<c ", b"t='e' ", b""),
            (b"", b"<c t='e' r='A1'><f/>", b""),
            (b"", b"<c t='e'>", b""),
            (b"<c t='e'>", b"</a", b""),
            (b"<c t='e'>", b"<x:", b""),
            (b"<c><f/>", b" ", b"<"),
            (b"<c ><f/>", b" ", b"<"),
            (b"", b"<c ><f ", b""),
            (b"", b"<c ><f>", b""),
            (b"<c ><f/><v>", b" ", b"<"),
            (b"<", b"a", b""),
            (b"<sheet ", b"a", b""),
            (b"<sheet ", b"a:", b""),
            (b"", b"<sheet ", b""),
            (b"<sheet ", b"a:id ", b""),
            (b"<sheet a:id", b" ", b""),
            (b"", b"<Relationship ", b""),
            (b"<Relationship ", b"Id ", b""),
            (b" Id", b" ", b""),
            (b"", b" Target", b""),
            (b"", b" r='A1", b""),
        )
    ),
]


COVERED = {name for names, *_ in CASES for name in names.split()}


def times(work, given):
    """The times of some runs, of the thread's own CPU."""
    for _ in range(RUNS):
        begun = thread_time()
        work(given)
        yield thread_time() - begun


def stays_linear(work, made) -> bool:
    """Whether each doubling of the input at most doubles the work, but for the slack."""
    first = min(times(work, made(SIZE))) * SLACK
    return all(
        any(spent <= first * 2**n for spent in times(work, made(SIZE << n)))
        for n in range(1, DOUBLINGS + 1)
    )


def grows_linearly(work, made) -> bool:
    """The machine has other work: one ladder of three that stays linear is enough."""
    return any(stays_linear(work, made) for _ in range(ATTEMPTS))


def named(case) -> str:
    name, _, head, unit, tail = case
    return f"{name.split()[0].removeprefix('pmecalc.')} {head!r} {unit!r} {tail!r}"


@pytest.mark.parametrize("case", CASES, ids=named)
def test_twice_the_input_is_twice_the_work(case):
    """The worst input of each pattern and parser costs time in proportion to its length."""
    _, work, head, unit, tail = case
    assert grows_linearly(work, lambda size: head + filled(unit, size) + tail)


def test_quadratic_pattern_is_found():
    """The measurement tells the pattern that stopped the service from a linear one."""
    quadratic = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
    assert not stays_linear(
        lambda body: quadratic.sub(b" ", body), lambda size: b'"' + filled(b'\\"', size // 16)
    )


def modules():
    for found in pkgutil.walk_packages(pmecalc.__path__, "pmecalc."):
        if found.name.endswith("__main__"):
            continue
        try:
            yield importlib.import_module(found.name)
        except ModuleNotFoundError as error:
            assert error.name == "numba"  # noqa: PT017  (hidden in quick runs; its loops see numbers)


def patterns_in(value, depth=3):
    if isinstance(value, re.Pattern):
        yield value
    elif depth and isinstance(value, tuple | list | frozenset | set):
        yield from chain.from_iterable(patterns_in(each, depth - 1) for each in value)
    elif depth and isinstance(value, dict):
        yield from patterns_in([*value, *value.values()], depth)


def known_patterns() -> set[str]:
    """The module-level names that hold patterns, each at the module that says them."""
    return {
        f"{module.__name__}.{name}"
        for module in modules()
        for name, value in vars(module).items()
        if any(patterns_in(value)) and re.search(rf"(?m)^{name}\b", source_of(module))
    }


def source_of(module) -> str:
    return Path(module.__file__).read_text()


def calls_in(module) -> list[ast.Call]:
    """The calls of functions of `re` inside functions."""
    tree = ast.parse(source_of(module))
    return [
        call
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for call in ast.walk(function)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "re"
        and call.func.attr != "escape"
    ]


def test_every_pattern_is_listed():
    """A pattern is tried above, or is named as one that sees no bytes of users."""
    assert known_patterns() - COVERED - OTHER_TEXT == set()
    assert OTHER_TEXT - known_patterns() == set()


def test_every_inline_pattern_is_listed():
    """No function makes a pattern of its own that nobody has looked at."""
    found = {module.__name__: len(calls_in(module)) for module in modules()}
    assert {name: count for name, count in found.items() if count} == INLINE


def test_patterns_of_models_run_in_the_linear_engine():
    """Pydantic matches by finite automata unless a model asks for Python's `re`."""
    assert [module for module in modules() if "python-re" in source_of(module)] == []


def test_page_lists_every_pattern_and_parser():
    """docs/security/linear_parsing.md names what is tried here and what is not."""
    page = PAGE.read_text()
    listed = COVERED | OTHER_TEXT | set(INLINE)
    assert [name for name in sorted(listed) if f"`{name}`" not in page] == []
