"""The server loads the compiled loops by itself, in a process of its own here, once it computes."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pmecalc.core import engine
from requirements import require

SERVE = """
import asyncio, sys, threading
from pathlib import Path
from pmecalc.app import create_app, prepare
from pmecalc.core import engine
from pmecalc.service.analyses import Question
from pmecalc.settings import Settings

async def serve():
    settings = Settings(data=Path(sys.argv[1]), demo=True, compute=sys.argv[2], _env_file=None)
    prepare(settings)
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        assert "numba" not in sys.modules
        services = app.state.services
        funds, _ = await services.datasets.page("default", "fund", limit=1, after=None)
        question = Question(view="summary", fund=funds[0]["id"])
        await services.analyses.answer(await services.analyses.pin("default", question))
        while services.cache_stats()["versions"]["loops"] != "compiled":
            await asyncio.sleep(0.02)

assert "numba" not in sys.modules
asyncio.run(serve())
"""
IN_THREADS = "assert engine.kernels() is not None and engine.fund_kernels() is not None"
IN_PROCESSES = 'assert "numba" not in sys.modules'


@pytest.mark.parametrize(
    ("compute", "then"),
    [("thread", IN_THREADS), ("process", IN_PROCESSES)],
    ids=["thread", "process"],
)
def test_a_server_loads_the_compiled_loops_in_the_background(tmp_path, compute, then):
    """Nothing loads Numba before there is something to compute; then who computes does, alone."""
    require("numba", present=engine.importable())
    command = [sys.executable, "-c", SERVE + then, tmp_path / "data", compute]
    subprocess.run(command, check=True)
