"""A switch that tells everything, but twice, late or in another order; and a clock that is set."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from services.stubs.acd.v1 import acd_pb2 as pb
from tests.integration.acd.centre import Caller, Centre, open_centre, until

ONCE = ("Opened", "Ended")
AT_MOST_ONCE = ("Answered", "Released")
HOUR_NS = 3_600_000_000_000

TWICE = [{"events": "double"}]
LATE = [{"events": "delay", "ms": 150}]
SWAPPED = [{"events": "reorder"}]
ALL_OF_IT = [
    {"events": "double", "match": "BRIDGE"},
    {"events": "delay", "match": "HANGUP_COMPLETE", "ms": 250},
    {"events": "reorder", "match": "."},
]


@pytest.fixture
async def centre(database: Any, nats_url: str, free_port: Callable[[], int]) -> AsyncIterator[Centre]:
    async with open_centre(database, nats_url, free_port) as opened:
        yield opened


@pytest.mark.parametrize("how", [TWICE, LATE, SWAPPED, ALL_OF_IT], ids=["twice", "late", "swapped", "all"])
async def test_events_come_twice_late_and_in_another_order(centre: Centre, how: list[dict[str, Any]]) -> None:
    """Callers who talk, who give up, phones that are busy or not answered: each is told of once."""
    await centre.queue(ring_timeout_s=3, wrap_up_s=0)
    for number in range(4):
        await centre.agent(f"a{number}", f"100{number}", mode="auto_answer", answer_after_ms=10)
    await centre.agent("a4", "1004", mode="busy")
    await centre.agent("a5", "1005", mode="ring")
    for fault in how:
        centre.fault(**fault)
    callers = [await comes(centre, number) for number in range(30)]
    for caller in callers[::5]:
        if caller.call_id in centre.switch.channels:
            caller.hang_up()
    await until(lambda: not centre.switch.channels, "all have hung up")
    await until(lambda: all("Ended" in caller.story for caller in callers), "all are accounted for")
    for caller in callers:
        story = Counter(caller.story)
        assert all(story[what] == 1 for what in ONCE), story
        assert all(story[what] <= 1 for what in AT_MOST_ONCE), story
        assert story["Answered"] == story["Released"]
    for number in range(4):
        await until_idle(centre, f"a{number}")
    assert len({event.id for event in centre.heard.events}) == len(centre.heard.events)


async def comes(centre: Centre, number: int) -> Caller:
    """Talks for a tenth of a second or two, but for each fifth, who hangs up at some time."""
    more = {} if number % 5 == 0 else {"talk_ms": 100 + number % 3 * 50}
    caller = centre.arrives(**more)
    await caller.enqueue()
    return caller


async def until_idle(centre: Centre, agent: str) -> None:
    async with asyncio.timeout(20):
        while await centre.routing(agent) != "IDLE":
            await asyncio.sleep(0.02)


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Sets the machine's clock so many nanoseconds ahead of what it was at first."""
    real, ahead = time.time_ns, [0]
    monkeypatch.setattr(time, "time_ns", lambda: real() + ahead[0])
    return lambda by: ahead.__setitem__(0, by)


async def test_clock_is_set_back_while_a_phone_rings(
    centre: Centre, set_clock: Callable[[int], None]
) -> None:
    """It rings as long as it should, not for an hour; then the next one is rung."""
    await centre.queue(ring_timeout_s=3)
    await centre.agent("a1", "1001", mode="ring")
    await centre.agent("a2", "1002", mode="auto_answer", answer_after_ms=10)
    caller = centre.arrives()
    await caller.enqueue()
    await centre.heard.one("ContactOffered", caller.contact_id)
    set_clock(-HOUR_NS)
    answered = await caller.event("ContactAnswered")
    assert answered["agentId"] == "a2"
    caller.hang_up()
    ended = await caller.event("ContactEnded")
    assert 0 <= int(ended.get("talkMs", 0)) < 60_000
    assert 2_600 <= int(ended["waitedMs"]) < 60_000


async def test_clock_is_set_forward_while_people_wait_and_write(
    centre: Centre, set_clock: Callable[[int], None]
) -> None:
    """No wrap-up ends, nobody has to leave the queue, no phone stops ringing an hour too early."""
    await centre.queue(ring_timeout_s=60, wrap_up_s=900, max_wait_s=900)
    await centre.agent("a1", "1001", mode="auto_answer", answer_after_ms=10)
    first = centre.arrives(talk_ms=50)
    await first.enqueue()
    await first.event("ContactReleased")
    assert await centre.routing("a1") == "WRAP_UP"
    await centre.agent("a2", "1002", mode="ring")
    rung, waits = centre.arrives(), centre.arrives()
    await rung.enqueue()
    await rung.event("ContactOffered")
    await waits.enqueue()
    await centre.queue("brief", ring_timeout_s=3)
    await centre.agent("a3", "1003", "brief", mode="ring")
    brief = centre.arrives()
    await brief.enqueue("brief")
    await brief.event("ContactOffered")
    set_clock(HOUR_NS)
    failed = await brief.event("ContactOfferFailed")  # what else is due by now is done as well
    assert 2_600 <= int(failed["rangMs"]) < 60_000
    assert [await centre.routing(agent) for agent in ("a1", "a2")] == ["WRAP_UP", "OFFERED"]
    found = await centre.call("GetContact", pb.GetContactRequest(contact_id=waits.contact_id))
    assert found.state == "queued"
