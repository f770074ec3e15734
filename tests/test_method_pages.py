"""Each measure has one page, each page has its sections, and what the pages show is true."""

from __future__ import annotations

import doctest
import inspect
import re
from collections import Counter
from pathlib import Path

import pytest

import pmecalc
from pmecalc.core.methods import FURTHER, METHODS, any_method

DOCS = Path(__file__).parents[1] / "docs"
SOURCE = Path(__file__).parents[1] / "src/pmecalc/core"
PAGES = sorted(path for path in (DOCS / "methods").glob("*.md") if path.name != "README.md")
KINDS = ("Measures", "Functions")
SECTIONS = [
    "What it answers",
    "Formula",
    "Worked example",
    "When it misleads",
    "What others do differently",
    "Source",
]

by_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def named(page: Path, kind: str) -> list[str]:
    """The names of a page's `Measures:` or `Functions:` line."""
    line = re.search(rf"^{kind}: (.+)$", text(page), re.MULTILINE)
    return line.group(1).split(", ") if line else []


# Files in and out, and the tools around a calculation: docs/files.md, docs/measures.md.
NO_METHODS = {
    *("read_benchmark", "read_fund", "read_funds", "read_table", "save", "chart"),
    *("batch", "irr_roots", "irr_periodic"),
}


def test_every_measure_has_one_page():
    """Each measure of the tables stands on exactly one page, and no page names another."""
    counted = Counter(name for page in PAGES for name in named(page, "Measures"))
    assert counted == dict.fromkeys((*METHODS, *FURTHER), 1)


def test_every_public_function_has_a_page():
    """What can be called and computes something is explained."""
    paged = {name for page in PAGES for kind in KINDS for name in named(page, kind)}
    public = {name for name in pmecalc.__all__ if inspect.isfunction(getattr(pmecalc, name))}
    assert public - paged - NO_METHODS == set()


@by_page
def test_functions_exist(page):
    """What a page is about can be called."""
    for name in named(page, "Functions"):
        owner, _, method = name.rpartition(".")
        assert callable(getattr(getattr(pmecalc, owner) if owner else pmecalc, method))
    assert named(page, "Functions") or named(page, "Measures")


@by_page
def test_sections(page):
    """A page has all sections, in order, and none is empty."""
    parts = re.split(r"^## (.+)\n", text(page), flags=re.MULTILINE)
    assert parts[1::2] == SECTIONS
    assert all(part.strip() for part in parts[2::2])


@by_page
def test_examples(page):
    """Every example of a page runs and prints what the page shows."""
    result = doctest.testfile(str(page), module_relative=False, encoding="utf-8")
    assert result.attempted >= len(re.findall(r"^    >>> ", text(page), re.MULTILINE)) > 0
    assert result.failed == 0


@by_page
def test_misleading_by_figure(page):
    """The section on what misleads shows it with an example."""
    assert ">>> " in text(page).partition("## When it misleads")[2].partition("\n## ")[0]


@by_page
def test_peers_are_quoted_as_in_the_table(page):
    """A line about a peer carries both figures of the same line of the peer table."""
    table = dict(re.findall(r"^\| `([a-z-]+)` \| (.+) \|$", text(DOCS / "peers.md"), re.MULTILINE))
    section = text(page).partition("## What others do differently")[2].partition("\n## ")[0]
    for item in re.split(r"\n(?=- )|\n\n", section):
        for name in re.findall(r"`([a-z]+(?:-[a-z]+)+)`", item):
            if name == "numpy-financial":
                continue
            _, function, theirs, ours, _ = table[name].rsplit(" | ", 4)
            words = re.findall(r"[-\w.]+", item)
            words = [word.rstrip(".") for word in words]
            assert theirs.split()[-1] in words, (name, theirs)
            assert ours.split()[0] in words or "(INDEX_INVALID)" in ours, (name, ours)
            assert function.split()[0].strip("`").partition(".")[0] in item


def test_every_page_is_listed():
    """The index page has a line for each page."""
    listed = re.findall(r"^\| \[(\w+\.md)\]", text(DOCS / "methods/README.md"), re.MULTILINE)
    assert sorted(listed) == [page.name for page in PAGES]


@by_page
def test_docstrings_name_the_page(page):
    """The docstring of each measure and function leads to its page."""
    documented = {name: any_method(name).measure.__doc__ for name in named(page, "Measures")}
    documented |= {f"{name}()": _docstring(name) for name in named(page, "Functions")}
    for name, documentation in documented.items():
        assert f"docs/methods/{page.name}" in documentation, name


def _docstring(name: str) -> str:
    owner, _, method = name.rpartition(".")
    if owner:  # the report's methods lead to the functions of core/through_time.py
        from pmecalc.core import through_time  # noqa: PLC0415

        return getattr(through_time, method).__doc__
    return getattr(pmecalc, method).__doc__
