"""The scripts of examples/ run and print what they say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = sorted((Path(__file__).parents[1] / "examples").glob("*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_an_example_prints_its_output(script):
    """The comment at the end of each script is what it writes."""
    _, _, shown = script.read_text().partition("\n# Output:\n")
    told = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    assert shown
    assert told.stdout == "".join(
        line.removeprefix("# ") for line in shown.splitlines(keepends=True)
    )
    assert told.stderr == ""
