"""From addresses to questions: plain ones only, and the same as the routes read."""

from __future__ import annotations

from datetime import date

import pytest

from pmecalc.api.questions import question_of
from pmecalc.service.analyses import Question


@pytest.mark.parametrize(
    ("path", "query", "question"),
    [
        ("/v1/metrics/irr_pme", b"fund=f", Question(view="irr_pme", fund="f")),
        (
            "/v1/metrics/summary",
            b"as_of=2024-12-31&benchmark=b&fund=f&max_staleness_days=none",
            Question(
                view="summary",
                fund="f",
                benchmark="b",
                as_of=date(2024, 12, 31),
                max_staleness_days=None,
            ),
        ),
        ("/v1/funds/f/charts/irr_pme", b"", Question(view="irr_pme.spec", fund="f")),
        ("/v1/funds/f/charts/irr_pme", b"format=plotly", Question(view="irr_pme", fund="f")),
    ],
)
def test_plain_addresses(path, query, question):
    """The views of a fund, by metric or by fund."""
    assert question_of(path, query) == question


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/v1/metrics/irr_pme", b""),
        ("/v1/metrics/irr_pme", b"fund=f&fund=f"),
        ("/v1/metrics/irr_pme", b"fund=f&"),
        ("/v1/metrics/irr_pme", b"fund=f&other=1"),
        ("/v1/metrics/irr_pme", b"fund=%66"),
        ("/v1/metrics/irr_pme", b"fund=a+b"),
        ("/v1/metrics/irr_pme", b"fund=f;as_of=2024-12-31"),
        ("/v1/metrics/irr_pme", b"fund=f&benchmark="),
        ("/v1/metrics/irr_pme", b"fund=pme_0123456789_x"),
        ("/v1/metrics/irr_pme", b"fund=f&as_of=2024-13-31"),
        ("/v1/metrics/irr_pme", b"fund=" + b"f" * 600),
        ("/v1/metrics/IRR", b"fund=f"),
        ("/v1/metrics/irr_pme/", b"fund=f"),
        ("/v1/funds/f%2F/charts/irr_pme", b""),
        ("/v1/funds/f/charts/irr_pme", b"fund=g"),
        ("/v1/funds/f", b""),
        ("/", b""),
    ],
)
def test_what_a_route_has_to_read(path, query):
    """Anything else is nobody's guess."""
    assert question_of(path, query) is None
