"""Content read lately."""

from __future__ import annotations

from collections import Counter

from pmecalc.service.recent import Recent


class Reads:
    """Reads a text of ten letters, and counts."""

    def __init__(self):
        self.counts = Counter()

    def __call__(self, tenant, dataset, revision):
        self.counts[tenant, dataset, revision] += 1
        return f"{tenant}{dataset}{revision}".ljust(10)


def recent(reads, max_rows=30):
    return Recent(reads, rows_of=len, max_rows=max_rows)


def test_a_revision_is_read_once():
    """The second view of a fund reads nothing."""
    reads = Reads()
    kept = recent(reads)
    assert kept.get("t", "a", "1") == kept.get("t", "a", "1") == "ta1".ljust(10)
    assert reads.counts == {("t", "a", "1"): 1}


def test_another_tenant_or_revision_is_other_content():
    """Tenant, dataset and revision name it together."""
    reads = Reads()
    kept = recent(reads)
    for name in [("t", "a", "1"), ("t", "a", "2"), ("u", "a", "1")]:
        assert kept.get(*name).startswith("".join(name))
    assert len(reads.counts) == 3


def test_the_rows_are_bounded_and_the_oldest_goes():
    """Of four contents of ten rows three are kept; one just read is not the oldest."""
    reads = Reads()
    kept = recent(reads)
    for dataset in "abcadb":
        kept.get("t", dataset, "1")
    assert [reads.counts["t", dataset, "1"] for dataset in "abcd"] == [1, 2, 1, 1]


def test_content_over_the_bound_is_read_each_time():
    """It is given, not kept."""
    reads = Reads()
    kept = recent(reads, max_rows=9)
    assert kept.get("t", "a", "1") == kept.get("t", "a", "1")
    assert reads.counts["t", "a", "1"] == 2
