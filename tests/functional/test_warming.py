"""The server loads the compiled loops by itself, in a process of its own here."""

from __future__ import annotations

import subprocess
import sys

from pmecalc.core import engine
from requirements import require

SERVE = """
import asyncio, sys, threading
from pathlib import Path
from pmecalc.app import create_app
from pmecalc.core import engine
from pmecalc.settings import Settings

async def serve():
    app = create_app(Settings(data=Path(sys.argv[1]), _env_file=None))
    async with app.router.lifespan_context(app):
        for thread in threading.enumerate():
            if thread.name == "pme-warm":
                await asyncio.to_thread(thread.join)

assert "numba" not in sys.modules
asyncio.run(serve())
assert engine.kernels() is not None and engine.fund_kernels() is not None
"""


def test_a_server_loads_the_compiled_loops_in_the_background(tmp_path):
    """Nothing loads Numba before it starts; a thread of its own does then."""
    require("numba", present=engine.importable())
    subprocess.run([sys.executable, "-c", SERVE, tmp_path / "data"], check=True)
