"""The keys of the seal: made once, renewed, private, never guessed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from pmecalc.service.seal_file import SealFileError, keep_seals

PARTS = b"header", b"frame"


def test_every_process_has_the_keys_of_the_first(tmp_path):
    """Of many that start at once one makes the key; its owner alone can read it."""
    path = tmp_path / "keys"
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: keep_seals(path, renews=True), range(32)))
    assert len({seals.keys for seals in found}) == 1
    assert path.stat().st_mode & 0o777 == 0o600
    assert found[0].keys[0].hex() not in repr(found[0])


def test_a_key_of_ninety_days_is_followed_by_another(tmp_path):
    """What was sealed with the one before is still believed, and with none before that."""
    path = tmp_path / "keys"
    first = keep_seals(path, today=date(2024, 1, 1))
    assert keep_seals(path, renews=True, today=date(2024, 3, 30)).keys == first.keys
    assert keep_seals(path, today=date(2024, 12, 31)).keys == first.keys
    second = keep_seals(path, renews=True, today=date(2024, 3, 31))
    assert second.keys[1:] == first.keys
    assert second.fits(first.of(*PARTS), *PARTS)
    assert not first.fits(second.of(*PARTS), *PARTS)
    third = keep_seals(path, renews=True, today=date(2024, 7, 1))
    assert third.fits(second.of(*PARTS), *PARTS)
    assert not third.fits(first.of(*PARTS), *PARTS)


@pytest.mark.parametrize(
    "content", [b"no key", b"2024-01-01 00", b"2024-01-01 zz", b"2024-13-01 " + b"0" * 64, b"\xff"]
)
def test_another_file_is_left_as_it_is(tmp_path, content):
    """Its name was taken by something else: that is said, and nothing is written."""
    path = tmp_path / "keys"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(SealFileError, match="delete it"):
        keep_seals(path, renews=True)
    assert path.read_bytes() == content


def test_a_file_that_others_may_read_and_a_link_are_refused(tmp_path):
    """Their keys may be known."""
    path = tmp_path / "keys"
    keep_seals(path)
    (tmp_path / "link").symlink_to(path)
    with pytest.raises(SealFileError, match="PME_CACHE_SEAL_FILE"):
        keep_seals(tmp_path / "link")
    path.chmod(0o640)
    with pytest.raises(SealFileError, match="chmod 600"):
        keep_seals(path)
