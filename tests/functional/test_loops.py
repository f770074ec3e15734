"""An installation that can keep no compiled loops computes all the same, and says so once."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest

import pmecalc as pme
from pmecalc.core import engine
from requirements import require
from server import Server

SOURCE = Path(pme.__file__).parent
NO_HOME = "/proc/none"  # a folder that nobody can make, root included
FUNDS = 1_200  # enough for `batch` to ask for the compiled loops
SECONDS = 120
RATE = 1.5 ** (365 / 1612) - 1  # 100 paid on 2020-01-31 for 150 on 2024-06-30
FILE = b"date,contribution,distribution\n2020-01-31,100,0\n2024-06-30,0,150\n"

BATCH = f"""
import json, sys, warnings
import numpy as np
import pmecalc as pme
from pmecalc.core.batch import irrs
assert pme.__file__.startswith(sys.argv[1]), pme.__file__
days = np.array(["2020-01-31", "2024-06-30"], "datetime64[D]")
table = {{
    "fund": np.repeat(np.arange({FUNDS}), 2),
    "date": np.tile(days, {FUNDS}),
    "amount": np.tile([-100.0, 150.0], {FUNDS}),
}}
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    found = [pme.batch(table, measures=["irr", "dpi"])["irr"] for _ in range(2)]
    streams = np.arange(0, 2 * {FUNDS} + 1, 2), np.tile(days.astype("i4"), {FUNDS})
    found.append(irrs(*streams, table["amount"])[0])
    fund = pme.Fund.of(flows=[("2020-01-31", 100, 0), ("2024-06-30", 0, 150)])
    found.append([pme.evaluate(fund).metrics["irr"].value])
print(json.dumps({{
    "rates": sorted({{float(rate) for rates in found for rate in rates}}),
    "said": [str(each.message) for each in said],
}}))
"""
COMPILE = "import sys; from pmecalc.cli import main; sys.exit(main(['compile']))"


@pytest.fixture
def hidden(tmp_path):
    """The environment of a copy of the package that cannot be written to, without a home."""
    copy = tmp_path / "lib"
    shutil.copytree(SOURCE, copy / "pmecalc", ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "pmecalc/core/__pycache__").touch()  # a file: no folder can stand in its place
    unset = ("XDG_CACHE_HOME", "NUMBA_CACHE_DIR", "PME_CACHE_DIR")
    kept = {name: value for name, value in os.environ.items() if name not in unset}
    return {**kept, "HOME": NO_HOME, "PYTHONPATH": str(copy)}


def run(*command, environment):
    return subprocess.run(
        [sys.executable, *command], env=environment, check=False, capture_output=True, text=True
    )


def computed(environment):
    """What a process computes and is warned of, once it has ended well."""
    done = run("-c", BATCH, environment["PYTHONPATH"], environment=environment)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["rates"] == pytest.approx([RATE] * len(found["rates"]), rel=1e-12)
    return found["said"]


def test_without_a_folder_the_plain_engine_answers_and_says_so_once(hidden):
    """`batch`, `irrs` and `evaluate` give the right rates."""
    require("numba", present=engine.importable())
    (notice,) = computed(hidden)
    assert "can be kept in no folder" in notice
    assert f"{NO_HOME}/.cache/pmecalc" in notice
    assert "`pme compile`" in notice


def test_a_folder_that_is_set_is_the_only_one(hidden):
    """A wrong PME_CACHE_DIR is named, not passed over."""
    require("numba", present=engine.importable())
    (notice,) = computed({**hidden, "PME_CACHE_DIR": f"{NO_HOME}/loops"})
    assert f"not in {NO_HOME}/loops/" in notice
    assert ".cache" not in notice


def test_a_first_batch_does_not_wait_for_the_compiler(hidden, tmp_path):
    """A thread compiles, one warning says so, and the process ends well in the middle of it."""
    require("numba", present=engine.importable())
    (notice,) = computed({**hidden, "PME_CACHE_DIR": str(tmp_path / "loops")})
    assert "compiled by another thread" in notice
    assert str(tmp_path / "loops") in notice


def test_a_served_chart_is_right_without_a_folder(hidden, tmp_path):
    """Its process computes with the plain engine; the log has one line about it."""
    require("numba", present=engine.importable())
    environment = {**hidden, "PME_COMPUTE": "process", "PME_WARM_ENGINE": "true"}
    (tmp_path / "fund.csv").write_bytes(FILE)
    with Server(tmp_path / "data", environment=environment) as server:
        assert server.upload(tmp_path / "fund.csv").is_success
        (fund,) = httpx2.get(f"{server.url}/v1/funds").json()["items"]
        days = iter(f"2025-01-{day:02}" for day in range(1, 29))
        made = 0
        deadline = time.monotonic() + SECONDS
        while not made:  # before its process is ready, threads compute
            assert time.monotonic() < deadline, server.output
            asked = {"fund": fund["id"], "as_of": next(days)}
            answer = httpx2.get(f"{server.url}/v1/metrics/summary", params=asked, timeout=60)
            found = answer.json()["metrics"]["irr"]["value"]
            assert found == pytest.approx(RATE, rel=1e-9)
            time.sleep(0.5)
            stats = httpx2.get(f"{server.url}/v1/system/cache").json()
            made = stats["compute"]["processes"]["made"]
        assert stats["versions"]["loops"] == "plain"
        assert stats["compute"]["processes"]["restarts"] == 0
        assert server.output.count("can be kept in no folder") == 1


def test_compile_says_in_a_sentence_why_it_cannot(hidden):
    """One line on stderr, and an exit code for a folder that was refused."""
    require("numba", present=engine.importable())
    done = run("-c", COMPILE, environment=hidden)
    assert done.returncode == 3
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "set PME_CACHE_DIR" in done.stderr


def test_compile_prints_where_the_loops_are():
    """The folder and the time; the loops of this checkout are compiled before the tests."""
    require("numba", present=engine.load())
    done = run("-c", COMPILE, environment=dict(os.environ))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{engine.folder()}: ")
