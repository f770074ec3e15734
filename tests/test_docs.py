"""The documents say what exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pmecalc.core.methods import FURTHER, METHODS
from pmecalc.settings import Settings

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src/pmecalc"
PAGES = [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md", ROOT / "CHANGELOG.md"]


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_every_room_of_the_architecture_exists():
    """Each file and folder that the architecture page names is there, and no room is left out."""
    named = set(re.findall(r"`([a-z_]+(?:/[a-z_]*)*(?:\.py)?/?)`", text("docs/architecture.md")))
    paths = {name for name in named if "/" in name or name.endswith(".py")}
    missing = {name for name in paths if not any((base / name).exists() for base in rooms_of(name))}
    assert missing == set()
    rooms = {path.name for path in SOURCE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert {name.rstrip("/") for name in paths} >= rooms


def rooms_of(name: str) -> list[Path]:
    """Where a name may stand: at the top, or for a bare file in the service."""
    return [SOURCE, SOURCE / "service"] if "/" not in name else [SOURCE]


def test_every_measure_is_documented():
    """The measures page has a row for each measure, with its title."""
    page = text("docs/measures.md")
    for method in METHODS.values():
        row = next(line for line in page.splitlines() if f"| `{method.name}` | " in line)
        assert row.startswith(f"| `{method.name}` | {method.title} |")
        assert row.endswith(f"| {method.source} |")


def test_every_further_measure_is_documented():
    """The second table of the measures page is that of the code, row by row and in order."""
    second = text("docs/measures.md").partition("## Further measures")[2].partition("\n## ")[0]
    rows = re.findall(
        r"^\| `(\w+)` \| ([^|]+) \| [^|]+ \| ([^|]+) \| ([^|]+) \|$", second, re.MULTILINE
    )
    assert rows == [
        (row.name, row.title, row.defaults or "-", row.source) for row in FURTHER.values()
    ]


def test_every_setting_is_documented():
    """The settings page has a row for each setting."""
    page = text("docs/settings.md")
    named = set(re.findall(r"`PME_([A-Z_]+)`", page))
    assert named == {name.upper() for name in Settings.model_fields}


def test_every_code_is_explained():
    """Each code that the source can answer has a row on the problems page, and no other."""
    page = (SOURCE / "web/static/problems.html").read_text(encoding="utf-8")
    explained = set(re.findall(r"<code>([A-Z_]+)</code>", page))
    used = set()
    for path in SOURCE.rglob("*.py"):
        used |= set(re.findall(r'code ?= ?"([A-Z_]{4,})"', path.read_text(encoding="utf-8")))
    assert used - {"ERROR"} <= explained


def test_every_command_is_documented():
    """The commands page names each command and option."""
    page = text("docs/cli.md")
    source = "".join(path.read_text(encoding="utf-8") for path in (SOURCE / "cli").glob("*.py"))
    for command in re.findall(r'commands\.add_parser\(\s*"([a-z-]+)"', source):
        assert f"`pme {command}" in page
    for verb in re.findall(r'verbs\.add_parser\(\s*"([a-z-]+)"', source):
        assert re.search(rf"`pme [a-z]+ {verb}\b", page)
    for option in re.findall(r'"(--[a-z-]+)"', source):
        assert option in page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    """Every relative link and picture exists."""
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        assert target.startswith("http") or (page.parent / target).exists(), target


def test_readme_example_runs():
    """The Python lines of the README work as printed."""
    block = re.search(r"In Python:\n\n((?:    .*\n|\n)+)", text("README.md"))
    lines = [line[4:] for line in block.group(1).splitlines() if "save(" not in line]
    names: dict[str, object] = {}
    exec("\n".join(lines), names)  # noqa: S102  (our own document)
    assert names["report"].ks_pme > 0


def test_no_registry_host_or_machine_path_is_committed():
    """Lock files carry hashes and no addresses."""
    for name in (
        "requirements.lock",
        "requirements-dev.lock",
        "requirements-uv.lock",
        "package-lock.json",
    ):
        assert "://" not in text(name)
        assert "resolved" not in text(name)


@pytest.mark.parametrize("name", ["README.md", "docs/deploy.md"])
def test_installation_goes_by_the_hashes_of_the_lock_file(name):
    """Both pages install what the lock file names; each of its lines and each extra has hashes."""
    assert "pip install --require-hashes -r requirements.lock" in text(name)
    assert "pip install --no-deps dist/pmecalc-*.whl" in text(name)
    locked = re.split(r"\n(?=\S)", text("requirements.lock").partition("make lock\n")[2].strip())
    assert len(locked) > 0
    assert [each for each in locked if "==" not in each or "--hash=sha256:" not in each] == []
    named = {re.split(r"[=\[; ]", each)[0].lower() for each in locked}
    assert {"numpy", "fastapi", "uvicorn", "python-calamine", "numba", "redis"} <= named
    assert re.search(r"^hatchling==.*\\\n    --hash=", text("requirements-dev.lock"), re.MULTILINE)
