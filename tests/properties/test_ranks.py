"""METHODS 6.3, 12.2, 13: ranks depend on neither the unit of money nor the order of the peers."""

from __future__ import annotations

import math
import sys
from contextlib import contextmanager
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from effort import examples
from pmecalc import Fund, batch, evaluate
from pmecalc.core import engine
from pmecalc.core.ranks import MAX_TIE_GAP, percentile, rank, ranking, tied
from properties.comparing import blurred
from properties.strategies import benchmarks, fund_parts
from requirements import require

QUICK = settings(max_examples=examples(120), derandomize=True)
SCALES = st.sampled_from([1.0, 0.01, 3.0, 100.0, 1e9])
MEASURES = ("irr", "tvpi", "dpi", "ks_pme", "direct_alpha")
AS_OF = "2018-06-30"
ANY_GAP = {"as_of": AS_OF, "max_staleness_days": None}
finite = st.floats(-1e6, 1e6, allow_subnormal=False)
# A value with others around it, at gaps below, near and above the widest of a tie.
steps = st.integers(-40, 40).map(lambda step: step * MAX_TIE_GAP / 4)
crowded = st.builds(
    lambda centre, gaps: [centre + gap * (1 + abs(centre)) for gap in gaps],
    st.sampled_from([0.0, 0.12, -0.3, 7.5]),
    st.lists(steps, min_size=1, max_size=8),
)
peers = st.lists(crowded | st.lists(finite, min_size=1, max_size=4), min_size=1, max_size=4).map(
    lambda groups: [value for group in groups for value in group]
)


@contextmanager
def plain_engine():
    """The engine without compiled loops, whatever ran before in this process."""
    with patch.dict(sys.modules):
        sys.modules.pop("pmecalc.core._warm", None)
        yield


@contextmanager
def compiled_engine():
    """The engine with compiled loops, or no test."""
    require("numba", present=engine.load())
    yield


def _class_of(parts, scale):
    """The fund with all its money times a scale."""
    flows, navs, _ = parts
    return Fund.of(
        flows=[(day, paid * scale, got * scale) for day, paid, got in flows],
        navs=[(day, nav * scale) for day, nav in navs],
    )


def _ranks(funds, benchmark, name):
    """Ranks by one measure as `batch` computes it, NaN being null."""
    values = batch(funds, benchmark, measures=[name], **ANY_GAP)[name]
    return ranking(values.tolist()).ranks


@pytest.mark.parametrize("chosen", [plain_engine, compiled_engine], ids=["plain", "compiled"])
class TestUnits:
    """'Scaling all money by any factor must change no rank.'"""

    @settings(QUICK, max_examples=examples(60))
    @given(
        st.lists(
            st.tuples(fund_parts(), st.lists(SCALES, min_size=1, max_size=3)),
            min_size=2,
            max_size=4,
        ),
        benchmarks,
        st.sampled_from(MEASURES),
        st.randoms(use_true_random=False),
    )
    def test_a_class_ranks_as_its_fund_in_any_row_order(
        self, chosen, drawn, benchmark, name, random
    ):
        """Each class in a unit of its own: the quartiles and percent ranks of the funds."""
        units = [(parts, scale) for parts, scales in drawn for scale in scales]
        funds = [_class_of(parts, 1.0) for parts, _ in units]
        assume(not blurred(*(evaluate(fund, benchmark, **ANY_GAP) for fund in funds)))
        order = random.sample(range(len(units)), len(units))
        classes = [_class_of(*units[place]) for place in order]
        with chosen():
            expected = _ranks(funds, benchmark, name)
            assert _ranks(classes, benchmark, name) == tuple(expected[place] for place in order)


class TestTies:
    """'Ties (values that differ by at most 1e-12 of 1+|value|) share the better quartile.'"""

    @QUICK
    @given(peers)
    def test_values_that_tie_share_quartile_and_percent_rank(self, values):
        """Also those of a chain, whose ends are farther apart than a tie is wide."""
        ranks = ranking(values).ranks
        for one, its in zip(values, ranks, strict=True):
            assert all(
                its == rank_ for other, rank_ in zip(values, ranks, strict=True) if tied(one, other)
            )

    @QUICK
    @given(peers, st.randoms(use_true_random=False))
    def test_row_order_and_nulls_change_no_rank(self, values, random):
        """Each value keeps its rank wherever it stands."""
        ranks = dict(zip(values, ranking(values).ranks, strict=True))
        shuffled = random.sample([*values, None, math.nan], len(values) + 2)
        found = ranking(shuffled)
        assert found.ranks == tuple(ranks.get(value) for value in shuffled)
        assert (found.n, found.n_excluded) == (len(values), 2)

    @QUICK
    @given(peers)
    def test_a_higher_value_never_ranks_lower(self, values):
        """Quartile and percent rank follow the values."""
        ranks = ranking(sorted(values)).ranks
        percent_ranks = [each.percent_rank for each in ranks]
        assert percent_ranks == sorted(percent_ranks)
        quartiles = [each.quartile or 0 for each in ranks]
        assert quartiles == sorted(quartiles, reverse=True)
        assert math.isclose(math.fsum(percent_ranks), len(values) / 2, rel_tol=1e-12)

    @QUICK
    @given(peers)
    def test_rank_and_ranking_say_the_same(self, values):
        """One value among all, and all at once."""
        assert tuple(rank(value, values) for value in values) == ranking(values).ranks

    @QUICK
    @given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=25))
    def test_percent_ranks_of_distant_values_are_counts(self, values):
        """Below, and half of the equal ones, counted one by one."""
        n = len(values)
        for value, found in zip(values, ranking(values).ranks, strict=True):
            below = sum(other < value for other in values)
            assert found.percent_rank == (below + values.count(value) / 2) / n


class TestPercentiles:
    """'Percentiles by linear interpolation at (n-1)p.'"""

    @QUICK
    @given(st.lists(finite, min_size=1, max_size=30), st.floats(0, 1))
    def test_percentiles_are_numpys(self, values, share):
        """Type 7 is what numpy does by default."""
        size = max(abs(value) for value in values)
        assert abs(percentile(values, share) - np.quantile(values, share)) <= 1e-14 * size
