"""The example of the tidy file."""

from __future__ import annotations

from pmecalc.ingest.template import template_csv
from pmecalc.ingest.upload import read_upload


def test_template_reads_back():
    """The example is a valid fund with contributions, distributions and valuations."""
    (fund,) = read_upload(template_csv().encode(), filename="template.csv").funds
    assert fund.contributions.sum() == 1_500_000
    assert fund.distributions.sum() == 760_000
    assert len(fund.navs) == 3
