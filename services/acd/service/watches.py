"""News for those who hold callers: told to leave at once, changed places and waits every few seconds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import islice

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
PAUSE_S = 0.004
"""After each slice: with 10,000 waiting all are told within half a second, and calls hardly feel it."""
WAIT_STEP_MS = 30_000
"""Who stays where they are is told of a wait that has changed by so much: finer is of no use to people, and
an agent more or less is news for everybody in the queue."""

News = pb.ContactUpdate
Told = tuple[str, str, int, int]
"""Queue, its flow, place, and the expected wait in steps; -1: nobody knows."""


@dataclass(slots=True, eq=False)
class Watch:
    """One holder's stream."""

    queue: asyncio.Queue[News | None]
    together: bool = False
    over: str = ""
    told: dict[str, Told] | None = None  # None: no round has begun since it came


class Watches:
    """At most one stream for each holder of a tenant: a new one replaces the old."""

    def __init__(self, config: AcdConfig, router: Router) -> None:
        self._router = router
        self._limit = config.acd_watch_limit
        self._interval_s = config.acd_place_interval_s
        self._watches: dict[tuple[str, str], Watch] = {}
        self._told_at: dict[str, int] = {}
        """What the engine of a tenant had handled when the last round began."""

    async def watch(self, tenant: str, holder: str, *, together: bool = False) -> AsyncIterator[News]:
        """News until the stream is replaced (Stale) or too slow (Full). `together`: many places at once."""
        watch = Watch(asyncio.Queue(self._limit), together)
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
                listening = {holder: watch for (of, holder), watch in self._watches.items() if of == tenant}
                if listening and self._news(tenant, engine, listening):
                    await self._tell_places(tenant, engine, listening)

    def _news(self, tenant: str, engine: Engine, listening: dict[str, Watch]) -> bool:
        """Whether a place or a wait can have changed: both follow from what the engine was told, and from
        nothing else. Ten thousand who wait while nothing moves cost nothing."""
        before, now = self._told_at.get(tenant), engine.handled
        self._told_at[tenant] = now
        return before != now or any(watch.told is None for watch in listening.values())

    async def _tell_places(self, tenant: str, engine: Engine, listening: dict[str, Watch]) -> None:
        told: dict[str, dict[str, Told]] = {holder: {} for holder in listening}
        for queue in list(engine.floor.queues.values()):
            waiting, position = in_order(queue), 1
            while some := list(islice(waiting, SLICE)):
                news = self._changed(engine, queue, some, position, listening, told)
                for holder, places in news.items():
                    self._send_places((tenant, holder), listening[holder], places)
                position += len(some)
                await asyncio.sleep(PAUSE_S)
        for holder, watch in listening.items():
            watch.told = told[holder]  # who waits no more is forgotten

    @staticmethod
    def _changed(
        engine: Engine,
        queue: Queue,
        some: list[Contact],
        first: int,
        listening: dict[str, Watch],
        told: dict[str, dict[str, Told]],
    ) -> dict[str, list[pb.ContactUpdate.PlaceOf]]:
        """News for each holder of those contacts, the first of whom has that place."""
        found: dict[str, list[pb.ContactUpdate.PlaceOf]] = {}
        for position, contact in enumerate(some, start=first):
            watch = listening.get(contact.holder)
            if watch is None or contact.state is not ContactState.QUEUED:
                continue
            expected = expected_wait_ms(engine.floor, queue, position)
            news = (queue.name, queue.settings.waiting_flow, position, _steps(expected))
            told[contact.holder][contact.id] = news
            if watch.told is None or watch.told.get(contact.id) != news:
                place = words.place(contact.id, queue.settings, position, expected)
                found.setdefault(contact.holder, []).append(place)
        return found

    def _send_places(
        self, key: tuple[str, str], watch: Watch, places: list[pb.ContactUpdate.PlaceOf]
    ) -> None:
        if self._watches.get(key) is not watch:
            return  # another stream has taken its place, and is told all in the next round
        if watch.together:
            self._send(key, words.places(places))
            return
        for place in places:
            self._send(key, words.one_place(place))


def _steps(expected_ms: int | None) -> int:
    """Begun steps, so that each whole minute is an edge: a wait is said in minutes."""
    return -1 if expected_ms is None else -(-expected_ms // WAIT_STEP_MS)
