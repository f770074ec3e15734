"""An example of the tidy file."""

from __future__ import annotations

_TEMPLATE = """\
date,contribution,distribution,nav
2019-03-31,1000000,,
2019-12-31,,,980000
2020-06-30,500000,120000,
2020-12-31,,,1510000
2021-09-30,,640000,
2021-12-31,,,1275000
"""


def template_csv() -> str:
    """The tidy file of a small fund: blank is zero, and a row with only a NAV is a valuation."""
    return _TEMPLATE
