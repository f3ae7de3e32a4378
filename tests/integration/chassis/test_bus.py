"""The bus on a real NATS: order, no doubles, nothing lost when a handler or NATS fails."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from services.chassis import consuming
from services.chassis.bus import READ_BATCH, STREAM, Bus
from services.chassis.consuming import TRIES
from services.chassis.envelope import Envelope, Outgoing, seal
from services.chassis.errors import Full, Unavailable
from services.stubs.acd.v1 import events_pb2

pytestmark = pytest.mark.integration

HELD = "sy.*.acd.contact.held"


def held(number: int) -> events_pb2.ContactHeld:
    return events_pb2.ContactHeld(contact_id=str(number))


class Collector:
    """A handler that keeps what it gets and can be told to fail."""

    def __init__(self, expected: int) -> None:
        self.got: list[str] = []
        self.failures: list[Exception] = []
        self.poison = ""
        self._expected = expected
        self.complete = asyncio.Event()

    async def __call__(self, events: Sequence[Envelope]) -> None:
        if self.failures:
            raise self.failures.pop()
        if any(event.subject == self.poison for event in events):
            raise ValueError(self.poison)
        self.got += [event.subject for event in events]
        if len(self.got) >= self._expected:
            self.complete.set()

    async def wait(self) -> list[str]:
        async with asyncio.timeout(20):
            await self.complete.wait()
        return self.got


@pytest.fixture
async def bus(nats_url: str) -> AsyncIterator[Bus]:
    bus = Bus(nats_url, service="acd", retry_pause_s=0.01)
    await bus.start()
    yield bus
    await bus.stop()


async def test_events_come_in_order_and_once(bus: Bus) -> None:
    collector = Collector(500)
    for number in range(500):
        bus.offer(held(number), "demo", id=f"id-{number}")
    assert await bus.flush()
    for number in range(0, 500, 7):  # a relay that died after publishing says it all again
        await bus.publish(held(number), "demo", id=f"id-{number}")
    await bus.publish(held(999), "demo")
    await bus.consume("test", [HELD], collector)
    assert (await collector.wait())[:500] == [str(number) for number in range(500)]
    await bus.publish(held(1000), "demo")


async def test_a_handler_without_its_database_loses_nothing(bus: Bus) -> None:
    collector = Collector(3)
    collector.failures = [Unavailable("database") for _ in range(TRIES + 1)]
    await bus.consume("test", [HELD], collector)
    await bus.publish_sealed([seal(held(number), "demo", service="acd") for number in range(3)])
    assert await collector.wait() == ["0", "1", "2"]


async def test_an_event_that_no_try_can_handle_is_set_aside_alone(bus: Bus) -> None:
    collector = Collector(2)
    collector.poison = "1"
    await bus.publish_sealed([seal(held(number), "demo", service="acd") for number in range(3)])
    await bus.consume("test", [HELD], collector)
    assert await collector.wait() == ["0", "2"]


async def test_a_consumer_goes_on_where_it_stopped(nats_url: str, bus: Bus) -> None:
    first, second = Collector(1), Collector(1)
    other = Bus(nats_url, service="crm")
    await other.start()
    await other.consume("durable", [HELD], first)
    await bus.publish(held(1), "demo")
    await first.wait()
    await other.stop()
    await bus.publish(held(2), "demo")
    await bus.consume("durable", [HELD], second)
    assert await second.wait() == ["2"]


async def test_a_listener_hears_what_happens_now(bus: Bus) -> None:
    heard: asyncio.Queue[Envelope] = asyncio.Queue()
    await bus.publish(held(1), "demo")
    await bus.listen(["sy.demo.acd.>"], heard.put_nowait)
    await bus.publish(held(2), "other")
    await bus.publish(held(3), "demo")
    async with asyncio.timeout(5):
        assert (await heard.get()).message() == held(3)


async def test_who_takes_over_a_consumer_waits_for_nothing_the_last_one_had_in_hand(
    nats_url: str, bus: Bus
) -> None:
    """Killed with a batch in hand: that would come again some seconds later, after what follows."""
    stuck, collector = asyncio.Event(), Collector(3)

    async def never_done(_: Sequence[Envelope]) -> None:
        stuck.set()
        await asyncio.Event().wait()

    other = Bus(nats_url, service="acd")
    await other.start()
    await other.consume("durable", [HELD], never_done)
    for number in (1, 2):
        await bus.publish(held(number), "demo")
    async with asyncio.timeout(20):
        await stuck.wait()
    assert await bus.behind("durable") == 1
    await bus.consume("durable", [HELD], collector, start=1)
    await bus.publish(held(3), "demo")
    got = await collector.wait()
    assert got[:3] == ["1", "2", "3"], "at once and in order; what is slow to be acknowledged may come again"
    await other.stop(0)


class Stuck:
    """A handler that has begun and does not return until it is let go."""

    def __init__(self) -> None:
        self.begun, self.go, self.calls = asyncio.Event(), asyncio.Event(), 0

    async def __call__(self, _: Sequence[Envelope]) -> None:
        self.calls += 1
        self.begun.set()
        await self.go.wait()

    async def has_begun(self) -> None:
        async with asyncio.timeout(20):
            await self.begun.wait()


@pytest.fixture
async def other(nats_url: str) -> AsyncIterator[Bus]:
    """A second instance."""
    other = Bus(nats_url, service="acd", retry_pause_s=0.01)
    await other.start()
    yield other
    await other.stop(0)


def patient(monkeypatch: pytest.MonkeyPatch, ack_wait_s: float, progress_s: float, work_max_s: float) -> None:
    monkeypatch.setattr("services.chassis.bus.ACK_WAIT_S", ack_wait_s)
    monkeypatch.setattr(consuming, "PROGRESS_S", progress_s)
    monkeypatch.setattr(consuming, "WORK_MAX_S", work_max_s)


async def what_nats_says(bus: Bus) -> Any:
    return await bus._js.consumer_info("SWITCHYARD", "durable")


async def all_is_acknowledged(bus: Bus) -> None:
    async with asyncio.timeout(20):
        while (await what_nats_says(bus)).num_ack_pending:
            await asyncio.sleep(0.01)


async def test_what_a_killed_instance_had_in_hand_comes_within_seconds(other: Bus, bus: Bus) -> None:
    """A service was killed with a batch in hand; the one started in its place had it a minute later, and the
    timeline lacked it until then."""
    stuck, collector = Stuck(), Collector(2)
    await other.consume("durable", [HELD], stuck)
    await bus.publish(held(1), "demo")
    await stuck.has_begun()
    await other._nc.close()  # without a word, as a killed process leaves
    await bus.consume("durable", [HELD], collector)
    await bus.publish(held(2), "demo")
    assert sorted(await collector.wait()) == ["1", "2"]


async def test_who_is_stopped_with_a_batch_in_hand_gives_it_back(
    bus: Bus, other: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient(monkeypatch, ack_wait_s=600, progress_s=600, work_max_s=600)
    stuck, collector = Stuck(), Collector(1)
    running = await other.consume("durable", [HELD], stuck)
    await bus.publish(held(1), "demo")
    await stuck.has_begun()
    await running.stop(0)
    await bus.consume("durable", [HELD], collector)
    assert await collector.wait() == ["1"]


async def test_a_slow_batch_is_worked_on_once(bus: Bus, other: Bus, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes more than twice as long as NATS waits, beside another instance that has nothing to do."""
    patient(monkeypatch, ack_wait_s=2, progress_s=0.25, work_max_s=60)
    stuck, idle = Stuck(), Collector(1)
    await other.consume("durable", [HELD], stuck)
    await bus.publish(held(1), "demo")
    await stuck.has_begun()
    await bus.consume("durable", [HELD], idle)
    await asyncio.sleep(4.5)  # the work
    stuck.go.set()
    await all_is_acknowledged(bus)
    assert (stuck.calls, idle.got) == (1, [])


async def test_who_was_silent_for_too_long_takes_nothing_twice(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine stood still, and NATS sent again what the only instance there is has in hand."""
    patient(monkeypatch, ack_wait_s=0.2, progress_s=600, work_max_s=600)
    stuck = Stuck()
    await bus.consume("durable", [HELD], stuck)
    await bus.publish(held(1), "demo")
    await stuck.has_begun()
    async with asyncio.timeout(20):
        while not (await what_nats_says(bus)).num_redelivered:
            await asyncio.sleep(0.01)
        stuck.go.set()
        await bus.publish(held(2), "demo")
        while stuck.calls < 2:
            await asyncio.sleep(0.01)
    await all_is_acknowledged(bus)
    assert stuck.calls == 2


async def test_the_batch_of_a_handler_that_hangs_goes_to_another_instance(
    bus: Bus, other: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient(monkeypatch, ack_wait_s=1, progress_s=0.1, work_max_s=0.5)
    stuck, collector = Stuck(), Collector(1)
    await other.consume("durable", [HELD], stuck)
    await bus.publish(held(1), "demo")
    await stuck.has_begun()
    await bus.consume("durable", [HELD], collector)
    assert await collector.wait() == ["1"]


async def test_consumer_of_an_older_version_takes_over_how_long_nats_waits(
    bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.chassis.bus.ACK_WAIT_S", 60.0)
    await (await bus.consume("durable", [HELD], Collector(1))).stop()
    monkeypatch.setattr("services.chassis.bus.ACK_WAIT_S", consuming.ACK_WAIT_S)
    await bus.consume("durable", [HELD], Collector(1))
    assert (await what_nats_says(bus)).config.ack_wait == consuming.ACK_WAIT_S


async def test_the_stream_is_read_from_a_place_to_its_end(bus: Bus) -> None:
    assert await bus.behind("durable") == 0
    assert [batch async for batch in bus.read([HELD], 1)] == []
    await bus.publish_sealed([seal(held(number), "demo", service="acd") for number in range(2500)])
    batches = [batch async for batch in bus.read([HELD], 3)]
    assert [event.subject for batch in batches for event in batch] == [str(n) for n in range(2, 2500)]
    assert batches[0][0].seq == 3
    assert max(map(len, batches)) <= READ_BATCH, "however many there are"


async def test_who_may_not_publish_keeps_it_until_he_may_or_forgets_it(nats_url: str, bus: Bus) -> None:
    may = [False]
    other = Bus(nats_url, service="acd", permit=lambda: may[0])
    await other.start()
    heard: asyncio.Queue[Envelope] = asyncio.Queue()
    await bus.listen(["sy.demo.acd.>"], heard.put_nowait)
    other.offer(held(1), "demo")
    assert not await other.flush(0.2)
    assert other.discard() == 1
    other.offer(held(2), "demo")
    may[0] = True
    assert await other.flush()
    async with asyncio.timeout(5):
        assert (await heard.get()).subject == "2"
    await other.stop(0)


async def test_what_was_told_is_in_the_stream(nats_url: str, bus: Bus) -> None:
    """Also when more is offered all the time; and nobody waits for what may not, or cannot, be published."""
    may = [True]
    other = Bus(nats_url, service="acd", permit=lambda: may[0])
    await other.start()
    assert await other.told(0)
    for number in range(250):
        other.offer(held(number), "demo")
    waiting = asyncio.create_task(other.told(20))
    await asyncio.sleep(0)
    other.offer(held(250), "demo")
    assert await waiting
    events = [event.subject async for batch in bus.read([HELD], 1) for event in batch]
    assert events[:250] == [str(number) for number in range(250)]
    may[0] = False
    assert await other.flush()
    other.offer(held(251), "demo")
    assert not await other.told(0.05)
    waiting = asyncio.create_task(other.told(20))
    await asyncio.sleep(0)
    other.discard()
    assert not await waiting
    await other.stop(0)
    other.offer(held(252), "demo")
    assert not await other.told(20)


async def test_a_long_past_comes_whole_and_in_order(bus: Bus) -> None:
    """Some minutes of a journal could not be read: more had been sent than the reader could keep."""
    count = 6_000
    await bus.publish_sealed([Outgoing(f"id-{n}", "sy.demo.acd.past", b"%d" % n) for n in range(count)])
    seen = [int(payload) async for payload in bus.history(STREAM, "sy.demo.acd.past")]
    assert seen == list(range(count))


async def test_what_no_stream_takes_is_not_published(bus: Bus) -> None:
    with pytest.raises(Unavailable):
        await bus.publish_sealed([Outgoing("id", "nobody.listens", b"")])
    await bus.publish_sealed([])
    await bus.publish(held(1), "demo")


async def test_while_a_batch_is_handled_the_next_one_comes(bus: Bus) -> None:
    """At full rate the ACD's tables got six events in ten: while a batch was written nothing was sent, and
    then there was a pause in which little could come."""
    begun, go_on = asyncio.Event(), asyncio.Event()
    sizes: list[int] = []

    async def slowly(events: Sequence[Envelope]) -> None:
        sizes.append(len(events))
        begun.set()
        await go_on.wait()

    await bus.publish_sealed([seal(held(number), "demo", service="acd") for number in range(8)])
    running = await bus.consume("test", [HELD], slowly, batch=2, alone=True)
    async with asyncio.timeout(20):
        await begun.wait()
        while len(running._held) < 4:
            await asyncio.sleep(0.005)
        go_on.set()
        while sum(sizes) < 8:
            await asyncio.sleep(0.005)
    assert max(sizes) <= 2


@pytest.mark.parametrize("alone", [True, False])
async def test_what_was_handled_does_not_come_again(nats_url: str, bus: Bus, alone: bool) -> None:
    first, second = Collector(250), Collector(1)
    other = Bus(nats_url, service="acd")
    await other.start()
    await other.consume("durable", [HELD], first, alone=alone)
    await bus.publish_sealed([seal(held(n), "demo", service="acd") for n in range(250)])
    assert await first.wait() == [str(n) for n in range(250)]
    await other.stop()
    assert await bus.behind("durable") == 251
    await bus.publish(held(250), "demo")
    await bus.consume("durable", [HELD], second, alone=alone)
    assert await second.wait() == ["250"]


async def test_what_nats_would_never_take_is_refused_and_holds_up_nothing(bus: Bus) -> None:
    with pytest.raises(Full, match="more than NATS takes"):
        bus.keep("sy.demo.acd.too_long", b"x" * 1_048_000, id="too-long")
    bus.keep("sy.demo.acd.long", b"x" * 1_047_000, id="long")
    assert await bus.flush()
