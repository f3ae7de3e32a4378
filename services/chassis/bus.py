"""The bus: NATS with JetStream. Facts are kept in one stream; who needs them has a durable consumer."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

import nats
import nats.errors
import nats.js.errors
import structlog
from google.protobuf.message import Message
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    StorageType,
    StreamConfig,
)

from services.chassis import metrics
from services.chassis.bucket import Bucket
from services.chassis.consuming import ACK_WAIT_S, Consumption, Handler
from services.chassis.envelope import Envelope, Outgoing, seal, unseal
from services.chassis.errors import Full, Invalid, Unavailable
from services.chassis.ids import new_id
from services.chassis.publishing import ACK_TIMEOUT_S, Publisher

log = structlog.get_logger()

STREAM = "SWITCHYARD"
SUBJECTS = "sy.>"
DEDUPE_WINDOW_S = 120.0  # longer than any retry of ours, so a retry is never a double
BATCH = 100  # publishes in flight; three times the throughput of one at a time
PAYLOAD_MAX = 1024 * 1024  # of a NATS as it comes
HEADERS_MAX = 1_024  # ours have an id
BUFFER = 100_000  # events kept while NATS is away: 5 minutes at 300/s, some 100 MB
START_TIMEOUT_S = 30.0
LISTEN_PENDING = 65_536  # live messages kept for a slow listener
READ_BATCH = 1_000  # messages handed on together when a stream is read from a place
READER_GONE_S = 30.0  # a reader that vanished is forgotten by NATS so much later
PERMIT_POLL_S = 0.05  # how often who may not publish looks whether it may again

_AWAY = (TimeoutError, OSError, nats.errors.Error, nats.js.errors.Error)

Listener = Callable[[Envelope], None]


class Bus:
    """A service's hold on NATS. `start()` first; `stop()` publishes what is still in the buffer.

    `permit` is asked before buffered events are published: while it says False they stay where they are.
    """

    def __init__(
        self,
        url: str,
        *,
        service: str,
        max_age_days: int = 14,
        max_mib: int = 2048,
        retry_pause_s: float = 0.1,
        permit: Callable[[], bool] = lambda: True,
    ) -> None:
        self._servers = [part.strip() for part in url.split(",")]
        self._service = service
        self._limits = (max_age_days * 86400.0, max_mib * 1024 * 1024)
        self._retry_pause_s = retry_pause_s  # doubles up to 5 s
        self._buffer: deque[Outgoing] = deque()
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._offered = 0
        self._passed_by = 0  # of those offered: in the stream, or discarded
        self._listeners: deque[tuple[int, asyncio.Future[bool]]] = deque()
        self._permit = permit
        self._publisher: asyncio.Task[None] | None = None
        self._consuming_now: list[Consumption] = []
        self._nc: Any = None
        self._js: Any = None
        self._stream: Publisher

    @property
    def _payload_max(self) -> int:
        """What this NATS takes in one message, less its headers."""
        return (self._nc.max_payload if self.connected else PAYLOAD_MAX) - HEADERS_MAX

    @property
    def connected(self) -> bool:
        return self._nc is not None and bool(self._nc.is_connected)

    @property
    def buffered(self) -> int:
        """Events not yet acknowledged by the stream."""
        return len(self._buffer)

    async def start(self) -> None:
        """Connects and makes sure of the stream, waiting up to 30 s for NATS. Raises Unavailable."""
        await self._reach()
        self._nc = await nats.connect(
            servers=self._servers,
            name=f"switchyard-{self._service}",
            max_reconnect_attempts=-1,
            reconnect_time_wait=0.25,
            connect_timeout=5,
            pending_size=16 * 1024 * 1024,
            error_cb=_noted("nats_error"),
            disconnected_cb=_noted("nats_disconnected"),
            reconnected_cb=_noted("nats_reconnected"),
        )
        self._js = self._nc.jetstream(timeout=ACK_TIMEOUT_S)
        self._stream = Publisher(self._nc)
        await self._stream.start()
        await self.ensure_stream(STREAM, [SUBJECTS])
        self._publisher = asyncio.create_task(self._drain_buffer(), name="bus-publisher")

    async def _reach(self) -> None:
        """nats-py sleeps 2 s after a failed first connect, so the port is tried by hand before."""
        deadline = asyncio.get_running_loop().time() + START_TIMEOUT_S
        while True:
            for server in self._servers:
                host, _, port = server.rpartition("@")[2].removeprefix("nats://").rpartition(":")
                try:
                    _, writer = await asyncio.open_connection(host, int(port or 4222))
                    writer.close()
                    return
                except (OSError, ValueError):
                    continue
            if asyncio.get_running_loop().time() > deadline:
                raise Unavailable("nats", f"NATS is not reachable at {len(self._servers)} address(es).")
            await asyncio.sleep(0.05)

    async def ensure_stream(self, name: str, subjects: Sequence[str]) -> None:
        """Makes sure of a stream with this bus's limits. Raises Unavailable when NATS does not answer."""
        age, size = self._limits
        wanted = StreamConfig(
            name=name,
            subjects=list(subjects),
            storage=StorageType.FILE,
            discard=DiscardPolicy.OLD,
            max_age=age,
            max_bytes=size,
            duplicate_window=DEDUPE_WINDOW_S,
            allow_direct=True,
        )
        try:
            await self._js.add_stream(wanted)
        except nats.js.errors.BadRequestError:
            await self._js.update_stream(wanted)
        except (TimeoutError, nats.errors.Error) as problem:
            raise Unavailable("nats") from problem

    def bucket(self, name: str) -> Bucket:
        """A key-value bucket, made when first used; Unavailable until `start`."""
        return Bucket(lambda: self._js, name)

    # ------------------------------------------------------------ publishing

    async def publish(self, message: Message, slug: str, *, id: str = "") -> None:  # noqa: A002
        """Publishes and waits until the stream has it. Raises Unavailable when NATS is away."""
        await self.publish_sealed([seal(message, slug, service=self._service, id=id)])

    async def publish_sealed(self, events: Sequence[Outgoing]) -> None:
        """Publishes in order, pipelined. Raises Unavailable; those already kept are not doubled later."""
        for start in range(0, len(events), BATCH):
            await self._publish_batch(events[start : start + BATCH])

    async def _publish_batch(self, events: Sequence[Outgoing]) -> None:
        if not self.connected:
            raise Unavailable("nats")
        try:
            await self._stream.publish(events)
        except _AWAY as problem:
            raise Unavailable("nats") from problem
        metrics.EVENTS_PUBLISHED.inc(len(events))

    def offer(self, message: Message, slug: str, *, id: str = "") -> None:  # noqa: A002
        """Queues an event for publishing, in order, without waiting; kept over an outage of NATS.

        Raises Full when 100,000 wait already, and for one that NATS would never take, which would hold up
        all behind it: the caller decides what is lost, never this buffer.
        """
        self._keep(seal(message, slug, service=self._service, id=id))

    def keep(self, subject: str, payload: bytes, *, id: str) -> None:  # noqa: A002
        """As `offer`, for what is no event and goes to a stream of the service's own. Raises Full."""
        self._keep(Outgoing(id, subject, payload))

    def _keep(self, outgoing: Outgoing) -> None:
        if len(outgoing.payload) > self._payload_max:
            metrics.EVENTS_DROPPED.inc()
            raise Full(f"{outgoing.subject}: {len(outgoing.payload)} bytes are more than NATS takes.")
        if len(self._buffer) >= BUFFER:
            metrics.EVENTS_DROPPED.inc()
            raise Full("The buffer of events towards NATS is full: is NATS away?")
        self._buffer.append(outgoing)
        self._offered += 1
        self._idle.clear()
        self._wake.set()

    def discard(self) -> int:
        """Forgets what is buffered, because it is not ours to tell any more; says how much that was."""
        lost = len(self._buffer)
        self._buffer.clear()
        metrics.EVENTS_DROPPED.inc(lost)
        self._idle.set()
        self._passed(lost, told=False)
        return lost

    async def told(self, within_s: float) -> bool:
        """Waits until what has been offered so far is in the stream.

        False when it is not: it took too long, was discarded, or NATS is away, which is said at once.
        """
        if self._passed_by >= self._offered:
            return True
        if not self.connected:
            return False
        heard: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._listeners.append((self._offered, heard))
        done, _ = await asyncio.wait([heard], timeout=within_s)
        return bool(done) and heard.result()

    def _passed(self, count: int, *, told: bool = True) -> None:
        self._passed_by += count
        while self._listeners and self._listeners[0][0] <= self._passed_by:
            _, heard = self._listeners.popleft()
            heard.set_result(told)

    async def flush(self, within_s: float = 5.0) -> bool:
        """Waits until all offered events are in the stream; False when that took too long."""
        try:
            async with asyncio.timeout(within_s):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    async def _drain_buffer(self) -> None:
        pause_s = 0.05
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._buffer:
                if not self._permit():
                    await asyncio.sleep(PERMIT_POLL_S)
                    continue
                batch = [self._buffer[i] for i in range(min(BATCH, len(self._buffer)))]
                try:
                    await self._publish_batch(batch)
                except Unavailable:
                    await asyncio.sleep(pause_s + random.random() * 0.05)  # noqa: S311
                    pause_s = min(pause_s * 2, 2.0)
                    continue
                pause_s = 0.05
                for event in batch:
                    if self._buffer and self._buffer[0] is event:  # it may have been discarded meanwhile
                        self._buffer.popleft()
                        self._passed(1)
            self._idle.set()

    # ------------------------------------------------------------ consuming

    async def consume(
        self,
        durable: str,
        subjects: Sequence[str],
        handler: Handler,
        *,
        batch: int = 100,
        from_now: bool = False,
        start: int = 0,
        alone: bool = False,
        pace_s: float = 0.0,
    ) -> Consumption:
        """Feeds `handler` with events in stream order, in batches, for as long as the bus is up.

        `alone` is for one instance at a time: a batch is acknowledged by its last message for all, and the
        next one comes while it is handled. With `pace_s` a batch that is not full waits so long for more.

        With `start` it begins at that place of the stream, whatever was handed out or acknowledged before:
        what a dead instance had in hand would otherwise come some seconds later, out of order.
        A batch is acknowledged when the handler returns. Unavailable is retried for ever (a database
        that is away loses nothing); any other error five times, then event by event, and the one that
        still fails is set aside, logged and counted. The handler must stand repeats. Raises Unavailable.
        """
        config = ConsumerConfig(
            durable_name=durable,
            filter_subjects=list(subjects),
            deliver_subject=f"sy-deliver.{durable}",
            deliver_group=durable,  # instances of a service share the work
            ack_policy=AckPolicy.ALL if alone else AckPolicy.EXPLICIT,
            ack_wait=ACK_WAIT_S,
            # The server sends no more than one batch ahead of the one in hand, to several instances not even
            # that: order and memory.
            max_ack_pending=2 * batch if alone else batch,
            deliver_policy=DeliverPolicy.NEW if from_now else DeliverPolicy.ALL,
        )
        if start:
            config.deliver_policy, config.opt_start_seq = DeliverPolicy.BY_START_SEQUENCE, start
            # Of its own name, or an instance that is merely stopped would still be sent its share.
            config.deliver_subject = f"sy-deliver.{durable}.{new_id()}"
        try:
            if start:
                with contextlib.suppress(nats.js.errors.NotFoundError):
                    await self._js.delete_consumer(STREAM, durable)
            await self._js.add_consumer(STREAM, config)
        except _AWAY as problem:
            raise Unavailable("nats") from problem
        running = Consumption(
            durable, handler, batch=batch, retry_pause_s=self._retry_pause_s, alone=alone, pace_s=pace_s
        )
        running.start(await self._nc.subscribe(config.deliver_subject, queue=durable, cb=running.arrived))
        self._consuming_now.append(running)
        return running

    async def behind(self, durable: str) -> int:
        """The place in the stream of the first event it has not acknowledged; 0: there is no such consumer.

        Raises Unavailable.
        """
        try:
            info = await self._js.consumer_info(STREAM, durable)
        except nats.js.errors.NotFoundError:
            return 0
        except _AWAY as problem:
            raise Unavailable("nats") from problem
        return int(info.ack_floor.stream_seq) + 1

    async def read(self, subjects: Sequence[str], start: int) -> AsyncIterator[list[Envelope]]:
        """The events from that place to the present end of the stream, in batches; whoever reads sets the
        time. Raises Unavailable."""
        async with contextlib.aclosing(self._past(STREAM, subjects, start)) as past:
            async for messages in past:
                events: list[Envelope] = []
                for message in messages:
                    with contextlib.suppress(Invalid):
                        events.append(unseal(message.data, message.metadata.sequence.stream))
                if events:
                    yield events

    async def _past(
        self, stream: str, subjects: Sequence[str], start: int
    ) -> AsyncGenerator[list[Any], None]:
        """Messages to the present end of a stream, asked for a batch at a time: whoever reads sets the time,
        however many they are. Raises Unavailable."""
        config = ConsumerConfig(
            filter_subjects=list(subjects),
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=start,
            ack_policy=AckPolicy.NONE,
            inactive_threshold=READER_GONE_S,
            mem_storage=True,
        )
        try:
            info = await self._js.add_consumer(stream, config)
            left = info.num_pending
            if not left:
                return
            subscription = await self._js.pull_subscribe_bind(info.name, stream)
        except _AWAY as problem:
            raise Unavailable("nats") from problem
        try:
            while left:
                messages = await subscription.fetch(min(left, READ_BATCH), timeout=ACK_TIMEOUT_S)
                left = messages[-1].metadata.num_pending
                yield messages
        except _AWAY as problem:
            raise Unavailable("nats") from problem
        finally:
            with contextlib.suppress(nats.errors.Error):
                await subscription.unsubscribe()

    async def history(
        self, stream: str, subject: str, *, until: datetime | None = None
    ) -> AsyncIterator[bytes]:
        """What a stream holds under a subject, oldest first, up to the newest of now (or of `until`).

        Raises Unavailable; a stream that is not there is empty.
        """
        try:
            last = (await self._js.get_last_msg(stream, subject)).seq
        except nats.js.errors.NotFoundError:
            return
        except _AWAY as problem:
            raise Unavailable("nats") from problem
        async with contextlib.aclosing(self._past(stream, [subject], 1)) as past:
            async for messages in past:
                for message in messages:
                    meta = message.metadata
                    if until is not None and meta.timestamp > until:
                        return
                    yield message.data
                    if meta.sequence.stream >= last:
                        return

    async def listen(self, subjects: Sequence[str], listener: Listener) -> None:
        """Calls `listener` with events as they happen; none from before, none missed while away."""

        async def heard(message: Any) -> None:
            try:
                listener(unseal(message.data))
            except Invalid as problem:
                log.warning("event_not_understood", subject=message.subject, detail=problem.sentence)

        for subject in subjects:
            await self._nc.subscribe(subject, cb=heard, pending_msgs_limit=LISTEN_PENDING)

    async def stop(self, drain_s: float = 5.0) -> None:
        """Finishes what its consumers have in hand and publishes what is buffered, each within `drain_s`."""
        if self._nc is None:
            return
        await asyncio.gather(*(each.stop(drain_s) for each in self._consuming_now))
        if not await self.flush(drain_s):
            log.error("events_not_published", count=len(self._buffer))
        if self._publisher is not None:
            self._publisher.cancel()
            await asyncio.gather(self._publisher, return_exceptions=True)
        with contextlib.suppress(nats.errors.Error, TimeoutError):
            await self._nc.flush(2)  # the last acknowledgements
        await self._nc.close()
        self._nc = None


def _noted(event: str) -> Callable[..., Awaitable[None]]:
    async def note(problem: object = None) -> None:
        log.warning(event, detail=str(problem or "")[:200])

    return note
