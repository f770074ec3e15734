"""Year fractions."""

from __future__ import annotations

import numpy as np
import pytest

from pmecalc import InputError
from pmecalc.core.dates import day_number
from pmecalc.core.daycount import year_fractions


def test_a_leap_year_is_longer_than_a_year():
    """ACT/365F counts the leap day, as XIRR does."""
    start = day_number("2020-01-01")
    assert year_fractions(start, np.array([start + 366]), "ACT/365F").tolist() == [366 / 365]


def test_another_convention_is_refused():
    """A day count that is not offered is named in the error."""
    with pytest.raises(InputError, match="30/360") as caught:
        year_fractions(0, np.array([1]), "30/360")
    assert (caught.value.code, caught.value.field) == ("UNSUPPORTED_OPTION", "day_count")
