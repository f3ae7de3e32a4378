"""What goes on beside requests: sweeping, keeping in step with the ACD, the wallboard, kept work orders."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from services.chassis import clock, tenant
from services.chassis.errors import SwitchyardError, Unavailable
from services.gateway.api import figures, views
from services.gateway.api.peers import Peers
from services.gateway.engine.sessions import Outlet
from services.gateway.service.hub import Hub
from services.gateway.store import Store
from services.stubs.acd.v1 import acd_pb2
from services.stubs.workorder.v1 import workorder_pb2

log = structlog.get_logger()

PENDING_AT_ONCE = 100
CLEAN_S = 3600.0


async def every(seconds: float, what: str, work: Callable[[], Awaitable[None]]) -> None:
    """Runs `work` for ever; an error of another service is logged and the next round tries again."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await work()
        except SwitchyardError as problem:
            log.warning("round_failed", what=what, detail=problem.sentence)


class Resync:
    """Live events have no replay: the ACD's word is fetched now and then, and at once after an outage."""

    def __init__(self, peers: Peers, hub: Hub, bus_connected: Callable[[], bool]) -> None:
        self._acd = peers.acd
        self._hub = hub
        self._bus_connected = bus_connected
        self._healthy = True
        self._due = asyncio.Event()

    async def run(self, period_s: float) -> None:
        """For ever."""
        while True:
            try:
                async with asyncio.timeout(period_s):
                    await self._due.wait()
            except TimeoutError:
                pass
            self._due.clear()
            for slug in self._hub.tenants():
                await self._tenant(slug)

    async def watch(self) -> None:
        """Asks for a round as soon as NATS and the ACD are both back."""
        healthy = self._bus_connected() and "acd" not in self._hub.missing
        if healthy and not self._healthy:
            self._due.set()
        self._healthy = healthy

    async def _tenant(self, slug: str) -> None:
        marks = self._hub.marks(slug)
        try:
            with tenant.use(slug):
                answer = await self._acd.call(
                    self._acd.stub.ListAgents, acd_pb2.ListAgentsRequest(), timeout_s=5.0
                )
        except SwitchyardError as problem:
            log.info("resync_waits", detail=problem.sentence)
            return
        states = (views.state(a) for a in answer.agents if a.agent_id in marks)
        if corrected := self._hub.resync(slug, marks, states):
            log.warning("states_corrected", tenant=slug, count=corrected)


class Wallboard:
    """One call to the ACD a second and tenant for all watchers; none while nobody watches."""

    def __init__(self, peers: Peers, hub: Hub) -> None:
        self._acd = peers.acd
        self._hub = hub
        self._watchers: dict[str, set[Outlet]] = {}

    def subscribe(self, slug: str, outlet: Outlet) -> None:
        self._watchers.setdefault(slug, set()).add(outlet)

    def unsubscribe(self, slug: str, outlet: Outlet) -> None:
        watchers = self._watchers.get(slug, set())
        watchers.discard(outlet)
        if not watchers:
            self._watchers.pop(slug, None)

    async def round(self) -> None:
        """Asks and tells, for each tenant that is watched."""
        for slug in tuple(self._watchers):
            with tenant.use(slug):
                view = await self._view()
            self._hub.broadcast(self._watchers.get(slug, ()), "wallboard", view)

    async def _view(self) -> views.View:
        try:
            statistics = await self._acd.call(
                self._acd.stub.GetStatistics, acd_pb2.GetStatisticsRequest(), timeout_s=1.0
            )
        except SwitchyardError:
            empty = figures.statistics(acd_pb2.Statistics(), clock.now())
            return empty | {"missing": ["acd"]}
        return figures.statistics(statistics, clock.now())


class PendingWorkOrders:
    """Offers kept work orders to their service until it takes them."""

    def __init__(self, peers: Peers, store: Store) -> None:
        self._orders = peers.work_orders
        self._store = store

    async def round(self) -> None:
        """Idempotent by request id, so two gateways at it make one work order."""
        if not self._orders.reachable:
            return
        for request_id, slug, body in await self._store.pending_work_orders(PENDING_AT_ONCE):
            with tenant.use(slug):
                await self._offer(request_id, body)

    async def _offer(self, request_id: str, body: bytes) -> None:
        order = workorder_pb2.CreateWorkOrderRequest.FromString(body)
        try:
            await self._orders.call(self._orders.stub.CreateWorkOrder, order)
        except Unavailable:
            raise  # the others would fare the same
        except SwitchyardError as refused:
            log.warning("kept_work_order_refused", request_id=request_id, detail=refused.sentence)
            await self._store.work_order_tried(request_id, refused.sentence)
            return
        await self._store.work_order_made(request_id)
        log.info("kept_work_order_made", request_id=request_id)


async def clean(store: Store) -> None:
    """Sign-ins that ended more than a day ago say nothing any more; the events keep the history."""
    await store.delete_old_sessions(clock.now() - timedelta(days=1))
