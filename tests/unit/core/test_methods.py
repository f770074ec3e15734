"""The one table of measures."""

from __future__ import annotations

import pytest

import pmecalc as pme
from pmecalc import NotFoundError
from pmecalc.core.methods import FURTHER, METHODS, any_method, method


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


# What takes more elsewhere in the library has fixed parameters in a report.
PUBLIC_WITH_PARAMETERS = {
    *("modified_dietz", "volatility", "max_drawdown", "sharpe", "beta", "dimson_beta"),
}


def test_every_further_measure_is_described():
    """Each row's function has the row's name, a source, and the same public name where free."""
    for name, row in FURTHER.items():
        assert row.measure.__name__ == row.name == name
        assert row.title
        assert "METHODS" in row.measure.__doc__
        assert (getattr(pme, name) is row.measure) == (name not in PUBLIC_WITH_PARAMETERS)


def test_no_measure_stands_in_both_tables():
    """Names and titles are unique over both."""
    rows = [*METHODS.values(), *FURTHER.values()]
    assert len({row.name for row in rows}) == len({row.title for row in rows}) == len(rows)


def test_any_measure_is_found_by_name():
    """Those of every report and the further ones; a slip is answered with what was meant."""
    assert any_method("ks_pme") is METHODS["ks_pme"]
    assert any_method("twr") is FURTHER["twr"]
    with pytest.raises(NotFoundError) as caught:
        any_method("twr_idx")
    assert "twr_index" in caught.value.near
