"""Accept-Encoding and If-None-Match."""

from __future__ import annotations

import pytest

from pmecalc.cache.negotiate import encoding_of, has_already


@pytest.mark.parametrize(
    ("accept", "encoding"),
    [
        ("", "identity"),
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, deflate", "gzip"),
        ("GZIP", "gzip"),
        ("br;q=0.5, gzip;q=0.8", "gzip"),
        ("br;q=0.8 , gzip;q=0.8", "br"),
        ("br; q=0.001", "br"),
        ("br;q=0, gzip;q=0.000", "identity"),
        ("*", "br"),
        ("br;q=0, *", "gzip"),
        ("identity, br;q=0.5", "identity"),
        ("identity;q=0, gzip", "gzip"),
        ("identity;q=0", "identity"),
        ("*;q=0", "identity"),
        ("deflate", "identity"),
        ("br;q=oops, gzip", "gzip"),
        ("br;level=5", "identity"),
        (",;,", "identity"),
    ],
)
def test_the_best_liked_encoding(accept, encoding):
    """Weights decide, then br before gzip before identity; nothing acceptable is identity."""
    assert encoding_of(accept) == encoding


@pytest.mark.parametrize(
    ("condition", "known"),
    [
        ("", False),
        ('W/"a"', True),
        ('"a"', True),
        ('"b", W/"a"', True),
        ("*", True),
        ('W/"b"', False),
        ("a", False),
    ],
)
def test_a_tag_that_the_client_has(condition, known):
    """The comparison is weak, over a list, and a star is any."""
    assert has_already(condition, 'W/"a"') is known
