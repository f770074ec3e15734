"""mypy and basedpyright see the installed package as its users do."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CASES = HERE / "typing/public_interface.py"
EXAMPLES = HERE.parent / "examples"
PYRIGHT = (Path(sysconfig.get_path("scripts")) / "basedpyright", "--outputjson")


def _mypy(files, folder):
    """Places of errors, and the text; our configuration would make the package a source."""
    told = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", f"--cache-dir={folder}/mypy", *files],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.findall(r"^(.+?):(\d+): error:", told.stdout, re.MULTILINE)
    return {(Path(name).name, int(line)) for name, line in found}, told.stdout + told.stderr


def _pyright(files, folder):
    """The same by basedpyright in pyright's strict mode."""
    settings = {
        "typeCheckingMode": "strict",
        "include": [str(each) for each in files],
        "pythonVersion": "3.11",
    }
    (folder / "pyrightconfig.json").write_text(json.dumps(settings))
    told = subprocess.run(
        [*PYRIGHT, f"--pythonpath={sys.executable}", "--project", folder],
        capture_output=True,
        text=True,
        check=False,
    )
    summary = json.loads(told.stdout)
    found = [
        (Path(each["file"]).name, each["range"]["start"]["line"] + 1)
        for each in summary["generalDiagnostics"]
        if each["severity"] == "error"
    ]
    assert summary["summary"]["filesAnalyzed"] == len(files)
    return set(found), told.stdout


checked = pytest.mark.parametrize("check", [_mypy, _pyright])


@checked
def test_slips_are_found_and_nothing_else(check, tmp_path):
    """Each marked line of the cases is refused, and no other."""
    lines = CASES.read_text().splitlines()
    marked = {(CASES.name, place) for place, line in enumerate(lines, 1) if "# refused" in line}
    found, told = check([CASES], tmp_path)
    assert found == marked, told


@checked
def test_examples_are_accepted(check, tmp_path):
    """Every script of examples/, in strict mode."""
    files = sorted(EXAMPLES.glob("*.py"))
    found, told = check(files, tmp_path)
    assert len(files) > 3
    assert found == set(), told
