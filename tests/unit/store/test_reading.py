from __future__ import annotations

import pyarrow.parquet as pq
import pytest

from pmecalc.core.errors import StoreError
from pmecalc.store import DamagedError
from unit.store.samples import TENANT, contents, new_benchmark, new_fund


@pytest.fixture
def item(store):
    return store.commit(TENANT, [new_fund(), new_fund("Beta", 2)], actor="me").items[0]


@pytest.fixture
def pack(store, item):
    return next((store.root / "objects").rglob("*.parquet"))


def load(store, item):
    return store.load(TENANT, item.kind, item.id, item.revision)


def flipped(data, bit):
    spoilt = bytearray(data)
    spoilt[bit // 8] ^= 1 << (bit % 8)
    return bytes(spoilt)


def test_flipped_bits_in_data_pages(store, item, pack):
    """Of 40 bits flipped in the data of the numbers, 40 are found (S-19)."""
    good, bits = pack.read_bytes(), []
    group = pq.ParquetFile(pack).metadata.row_group(0)
    for column in (1, 2, 3, 4):
        chunk = group.column(column)
        start = chunk.dictionary_page_offset or chunk.data_page_offset
        end = start + chunk.total_compressed_size
        bits += [8 * (end - 1 - n) + n % 8 for n in range(10)]
    found = 0
    for bit in bits:
        pack.write_bytes(flipped(good, bit))
        with pytest.raises(DamagedError, match="page integrity, CRC"):
            load(store, item)
        found += 1
    assert found == len(set(bits)) == 40


def test_flipped_bits_anywhere(store, item, pack):
    """A bit flipped anywhere in a pack is found, or changes nothing that is read."""
    good, known = pack.read_bytes(), contents(load(store, item))
    wrong, found, bits = 0, [], range(0, 8 * len(good), 37)
    for bit in bits:
        pack.write_bytes(flipped(good, bit))
        try:
            wrong += contents(load(store, item)) != known
        except DamagedError as error:
            found.append((error.code, error.object))
    assert wrong == 0
    assert len(bits) > len(found) >= 200
    assert set(found) == {("OBJECT_DAMAGED", pack.stem)}


def test_rows_of_another_fund(store, item, pack):
    """Rows that are whole but not those of the revision are found by its digest."""
    store._connections.writer.write(
        lambda db: db.execute("UPDATE revision SET row0 = 6 - row0").rowcount
    )
    with pytest.raises(DamagedError, match="not those of revision"):
        load(store, item)


@pytest.mark.parametrize("size", [0, 3, 100, -1])
def test_truncated_pack(store, item, pack, size):
    """A pack that lost its end is found."""
    pack.write_bytes(pack.read_bytes()[:size])
    with pytest.raises(DamagedError):
        load(store, item)


def test_missing_pack(store, item, pack):
    """A pack that is gone is named; other objects stay readable."""
    other = store.commit(TENANT, [new_benchmark()], actor="me").items[0]
    pack.unlink()
    with pytest.raises(DamagedError, match=f"{pack.stem}.*it is missing"):
        load(store, item)
    assert load(store, other).levels[0] == 100.0


def test_unreadable_pack(store, item, pack):
    """A pack that the system will not open is not called damaged."""
    pack.unlink()
    pack.symlink_to(pack.name)
    with pytest.raises(StoreError, match="cannot be read") as caught:
        load(store, item)
    assert not isinstance(caught.value, DamagedError)
