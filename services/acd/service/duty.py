"""One shard's duty: stand by, own it, stand by again.

All that knows calls and people lives in a `Term`, which is made when the lease is won and thrown away when it
is lost. So a stand-by cannot do anything by mistake, and an owner begins as a restarted ACD does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import structlog
from prometheus_client import Counter, Gauge, Histogram

from services.acd.api import Api
from services.acd.bus import SERVICE, Announcer
from services.acd.config import ALL, AcdConfig
from services.acd.journal import STREAM as JOURNAL
from services.acd.journal import SUBJECT as JOURNAL_SUBJECT
from services.acd.journal import Journal
from services.acd.outside import Outside
from services.acd.service import counted
from services.acd.service.fence import Fence
from services.acd.service.reconcile import Reconciler
from services.acd.service.router import Router
from services.acd.service.startup import restore
from services.acd.service.switches import Switches
from services.acd.service.watches import Watches
from services.acd.store import PROJECTION, SUBJECTS, Store, Stored, bring_up_to_date
from services.chassis import clock, ids, tasks
from services.chassis.bus import Bus
from services.chassis.consuming import Consumption
from services.chassis.db import Database
from services.chassis.errors import Unavailable
from services.chassis.esl import EslThread
from services.chassis.lease import Lease

log = structlog.get_logger()

BUCKET = "switchyard-leases"
TERM_POLL_S = 0.1  # how soon a term that is over is noticed; it could do nothing before that either
CATCH_UP_S = 10.0  # for what the last owner announced and did not store: 100,000 events
STORE_PATIENCE_S = 3.0  # for PostgreSQL, where a copy of what it knows is at hand
LOAD_AGAIN_S = 0.5
LINGER_S = 5.0  # links and consumers end within this, or are left behind

EARLY = frozenset(("OpenContact", "Enqueue", "Withdraw", "CloseContact", "WatchContacts", "GetContact"))
"""What is answered before the switches have been compared: who waits comes back meanwhile, so that the first
agent is offered whoever has the highest claim and not whoever came back first. Agents come after that."""

Watch = Callable[[asyncio.Task[None]], asyncio.Task[None]]

OWNER = Gauge("switchyard_acd_owner", "1 while this process owns the shard and serves it.", ["shard"])
COPIES = Counter("switchyard_acd_standby_copies_total", "Times a stand-by has read the store.")
TAKEOVER = Histogram(
    "switchyard_acd_takeover_seconds",
    "From winning the lease to serving.",
    buckets=(0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30),
)


@dataclass(slots=True)
class Copy:
    """What a stand-by knows of the store, for the case that it cannot be asked."""

    stored: dict[str, Stored]
    behind: int
    """The place in the stream from which events may be missing in it."""


class Term:
    """One term of ownership: engines, links to the switches, and the API for them."""

    def __init__(
        self,
        config: AcdConfig,
        shard: str,
        fence: Fence,
        bus: Bus,
        store: Store,
        thread: EslThread,
        serves: Callable[[str], bool],
        watch: Watch,
    ) -> None:
        self.fence = fence
        self._watch = watch
        self._config = config
        self._bus = bus
        self._store = store
        self._durable = PROJECTION if shard == ALL else f"{PROJECTION}-{shard}"
        self._journal = Journal(bus, pace_s=config.acd_journal_pace_s)
        steady = clock.Steady()
        counted.CLOCK_OFF.set_function(lambda: steady.off_ms / 1000)
        self.router = Router(
            config, Announcer(bus), self._journal, now_ms=steady, permit=fence.may_act, serves=serves
        )
        outside = Outside(config)
        self.switches = Switches(config, thread, self.router, outside, fence.may_act)
        self.watches = Watches(config, self.router)
        self.reconciler = Reconciler(config, self.router, self.switches, fence.claim)
        self.router.carry, self.router.expel = self.switches.carry, self.watches.expel
        self.switches.on_up = self.reconciler.link_up
        self.api = Api(
            self.router,
            self.watches,
            store,
            outside,
            knows_node=self.switches.knows,
            remembered=config.acd_requests_remembered,
        )
        self.complete = False
        """Whether everything is answered."""
        self._parts: list[asyncio.Task[None]] = []
        self._projected = 0
        self._projection: Consumption | None = None

    @property
    def over(self) -> bool:
        return not self.fence.ours or self.router.overrun

    async def open(self, copy: Copy | None) -> None:
        """Switches are marked while the store is read. Raises Unavailable."""
        self._parts += [self._watch(part) for part in await self.switches.start()]
        self._begin("marks", self.fence.watch())
        self._projected = await self._restore(copy)
        self.switches.ready.set()

    async def start(self) -> None:
        """Engines and switches are compared."""
        config = self._config
        if not await self.reconciler.first_done(config.acd_start_patience_s, config.acd_unreached_patience_s):
            log.warning("started_without_all_switches")
        self._begin("reconciler", self.reconciler.run())
        self._begin("places", self.watches.run())
        self._begin("journal", self._journal.run())
        self._begin("days", self.router.keep_days())
        self._begin("projection", self._project())
        self.complete = True

    async def _project(self) -> None:
        """Begins to store what we announce. Without NATS that has time: routing does not wait for it."""
        while self._projection is None:
            try:
                self._projection = await self._bus.consume(
                    self._durable,
                    SUBJECTS,
                    self._store.project,
                    batch=self._config.acd_projection_batch,
                    pace_s=self._config.acd_projection_pace_s,
                    start=self._projected,
                    alone=True,
                )
            except Unavailable as away:
                log.info("projection_waits", missing=away.service)
                await asyncio.sleep(LOAD_AGAIN_S)

    def _begin(self, name: str, part: Coroutine[Any, Any, None]) -> None:
        self._parts.append(self._watch(asyncio.create_task(part, name=name)))

    async def _restore(self, copy: Copy | None) -> int:
        """Gives the place in the stream from which events are still to be stored."""
        while not self.over:
            behind = await self._bus.behind(self._durable)
            try:
                async with asyncio.timeout(STORE_PATIENCE_S if copy is not None else None):
                    await self._store.end_stuck(self._config.acd_lease_ttl_s / 2)
                    reached = await self._catch_up(behind)
                    found = await self._store.load()
                restore(self.router, found)
                return reached
            except (Unavailable, TimeoutError) as away:
                log.warning("store_not_read", why=str(away), have_copy=copy is not None)
            if copy is not None:
                restore(self.router, await self._copied(copy))
                return behind
            await asyncio.sleep(LOAD_AGAIN_S)
        raise Unavailable("acd")

    async def _catch_up(self, behind: int) -> int:
        """Stores what the last owner announced and had not stored. Bounded: what is left comes by itself."""
        if not behind:
            return 0
        try:
            async with asyncio.timeout(CATCH_UP_S):
                async for events in self._bus.read(SUBJECTS, behind):
                    await self._store.project(events)
                    behind = events[-1].seq + 1
        except TimeoutError:
            log.warning("stream_not_read_to_its_end", reached=behind)
        return behind

    async def _copied(self, copy: Copy) -> dict[str, Stored]:
        try:
            async with asyncio.timeout(CATCH_UP_S):
                async for events in self._bus.read(SUBJECTS, max(copy.behind, 1)):
                    bring_up_to_date(copy.stored, events)
        except (TimeoutError, Unavailable):
            log.warning("copy_not_brought_up_to_date")
        return copy.stored

    def cease(self) -> None:
        """Nothing is decided any more; calls go on without us."""
        if self.fence.may_act():
            self._journal.write()
        self.router.stop()
        self.watches.end_all()

    async def stop(self) -> None:
        """What is still to be stored the next owner finds in the stream."""
        self.cease()
        for part in self._parts:
            part.cancel()
        await self.reconciler.stop()
        await self.switches.stop()
        await tasks.end(self._parts)
        if self._projection is not None:
            await self._projection.stop(0.0)


class Duty:
    """`run()` for ever, `hand_over()` at the end."""

    def __init__(
        self,
        config: AcdConfig,
        shard: str,
        database: Database,
        thread: EslThread,
        serves: Callable[[str], bool],
        watch: Watch,
    ) -> None:
        self.shard = shard
        self._watch = watch
        self.term: Term | None = None
        self._fence: Fence | None = None
        self._config = config
        self._thread = thread
        self._serves = serves
        self._copy: Copy | None = None
        self._stopping = False
        self._parts: dict[str, asyncio.Task[None]] = {}
        self.store = Store(database, permit=self.may_act, serves=serves)
        self.bus = Bus(
            config.nats_url,
            service=SERVICE,
            max_age_days=config.nats_stream_max_age_days,
            max_mib=config.nats_stream_max_mib,
            permit=self.may_act,
        )
        self.lease = Lease(
            self.bus.bucket(BUCKET),
            f"acd.{shard}",
            holder=ids.new_id(),
            address=config.address(),
            ttl_s=config.acd_lease_ttl_s,
        )
        OWNER.labels(shard).set_function(lambda: float(self.serving))

    async def start(self) -> None:
        """Begins to contend. Raises Unavailable when NATS stays away."""
        await self.bus.start()
        await self.bus.ensure_stream(JOURNAL, [f"{JOURNAL_SUBJECT}.*"])
        for name, part in (("lease", self.lease.run()), ("copy", self._keep_copy()), ("duty", self._run())):
            self._parts[name] = self._watch(asyncio.create_task(part, name=f"{name}-{self.shard}"))

    def may_act(self) -> bool:
        """Whether engines, switches, journal and store may be touched now."""
        return self._fence is not None and self._fence.may_act()

    @property
    def serving(self) -> bool:
        return self.term is not None and self.term.complete and self.may_act()

    @property
    def any_switch(self) -> bool:
        """Whether an owner can command any; a stand-by need not."""
        return self.term is None or not self.term.complete or self.term.switches.any_up

    @property
    def role(self) -> str:
        if self._fence is None:
            return "stand-by"
        if self.term is None or not self.term.complete:
            return "taking over"
        return "owner" if self.may_act() else "owner without lease"

    @property
    def ready(self) -> bool:
        """An owner that serves, or a stand-by of an owner that lives."""
        return self.serving or (self._fence is None and self.lease.watched)

    def desk(self, method: str) -> Api:
        """Who answers this for the shard here. Raises Unavailable when we are not its owner, or not yet."""
        if self.term is None or not (self.term.complete or method in EARLY) or not self.may_act():
            raise Unavailable("acd")
        return self.term.api

    @property
    def owner_address(self) -> str:
        """Where another owner is to be found; "" when there is none or it is us."""
        return "" if self.lease.ours else self.lease.owner_address

    async def _run(self) -> None:
        while not self._stopping:
            await self.lease.won()
            self._fence = Fence(self.lease, self.shard, self._config.acd_verify_s)
            term = Term(
                self._config,
                self.shard,
                self._fence,
                self.bus,
                self.store,
                self._thread,
                self._serves,
                self._watch,
            )
            try:
                await self._serve(term)
            except Unavailable as away:
                log.warning("term_not_begun", shard=self.shard, missing=away.service)
                await asyncio.sleep(LOAD_AGAIN_S)
            finally:
                await self._end(term)

    async def _serve(self, term: Term) -> None:
        began = self.lease.clock()
        await term.open(self._copy)
        self.term = term
        await term.start()
        took = self.lease.clock() - began
        TAKEOVER.observe(took)
        log.info("owner", shard=self.shard, generation=self.lease.generation, took_ms=round(took * 1000))
        while not term.over and not self._stopping:
            await asyncio.sleep(TERM_POLL_S)

    async def _end(self, term: Term) -> None:
        """What was announced and not published is not ours to tell any more: the new owner finds out."""
        self.term = None
        if not self._stopping:
            self._fence = None
            log.warning("owner_no_more", shard=self.shard, events_discarded=self.bus.discard())
        await term.stop()

    async def _keep_copy(self) -> None:
        """While standing by, for the case that PostgreSQL is away when we are needed."""
        durable = PROJECTION if self.shard == ALL else f"{PROJECTION}-{self.shard}"
        while True:
            if self._fence is None:
                try:
                    behind = await self.bus.behind(durable)
                    self._copy = Copy(await self.store.load(), behind)
                    COPIES.inc()
                except Unavailable as away:
                    log.info("copy_not_made", missing=away.service)
            await asyncio.sleep(self._config.acd_standby_copy_s)

    async def hand_over(self) -> None:
        """Ends our term in order: nothing more is decided, what was is published, then the next one may."""
        self._stopping = True
        if (term := self.term) is not None:
            term.cease()
            await self.bus.flush(self._config.drain_s)
            await term.switches.shown()
        await self.lease.release()
        self._parts["duty"].cancel()
        await asyncio.wait([self._parts["duty"]], timeout=LINGER_S)

    async def stop(self) -> None:
        await tasks.end(list(self._parts.values()))
        await self.bus.stop(0.0)
