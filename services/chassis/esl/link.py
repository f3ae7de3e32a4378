"""One inbound connection to one FreeSWITCH node."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from typing import Any

import structlog

from services.chassis.esl import commands
from services.chassis.esl.commands import Command
from services.chassis.esl.connection import Connection, answer, chained, checked, seen
from services.chassis.esl.errors import CommandFailed, EslError, LinkLost, NotPermitted
from services.chassis.esl.event import EslNode, Event, LinkDown, LinkUp
from services.chassis.esl.jobs import Jobs
from services.chassis.esl.lane import Backlog
from services.chassis.esl.metrics import OVERFLOWS, RECONNECTS
from services.chassis.esl.settings import LinkSettings
from services.chassis.esl.stream import Stream
from services.chassis.esl.subscription import subscription
from services.chassis.esl.thread import EslThread
from services.chassis.esl.wire import InboundWire

log = structlog.get_logger(__name__)
_chance = random.SystemRandom()

LINES = 1_000  # of `show channels`, read before others get a turn: half a millisecond
_DIRECTIONS = frozenset(("inbound", "outbound"))


class Link:
    """A connection to one node that comes back by itself and subscribes again each time.

    `events` are FreeSWITCH event names (`CHANNEL_ANSWER`) or CUSTOM subclasses (`callcenter::info`).
    `filters` are (header, value) pairs of which one must match; BACKGROUND_JOB always passes.
    `permit` is asked before each command, here and once more in the thread before it is sent; while it says
    False the switch can be listened to and `peek`ed at, and everything else is refused (NotPermitted).
    """

    def __init__(
        self,
        thread: EslThread,
        node: EslNode,
        *,
        events: Sequence[str],
        filters: Sequence[tuple[str, str]] = (),
        settings: LinkSettings = LinkSettings(),  # noqa: B008 - frozen
        permit: Callable[[], bool] = lambda: True,
    ) -> None:
        self.node = node
        self._thread = thread
        self._settings = settings
        self._permit = permit
        self._subscribe = subscription(events, filters)
        self._all_jobs = "BACKGROUND_JOB" in events
        self._backlog = Backlog()
        self._stream: Stream[Event | LinkUp | LinkDown] = Stream(self._backlog)
        self._jobs = Jobs(settings.job_timeout_s)
        self._connection: Connection | None = None
        self._up = False
        self._come = False
        self._turned_away = False
        self._early: list[Event] = []
        self._proof: asyncio.Future[Event] | None = None
        self._task: asyncio.Task[None] | None = None
        self._reason = "not started"

    async def start(self) -> None:
        """Begins to connect, and returns at once: `stream` tells when the link is up."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=f"esl-link-{self.node.name}")

    async def stop(self) -> None:
        """Ends the connection and the stream. Waiting commands get LinkLost."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None
        if self._connection is not None:
            self._connection.close("stopped")
            await asyncio.wait([self._connection.closed], timeout=self._settings.connect_timeout_s)
        self._stream.end()

    @property
    def up(self) -> bool:
        """Whether commands can be sent now."""
        return self._up

    @property
    def turned_away(self) -> bool:
        """Whether the last try to reach the switch has failed, and none has succeeded since."""
        return self._turned_away

    def stream(self) -> AsyncIterator[Event | LinkUp | LinkDown]:
        """Everything in the order of arrival, link state included. For one consumer."""
        return self._stream

    async def api(
        self, command: Command, *, timeout_s: float | None = None, caused_by: Event | None = None
    ) -> str:
        """Carries out a *quick* command and returns its answer without the last line end.

        The switch does nothing else on this connection meanwhile, events included: never originate,
        never anything that waits. Raises CommandFailed, LinkLost, CommandTimedOut, TooManyCommands.
        """
        connection = self._live()
        sent = connection.request(
            f"api {command.text}", command.verb, timeout_s=timeout_s, caused_by=caused_by, guarded=True
        )
        return answer(command.verb, await sent)

    async def peek(self, command: Command, *, timeout_s: float | None = None) -> str:
        """As `api`, for commands that change nothing: also while we are not permitted any."""
        sent = self._connected().request(f"api {command.text}", command.verb, timeout_s=timeout_s)
        return answer(command.verb, await sent)

    async def bgapi(
        self, command: Command, *, timeout_s: float | None = None, caused_by: Event | None = None
    ) -> str:
        """Carries out any command in the background and returns its result when that has come.

        `timeout_s` is for the result. Raises as `api`; after CommandTimedOut the job may still be running.
        """
        return checked(command.verb, (await self._background(command, timeout_s, caused_by)).body)

    def post(
        self, command: Command, *, timeout_s: float | None = None, caused_by: Event | None = None
    ) -> asyncio.Future[str]:
        """As `bgapi`, without waiting: sent in the order of the calls. The result need not be fetched.

        FreeSWITCH runs each job in a thread of its own: await one when the next depends on it. Errors are
        in the future, also that there is no link.
        """
        try:
            job = self._background(command, timeout_s, caused_by)
        except EslError as problem:
            return self._refused(problem)
        return chained(job, lambda event: checked(command.verb, event.body))

    def ask(
        self, command: Command, *, timeout_s: float | None = None, caused_by: Event | None = None
    ) -> asyncio.Future[str]:
        """As `api`, without waiting: sent and carried out in the order of the calls.

        The answer need not be fetched; errors are in the future, also that there is no link.
        """
        text = f"api {command.text}"
        try:
            asked = self._live().request(
                text, command.verb, timeout_s=timeout_s, caused_by=caused_by, guarded=True
            )
        except EslError as problem:
            return self._refused(problem)
        return chained(asked, lambda reply: answer(command.verb, reply))

    def job(
        self, command: Command, *, timeout_s: float | None = None, caused_by: Event | None = None
    ) -> asyncio.Future[Event]:
        """As `post`, for who needs the BACKGROUND_JOB event itself: when it came, and its whole body."""
        try:
            return self._background(command, timeout_s, caused_by)
        except EslError as problem:
            return self._refused(problem)

    @staticmethod
    def _refused(problem: EslError) -> asyncio.Future[Any]:
        failed: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        failed.set_exception(problem)
        failed.add_done_callback(seen)
        return failed

    async def uuids(self) -> set[str]:
        """Of all channels of the node, as `show channels` has them: up to 200 ms behind the events.

        Others get their turn meanwhile, however many there are.
        """
        lines = (await self.bgapi(commands.show_channels())).split("\n")
        found: set[str] = set()
        for start in range(0, len(lines), LINES):
            rows = (line.split(",", 2) for line in lines[start : start + LINES])
            # Two lines are none of channels; a value that holds a line end makes more.
            found.update(row[0] for row in rows if len(row) == 3 and row[1] in _DIRECTIONS)
            await asyncio.sleep(0)
        return found

    async def channel_count(self) -> int:
        """How many channels the node has, as `show channels` counts them. Raises CommandFailed when it does
        not say."""
        said = await self.api(commands.count_channels())
        number = said.split()[:1]
        if not number or not number[0].isdigit():
            raise CommandFailed("show", said)
        return int(number[0])

    # -- commands --------------------------------------------------------------------------------------

    def _live(self) -> Connection:
        if not self._permit():
            raise NotPermitted(self.node.name)
        return self._connected()

    def _connected(self) -> Connection:
        if self._connection is None or not self._up:
            raise LinkLost(self.node.name, self._reason)
        return self._connection

    def _background(
        self, command: Command, timeout_s: float | None, caused_by: Event | None
    ) -> asyncio.Future[Event]:
        return self._jobs.begin(self._live(), command, timeout_s, caused_by, guarded=True)

    # -- the life of the link --------------------------------------------------------------------------

    async def _run(self) -> None:
        settings = self._settings
        pause_s = settings.backoff_min_s
        while True:
            began = time.monotonic()
            await self._session()
            RECONNECTS.labels(self.node.name).inc()
            lasted_s = time.monotonic() - began
            pause_s = settings.backoff_min_s if lasted_s > settings.backoff_max_s else pause_s * 2
            pause_s = min(pause_s, settings.backoff_max_s)
            await asyncio.sleep(pause_s * _chance.uniform(0.5, 1.0))
            while self._backlog.size > settings.event_limit // 2:
                await asyncio.sleep(settings.backoff_min_s)  # the consumer is behind: more would not help it

    async def _session(self) -> None:
        """One connection from its beginning to its end."""
        connection = Connection(
            self._thread,
            self.node.name,
            self._settings,
            self._backlog,
            on_event=self._arrived,
            on_end=self._ended,
            permit=self._permit,
        )
        self._connection = connection
        self._come = False
        connection.carry(lambda owner: InboundWire(owner, self.node, self._settings.connect_timeout_s))
        try:
            async with asyncio.timeout(self._settings.connect_timeout_s):
                await self._sign_in(connection)
        except TimeoutError:
            connection.close("no sign-in and subscription in time")
        except EslError as problem:
            connection.close(str(problem))
        await self._watch(connection)
        self._turned_away = not self._come

    async def _sign_in(self, connection: Connection) -> None:
        """Subscribes, and lets a first job prove that events do come: it also tells who the switch is."""
        await connection.open
        for line in self._subscribe:
            answer(line.split(" ")[0], await connection.request(line, "subscribe"))
        self._proof = self._jobs.begin(connection, commands.status(), self._settings.connect_timeout_s, None)
        await self._proof

    async def _watch(self, connection: Connection) -> None:
        """Until the end, asks for a sign of life after each silence; no answer ends the connection."""
        interval_s = self._settings.ping_interval_s
        while not connection.closed.done():
            await asyncio.wait([connection.closed], timeout=interval_s)
            if not connection.over and time.monotonic() - connection.heard_at >= interval_s:
                with suppress(EslError):
                    await connection.request("api status", "status")

    # -- called by the connection ----------------------------------------------------------------------

    def _arrived(self, event: Event) -> None:
        if event.name == "BACKGROUND_JOB":
            job = self._jobs.finish(event)
            if job is not None or not self._all_jobs:
                self._backlog.taken += 1
                if job is not None and job is self._proof:
                    self._come_up(event)
                return
        if self._up:
            self._stream.put(event)
        else:
            self._early.append(event)

    def _come_up(self, proof: Event) -> None:
        # Here and not in `_sign_in`: that runs a turn later, when the end may have come already.
        self._up = self._come = True
        self._turned_away = False
        self._stream.put(LinkUp(self.node.name, proof.get("Core-UUID"), proof.get("FreeSWITCH-Switchname")))
        for event in self._early:  # came after the subscription, so they come after LinkUp
            self._stream.put(event)
        self._early.clear()
        log.info("esl_link_up", node=self.node.name)

    def _ended(self, reason: str) -> None:
        if self._up or self._reason != reason:
            self._stream.put(LinkDown(self.node.name, reason))
            log.warning("esl_link_down", node=self.node.name, reason=reason)
        if reason == "overflow":
            OVERFLOWS.labels(self.node.name).inc()
        self._up = False
        self._reason = reason
        self._backlog.taken += len(self._early)
        self._early.clear()
        self._jobs.fail(LinkLost(self.node.name, reason))
