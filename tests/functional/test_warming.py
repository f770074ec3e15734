"""The server loads the compiled loops by itself, in a process of its own here, once it computes."""

from __future__ import annotations

import subprocess
import sys

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
    settings = Settings(data=Path(sys.argv[1]), demo=True, _env_file=None)
    prepare(settings)
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        assert "numba" not in sys.modules
        services = app.state.services
        funds, _ = await services.datasets.page("default", "fund", limit=1, after=None)
        question = Question(view="summary", fund=funds[0]["id"])
        await services.analyses.answer(await services.analyses.pin("default", question))
        for thread in threading.enumerate():
            if thread.name == "pme-warm":
                await asyncio.to_thread(thread.join)

assert "numba" not in sys.modules
asyncio.run(serve())
assert engine.kernels() is not None and engine.fund_kernels() is not None
"""


def test_a_server_loads_the_compiled_loops_in_the_background(tmp_path):
    """Nothing loads Numba before there is something to compute; a thread of its own does then."""
    require("numba", present=engine.importable())
    subprocess.run([sys.executable, "-c", SERVE, tmp_path / "data"], check=True)
