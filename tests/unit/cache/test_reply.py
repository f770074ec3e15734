"""Finished replies: the same JSON in three encodings, with the headers of each."""

from __future__ import annotations

import gzip

import brotli
import pytest

from pmecalc.cache.reply import compressed, replies

BODY = b'{"irr":0.12,"dates":["2020-03-31","2020-06-30"]}' * 40
DECODERS = {"identity": bytes, "br": brotli.decompress, "gzip": gzip.decompress}


@pytest.mark.parametrize("encoding", DECODERS)
@pytest.mark.parametrize("body", [b"", b"null", BODY], ids=len)
def test_every_encoding_holds_the_same_json(body, encoding):
    """What a client decodes is the body, and its length is the declared one."""
    made = replies(compressed(body), etag='W/"1"')[encoding]
    assert DECODERS[encoding](made.body) == body
    assert dict(made.headers)[b"content-length"] == str(len(made.body)).encode()


def test_headers_say_what_a_reply_is():
    """Type and tag stand in each, as headers and as lines; the coding where there is one."""
    made = replies(compressed(BODY), etag='W/"1"')
    for reply in made.values():
        headers = dict(reply.headers)
        assert len(headers) == len(reply.headers)
        assert headers[b"content-type"] == b"application/json"
        assert headers[b"etag"] == b'W/"1"'
        assert reply.head == b"".join(b"%b: %b\r\n" % header for header in reply.headers)
    codings = {name: dict(reply.headers).get(b"content-encoding") for name, reply in made.items()}
    assert codings == {"identity": None, "br": b"br", "gzip": b"gzip"}


def test_the_compressed_ones_are_smaller():
    """Brotli before gzip before nothing."""
    made = replies(compressed(BODY), etag='W/"1"')
    assert len(made["br"].body) < len(made["gzip"].body) < len(made["identity"].body)
