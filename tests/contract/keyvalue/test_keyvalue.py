"""What a lease relies on, asked of the fake bucket and of NATS."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from deploy.local.nats import Nats
from services.chassis.bus import Bus
from services.chassis.errors import Stale, Unavailable
from services.chassis.lease import Entry, KeyValue
from tests.contract.keyvalue.fake import FakeBucket

pytestmark = pytest.mark.contract

Switch = Callable[[bool], Awaitable[None]]
Setup = tuple[KeyValue, Switch]


@pytest.fixture(params=["fake", "nats"])
async def setup(request: pytest.FixtureRequest, open_dir: Path) -> AsyncIterator[Setup]:
    """A bucket, and what takes it away and brings it back."""
    if request.param == "fake":
        fake = FakeBucket()

        async def away(yes: bool) -> None:
            fake.away = yes

        yield fake, away
        return
    async with Nats(open_dir) as server:
        bus = Bus(server.url, service="test")
        await bus.start()

        async def stopped(yes: bool) -> None:
            await (server.kill() if yes else server.start())

        yield bus.bucket("test"), stopped
        await bus.stop(0.1)


@pytest.fixture
def bucket(setup: Setup) -> KeyValue:
    return setup[0]


async def test_what_was_put_is_found(bucket: KeyValue) -> None:
    assert await bucket.get("acd.all") is None
    revision = await bucket.put("acd.all", b"one", 0)
    assert await bucket.get("acd.all") == Entry(b"one", revision)


async def test_revisions_grow(bucket: KeyValue) -> None:
    first = await bucket.put("k", b"1", 0)
    assert await bucket.put("k", b"2", first) > first


async def test_only_who_knows_the_last_revision_changes_it(bucket: KeyValue) -> None:
    first = await bucket.put("k", b"1", 0)
    with pytest.raises(Stale):
        await bucket.put("k", b"x", 0)
    second = await bucket.put("k", b"2", first)
    with pytest.raises(Stale):
        await bucket.put("k", b"x", first)
    assert await bucket.get("k") == Entry(b"2", second)


async def test_keys_do_not_disturb_each_other(bucket: KeyValue) -> None:
    one = await bucket.put("one", b"1", 0)
    await bucket.put("two", b"2", 0)
    await bucket.put("one", b"3", one)


async def test_of_fifty_racers_one_wins(bucket: KeyValue) -> None:
    first = await bucket.put("k", b"", 0)
    done = await asyncio.gather(
        *(bucket.put("k", str(n).encode(), first) for n in range(50)), return_exceptions=True
    )
    won = [n for n, each in enumerate(done) if isinstance(each, int)]
    assert len(won) == 1
    assert sum(isinstance(each, Stale) for each in done) == 49
    found = await bucket.get("k")
    assert found is not None
    assert found.value == str(won[0]).encode()


async def test_away_and_back_it_knows_what_it_knew(setup: Setup) -> None:
    bucket, away = setup
    revision = await bucket.put("k", b"1", 0)
    await away(True)
    with pytest.raises((Unavailable, TimeoutError)):
        async with asyncio.timeout(1):
            await bucket.get("k")
    await away(False)
    assert await found_again(bucket) == Entry(b"1", revision)
    assert await bucket.put("k", b"2", revision) > revision


async def found_again(bucket: KeyValue) -> Entry | None:
    async with asyncio.timeout(20):
        while True:
            try:
                async with asyncio.timeout(1):
                    return await bucket.get("k")
            except (Unavailable, TimeoutError):
                await asyncio.sleep(0.05)
