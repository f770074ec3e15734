"""The page's files: hashed addresses, types, and what goes over the wire."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import brotli

if TYPE_CHECKING:
    from pmecalc.cache.reply import Encoding

ROOT = Path(__file__).parent / "static"
SHELL = "index.html"
PAGES = (SHELL, "docs.html", "problems.html")
BASE_MARK = b"{{static}}"
CACHE_CONTROL = "public, max-age=31536000, immutable"
_BROTLI_QUALITY = 9  # the next levels save 8 in a hundred bytes and take ten times as long

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".LICENSE": "text/plain; charset=utf-8",
    ".NOTICE": "text/plain; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file; `etag` comes with its quotes."""

    body: bytes
    media_type: str
    etag: str


def packed(asset: Asset, encoding: Encoding) -> bytes:
    """The body as it goes over the wire; up to a fifth of a second of work."""
    if encoding == "br":
        body: bytes = brotli.compress(asset.body, brotli.MODE_TEXT, _BROTLI_QUALITY)
        return body
    return gzip.compress(asset.body, 6, mtime=0) if encoding == "gzip" else asset.body


def assets() -> dict[str, Asset]:
    """Every file of the page by its hashed address, read anew at each call."""
    files = _files()
    base = _base(files)
    return {
        f"{base}/{name}": _asset(name, body) for name, body in files.items() if name not in PAGES
    }


def documents() -> dict[str, bytes]:
    """The HTML pages by file name, pointing at the hashed addresses of this tree."""
    files = _files()
    base = _base(files).encode()
    return {name: files[name].replace(BASE_MARK, base) for name in PAGES}


def shell() -> bytes:
    """The one page of the dashboard."""
    return documents()[SHELL]


def _files() -> dict[str, bytes]:
    paths = sorted(ROOT.rglob("*"))
    return {
        path.relative_to(ROOT).as_posix(): path.read_bytes()
        for path in paths
        if path.is_file() and (path.suffix in MEDIA_TYPES or path.name in PAGES)
    }


def _base(files: dict[str, bytes]) -> str:
    # One digest for the whole tree: a module's relative imports then stay inside its own release.
    digest = hashlib.sha256()
    for name, body in files.items():
        digest.update(f"{len(name)}:{name}:{len(body)}:".encode())
        digest.update(body)
    return f"/static/{digest.hexdigest()[:16]}"


def _asset(name: str, body: bytes) -> Asset:
    return Asset(
        body=body,
        media_type=MEDIA_TYPES[Path(name).suffix],
        etag=f'"{hashlib.sha256(body).hexdigest()[:16]}"',
    )
