"""The serving bench runs, and checks what it measures."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "benchmarks/serving.py"


@pytest.mark.soak
def test_the_serving_bench_finds_every_answer_right(tmp_path):
    """In one short round each server answers with the bytes it should, before and after."""
    kept = tmp_path / "bench.json"
    rounds = {"BENCH_ROUNDS": "1", "BENCH_SECONDS": "1", "BENCH_JSON": str(kept)}
    done = subprocess.run(
        [sys.executable, "-P", str(BENCH)],
        env={**os.environ, **rounds},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    print(f"\n{done.stdout}")
    rows = json.loads(kept.read_text())
    assert {"fast lane, 20 KB", "fast lane, 60 KB brotli", "304"} <= {row["work"] for row in rows}
    assert all(row["ours_s"] > 0 and row["ratio"] > 0 for row in rows)
