"""What a consumer reads off a message, and when it hands messages on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import orjson
import pytest

from services.chassis.consuming import Consumption, place_of
from services.chassis.envelope import Envelope

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "reply",
    [
        "$JS.ACK.SWITCHYARD.acd-projection.1.42.40.1795616268894600000.7",
        "$JS.ACK.hub.ACCOUNT.SWITCHYARD.acd-projection.1.42.40.1795616268894600000.7",
        "$JS.ACK._.ACCOUNT.SWITCHYARD.acd-projection.1.42.40.1795616268894600000.7.token",
    ],
)
def test_place_in_the_stream_is_read_with_and_without_a_domain(reply: str) -> None:
    assert place_of(reply) == 42


class Message:
    """As NATS brings it."""

    subject = "sy.demo.acd.contact.held"

    def __init__(self, place: int) -> None:
        self.reply = f"$JS.ACK.SWITCHYARD.test.1.{place}.{place}.1795616268894600000.0"
        event = {"id": str(place), "type": "t", "source": "s", "tenant": "demo", "time": "now"}
        self.data = orjson.dumps(event)

    async def ack(self) -> None: ...


class Subscription:
    async def unsubscribe(self) -> None: ...


async def test_a_batch_that_is_full_does_not_wait_for_more() -> None:
    """The pause is an hour here, and all of it comes at once: after a burst the ACD's tables lagged by a
    pause for each batch."""
    sizes: list[int] = []
    over = asyncio.Event()

    async def handler(events: Sequence[Envelope]) -> None:
        sizes.append(len(events))
        if sum(sizes) == 6:
            over.set()

    running = Consumption("test", handler, batch=2, retry_pause_s=0.01, alone=True, pace_s=3_600)
    for place in range(1, 7):
        await running.arrived(Message(place))
    running.start(Subscription())
    async with asyncio.timeout(20):
        await over.wait()
    assert sizes == [2, 2, 2]
    await running.stop(0)
