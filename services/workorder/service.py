"""Carries decisions out: claim the request, read the order under lock, decide, write, announce, commit."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import structlog

from services.chassis import clock
from services.chassis.db import Connection
from services.chassis.errors import Conflict, NotFound
from services.chassis.ids import new_id
from services.workorder import bus, engine
from services.workorder.domain import Act, Filter, NewOrder, Step, WorkOrder
from services.workorder.store import Store

log = structlog.get_logger()


class WorkOrderService:
    """All that can be done with work orders, for the current tenant. Arguments are checked already."""

    def __init__(self, store: Store, *, zone: ZoneInfo) -> None:
        self._store = store
        self._zone = zone

    async def create(self, request: NewOrder) -> WorkOrder:
        """Makes an order, or gives the one this request id made before. Raises Conflict, Unavailable."""
        now = _now()
        async with self._store.transaction() as c:
            if (done := await self._done_before(c, request, now)) is not None:
                return done
            # The number's row is locked last, and shortly: all creators of a day queue for it.
            number = await self._store.next_number(c, now.astimezone(self._zone).date())
            outcome = engine.create(request, number=number, now=now, new_id=new_id)
            await self._store.insert(c, outcome.order)
            await self._keep(c, request.request_id, outcome)
        log.info("work_order_created", number=number, type=request.type, contact_id=request.contact_id)
        return outcome.order

    async def act(self, request: Act) -> WorkOrder:
        """Moves an order, or gives it as it is if this request id moved it before.

        Raises NotFound, Invalid, Conflict, Stale, Unavailable.
        """
        now = _now()
        async with self._store.transaction() as c:
            if (done := await self._done_before(c, request, now)) is not None:
                return done
            order = await self._store.find(c, request.work_order_id, lock=True)
            if order is None:
                raise NotFound("work order", request.work_order_id)
            outcome = engine.act(order, request, now=now, new_id=new_id)
            await self._store.move(c, outcome.order)
            await self._keep(c, request.request_id, outcome)
        log.info("work_order_moved", number=order.number, action=request.action, state=outcome.order.state)
        return outcome.order

    async def get(self, key: str) -> WorkOrder:
        """By id or number. Raises NotFound."""
        async with self._store.transaction() as c:
            return await self._present(c, key)

    async def steps(self, key: str) -> list[Step]:
        """An order's history, oldest first. Raises NotFound."""
        async with self._store.transaction() as c:
            order = await self._present(c, key)
            return await self._store.steps(c, order.work_order_id)

    async def list(self, wanted: Filter) -> list[WorkOrder]:
        async with self._store.transaction() as c:
            return await self._store.list(c, wanted)

    async def _present(self, c: Connection, key: str) -> WorkOrder:
        order = await self._store.find(c, key)
        if order is None:
            raise NotFound("work order", key)
        return order

    async def _done_before(self, c: Connection, request: NewOrder | Act, now: datetime) -> WorkOrder | None:
        digest = engine.digest(request)
        claimed = await self._store.claim(c, request.request_id, digest, now)
        if claimed is None:
            return None
        if claimed.digest != digest:
            raise Conflict("This request_id was used for something else before: take a new one.")
        return await self._present(c, claimed.work_order_id)

    async def _keep(self, c: Connection, request_id: str, outcome: engine.Outcome) -> None:
        for step in outcome.steps:
            await self._store.add_step(c, step)
            await bus.announce(c, outcome.order, step)
        await self._store.settle(c, request_id, outcome.order.work_order_id)


def _now() -> datetime:
    """To the millisecond, as the contracts carry it: what is answered equals what is read later."""
    return clock.from_ms(clock.now_ms())
