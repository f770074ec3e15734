"""The page's files as they are served."""

from __future__ import annotations

import gzip
import re

import brotli
import pytest

from pmecalc.web.static_files import ROOT, assets, packed, shell


def own(suffix: str) -> dict[str, str]:
    """Our own files of a kind, by name."""
    return {path.name: path.read_text() for path in ROOT.glob(f"*{suffix}")}


def test_every_address_in_the_shell_is_an_asset():
    """The page asks for nothing that is not there."""
    served = assets()
    wanted = re.findall(r'(?:src|href)="(/static/[^"]+)"', shell().decode())
    assert wanted
    assert [address for address in wanted if address not in served] == []


def test_every_module_is_fetched_with_the_page():
    """No module waits for another to be read before it is asked for."""
    page = shell().decode()
    modules = [name for name in own(".js") if name != "docs.js"]
    assert [name for name in modules if f"/{name}" not in page] == []


def test_an_asset_is_its_compressed_body():
    """All encodings of an asset say the same, and one hash stands for the whole tree."""
    served = assets()
    for asset in served.values():
        assert gzip.decompress(packed(asset, "gzip")) == asset.body
        assert brotli.decompress(packed(asset, "br")) == asset.body
        assert packed(asset, "identity") == asset.body
    assert len({address.split("/")[2] for address in served}) == 1


@pytest.mark.parametrize(
    "banned", ["innerHTML", "outerHTML", "insertAdjacentHTML", "eval(", "document.write"]
)
def test_no_module_turns_text_into_markup(banned):
    """User text reaches the page as text nodes only."""
    assert [name for name, text in own(".js").items() if banned in text] == []


def test_the_shell_has_no_inline_style_or_script():
    """The policy allows neither."""
    page = shell().decode()
    assert " style=" not in page
    assert "<style" not in page
    assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []
