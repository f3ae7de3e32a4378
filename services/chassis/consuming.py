"""What a durable consumer does with what NATS sends it: batches in order, acknowledged when they are handled.

NATS sends again, to whoever is there, what is not acknowledged within `ACK_WAIT_S`. That is short, so what a
dead instance had in hand comes to the next one within seconds. An instance that is alive and slow says so
every `PROGRESS_S`, and takes nothing twice that it still has in hand.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import nats.errors
import structlog

from services.chassis import metrics
from services.chassis.envelope import Envelope, unseal
from services.chassis.errors import Invalid, SwitchyardError, Unavailable

log = structlog.get_logger()

ACK_WAIT_S = 6.0  # three times as long as an instance that is alive keeps silent
PROGRESS_S = 2.0
WORK_MAX_S = 60.0  # a handler that has not returned by then hangs: its batch goes to another instance
TRIES = 5  # for an event that its handler refuses, before it is set aside
LONGEST_PAUSE_S = 5.0  # between two tries, while a database is away
SLICE = 100  # messages read before others get a turn: a millisecond

Handler = Callable[[Sequence[Envelope]], Awaitable[None]]


class Consumption:
    """A running consumer; `stop` lets it finish what it has in hand."""

    def __init__(
        self,
        durable: str,
        handler: Handler,
        *,
        batch: int,
        retry_pause_s: float,
        alone: bool = False,
        pace_s: float = 0.0,
    ) -> None:
        self._durable = durable
        self._handler = handler
        self._batch = batch
        self._pace_s = pace_s
        self._alone = alone  # nobody else is sent any of it: an acknowledgement is for all before it too
        self._retry_pause_s = retry_pause_s  # doubles up to `LONGEST_PAUSE_S`
        self._held: dict[int, Any] = {}  # sent and not acknowledged, by place in the stream
        self._arrived: asyncio.Queue[int] = asyncio.Queue()  # both bounded by the consumer's max_ack_pending
        self._tried_at = 0.0
        self._subscription: Any = None
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, subscription: Any) -> None:
        """Works on what the subscription brings to `arrived`."""
        self._subscription = subscription
        self._tasks = [
            asyncio.create_task(self._run(), name=f"consumer-{self._durable}"),
            asyncio.create_task(self._say_we_live(), name=f"consumer-{self._durable}-progress"),
        ]

    async def arrived(self, message: Any) -> None:
        """Takes a message; one that is in hand already came again because we were silent for too long."""
        place = place_of(message.reply)
        known = place in self._held
        self._held[place] = message
        if not known:
            self._arrived.put_nowait(place)

    async def stop(self, drain_s: float = 5.0) -> None:
        with contextlib.suppress(nats.errors.Error):  # a lost connection has no subscriptions to end
            await self._subscription.unsubscribe()
        self._arrived.put_nowait(_END)
        await asyncio.wait(self._tasks[:1], timeout=drain_s)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(OSError, nats.errors.Error):  # then it comes again a little later
            for message in self._held.values():
                await message.nak()

    # ------------------------------------------------------------ in hand

    async def _run(self) -> None:
        while (place := await self._arrived.get()) != _END:
            if self._pace_s and self._arrived.qsize() + 1 < self._batch:
                await asyncio.sleep(self._pace_s)  # more come meanwhile, and go with it
            places = [place]
            while len(places) < self._batch and not self._arrived.empty():
                if (place := self._arrived.get_nowait()) == _END:
                    self._arrived.put_nowait(_END)
                    break
                places.append(place)
            try:
                await self._deliver(places)
            except (OSError, nats.errors.Error) as problem:
                # Not acknowledged, so the server sends these again.
                log.warning("consumer_waits_for_nats", consumer=self._durable, error=str(problem)[:200])
            for place in places:
                self._held.pop(place, None)

    async def _say_we_live(self) -> None:
        """Only of what was in hand the last time as well: most is done sooner."""
        loop, before = asyncio.get_running_loop(), set[int]()
        while True:
            await asyncio.sleep(PROGRESS_S)
            slow = before.intersection(self._held)
            if loop.time() - self._tried_at < WORK_MAX_S:
                with contextlib.suppress(OSError, nats.errors.Error):  # NATS is away, and counts no time
                    for number, message in enumerate([self._held[place] for place in slow]):
                        if number % SLICE == SLICE - 1:
                            await asyncio.sleep(0)
                        await message.in_progress()
            before = set(self._held)

    async def _deliver(self, places: Sequence[int]) -> None:
        events: list[Envelope] = []
        for number, place in enumerate(places):
            if number % SLICE == SLICE - 1:
                await asyncio.sleep(0)
            message = self._held[place]
            try:
                events.append(unseal(message.data, place))
            except Invalid as problem:
                self._set_aside(message.subject, problem)
        for event in await self._refused(events):
            self._set_aside(event.id, None)
        for place in places[-1:] if self._alone else places:
            await self._held[place].ack()
        metrics.EVENTS_CONSUMED.labels(self._durable).inc(len(places))

    async def _refused(self, events: Sequence[Envelope]) -> Sequence[Envelope]:
        """Hands the events over, together and, when that fails, one by one; gives those that no try took."""
        if not events or await self._try(events):
            return []
        if len(events) == 1:
            return events
        return [event for event in events if not await self._try([event])]

    async def _try(self, events: Sequence[Envelope]) -> bool:
        tries, pause_s, loop = 0, self._retry_pause_s, asyncio.get_running_loop()
        while True:
            self._tried_at = loop.time()
            try:
                await self._handler(events)
                return True
            except Unavailable as away:
                log.warning("consumer_waits", consumer=self._durable, missing=away.service)
            except Exception as problem:
                tries += 1
                said = repr(problem)[:500]
                log.warning("consumer_failed", consumer=self._durable, tries=tries, error=said)
                if tries == TRIES:
                    return False
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)

    def _set_aside(self, which: str, problem: SwitchyardError | None) -> None:
        metrics.EVENTS_REFUSED.labels(self._durable).inc()
        log.error("event_set_aside", consumer=self._durable, which=which, detail=problem and problem.sentence)


def place_of(reply: str) -> int:
    """In the stream: `$JS.ACK.STREAM.CONSUMER.TRIES.PLACE.…`, or with domain and account before the stream.
    nats-py's own reading of it makes a date and three objects."""
    parts = reply.split(".")
    return int(parts[5 if len(parts) == 9 else 7])


_END = -1
"""No place in a stream."""
