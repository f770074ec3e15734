"""T-14, C4: what Redis holds is believed only if it is the entry of the key, whole."""

from __future__ import annotations

import asyncio
import pickle
import random
import socket

import pytest

from fakes import until
from pmecalc.cache import entry
from pmecalc.cache.entry import finish
from pmecalc.cache.key import Scope, make_cache_key
from pmecalc.cache.seal import Seals
from redis_users import body_of, key_of, patient_cache_on, redis_of
from sealing import encode

LIMIT_BYTES = 8 * 2**20
AT_ONCE = 500
SHORT = 1000
ALL = 10_000


def honest(key, number):
    return encode(finish(body_of(number), key=key, created=1.0))


def theirs(number):
    """An entry of another tenant for the same question."""
    key = make_cache_key("v", {"n": number}, scope=Scope("other", ("fund1",), ("r",), 1))
    return honest(key, number)


POISON = {
    "another tenant's": (theirs(1), "other_key"),
    "another key's": (honest(key_of(2), 2), "other_key"),
    "forged": (
        entry.encode(finish(b'{"irr": 9}', key=key_of(1), created=1.0), Seals.new()),
        "seal",
    ),
    "truncated": (honest(key_of(1), 1)[:-7], "seal"),
    "empty": (b"", "truncated"),
    "pickled": (pickle.dumps({"n": [1] * 100}), "magic"),
    "huge": (encode(finish(b"0" * (LIMIT_BYTES + 1), key=key_of(1), created=1.0)), "too_large"),
    "huge and not compressed": (b"x" * (LIMIT_BYTES + 1), "magic"),
}


@pytest.mark.parametrize(("poison", "reason"), POISON.values(), ids=POISON)
def test_poison_is_a_miss_counted_and_deleted(redis_server, poison, reason):
    """It is never served, its reason is counted, and it does not stay."""
    store(redis_server, {key_of(1).text: poison})

    async def story():
        async with patient_cache_on(redis_server.url) as cache:
            assert await cache.get(key_of(1), None) is None
            assert redis_of(cache)["rejected"] == {reason: 1}
            await until(lambda: redis_of(cache)["writes"]["written"] == 1)
            assert redis_server.command("EXISTS", key_of(1).text) == b":0"
            result = await cache.get_or_compute(key_of(1), lambda: body_of(1))
            assert (result.outcome, result.entry.body) == ("computed", body_of(1))

    asyncio.run(story())


def test_a_value_of_another_type_is_a_miss(redis_server):
    """A list under our key is no error of Redis: it is overwritten, and no breaker counts it."""
    assert redis_server.command("RPUSH", key_of(1).text, "x") == b":1"

    async def story():
        async with patient_cache_on(redis_server.url) as cache:
            assert (await cache.get_or_compute(key_of(1), lambda: body_of(1))).outcome == "computed"
            await until(lambda: redis_of(cache)["writes"]["written"] == 1)
            assert redis_of(cache)["failures"] == 0
        async with patient_cache_on(redis_server.url) as cache:
            assert (await cache.get_or_compute(key_of(1), lambda: b"")).outcome == "redis"

    asyncio.run(story())


def damaged(blob, other, chance):
    """Mutated, truncated, lengthened or swapped; never the entry itself."""
    at = chance.randrange(len(blob))
    flipped = bytes([blob[at] ^ (1 << chance.randrange(8))])
    return chance.choice(
        [
            blob[:at] + flipped + blob[at + 1 :],
            blob[:at],
            blob + chance.randbytes(1 + at % 9),
            other,
            chance.randbytes(len(blob)),
        ]
    )


@pytest.mark.parametrize("count", [SHORT, pytest.param(ALL, marks=pytest.mark.soak)])
def test_damaged_entries_are_none_of_them_accepted(redis_server, count):
    """C4: through a real Redis: none accepted, none raised, every one counted."""
    chance = random.Random(14)  # noqa: S311  (no secret)
    blobs = [honest(key_of(number), number) for number in range(count)]
    store(
        redis_server,
        {
            key_of(number).text: damaged(blob, blobs[number - 1], chance)
            for number, blob in enumerate(blobs)
        },
    )

    async def story():
        async with patient_cache_on(redis_server.url) as cache:
            wrong = 0
            for first in range(0, count, AT_ONCE):
                results = await asyncio.gather(
                    *(
                        cache.get_or_compute(key_of(number), lambda n=number: body_of(n))
                        for number in range(first, first + AT_ONCE)
                    )
                )
                wrong += sum(
                    result.outcome != "computed" or result.entry.body != body_of(first + offset)
                    for offset, result in enumerate(results)
                )
            assert wrong == 0
            assert sum(redis_of(cache)["rejected"].values()) == count
            assert redis_of(cache)["failures"] == 0

    asyncio.run(story())


def store(server, blobs):
    """Write bytes under keys as they are, over one connection."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        replies = connection.makefile("rb")
        for key, blob in blobs.items():
            head = f"*3\r\n$3\r\nSET\r\n${len(key)}\r\n{key}\r\n${len(blob)}\r\n"
            connection.sendall(head.encode() + blob + b"\r\n")
            assert replies.readline() == b"+OK\r\n"
        replies.close()
