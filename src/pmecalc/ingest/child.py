"""The child that reads a file: run by its path, `python -I child.py OPTIONS`, file on stdin.

It limits itself before it reads anything, and makes `pmecalc` known as a bare package, since the
package's public names import numpy, for which there is no room here.
"""

from __future__ import annotations

import importlib
import json
import resource
import sys
from pathlib import Path
from types import ModuleType

_FILES = 32


def main() -> None:
    """Take the options, limit this process, then read."""
    options = json.loads(sys.argv[1])
    _limit(memory_bytes=options["limits"]["memory_bytes"], cpu=options["limits"]["cpu_seconds"])
    package = ModuleType("pmecalc")
    package.__path__ = [str(Path(__file__).resolve().parents[1])]
    sys.modules["pmecalc"] = package
    importlib.import_module("pmecalc.ingest.worker").work(options)


def _limit(*, memory_bytes: int, cpu: int) -> None:
    wanted = {
        resource.RLIMIT_CPU: cpu,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NOFILE: _FILES,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NPROC: 0,
    }
    if sys.platform == "linux":  # elsewhere the address space cannot be limited
        wanted[resource.RLIMIT_AS] = memory_bytes
    for name, most in wanted.items():
        _, hard = resource.getrlimit(name)
        # Over the soft limit of time comes a signal that says so, over the hard one a plain kill.
        last = most + 1 if name == resource.RLIMIT_CPU else most
        last = last if hard == resource.RLIM_INFINITY else min(last, hard)
        resource.setrlimit(name, (min(most, last), last))


if __name__ == "__main__":
    main()
