"""A store in a fresh folder."""

from __future__ import annotations

import pytest

from pmecalc.store import Store


@pytest.fixture
def root(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def store(root):
    with Store.open(root) as opened:
        yield opened
