"""T-17: what the source must not contain (SECURITY 10, 12)."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src/pmecalc"
FILES = sorted(SOURCE.rglob("*.py"))
STORE = sorted((SOURCE / "store").glob("*.py"))
FORBIDDEN_MODULES = {"pickle", "cPickle", "shelve", "marshal", "dill", "cloudpickle", "yaml"}
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__"}
SQL = re.compile(r"^\s*(SELECT|INSERT|UPDATE|DELETE|WITH|PRAGMA|CREATE|DROP|VACUUM)\b")
TENANT_TABLES = re.compile(
    r"\b(FROM|JOIN|INTO|UPDATE)\s+(object|import|dataset|revision|pointer|job|job_event|mapping|"
    r"idempotency|api_key|session|live)\b"
)
# These look over all tenants, each for a reason that its module gives.
OVER_ALL = {
    "keys.py": {"by_id", "is_empty", "session", "add"},  # a credential tells the tenant
    # whoever waits is served; operators see how many jobs there are, not whose
    "jobs.py": {"claim", "has_open", "add", "give_up", "open_counts", "unheld"},
    "remembered.py": {"forget"},  # by age
    "garbage.py": None,  # what nobody needs, of whoever
    "doctor.py": None,  # looks at everything, changes nothing
    "backup.py": None,  # the whole folder
    "erase.py": None,  # files that another tenant still needs
    "schema.py": None,
    "upkeep.py": None,
}


def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def strings(node):
    """The text of every string in a node, with the holes of f-strings as `{}`."""
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str):
            yield each, each.value
        elif isinstance(each, ast.JoinedStr):
            parts = [p.value if isinstance(p, ast.Constant) else "{}" for p in each.values]
            yield each, "".join(map(str, parts))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_nothing_runs_what_it_reads(path):
    """No pickle, no eval, no loader of objects, no shell."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            assert not {alias.name.split(".")[0] for alias in node.names} & FORBIDDEN_MODULES
        elif isinstance(node, ast.ImportFrom):
            assert (node.module or "").split(".")[0] not in FORBIDDEN_MODULES
        elif isinstance(node, ast.Call):
            if isinstance(node.func, ast.Name):
                assert node.func.id not in FORBIDDEN_CALLS, node.lineno
            if isinstance(node.func, ast.Attribute):
                assert node.func.attr not in {"system", "popen"}, node.lineno
            shell = [word.value for word in node.keywords if word.arg == "shell"]
            assert all(isinstance(value, ast.Constant) and not value.value for value in shell)


def test_sql_is_written_by_us_alone():
    """An SQL text is filled with names of our own constants, or with nothing."""
    holes = []
    for path in FILES:
        for node in ast.walk(tree(path)):
            if not isinstance(node, ast.JoinedStr):
                continue
            text = next(text for each, text in strings(node) if each is node)
            if not SQL.match(text):
                continue
            parts = [part for part in node.values if isinstance(part, ast.FormattedValue)]
            holes += [(path.name, ast.unparse(part.value)) for part in parts]
    allowed = re.compile(r"[A-Z_]+|_?[a-z_]*pragma|columns|name|table|wanted|where|old")
    assert [hole for hole in holes if not allowed.fullmatch(hole[1])] == []


@pytest.mark.parametrize("path", STORE, ids=lambda path: path.name)
def test_every_query_takes_the_tenant(path):
    """A function that asks a tenant's table takes a tenant, or a row that names one."""
    spared = OVER_ALL.get(path.name, set())
    if spared is None:
        return
    for node in ast.walk(tree(path)):
        if not isinstance(node, ast.FunctionDef) or node.name in spared:
            continue
        asks = any(TENANT_TABLES.search(text) for _, text in strings(node))
        if not asks:
            continue
        arguments = [*node.args.args, *node.args.kwonlyargs]
        names = {argument.arg for argument in arguments}
        kinds = {ast.unparse(a.annotation) for a in arguments if a.annotation is not None}
        is_scoped = "tenant" in names or "JobRow" in kinds
        rows = re.compile(r"\btenant = \?|\(tenant, |VALUES \(\?")
        is_scoped |= all(
            rows.search(text) for _, text in strings(node) if TENANT_TABLES.search(text)
        )
        assert is_scoped, f"{path.name}: {node.name} asks without a tenant"
