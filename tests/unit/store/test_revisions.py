from __future__ import annotations

import json
import struct
from dataclasses import replace
from hashlib import blake2b

import numpy as np
import pytest

from pmecalc.core.benchmark import Benchmark
from pmecalc.core.errors import InputError
from pmecalc.core.fund import Fund, frozen
from pmecalc.store.metadata import metadata_of
from pmecalc.store.revisions import canonical_text, revision_of
from unit.store.samples import benchmark, fund

GOLDEN = {
    "fund": "91d7cc3fe1e133dd5975eb46bc8c1e3e",
    "benchmark": "fa11d2945df9520031b319cc5d62920f",
}


def revision(value, name="Alpha"):
    kind = "fund" if isinstance(value, Fund) else "benchmark"
    return revision_of(kind, canonical_text(metadata_of(kind, name, value)), value)


def by_hand(kind, meta, rows):
    """The encoding of the specification, written a second time."""
    text = json.dumps(meta, sort_keys=True, separators=(",", ":"))
    packed = b"".join(struct.pack("<iddB", *row) for row in rows)
    encoded = b"pme-rev-1"
    for field in (kind.encode(), text.encode(), packed):
        encoded += struct.pack("<Q", len(field)) + field
    return blake2b(encoded, digest_size=16).hexdigest()


def test_fund_golden_vector():
    """The revision of a known fund is this one, for ever, and follows the written encoding."""
    meta = {
        "name": "Alpha",
        "currency": "USD",
        "commitment": 500.0,
        "vintage": 2014,
        "strategy": "buyout",
    }
    rows = [
        (16160, 100.0, 0.0, 0),
        (16435, 101.0, 0.0, 1),
        (16982, 0.0, 7.5, 0),
        (16982, 50.25, 10.0, 0),
        (16982, 160.0, 0.0, 1),
        (17531, 0.0, 0.0, 1),
    ]
    assert revision(fund()) == by_hand("fund", meta, rows) == GOLDEN["fund"]


def test_tags_are_rows_of_a_kind_of_their_own():
    """A recallable part of a day's distributions is other content, by the written encoding."""
    meta = {
        "name": "Alpha",
        "currency": None,
        "commitment": None,
        "vintage": None,
        "strategy": None,
    }
    flows = [("2014-03-31", 100, 0), ("2014-03-31", 0, 10)]
    rows = [(16160, 0.0, 10.0, 0), (16160, 100.0, 0.0, 0), (16160, 4.0, 0.0, 3)]
    found = revision(Fund.of(flows=flows, recallable=[("2014-03-31", 4)]))
    assert found == by_hand("fund", meta, rows)
    assert found != revision(Fund.of(flows=flows)) == by_hand("fund", meta, rows[:2])


def test_benchmark_golden_vector():
    """The revision of a known benchmark is this one, for ever, and follows the written encoding."""
    meta = {"name": "World", "currency": "EUR", "index_kind": "net_total_return"}
    rows = [(16070, 100.0, 0.0, 2), (16800, 120.5, 0.0, 2), (17531, 155.0, 0.0, 2)]
    found = revision(benchmark(), "World")
    assert found == by_hand("benchmark", meta, rows) == GOLDEN["benchmark"]


def test_row_order_does_not_count():
    """Flows in another order, also within a day, are the same content."""
    flows = [("2016-06-30", 5, 0), ("2014-03-31", 100, 0), ("2016-06-30", 0, 10)]
    orders = [flows, flows[::-1], [flows[2], flows[0], flows[1]]]
    assert len({revision(Fund.of(flows=order)) for order in orders}) == 1


def test_source_rows_and_notes_do_not_count():
    """Source rows, notes and warnings are not part of the content."""
    known = fund()
    other = replace(
        known, rows=frozen(known.rows + 40), notes=("From a sheet.",), warnings=("SIGN_SUSPECT",)
    )
    assert revision(other) == revision(known)
    levels = benchmark()
    assert revision(replace(levels, rows=frozen(levels.rows + 1), notes=())) == revision(levels)


def test_negative_zero_is_zero():
    """-0 and 0 are the same amount."""
    known = fund()
    negative = np.where(known.contributions == 0, -0.0, known.contributions)
    assert np.signbit(negative).any()
    assert revision(replace(known, contributions=frozen(negative))) == revision(known)


@pytest.mark.parametrize(
    "change",
    [
        {"currency": "EUR"},
        {"currency": None},
        {"commitment": 501.0},
        {"vintage": 2015},
        {"strategy": None},
    ],
)
def test_metadata_count(change):
    """Every metadatum that an answer shows is part of the content."""
    assert revision(replace(fund(), **change)) != revision(fund())


def test_name_amounts_days_and_kinds_count():
    """Another name, amount, day or kind of row is other content."""
    known = fund()
    others = [
        revision(known, "Beta"),
        revision(fund(1.0000000001)),
        revision(replace(known, days=frozen(known.days + 1))),
        revision(replace(known, nav_days=known.nav_days[:2], navs=known.navs[:2])),
        revision(Fund.of(flows=[("2020-01-01", 5, 0)])),
        revision(Fund.of(flows=[("2020-01-01", 0, 5)])),
        revision(Benchmark.of([("2020-01-01", 5)])),
        revision(Benchmark.of([("2020-01-01", 5)], kind="price")),
    ]
    assert len({revision(known), *others}) == len(others) + 1


def test_whole_numbers_are_amounts():
    """A commitment given as a whole number is the same as one given as a decimal."""
    assert revision(replace(fund(), commitment=500)) == revision(fund())


def test_not_finite_is_refused():
    """An amount that is not finite has no revision."""
    known = fund()
    with pytest.raises(InputError, match="not a finite number"):
        revision(replace(known, navs=frozen(np.full(3, np.nan))))
