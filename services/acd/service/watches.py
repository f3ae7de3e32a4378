"""News for those who hold callers: told to leave at once, changed places and waits every few seconds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import structlog

from services.acd import words
from services.acd.config import AcdConfig
from services.acd.domain import ContactState
from services.acd.engine import Engine, commands
from services.acd.engine.floor import Contact, Queue
from services.acd.engine.views import expected_wait_ms, in_order
from services.acd.service.router import Router
from services.chassis.errors import Full, Stale, Unavailable
from services.stubs.acd.v1 import acd_pb2 as pb

log = structlog.get_logger()

SLICE = 200  # contacts told their place before others get a turn: some 1 ms
WAIT_STEP_MS = 30_000
"""Who stays where they are is told of a wait that has changed by so much: finer is of no use to people, and
an agent more or less is news for everybody in the queue."""

News = pb.ContactUpdate
Told = tuple[str, int, int]
"""Queue, place, and the expected wait in steps; -1: nobody knows."""


@dataclass(slots=True, eq=False)
class Watch:
    """One holder's stream."""

    queue: asyncio.Queue[News | None]
    over: str = ""
    told: dict[str, Told] = field(default_factory=dict)


class Watches:
    """At most one stream for each holder of a tenant: a new one replaces the old."""

    def __init__(self, config: AcdConfig, router: Router) -> None:
        self._router = router
        self._limit = config.acd_watch_limit
        self._interval_s = config.acd_place_interval_s
        self._watches: dict[tuple[str, str], Watch] = {}

    async def watch(self, tenant: str, holder: str) -> AsyncIterator[News]:
        """News until the stream is replaced (Stale) or too slow (Full)."""
        watch = Watch(asyncio.Queue(self._limit))
        self._end((tenant, holder), "replaced")
        self._watches[tenant, holder] = watch
        try:
            while not watch.over:
                news = await watch.queue.get()
                if news is not None:
                    yield news
        finally:
            if self._watches.get((tenant, holder)) is watch:
                del self._watches[tenant, holder]
        if watch.over == "slow":
            raise Full("News came faster than they were read: ask again and enqueue what you hold.")
        if watch.over == "gone":
            raise Unavailable("acd")
        raise Stale("Another stream watches for this holder now.")

    def _end(self, key: tuple[str, str], why: str) -> None:
        watch = self._watches.pop(key, None)
        if watch is not None:
            watch.over = why
            if not watch.queue.full():
                watch.queue.put_nowait(None)

    def end_all(self) -> None:
        """We are not the owner any more: whoever held a stream asks for the new one, and enqueues again."""
        for key in list(self._watches):
            self._end(key, "gone")

    def expel(self, tenant: str, command: commands.Expel) -> None:
        """To whom nobody listens, nothing can be said: the holder asks again for all it holds."""
        self._send((tenant, command.holder), words.expelled(command))

    def _send(self, key: tuple[str, str], news: News) -> None:
        watch = self._watches.get(key)
        if watch is None:
            return
        try:
            watch.queue.put_nowait(news)
        except asyncio.QueueFull:
            log.warning("watcher_too_slow", holder=key[1])
            self._end(key, "slow")

    # ------------------------------------------------------------ places

    async def run(self) -> None:
        """Tells what has changed, for ever."""
        while True:
            await asyncio.sleep(self._interval_s)
            for tenant, engine in list(self._router.engines.items()):
                if any(key[0] == tenant for key in self._watches):
                    await self._tell_places(tenant, engine)

    async def _tell_places(self, tenant: str, engine: Engine) -> None:
        told: dict[str, dict[str, Told]] = {}
        for queue in list(engine.floor.queues.values()):
            waiting = list(in_order(queue))
            for start in range(0, len(waiting), SLICE):
                self._tell_some(tenant, engine, queue, waiting[start : start + SLICE], start, told)
                await asyncio.sleep(0)
        for (owner, holder), watch in self._watches.items():
            if owner == tenant:
                watch.told = told.get(holder, {})  # who waits no more is forgotten

    def _tell_some(
        self,
        tenant: str,
        engine: Engine,
        queue: Queue,
        some: list[Contact],
        before: int,
        told: dict[str, dict[str, Told]],
    ) -> None:
        for position, contact in enumerate(some, start=before + 1):
            watch = self._watches.get((tenant, contact.holder))
            if watch is None or contact.state is not ContactState.QUEUED:
                continue
            expected = expected_wait_ms(engine.floor, queue, position)
            news = (queue.name, position, _steps(expected))
            told.setdefault(contact.holder, {})[contact.id] = news
            if watch.told.get(contact.id) != news:
                self._send((tenant, contact.holder), words.place(contact.id, queue.name, position, expected))


def _steps(expected_ms: int | None) -> int:
    """Begun steps, so that each whole minute is an edge: a wait is said in minutes."""
    return -1 if expected_ms is None else -(-expected_ms // WAIT_STEP_MS)
