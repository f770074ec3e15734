"""The one table of measures."""

from __future__ import annotations

import pytest

import pmecalc as pme
from pmecalc import NotFoundError
from pmecalc.core.methods import METHODS, method


def test_every_measure_is_public_and_described():
    """Each row's function is exported under its name, with title and docstring."""
    for name, row in METHODS.items():
        assert getattr(pme, name) is row.measure
        assert row.measure.__name__ == row.name == name
        assert row.title
        assert "METHODS" in row.measure.__doc__


def test_an_unknown_measure_lists_the_near_ones():
    """A slip is answered with what was meant."""
    with pytest.raises(NotFoundError) as caught:
        method("ks_pm")
    assert "ks_pme" in caught.value.near


def test_the_table_cannot_be_changed():
    """No state at module level."""
    with pytest.raises(TypeError):
        METHODS["x"] = METHODS["irr"]
